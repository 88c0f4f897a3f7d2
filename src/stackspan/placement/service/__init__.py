"""Placement's decisions and transactions.

`PlacementService` is what the API and the neighbours hold. What neighbours call (`Offer`, `Allocations`) joins their
transaction; what the API calls is a part per noun, with transactions of its own.
"""

from __future__ import annotations

from stackspan.config.placement import PlacementSettings
from stackspan.core.clock import Clock
from stackspan.db import Database
from stackspan.placement.service.base import Parts
from stackspan.placement.service.candidates import AllocationCandidates
from stackspan.placement.service.consumers import Consumers
from stackspan.placement.service.inventories import Inventories
from stackspan.placement.service.names import ResourceClasses, Traits
from stackspan.placement.service.providers import Providers
from stackspan.placement.service.room import Allocations, Offer

__all__ = ["PlacementService"]


class PlacementService(Offer, Allocations):
    """The façade."""

    def __init__(self, database: Database, clock: Clock, settings: PlacementSettings | None = None) -> None:
        parts = Parts(database, clock, settings or PlacementSettings())
        super().__init__(parts)
        self.clock = clock
        self.providers = Providers(parts)
        self.inventories = Inventories(parts)
        self.consumers = Consumers(parts, self)
        self.allocation_candidates = AllocationCandidates(parts)
        self.resource_classes = ResourceClasses(parts)
        self.traits = Traits(parts)
