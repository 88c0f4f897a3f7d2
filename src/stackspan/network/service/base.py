"""What the parts of Network's service share."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

from stackspan.core.clock import Clock
from stackspan.core.context import RequestContext
from stackspan.db import Database, Transaction
from stackspan.network import errors
from stackspan.network.model import Network, NetworkOptions
from stackspan.network.store import networks as network_store
from stackspan.network.store import quotas as quota_store
from stackspan.workflow import Queue

_MAC_PREFIX = "fa:16:3e"  # the stock base_mac


@dataclass(frozen=True)
class Parts:
    """The tools every part works with."""

    database: Database
    queue: Queue
    clock: Clock
    options: NetworkOptions

    def now(self) -> dt.datetime:
        """The time for created_at and updated_at."""
        return self.clock.now()

    def quota_check(self, tx: Transaction, project_id: str, resource: str, more: int = 1) -> None:
        """Raise OverQuota where `more` of `resource` would pass the project's limit."""
        limit = quota_store.quota_get(tx, project_id).get(resource, self.options.quotas[resource])
        if limit >= 0 and quota_store.quota_used(tx, project_id, resource) + more > limit:
            raise errors.OverQuota(resource)


def new_mac() -> str:
    """A random MAC of the stock prefix."""
    return ":".join([_MAC_PREFIX, *(f"{random.randrange(256):02x}" for _ in range(3))])


def sees(context: RequestContext, project_id: str) -> bool:
    """Whether a thing of `project_id` is the caller's to see."""
    return context.is_admin or context.project_id == project_id


def network_for(tx: Transaction, context: RequestContext, network_id: str) -> Network:
    """A network the caller may see: own, shared, or any for an admin. Raises NetworkNotFound."""
    found = network_store.network_get(tx, network_id)
    if found is None or not (found.shared or sees(context, found.project_id)):
        raise errors.NetworkNotFound(network_id)
    return found
