"""Limits and what is used of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stackspan.compute import errors
from stackspan.compute.model import UNLIMITED, Usage
from stackspan.compute.service.base import QUOTA_RESOURCES, Parts
from stackspan.compute.service.flavors import project_check
from stackspan.compute.store import nodes as node_store
from stackspan.compute.store import quotas as quota_store
from stackspan.compute.store import servers as server_store
from stackspan.core.context import RequestContext
from stackspan.db import Transaction


@dataclass(frozen=True)
class QuotaUse:
    """A limit and what is used of it."""

    limit: int
    in_use: int = 0


class Quotas:
    """What the API does with quotas."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def get(self, project_id: str, user_id: str = "") -> Mapping[str, QuotaUse]:
        """resource → limit and use. Raises Invalid for an unknown project."""
        with self._parts.database.read() as tx:
            project_check(self._parts, tx, project_id)
            return self._with_use(tx, project_id, user_id)

    def defaults(self) -> Mapping[str, int]:
        """resource → limit of a new project."""
        with self._parts.database.read() as tx:
            return self._parts.default_limits(tx)

    def set(
        self, project_id: str, limits: Mapping[str, int], *, user_id: str = "", force: bool = False
    ) -> Mapping[str, QuotaUse]:
        """Set limits. Raises QuotaInvalid where one is below what is used and `force` isn't given."""
        with self._parts.database.write() as tx:
            project_check(self._parts, tx, project_id)
            use = self._with_use(tx, project_id, user_id)
            for resource, limit in limits.items():
                if not force and limit != UNLIMITED and limit < use[resource].in_use:
                    raise errors.QuotaInvalid(
                        f"Quota limit {limit} for {resource} must be greater than or equal to already used and "
                        f"reserved {use[resource].in_use}."
                    )
            quota_store.quota_set(tx, project_id, limits, user_id)
            return self._with_use(tx, project_id, user_id)

    def delete(self, project_id: str, user_id: str | None = None) -> None:
        """Back to the defaults. Raises Invalid for an unknown project."""
        with self._parts.database.write() as tx:
            project_check(self._parts, tx, project_id)
            quota_store.quota_delete(tx, project_id, user_id)

    def class_get(self, name: str) -> Mapping[str, int]:
        """resource → limit of a quota class; other classes than "default" show the configured limits."""
        with self._parts.database.read() as tx:
            configured = {key: int(getattr(self._parts.settings.quota, key)) for key in QUOTA_RESOURCES}
            return configured | quota_store.class_get(tx, name)

    def class_set(self, name: str, limits: Mapping[str, int]) -> Mapping[str, int]:
        """Set limits of a quota class."""
        with self._parts.database.write() as tx:
            quota_store.class_set(tx, name, limits)
        return self.class_get(name)

    def absolute(self, context: RequestContext, project_id: str | None = None) -> Mapping[str, QuotaUse]:
        """The limits of the caller's project (or of another one)."""
        with self._parts.database.read() as tx:
            return self._with_use(tx, project_id or context.project_id or "")

    def _with_use(self, tx: Transaction, project_id: str, user_id: str = "") -> dict[str, QuotaUse]:
        usage = server_store.usage_get(tx, project_id)
        used = {
            "instances": usage.instances,
            "cores": usage.cores,
            "ram": usage.ram,
            "server_groups": node_store.group_count(tx, project_id),
        }
        limits = self._parts.limits(tx, project_id, user_id)
        return {resource: QuotaUse(limits[resource], used.get(resource, 0)) for resource in QUOTA_RESOURCES}


def servers_fit(parts: Parts, tx: Transaction, project_id: str, more: Usage, minimum: int) -> int:
    """How many of `more.instances` equal servers fit the project's quota, at least `minimum`.

    Counts in the open write transaction, so that two requests can't both take the last place.
    Raises TooManyInstances in the stock words.
    """
    limits, used = parts.limits(tx, project_id), server_store.usage_get(tx, project_id)
    count = more.instances
    each = {"instances": 1, "cores": more.cores // count, "ram": more.ram // count}
    taken = {"instances": used.instances, "cores": used.cores, "ram": used.ram}
    fits = count
    for resource, size in each.items():
        if limits[resource] != UNLIMITED and size:
            fits = min(fits, max(limits[resource] - taken[resource], 0) // size)
    if fits >= minimum:
        return fits
    over = [
        resource
        for resource, size in each.items()
        if limits[resource] != UNLIMITED and taken[resource] + size * minimum > limits[resource]
    ]
    raise errors.TooManyInstances(
        ", ".join(over),
        [each[resource] * minimum for resource in over],
        [taken[resource] for resource in over],
        [limits[resource] for resource in over],
    )
