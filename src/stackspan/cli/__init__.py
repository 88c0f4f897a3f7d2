"""The `stackspan` command: what operators and newcomers run."""
