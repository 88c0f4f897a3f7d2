"""Placement's settings: placement.conf."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass


@dataclass(frozen=True)
class PlacementSettings:
    """Placement's settings.

    Args:
        randomize_allocation_candidates: in `GET /allocation_candidates`, instead of a stable order.
        max_allocation_candidates: most that are made for a request; -1: no bound.
    """

    randomize_allocation_candidates: bool = False
    max_allocation_candidates: int = -1
    policy_file: pathlib.Path | None = None
