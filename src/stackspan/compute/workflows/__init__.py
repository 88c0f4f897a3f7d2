"""Compute's workflows, one file per operation; `scene`, `vmplan` and `remains` are what they share."""
