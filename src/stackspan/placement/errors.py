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
    """Not enough is left of a resource ("capacity"), the amount doesn't fit its inventory's units ("constraints"), or the
    provider has none of it ("inventory")."""

    code = UNDEFINED

    def __init__(self, provider: str, resource_class: str, what: str) -> None:
        if what == "inventory":
            reason = f"Inventory for '{resource_class}' on resource provider '{provider}' invalid."
        else:
            would = "exceed the capacity" if what == "capacity" else "violate inventory constraints"
            reason = f"Unable to create allocation for '{resource_class}' on resource provider '{provider}'. "
            reason += f"The requested amount would {would}."
        super().__init__(f"Unable to allocate inventory: {reason}")
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


# -- of the API --------------------------------------------------------------------------------------------------------


class Refused(errors.Invalid):
    """400 with a code."""

    def __init__(self, message: str, code: str = UNDEFINED) -> None:
        super().__init__(message)
        self.code = code


class Clash(errors.Conflict):
    """409 with a code."""

    def __init__(self, message: str, code: str = UNDEFINED) -> None:
        super().__init__(message)
        self.code = code


class ProviderNotFound(errors.NotFound):
    """No such provider."""

    def __init__(self, uuid: str, suffix: str = "found") -> None:
        super().__init__(f"No resource provider with uuid {uuid} {suffix}")


class ProviderMissing(errors.NotFound):
    """No such provider, asked for its allocations."""

    def __init__(self, uuid: str) -> None:
        found = f"No resource provider with uuid {uuid} found"
        super().__init__(f"Resource provider '{uuid}' not found: {found}")


class InventoryNotFound(errors.NotFound):
    """The provider has no such inventory."""


class ResourceClassNotFound(errors.NotFound):
    """No such resource class."""

    def __init__(self, name: str) -> None:
        super().__init__(f"No such resource class {name}.")


class TraitNotFound(errors.NotFound):
    """No such traits."""

    def __init__(self, *names: str) -> None:
        super().__init__(f"No such trait(s): {', '.join(names)}.")


class ConsumerNotFound(errors.NotFound):
    """The consumer has no allocations."""

    def __init__(self, uuid: str) -> None:
        super().__init__(f"No allocations for consumer '{uuid}'")


class ConcurrentUpdate(errors.Stale):
    """The provider's generation isn't what the caller has seen."""

    code = CONCURRENT_UPDATE

    def __init__(self, message: str = "resource provider generation conflict") -> None:
        super().__init__(message)


class ConsumerConflict(errors.Stale):
    """The consumer's generation isn't what the caller has seen."""

    code = CONCURRENT_UPDATE

    def __init__(self, expected: int | None, got: int | None) -> None:
        super().__init__(f"consumer generation conflict - expected {_null(expected)} but got {_null(got)}")


def _null(generation: int | None) -> str:
    return "null" if generation is None else str(generation)


class NotAcceptable(errors.Unsupported):
    """The client takes no JSON."""
