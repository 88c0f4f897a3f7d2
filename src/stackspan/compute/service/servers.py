"""Servers as users see and describe them: show, list, rename, metadata, lock, tags, actions."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

from stackspan.compute import errors, operations
from stackspan.compute.model import (
    DELETE_METADATA,
    UPDATE_METADATA,
    Server,
    ServerAction,
    ServerActionEvent,
    ServerDetails,
    ServerFilter,
    VmState,
)
from stackspan.compute.service.base import Parts, allowed, server_for, unlocked
from stackspan.compute.service.flavors import MarkerNotFound
from stackspan.compute.service.records import action_begin, action_end
from stackspan.compute.store import actions as action_store
from stackspan.compute.store import servers as server_store
from stackspan.core.context import RequestContext
from stackspan.db import Transaction
from stackspan.network.model import Nic, SecurityGroup

_OWNER, _ADMIN = "owner", "admin"


class MetadataLimitExceeded(errors.QuotaExceeded):
    """More metadata items than the quota allows."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"Maximum number of metadata items exceeds {limit}")


class Servers:
    """What the API does with servers that changes nothing in vCenter."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def get(self, context: RequestContext, server_id: str, *, deleted: bool = False) -> Server:
        """Raises ServerNotFound."""
        with self._parts.database.read() as tx:
            return server_for(tx, context, server_id, deleted=deleted)

    def details(self, servers: Sequence[Server], *, user_data: bool = False) -> Mapping[str, ServerDetails]:
        """server id → what its view takes from elsewhere; a few statements however many servers."""
        with self._parts.database.read() as tx:
            return self._details(tx, servers, user_data)

    def nics(self, server_id: str) -> Sequence[Nic]:
        """The server's NICs in order."""
        with self._parts.database.read() as tx:
            return self._parts.network.nics_get(tx, server_id)

    def security_groups(self, context: RequestContext, server: Server) -> Sequence[SecurityGroup]:
        """The security groups of the server's ports."""
        with self._parts.database.read() as tx:
            names = self._parts.network.server_security_groups(tx, [server.id]).get(server.id, [])
        groups = self._parts.network.security_groups.list(context, project_id=server.project_id)
        return [group for group in groups if group.name in names]

    def list(self, context: RequestContext, wanted: ServerFilter) -> Sequence[Server]:
        """One page. Raises MarkerNotFound."""
        with self._parts.database.read() as tx:
            if wanted.marker is not None:
                try:
                    server_for(tx, context, wanted.marker, deleted=True)
                except errors.ServerNotFound:
                    raise MarkerNotFound(wanted.marker) from None
            if wanted.ip is None and wanted.ip6 is None:
                return server_store.server_list(tx, wanted)
            return self._list_by_address(tx, wanted)

    def update(self, context: RequestContext, server_id: str, changes: Mapping[str, Any]) -> Server:
        """Change name, description, access addresses or disk config. Raises ServerNotFound.

        The VM follows a new name in its own time.
        """
        with self._parts.database.write() as tx:
            server = server_for(tx, context, server_id)
            if changes:
                server_store.server_move(tx, server_id, self._parts.now(), **changes)
            if "name" in changes and changes["name"] != server.name and server.vm_moref is not None:
                self._parts.queue.enqueue(
                    tx,
                    operations.SERVER_RENAME,
                    operations.ServerRename(server_id=server_id),
                    context=context,
                    resources=(f"server:{server_id}",),
                )
            return server_for(tx, context, server_id)

    # -- metadata ----------------------------------------------------------------------------------------------------

    def metadata(self, context: RequestContext, server_id: str) -> Mapping[str, str]:
        """Raises ServerNotFound."""
        with self._parts.database.read() as tx:
            server = server_for(tx, context, server_id)
            return server_store.metadata_many(tx, [server.id]).get(server.id, {})

    def metadata_set(
        self, context: RequestContext, server_id: str, items: Mapping[str, str], *, replace: bool
    ) -> Mapping[str, str]:
        """Add and change items, or replace all. Raises ServerNotFound, ServerStateRefuses, MetadataLimitExceeded."""
        with self._parts.database.write() as tx:
            server = server_for(tx, context, server_id)
            unlocked(context, server)
            allowed(server, UPDATE_METADATA)
            old = server_store.metadata_many(tx, [server.id]).get(server.id, {})
            new = dict(items) if replace else {**old, **items}
            self.metadata_check(tx, server.project_id, new)
            if replace:
                server_store.metadata_delete(tx, server.id)
            server_store.metadata_set(tx, server.id, items)
            server_store.server_move(tx, server.id, self._parts.now())
            return new

    def metadata_delete(self, context: RequestContext, server_id: str, key: str) -> None:
        """Raises ServerNotFound, ServerStateRefuses, MetadataItemNotFound."""
        with self._parts.database.write() as tx:
            server = server_for(tx, context, server_id)
            unlocked(context, server)
            if key not in server_store.metadata_many(tx, [server.id]).get(server.id, {}):
                raise errors.MetadataItemNotFound
            allowed(server, DELETE_METADATA)
            server_store.metadata_delete(tx, server.id, [key])
            server_store.server_move(tx, server.id, self._parts.now())

    def metadata_check(self, tx: Transaction, project_id: str, items: Mapping[str, str]) -> None:
        """Raise MetadataLimitExceeded where there are too many."""
        limit = self._parts.limits(tx, project_id)["metadata_items"]
        if 0 <= limit < len(items):
            raise MetadataLimitExceeded(limit)

    # -- lock --------------------------------------------------------------------------------------------------------

    def lock(self, context: RequestContext, server_id: str, reason: str | None = None) -> None:
        """Keep all but administrators (and the owner's own unlock) from acting on it. Raises ServerNotFound."""
        now = self._parts.now()
        with self._parts.database.write() as tx:
            server = server_for(tx, context, server_id)
            action = action_begin(tx, context, server_id, "lock", now)
            # An owner doesn't weaken an administrator's lock.
            if server.locked_by != _ADMIN or context.is_admin:
                owner = context.project_id == server.project_id
                locked_by = _OWNER if owner else _ADMIN
                server_store.server_move(tx, server_id, now, locked_by=locked_by, locked_reason=reason)
            action_end(tx, action, now)

    def unlock(self, context: RequestContext, server_id: str) -> None:
        """Raises ServerNotFound. Whether the caller may undo an administrator's lock is the handler's to check."""
        now = self._parts.now()
        with self._parts.database.write() as tx:
            server_for(tx, context, server_id)
            action = action_begin(tx, context, server_id, "unlock", now)
            server_store.server_move(tx, server_id, now, locked_by=None, locked_reason=None)
            action_end(tx, action, now)

    def reset_state(self, context: RequestContext, server_id: str, vm_state: VmState) -> None:
        """An administrator says what state it is in. Raises ServerNotFound."""
        now = self._parts.now()
        with self._parts.database.write() as tx:
            server_for(tx, context, server_id)
            action = action_begin(tx, context, server_id, "reset_state", now)
            server_store.server_move(tx, server_id, now, vm_state=vm_state, task_state=None)
            action_end(tx, action, now)

    # -- actions -----------------------------------------------------------------------------------------------------

    def actions(self, context: RequestContext, server_id: str) -> Sequence[ServerAction]:
        """What was done with it, newest first, deleted servers included. Raises ServerNotFound."""
        with self._parts.database.read() as tx:
            server = server_for(tx, context, server_id, deleted=True)
            return action_store.action_list(tx, server.id)

    def action(
        self, context: RequestContext, server_id: str, request_id: str
    ) -> tuple[ServerAction, Sequence[ServerActionEvent]]:
        """One action with its events. Raises ServerNotFound, ActionNotFound."""
        with self._parts.database.read() as tx:
            server = server_for(tx, context, server_id, deleted=True)
            found = action_store.action_get(tx, server.id, request_id)
            if found is None:
                raise errors.ActionNotFound(request_id, server_id)
            return found, action_store.event_list(tx, [found.number])

    # -- inside ------------------------------------------------------------------------------------------------------

    def _details(self, tx: Transaction, servers: Sequence[Server], user_data: bool) -> dict[str, ServerDetails]:
        server_ids = [server.id for server in servers]
        alive = [server.id for server in servers if not server.deleted]
        metadata = server_store.metadata_many(tx, server_ids)
        faults = server_store.faults_many(tx, [s.id for s in servers if s.vm_state.value in ("error", "deleted")])
        nics = self._parts.network.nics_by_server(tx, alive)
        groups = self._parts.network.server_security_groups(tx, alive)
        texts = server_store.user_data_many(tx, server_ids) if user_data else {}
        return {
            server_id: ServerDetails(
                metadata=metadata.get(server_id, {}),
                fault=faults.get(server_id),
                nics=nics.get(server_id, ()),
                security_groups=groups.get(server_id, ()),
                user_data=texts.get(server_id),
            )
            for server_id in server_ids
        }

    def _list_by_address(self, tx: Transaction, wanted: ServerFilter) -> Sequence[Server]:
        """Addresses are Network's: read on, page by page, until enough servers match."""
        found: list[Server] = []
        page = dataclasses.replace(wanted, limit=max(wanted.limit, 100))
        while True:
            servers = server_store.server_list(tx, page)
            nics = self._parts.network.nics_by_server(tx, [server.id for server in servers])
            for server in servers:
                addresses = [fixed.ip_address for nic in nics.get(server.id, ()) for fixed in nic.fixed_ips]
                if _matches(wanted.ip, addresses, 4) or _matches(wanted.ip6, addresses, 6):
                    found.append(server)
            if len(found) >= wanted.limit or len(servers) < page.limit:
                return found[: wanted.limit]
            page = dataclasses.replace(page, marker=servers[-1].id)


def _matches(pattern: str | None, addresses: Sequence[str], version: int) -> bool:
    if pattern is None:
        return False
    return any(re.match(pattern, address) for address in addresses if (":" in address) == (version == 6))
