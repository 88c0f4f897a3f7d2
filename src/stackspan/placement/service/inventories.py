"""What providers have, for the API. Every change raises the provider's generation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from stackspan.db import Transaction
from stackspan.placement import errors
from stackspan.placement.model import Inventory, Provider
from stackspan.placement.service.base import Parts
from stackspan.placement.service.names import classes_known
from stackspan.placement.service.providers import RETRY, claimed, provider_for
from stackspan.placement.store import allocations as allocation_store
from stackspan.placement.store import inventories as inventory_store

Found = tuple[Provider, Mapping[str, Inventory], dt.datetime | None]
"""A provider, its inventories by resource class, and when the newest was changed."""


class Inventories:
    """What the API does with inventories.

    `whole`: an inventory may be reserved whole (from 1.26 on).
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def list(self, uuid: str) -> Found:
        """Raises ProviderNotFound."""
        with self._parts.database.read() as tx:
            return (provider_for(tx, uuid), *inventory_store.inventory_list(tx, uuid))

    def get(self, uuid: str, resource_class: str) -> tuple[Provider, Inventory, dt.datetime]:
        """Raises ProviderNotFound, InventoryNotFound."""
        provider, found, newest = self.list(uuid)
        if resource_class not in found or newest is None:
            raise errors.InventoryNotFound(f"No inventory of class {resource_class} for {uuid}")
        return provider, found[resource_class], newest

    def usages(self, uuid: str) -> tuple[Provider, Mapping[str, int]]:
        """The provider and what is used of each of its inventories. Raises ProviderNotFound."""
        with self._parts.database.read() as tx:
            provider = provider_for(tx, uuid)
            rooms = inventory_store.room_list(tx, [uuid]).get(uuid, {})
            return provider, {name: room.used for name, room in rooms.items()}

    def create(self, uuid: str, wanted: Inventory, *, whole: bool) -> Provider:
        """Raises ProviderNotFound, Refused (unknown class, nothing left over), ConcurrentUpdate (it is there)."""
        with self._parts.database.write() as tx:
            provider = provider_for(tx, uuid)
            unable = f"Unable to create inventory for resource provider {uuid}"
            _capacity(unable, uuid, [wanted], whole)
            _known(tx, unable, [wanted])
            provider = claimed(self._parts, tx, provider, f"Update conflict: {RETRY}")
            if wanted.resource_class in inventory_store.inventory_list(tx, uuid)[0]:
                raise errors.ConcurrentUpdate(
                    f"Update conflict: resource provider {uuid} has an inventory of {wanted.resource_class} already"
                )
            inventory_store.inventory_put(tx, uuid, wanted, self._parts.now(), new=True)
            return provider

    def update(self, uuid: str, wanted: Inventory, generation: int, *, whole: bool) -> Provider:
        """Raises ProviderNotFound, ConcurrentUpdate, Refused."""
        with self._parts.database.write() as tx:
            provider = _current(tx, uuid, generation)
            _capacity(f"Unable to update inventory for resource provider {uuid}", uuid, [wanted], whole)
            if wanted.resource_class not in inventory_store.inventory_list(tx, uuid)[0]:
                raise errors.Refused(
                    f"No inventory record with resource class for resource provider {uuid}: "
                    f"No inventory of class {wanted.resource_class} found."
                )
            provider = claimed(self._parts, tx, provider, f"update conflict: {RETRY}")
            inventory_store.inventory_put(tx, uuid, wanted, self._parts.now(), new=False)
            return provider

    def replace(self, uuid: str, wanted: Sequence[Inventory], generation: int, *, whole: bool) -> Found:
        """Make these all its inventories. Raises ProviderNotFound, ConcurrentUpdate, Clash (in use), Refused."""
        with self._parts.database.write() as tx:
            provider = _current(tx, uuid, generation)
            _capacity(f"Unable to update inventory for resource provider {uuid}", uuid, wanted, whole)
            _known(tx, f"Unknown resource class in inventory for resource provider {uuid}", wanted)
            provider = claimed(self._parts, tx, provider, f"update conflict: {RETRY}")
            there, _newest = inventory_store.inventory_list(tx, uuid)
            self._remove(tx, uuid, set(there) - {w.resource_class for w in wanted}, "update conflict: ")
            for inventory in wanted:
                new = inventory.resource_class not in there
                inventory_store.inventory_put(tx, uuid, inventory, self._parts.now(), new=new)
            return (provider, *inventory_store.inventory_list(tx, uuid))

    def delete(self, uuid: str, resource_class: str) -> None:
        """Raises ProviderNotFound, InventoryNotFound, Clash while in use."""
        with self._parts.database.write() as tx:
            provider = provider_for(tx, uuid)
            if resource_class not in inventory_store.inventory_list(tx, uuid)[0]:
                raise errors.InventoryNotFound(
                    f"No inventory of class {resource_class} found for delete: "
                    f"No inventory of class {resource_class} found for delete"
                )
            claimed(self._parts, tx, provider)
            unable = f"Unable to delete inventory of class {resource_class}: "
            # Stock tells this one by the code of a lost race, unlike the removal of all.
            self._remove(tx, uuid, {resource_class}, unable, errors.CONCURRENT_UPDATE)

    def delete_all(self, uuid: str) -> None:
        """Raises ProviderNotFound, ConcurrentUpdate, Clash while in use."""
        with self._parts.database.write() as tx:
            provider = provider_for(tx, uuid)
            words = (
                f"Unable to delete inventory for resource provider {uuid} because the inventory was updated by "
                "another process. Please retry your request."
            )
            claimed(self._parts, tx, provider, words)
            self._remove(tx, uuid, set(inventory_store.inventory_list(tx, uuid)[0]), "")

    @staticmethod
    def _remove(tx: Transaction, uuid: str, names: set[str], unable: str, code: str = errors.INVENTORY_IN_USE) -> None:
        used = sorted(allocation_store.provider_in_use(tx, uuid, names)) if names else []
        if used:
            raise errors.Clash(f"{unable}Inventory for '{', '.join(used)}' on resource provider '{uuid}' in use.", code)
        inventory_store.inventory_delete(tx, uuid, names)


def _current(tx: Transaction, uuid: str, generation: int) -> Provider:
    provider = provider_for(tx, uuid)
    if provider.generation != generation:
        raise errors.ConcurrentUpdate
    return provider


def _capacity(unable: str, uuid: str, wanted: Sequence[Inventory], whole: bool) -> None:
    for inventory in wanted:
        if inventory.capacity < 0 or (inventory.capacity == 0 and not whole):
            than = "greater than" if whole else "greater than or equal to"
            raise errors.Refused(
                f"{unable}: Invalid inventory for '{inventory.resource_class}' on resource provider '{uuid}'. "
                f"The reserved value is {than} total."
            )


def _known(tx: Transaction, unable: str, wanted: Sequence[Inventory]) -> None:
    try:
        classes_known(tx, [inventory.resource_class for inventory in wanted])
    except errors.ResourceClassNotFound as missing:
        raise errors.Refused(f"{unable}: {missing.user_message}") from missing
