"""Server groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stackspan.compute import errors
from stackspan.compute.model import UNLIMITED, ServerGroup
from stackspan.compute.service.base import Parts
from stackspan.compute.store import nodes as node_store
from stackspan.core import ids
from stackspan.core.context import RequestContext
from stackspan.db import Transaction


class Groups:
    """What the API does with server groups."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def list(self, context: RequestContext, *, all_projects: bool = False) -> Sequence[ServerGroup]:
        """The project's groups, or everyone's."""
        with self._parts.database.read() as tx:
            return node_store.group_list(tx, project_id=None if all_projects else context.project_id or "")

    def get(self, context: RequestContext, group_id: str) -> ServerGroup:
        """Raises ServerGroupNotFound."""
        with self._parts.database.read() as tx:
            return _group(tx, context, group_id)

    def create(
        self, context: RequestContext, name: str, policy: str, rules: Mapping[str, int] | None = None
    ) -> ServerGroup:
        """Raises QuotaExceeded."""
        project_id = context.project_id or ""
        with self._parts.database.write() as tx:
            limit = self._parts.limits(tx, project_id)["server_groups"]
            if limit != UNLIMITED and node_store.group_count(tx, project_id) >= limit:
                raise errors.QuotaExceeded("Quota exceeded, too many server groups.")
            group = ServerGroup(ids.new_uuid(), project_id, context.user_id, name, policy, rules or {})
            node_store.group_insert(tx, group, self._parts.now())
            return group

    def delete(self, context: RequestContext, group_id: str) -> None:
        """Its servers stay. Raises ServerGroupNotFound."""
        with self._parts.database.write() as tx:
            node_store.group_delete(tx, _group(tx, context, group_id).id)


def _group(tx: Transaction, context: RequestContext, group_id: str) -> ServerGroup:
    found = node_store.group_list(tx, ids=[group_id])
    if not found or (found[0].project_id != context.project_id and not context.is_admin):
        raise errors.ServerGroupNotFound(group_id)
    return found[0]
