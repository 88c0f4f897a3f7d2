"""Network's decisions and transactions.

`NetworkService` is what the API and the neighbours hold; its parts are a module per noun:
`networks`, `subnets`, `ports`, `security_groups`, `quotas`, and `nics` for Compute.
"""

from __future__ import annotations

from stackspan.core.clock import Clock
from stackspan.db import Database
from stackspan.network.model import NetworkOptions
from stackspan.network.service.base import Parts
from stackspan.network.service.networks import Networks
from stackspan.network.service.nics import Nics
from stackspan.network.service.ports import Ports
from stackspan.network.service.quotas import Quotas
from stackspan.network.service.security_groups import SecurityGroups
from stackspan.network.service.subnets import Subnets
from stackspan.workflow import Queue

__all__ = ["NetworkService"]


class NetworkService(Nics):
    """The façade; Compute's calls come from `Nics`, the API uses the parts."""

    def __init__(self, database: Database, queue: Queue, clock: Clock, options: NetworkOptions) -> None:
        parts = Parts(database, queue, clock, options)
        super().__init__(parts)
        self.networks = Networks(parts)
        self.subnets = Subnets(parts)
        self.ports = Ports(parts)
        self.security_groups = SecurityGroups(parts)
        self.quotas = Quotas(parts)
