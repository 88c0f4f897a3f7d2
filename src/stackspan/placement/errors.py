"""Placement's errors, in the stock service's words. `code` is what clients see from version 1.23 on.

NotFound     ProviderNotFound, InventoryNotFound, ResourceClassNotFound, TraitNotFound
Conflict     NameTaken, GenerationConflict, ProviderInUse, ParentInUse, InventoryInUse, …
  NoRoom     not enough is left (or the request doesn't fit the inventory's units)
  Stale      somebody else changed it in between: read again
Invalid      BadQuery, UnknownProvider, …
"""

from __future__ import annotations

from stackspan.core import errors

CONCURRENT_UPDATE = "placement.concurrent_update"
DUPLICATE_NAME = "placement.duplicate_name"
INVENTORY_IN_USE = "placement.inventory.inuse"
PROVIDER_IN_USE = "placement.resource_provider.inuse"
PROVIDER_HAS_CHILDREN = "placement.resource_provider.cannot_delete_parent"
PROVIDER_NOT_FOUND = "placement.resource_provider.not_found"
DUPLICATE_KEY = "placement.query.duplicate_key"
BAD_VALUE = "placement.query.bad_value"
MISSING_VALUE = "placement.query.missing_value"
UNDEFINED = "placement.undefined_code"


class NoRoom(errors.Conflict):
    """Not enough is left of a resource, or the amount doesn't fit its inventory's units."""

    code = UNDEFINED

    def __init__(self, provider: str, resource_class: str, what: str = "capacity") -> None:
        reason = "exceed the capacity" if what == "capacity" else "violate inventory constraints"
        super().__init__(
            f"Unable to allocate inventory: Unable to create allocation for '{resource_class}' on resource provider "
            f"'{provider}'. The requested amount would {reason}."
        )
        self.provider = provider
        self.resource_class = resource_class


class Stale(errors.Stale):
    """Somebody else changed the provider or consumer in between."""

    code = CONCURRENT_UPDATE


class ClusterNotFound(errors.NotFound):
    """No such cluster."""

    def __init__(self, uuid: str) -> None:
        super().__init__(f"Hypervisor {uuid} could not be found.")


class DatastoreNotFound(errors.NotFound):
    """No such datastore."""

    def __init__(self, uuid: str) -> None:
        super().__init__("The storage of the server could not be found.", f"no datastore {uuid}")
