"""What the parts of Compute's service share: the tools, finding a caller's server, limits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stackspan.compute import errors
from stackspan.compute.model import ActionRule, Server, VCenterFacts
from stackspan.compute.store import quotas as quota_store
from stackspan.compute.store import servers as server_store
from stackspan.config.nova import ComputeSettings
from stackspan.core import ids
from stackspan.core.clock import Clock
from stackspan.core.context import RequestContext
from stackspan.db import Database, Transaction
from stackspan.identity.service import Identity
from stackspan.image.service import ImageService
from stackspan.network.service import NetworkService
from stackspan.placement.service import PlacementService
from stackspan.workflow import Queue

DEFAULT_CLASS = "default"
QUOTA_RESOURCES = (
    "instances",
    "cores",
    "ram",
    "metadata_items",
    "injected_files",
    "injected_file_content_bytes",
    "injected_file_path_bytes",
    "key_pairs",
    "server_groups",
    "server_group_members",
)


@dataclass(frozen=True)
class Parts:
    """The tools every part works with.

    Args:
        vcenter: vCenter's uuid → what is shown of it.
    """

    database: Database
    queue: Queue
    clock: Clock
    settings: ComputeSettings
    identity: Identity
    placement: PlacementService
    image: ImageService
    network: NetworkService
    vcenter: Callable[[str], VCenterFacts]

    def now(self) -> dt.datetime:
        """The time for created_at and updated_at."""
        return self.clock.now()

    def default_limits(self, tx: Transaction) -> dict[str, int]:
        """resource → limit of a project that has none of its own: the class "default" over the configuration."""
        configured = {name: int(getattr(self.settings.quota, name)) for name in QUOTA_RESOURCES}
        return configured | quota_store.class_get(tx, DEFAULT_CLASS)

    def limits(self, tx: Transaction, project_id: str, user_id: str = "") -> Mapping[str, int]:
        """resource → limit that counts for the project (or for one user of it); -1: none."""
        if not self.settings.quota.enforced:
            return dict.fromkeys(QUOTA_RESOURCES, -1)
        found = self.default_limits(tx) | quota_store.quota_get(tx, project_id)
        return found | quota_store.quota_get(tx, project_id, user_id) if user_id else found


def server_for(tx: Transaction, context: RequestContext, server_id: str, *, deleted: bool = False) -> Server:
    """A server the caller may know of: the project's own, or any for an admin. Raises ServerNotFound.

    `deleted`: administrators also see deleted ones (stock's `read_deleted`).
    """
    found = server_store.server_get(tx, server_id) if ids.is_uuid_like(server_id) else None
    if found is None or (found.deleted and not deleted):
        raise errors.ServerNotFound(server_id)
    if not context.is_admin and context.project_id != found.project_id:
        raise errors.ServerNotFound(server_id)
    return found


def unlocked(context: RequestContext, server: Server) -> None:
    """Raise ServerLocked where the server is locked; administrators are not held back."""
    if server.locked_by is not None and not context.is_admin:
        raise errors.ServerLocked(server.id)


def allowed(server: Server, rule: ActionRule) -> None:
    """Raise ServerStateRefuses, in the stock order of checks, where `rule` doesn't allow the action."""
    if rule.vm_states is not None and server.vm_state not in rule.vm_states:
        raise errors.ServerStateRefuses(rule.name, server.id, "vm_state", server.vm_state.value)
    if rule.task_states is not None and server.task_state is not None and server.task_state not in rule.task_states:
        raise errors.ServerStateRefuses(rule.name, server.id, "task_state", server.task_state.value)
    if rule.needs_launch and server.launched_at is None:
        raise errors.ServerStateRefuses(rule.name, server.id, None, None)


def claim(parts: Parts, tx: Transaction, context: RequestContext, server_id: str, rule: ActionRule) -> Server:
    """Take the server for an action, in the open write transaction: compare-and-set of its task state.

    Returns the server as it was before. Raises ServerNotFound, ServerLocked, ServerStateRefuses.
    """
    server = server_for(tx, context, server_id)
    unlocked(context, server)
    allowed(server, rule)
    if not server_store.server_claim(tx, server_id, rule, parts.now()):
        # Another writer was in between (PostgreSQL): say what is there now.
        allowed(server_for(tx, context, server_id), rule)
        raise errors.ServerStateRefuses(rule.name, server_id, "task_state", "unknown")
    return server
