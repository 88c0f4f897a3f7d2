"""Placement's decisions and transactions.

`PlacementService` is what the API and the neighbours hold. What neighbours call (`Offer`, `Allocations`) joins their
transaction; what the API calls is a part per noun, with transactions of its own.
"""

from __future__ import annotations

from stackspan.config.placement import PlacementSettings
from stackspan.core.clock import Clock
from stackspan.db import Database
from stackspan.placement.service.base import Parts
from stackspan.placement.service.room import Allocations, Offer

__all__ = ["PlacementService"]


class PlacementService(Offer, Allocations):
    """The façade."""

    def __init__(self, database: Database, clock: Clock, settings: PlacementSettings | None = None) -> None:
        parts = Parts(database, clock, settings or PlacementSettings())
        super().__init__(parts)
