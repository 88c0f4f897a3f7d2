"""Request bodies, each with the versions it is for, and how older ones are raised to the newest."""

from __future__ import annotations

from typing import Annotated

import msgspec

from stackspan.core.version import Version
from stackspan.http.validation import Body
from stackspan.placement import versions
from stackspan.placement.model import MAX_FLOAT, MAX_INT

Uuid36 = Annotated[str, msgspec.Meta(pattern="^[0-9a-fA-F-]{36}$")]
ClassName = Annotated[str, msgspec.Meta(pattern="^[A-Z0-9_]+$", max_length=255)]
CustomName = Annotated[str, msgspec.Meta(pattern="^CUSTOM_[A-Z0-9_]+$", max_length=255)]
TraitName = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
ProviderName = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
OwnerId = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Amount = Annotated[int, msgspec.Meta(ge=1, le=MAX_INT)]
Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_INT)]
Ratio = Annotated[float, msgspec.Meta(ge=-MAX_FLOAT, le=MAX_FLOAT)]

# Stock's consumer of allocations that were made before project and user were asked for.
INCOMPLETE_CONSUMER = "00000000-0000-0000-0000-000000000000"

# -- providers ---------------------------------------------------------------------------------------------------------


class ProviderPut(Body):
    """1.14 and later."""

    name: ProviderName
    parent_provider_uuid: str | msgspec.UnsetType | None = msgspec.UNSET


class ProviderPost(ProviderPut):
    """1.14 and later."""

    uuid: str | msgspec.UnsetType = msgspec.UNSET


class ProviderPutFlat(Body):
    """Before 1.14."""

    name: ProviderName


class ProviderPostFlat(ProviderPutFlat):
    """Before 1.14."""

    uuid: str | msgspec.UnsetType = msgspec.UNSET


def provider_post(version: Version) -> type[ProviderPost] | type[ProviderPostFlat]:
    """The body of POST /resource_providers."""
    return ProviderPost if version >= versions.TREES else ProviderPostFlat


def provider_put(version: Version) -> type[ProviderPut] | type[ProviderPutFlat]:
    """The body of PUT /resource_providers/{uuid}."""
    return ProviderPut if version >= versions.TREES else ProviderPutFlat


# -- inventories -------------------------------------------------------------------------------------------------------


class InventoryBody(Body):
    """One inventory in PUT …/inventories; its generation is ignored there."""

    total: Amount
    reserved: Count = 0
    min_unit: Amount = 1
    max_unit: Amount = MAX_INT
    step_size: Amount = 1
    allocation_ratio: Ratio = 1.0
    resource_provider_generation: int | None = None


class InventoryPost(InventoryBody, kw_only=True):
    """POST …/inventories."""

    resource_class: ClassName


class InventoryPut(Body):
    """PUT …/inventories/{resource_class}."""

    total: Amount
    resource_provider_generation: int
    reserved: Count = 0
    min_unit: Amount = 1
    max_unit: Amount = MAX_INT
    step_size: Amount = 1
    allocation_ratio: Ratio = 1.0


class InventoriesPut(Body):
    """PUT …/inventories."""

    resource_provider_generation: int
    inventories: dict[ClassName, InventoryBody]


# -- aggregates, traits, classes ---------------------------------------------------------------------------------------


class AggregatesPut(Body):
    """1.19 and later; before, the body is the list alone."""

    aggregates: list[str]
    resource_provider_generation: int


class ProviderTraitsPut(Body):
    """PUT /resource_providers/{uuid}/traits."""

    traits: list[TraitName]
    resource_provider_generation: int


class ClassBody(Body):
    """POST /resource_classes; PUT before 1.7."""

    name: CustomName


# -- allocations -------------------------------------------------------------------------------------------------------

ResourceAmounts = Annotated[dict[ClassName, Amount], msgspec.Meta(min_length=1)]


class ProviderPart(Body):
    """What is taken of one provider."""

    resources: ResourceAmounts
    generation: int | None = None


class AllocationsBody(Body):
    """The newest form: 1.28 and later. Empty `allocations` take all away."""

    allocations: dict[Uuid36, ProviderPart]
    project_id: OwnerId
    user_id: OwnerId
    consumer_generation: int | None


class AllocationsUnchecked(Body):
    """1.13 to 1.27 in POST, where allocations may be empty."""

    allocations: dict[Uuid36, ProviderPart]
    project_id: OwnerId
    user_id: OwnerId


class AllocationsFilled(Body):
    """1.12 to 1.27 in PUT."""

    allocations: Annotated[dict[Uuid36, ProviderPart], msgspec.Meta(min_length=1)]
    project_id: OwnerId
    user_id: OwnerId


class _ProviderName(Body):
    uuid: str


class _ListedPart(Body):
    resource_provider: _ProviderName
    resources: ResourceAmounts


class AllocationsOwnedList(Body):
    """1.8 to 1.11."""

    allocations: Annotated[list[_ListedPart], msgspec.Meta(min_length=1)]
    project_id: OwnerId
    user_id: OwnerId


class AllocationsList(Body):
    """Before 1.8."""

    allocations: Annotated[list[_ListedPart], msgspec.Meta(min_length=1)]


AnyAllocations = AllocationsBody | AllocationsUnchecked | AllocationsFilled | AllocationsOwnedList | AllocationsList


def allocations_put(version: Version) -> type[AnyAllocations]:
    """The body of PUT /allocations/{consumer}."""
    if version >= versions.CONSUMER_GENERATION:
        return AllocationsBody
    if version >= versions.ALLOCATIONS_BY_PROVIDER:
        return AllocationsFilled
    return AllocationsOwnedList if version >= versions.REQUIRED_OWNER else AllocationsList


def raised(body: AnyAllocations) -> tuple[AllocationsBody, bool]:
    """The body in the newest form, and whether its consumer generation was really given."""
    if isinstance(body, AllocationsBody):
        return body, True
    if isinstance(body, AllocationsList):
        owner = INCOMPLETE_CONSUMER
        body = AllocationsOwnedList(allocations=body.allocations, project_id=owner, user_id=owner)
    if isinstance(body, AllocationsOwnedList):
        parts = {part.resource_provider.uuid: ProviderPart(resources=part.resources) for part in body.allocations}
        body = AllocationsFilled(allocations=parts, project_id=body.project_id, user_id=body.user_id)
    newest = AllocationsBody(
        allocations=body.allocations, project_id=body.project_id, user_id=body.user_id, consumer_generation=None
    )
    return newest, False
