"""Flavors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stackspan.compute import errors
from stackspan.compute.model import Flavor
from stackspan.compute.service.base import Parts
from stackspan.compute.store import flavors as flavor_store
from stackspan.core import errors as core_errors
from stackspan.core import ids
from stackspan.core.context import RequestContext
from stackspan.db import Transaction


@dataclass(frozen=True)
class NewFlavor:
    """A flavor to be made; `id` None: a new UUID."""

    id: str | None
    name: str
    vcpus: int
    memory_mib: int
    root_gib: int
    ephemeral_gib: int = 0
    swap_mib: int = 0
    rxtx_factor: float = 1.0
    is_public: bool = True
    description: str | None = None


@dataclass(frozen=True)
class FlavorQuery:
    """What a list of flavors is narrowed by. `is_public` None: all (administrators only)."""

    is_public: bool | None = True
    min_memory_mib: int = 0
    min_root_gib: int = 0
    sort_key: str = "flavorid"
    ascending: bool = True
    limit: int = 1000
    marker: str | None = None


class MarkerNotFound(core_errors.Invalid):
    """The marker of a page isn't there."""

    def __init__(self, marker: str) -> None:
        super().__init__(f"marker [{marker}] not found")


class Flavors:
    """What the API does with flavors."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def get(self, context: RequestContext, flavor_id: str) -> Flavor:
        """Raises FlavorNotFound."""
        with self._parts.database.read() as tx:
            return flavor_for(tx, context, flavor_id)

    def list(self, context: RequestContext, query: FlavorQuery, *, with_specs: bool = False) -> Sequence[Flavor]:
        """One page. Raises MarkerNotFound."""
        is_public = query.is_public if context.is_admin else True
        with self._parts.database.read() as tx:
            after = None
            if query.marker is not None:
                try:
                    after = flavor_for(tx, context, query.marker)
                except errors.FlavorNotFound:
                    raise MarkerNotFound(query.marker) from None
            return flavor_store.flavor_list(
                tx,
                is_public=is_public,
                project_id=context.project_id,
                min_memory_mib=query.min_memory_mib,
                min_root_gib=query.min_root_gib,
                sort_key=query.sort_key,
                ascending=query.ascending,
                limit=query.limit,
                after=after,
                with_specs=with_specs,
            )

    def create(self, context: RequestContext, new: NewFlavor) -> Flavor:
        """Add a flavor; a private one can be used by the caller's project. Raises FlavorExists, FlavorIdExists."""
        flavor_id = new.id or ids.new_uuid()
        with self._parts.database.write() as tx:
            if flavor_store.flavor_taken(tx, flavor_id=flavor_id):
                raise errors.FlavorIdExists(flavor_id)
            if flavor_store.flavor_taken(tx, name=new.name):
                raise errors.FlavorExists(new.name)
            values = {
                "id": flavor_id,
                "name": new.name,
                "vcpus": new.vcpus,
                "memory_mib": new.memory_mib,
                "root_gib": new.root_gib,
                "ephemeral_gib": new.ephemeral_gib,
                "swap_mib": new.swap_mib,
                "rxtx_factor": new.rxtx_factor,
                "is_public": new.is_public,
                "disabled": False,
                "description": new.description,
                "created_at": self._parts.now(),
            }
            number = flavor_store.flavor_insert(tx, values)
            if not new.is_public and context.project_id:
                flavor_store.access_insert(tx, number, context.project_id)
            return flavor_for(tx, context, flavor_id)

    def update(self, context: RequestContext, flavor_id: str, description: str | None) -> Flavor:
        """Change the description. Raises FlavorNotFound."""
        with self._parts.database.write() as tx:
            found = flavor_for(tx, context, flavor_id)
            values = {"description": description, "updated_at": self._parts.now()}
            flavor_store.flavor_update(tx, found.number, values)
            return flavor_for(tx, context, flavor_id)

    def delete(self, context: RequestContext, flavor_id: str) -> None:
        """Remove it; servers keep their copy. Raises FlavorNotFound."""
        with self._parts.database.write() as tx:
            flavor_store.flavor_delete(tx, flavor_for(tx, context, flavor_id).number)

    def extra_specs_set(self, context: RequestContext, flavor_id: str, specs: Mapping[str, str]) -> None:
        """Add or change extra specs. Raises FlavorNotFound."""
        with self._parts.database.write() as tx:
            found = flavor_for(tx, context, flavor_id)
            flavor_store.extra_specs_set(tx, found.number, specs)
            flavor_store.flavor_touch(tx, found.number, self._parts.now())

    def extra_spec_delete(self, context: RequestContext, flavor_id: str, key: str) -> None:
        """Remove one. Raises FlavorNotFound, ExtraSpecNotFound."""
        with self._parts.database.write() as tx:
            found = flavor_for(tx, context, flavor_id)
            if not flavor_store.extra_specs_delete(tx, found.number, [key]):
                raise errors.ExtraSpecNotFound(flavor_id, key)

    def access(self, context: RequestContext, flavor_id: str) -> Sequence[str]:
        """The projects that may use a private flavor. Raises FlavorNotFound."""
        with self._parts.database.read() as tx:
            return flavor_store.access_list(tx, flavor_for(tx, context, flavor_id).number)

    def access_add(self, context: RequestContext, flavor_id: str, project_id: str) -> Sequence[str]:
        """Let a project use it. Raises FlavorNotFound, FlavorAccessExists, Invalid for an unknown project."""
        self._project_exists(project_id)
        with self._parts.database.write() as tx:
            found = flavor_for(tx, context, flavor_id)
            if project_id in flavor_store.access_list(tx, found.number):
                raise errors.FlavorAccessExists(flavor_id, project_id)
            flavor_store.access_insert(tx, found.number, project_id)
            return flavor_store.access_list(tx, found.number)

    def access_remove(self, context: RequestContext, flavor_id: str, project_id: str) -> Sequence[str]:
        """Take that away. Raises FlavorNotFound, FlavorAccessNotFound, Invalid for an unknown project."""
        self._project_exists(project_id)
        with self._parts.database.write() as tx:
            found = flavor_for(tx, context, flavor_id)
            if not flavor_store.access_delete(tx, found.number, project_id):
                raise errors.FlavorAccessNotFound(flavor_id, project_id)
            return flavor_store.access_list(tx, found.number)

    def _project_exists(self, project_id: str) -> None:
        with self._parts.database.read() as tx:
            project_check(self._parts, tx, project_id)


def project_check(parts: Parts, tx: Transaction, project_id: str) -> None:
    """Raise Invalid, in the stock words, where Identity doesn't know the project."""
    try:
        parts.identity.project_get(tx, project_id)
    except core_errors.NotFound:
        raise core_errors.Invalid(f"Project ID {project_id} is not a valid project.") from None


def flavor_for(tx: Transaction, context: RequestContext, flavor_id: str) -> Flavor:
    """A flavor the caller may use: public, private with access, or any for an admin. Raises FlavorNotFound."""
    found = flavor_store.flavor_get(tx, flavor_id)
    if found is None:
        raise errors.FlavorNotFound(flavor_id)
    if found.is_public or context.is_admin:
        return found
    if context.project_id not in flavor_store.access_list(tx, found.number):
        raise errors.FlavorNotFound(flavor_id)
    return found
