"""The newest version's JSON. Older ones are lowered from it in `versions.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stackspan.placement import versions
from stackspan.placement.model import Allocation, Inventory, Provider
from stackspan.placement.service.candidates import Found

_MOST = (1 << 63) - 1  # a ratio may make a capacity that no number in JSON readers holds
_RELATIONS = ("inventories", "usages", "aggregates", "traits", "allocations")


def provider(row: Provider, prefix: str) -> dict[str, Any]:
    """A resource provider. `prefix` is where the service is on this host, such as `/placement`."""
    url = f"{prefix}/resource_providers/{row.uuid}"
    return {
        "uuid": row.uuid,
        "name": row.name,
        "generation": row.generation,
        "links": [
            {"rel": "self", "href": url},
            *({"rel": rel, "href": f"{url}/{rel}"} for rel in _RELATIONS),
        ],
        "parent_provider_uuid": row.parent_uuid,
        "root_provider_uuid": row.root_uuid,
    }


def inventory(row: Inventory) -> dict[str, Any]:
    """An inventory without its provider's generation."""
    return {
        "total": row.total,
        "reserved": row.reserved,
        "min_unit": row.min_unit,
        "max_unit": row.max_unit,
        "step_size": row.step_size,
        "allocation_ratio": row.allocation_ratio,
    }


def inventories(row: Provider, found: Mapping[str, Inventory]) -> dict[str, Any]:
    """All inventories of a provider."""
    return {
        "resource_provider_generation": row.generation,
        "inventories": {name: inventory(one) for name, one in found.items()},
    }


def aggregates(row: Provider, found: Sequence[str]) -> dict[str, Any]:
    """A provider's aggregates."""
    return {"aggregates": list(found), "resource_provider_generation": row.generation}


def provider_traits(row: Provider, found: Sequence[str]) -> dict[str, Any]:
    """A provider's traits."""
    return {"traits": list(found), "resource_provider_generation": row.generation}


def consumer_allocations(rows: Sequence[Allocation], providers: Mapping[str, Provider]) -> dict[str, Any]:
    """A consumer's allocations; of one without any, only that."""
    parts: dict[str, Any] = {}
    for row in rows:
        generation = providers[row.provider_uuid].generation
        part = parts.setdefault(row.provider_uuid, {"resources": {}, "generation": generation})
        part["resources"][row.resource_class] = row.used
    if not rows:
        return {"allocations": {}}
    consumer = rows[0].consumer
    return {
        "allocations": parts,
        "project_id": consumer.project_id,
        "user_id": consumer.user_id,
        "consumer_generation": consumer.generation,
    }


def provider_allocations(row: Provider, rows: Sequence[Allocation]) -> dict[str, Any]:
    """All that is allocated of a provider, by consumer."""
    parts: dict[str, Any] = {}
    for one in rows:
        part = parts.setdefault(one.consumer.uuid, {"resources": {}, "consumer_generation": one.consumer.generation})
        part["resources"][one.resource_class] = one.used
    return {"allocations": parts, "resource_provider_generation": row.generation}


def candidates(found: Found) -> dict[str, Any]:
    """Allocation candidates."""
    return {
        "allocation_requests": [
            {"allocations": {uuid: {"resources": dict(classes)} for uuid, classes in way.items()}}
            for way in found.requests
        ],
        "provider_summaries": {
            summary.provider.uuid: {
                "resources": {
                    name: {"capacity": min(int(room.inventory.capacity), _MOST), "used": room.used}
                    for name, room in summary.rooms.items()
                },
                "traits": list(summary.traits),
                "parent_provider_uuid": summary.provider.parent_uuid,
                "root_provider_uuid": summary.provider.root_uuid,
            }
            for summary in found.summaries
        },
    }


def resource_class(name: str, prefix: str) -> dict[str, Any]:
    """A resource class."""
    return {"name": name, "links": [{"rel": "self", "href": f"{prefix}/resource_classes/{name}"}]}


def discovery() -> dict[str, Any]:
    """The version document."""
    oldest, newest = versions.MICROVERSIONS.minimum, versions.MICROVERSIONS.maximum
    version = {
        "id": f"v{oldest}",
        "max_version": str(newest),
        "min_version": str(oldest),
        "status": "CURRENT",
        "links": [{"rel": "self", "href": ""}],
    }
    return {"versions": [version]}
