"""Quotas of Network: limits, what is used, and the stock defaults."""

from __future__ import annotations

from collections.abc import Mapping

from stackspan.core import errors as core_errors
from stackspan.network import errors
from stackspan.network.service.base import Parts
from stackspan.network.store import quotas as store


class Quotas:
    """The quotas of the Network API."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def defaults(self) -> dict[str, int]:
        """resource → default limit."""
        return dict(self._parts.options.quotas)

    def get(self, project_id: str) -> dict[str, int]:
        """resource → limit of the project."""
        with self._parts.database.read() as tx:
            return {**self.defaults(), **store.quota_get(tx, project_id)}

    def details(self, project_id: str) -> dict[str, dict[str, int]]:
        """resource → limit, used, reserved."""
        with self._parts.database.read() as tx:
            limits = {**self.defaults(), **store.quota_get(tx, project_id)}
            return {
                name: {"limit": limit, "used": store.quota_used(tx, project_id, name), "reserved": 0}
                for name, limit in limits.items()
            }

    def list(self) -> dict[str, dict[str, int]]:
        """project id → limits, for projects whose limits were set."""
        with self._parts.database.read() as tx:
            return {project: {**self.defaults(), **limits} for project, limits in store.quota_list(tx).items()}

    def set(self, project_id: str, limits: Mapping[str, int], *, force: bool = False) -> dict[str, int]:
        """Set limits; -1 is none. Raises Invalid for a resource that has no quota, BelowUsage for a limit under what
        the project has already, unless `force` is set."""
        for name in limits:
            if name not in self._parts.options.quotas:
                raise core_errors.Invalid(f"Unrecognized attribute(s) '{name}'")
        with self._parts.database.write() as tx:
            for name, limit in limits.items():
                if not force and limit != -1 and (used := store.quota_used(tx, project_id, name)) > limit:
                    raise errors.BelowUsage(name, limit, used)
                store.quota_set(tx, project_id, name, limit)
        return self.get(project_id)

    def delete(self, project_id: str) -> None:
        """Back to the defaults."""
        with self._parts.database.write() as tx:
            store.quota_delete(tx, project_id)
