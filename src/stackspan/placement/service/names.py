"""Resource classes and traits: the standard ones and the operator's own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping

import os_resource_classes
import os_traits

from stackspan.db import Transaction
from stackspan.placement import errors
from stackspan.placement.service.base import Parts
from stackspan.placement.store import inventories as inventory_store
from stackspan.placement.store import names as name_store
from stackspan.placement.store import providers as provider_store

STANDARD_CLASSES = tuple(os_resource_classes.STANDARDS)
STANDARD_TRAITS = frozenset(os_traits.get_traits())


def classes_known(tx: Transaction, names: Collection[str]) -> None:
    """Raise ResourceClassNotFound unless all are resource classes."""
    custom = sorted(set(names) - set(STANDARD_CLASSES))
    missing = set(custom) - set(name_store.class_list(tx, custom)) if custom else set()
    if missing:
        raise errors.ResourceClassNotFound(min(missing))


def traits_known(tx: Transaction, names: Collection[str]) -> None:
    """Raise TraitNotFound unless all are traits."""
    custom = sorted(set(names) - STANDARD_TRAITS)
    missing = set(custom) - set(name_store.trait_list(tx, custom)) if custom else set()
    if missing:
        raise errors.TraitNotFound(*sorted(missing))


class ResourceClasses:
    """What the API does with resource classes. A standard one's time of change is None."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def list(self) -> Mapping[str, dt.datetime | None]:
        """name → when it was changed; the standard ones first, in their order."""
        with self._parts.database.read() as tx:
            return dict.fromkeys(STANDARD_CLASSES) | dict(name_store.class_list(tx))

    def get(self, name: str) -> dt.datetime | None:
        """When it was changed. Raises ResourceClassNotFound."""
        with self._parts.database.read() as tx:
            classes_known(tx, [name])
            return name_store.class_list(tx, [name]).get(name)

    def create(self, name: str) -> None:
        """Raises Clash where it is there."""
        if not self.ensure(name):
            raise errors.Clash(f"Conflicting resource class already exists: {name}")

    def ensure(self, name: str) -> bool:
        """Make it; False where it was there."""
        with self._parts.database.write() as tx:
            return name_store.class_insert(tx, name, self._parts.now())

    def rename(self, name: str, new: str) -> None:
        """Raises ResourceClassNotFound, Refused for a standard one, Clash where the new name is taken or the old in use."""
        with self._parts.database.write() as tx:
            classes_known(tx, [name])
            if name in STANDARD_CLASSES:
                raise errors.Refused(f"Cannot update standard resource class {name}")
            if name != new:
                if name_store.class_list(tx, [new]):
                    raise errors.Clash(f"Resource class already exists: {new}")
                self._unused(tx, name, "update")
                name_store.class_rename(tx, name, new, self._parts.now())

    def delete(self, name: str) -> None:
        """Raises ResourceClassNotFound, Refused for a standard one, Clash while in use."""
        with self._parts.database.write() as tx:
            classes_known(tx, [name])
            if name in STANDARD_CLASSES:
                raise errors.Refused(f"Error in delete resource class: Cannot delete standard resource class {name}.")
            self._unused(tx, name, "delete")
            name_store.class_delete(tx, name)

    @staticmethod
    def _unused(tx: Transaction, name: str, doing: str) -> None:
        if inventory_store.class_in_inventory(tx, name):
            raise errors.Clash(
                f"Error in {doing} resource class: Cannot {doing} resource class {name}. Class is in use in inventory."
            )


class Traits:
    """What the API does with traits. A standard one's time is None."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def list(
        self, *, names: Collection[str] | None = None, prefix: str = "", associated: bool | None = None
    ) -> Mapping[str, dt.datetime | None]:
        """name → when it was made, by name.

        Args:
            names: only those; prefix: only names that begin so; associated: only those that a provider has, or none has.
        """
        with self._parts.database.read() as tx:
            found: dict[str, dt.datetime | None] = dict.fromkeys(STANDARD_TRAITS)
            found |= name_store.trait_list(tx)
            used = provider_store.traits_used(tx) if associated is not None else set()
        return {
            name: found[name]
            for name in sorted(found)
            if (names is None or name in names)
            and name.startswith(prefix)
            and (associated is None or (name in used) is associated)
        }

    def get(self, name: str) -> dt.datetime | None:
        """When it was made. Raises TraitNotFound."""
        with self._parts.database.read() as tx:
            traits_known(tx, [name])
            return name_store.trait_list(tx, [name]).get(name)

    def ensure(self, name: str) -> tuple[bool, dt.datetime]:
        """Make it: whether it is new, and when it was made."""
        with self._parts.database.write() as tx:
            new = name_store.trait_insert(tx, name, self._parts.now())
            return new, name_store.trait_list(tx, [name])[name]

    def delete(self, name: str) -> None:
        """Raises TraitNotFound, Refused for a standard one, Clash while in use."""
        with self._parts.database.write() as tx:
            traits_known(tx, [name])
            if name in STANDARD_TRAITS:
                raise errors.Refused(f"Cannot delete standard trait {name}.")
            if provider_store.trait_in_use(tx, name):
                raise errors.Clash(f"The trait {name} is in use by a resource provider.")
            name_store.trait_delete(tx, name)
