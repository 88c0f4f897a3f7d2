"""Compute's decisions and transactions: a façade of parts, one per noun."""

from __future__ import annotations

from collections.abc import Callable

from stackspan.compute.model import VCenterFacts
from stackspan.compute.service.base import Parts
from stackspan.compute.service.boot import Boots
from stackspan.compute.service.flavors import Flavors
from stackspan.compute.service.groups import Groups
from stackspan.compute.service.key_pairs import KeyPairs
from stackspan.compute.service.lifecycle import Lifecycle
from stackspan.compute.service.nodes import Nodes
from stackspan.compute.service.placing import Placing
from stackspan.compute.service.quotas import Quotas
from stackspan.compute.service.servers import Servers
from stackspan.config.nova import ComputeSettings
from stackspan.core.clock import Clock
from stackspan.db import Database
from stackspan.identity.service import Identity
from stackspan.image.service import ImageService
from stackspan.network.service import NetworkService
from stackspan.placement.service import PlacementService
from stackspan.workflow import Queue

__all__ = ["ComputeService"]


class ComputeService:
    """What the API, the workflows and `observe` hold.

    Args:
        vcenter: vCenter's uuid → what is shown of it; by default its label is the uuid's beginning.
    """

    def __init__(
        self,
        database: Database,
        queue: Queue,
        clock: Clock,
        settings: ComputeSettings,
        *,
        identity: Identity,
        placement: PlacementService,
        image: ImageService,
        network: NetworkService,
        vcenter: Callable[[str], VCenterFacts] = lambda uuid: VCenterFacts(uuid[:8]),
    ) -> None:
        self.parts = Parts(database, queue, clock, settings, identity, placement, image, network, vcenter)
        self.flavors = Flavors(self.parts)
        self.key_pairs = KeyPairs(self.parts)
        self.quotas = Quotas(self.parts)
        self.nodes = Nodes(self.parts)
        self.groups = Groups(self.parts)
        self.servers = Servers(self.parts)
        self.placing = Placing(self.parts)
        self.boots = Boots(self.parts, self.servers, self.nodes, self.placing)
        self.lifecycle = Lifecycle(self.parts)
