"""What the API calls, on each database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from stackspan.core import ids
from stackspan.core.clock import SystemClock
from stackspan.core.errors import StackspanError
from stackspan.db import Database
from stackspan.placement import errors
from stackspan.placement.model import DISK_GB, SHARING_TRAIT, VCPU, ConsumerWish, Inventory, RequestGroup
from stackspan.placement.service import PlacementService
from stackspan.placement.service.matching import CandidateRequest
from stackspan.placement.service.providers import ProviderFilter

AGGREGATE = "aa000000-0000-0000-0000-000000000000"


@pytest.fixture
def placement(database: Database) -> PlacementService:
    return PlacementService(database, SystemClock())


def make(placement: PlacementService, name: str, *inventories: Inventory, parent: str | None = None) -> str:
    uuid = placement.providers.create(name, ids.new_uuid(), parent).uuid
    placement.inventories.replace(uuid, inventories, 0, whole=True)
    return uuid


def wish(consumer: str, provider: str, amount: int, generation: int | None = None) -> ConsumerWish:
    return ConsumerWish(consumer, {provider: {VCPU: amount}} if amount else {}, "p", "u", generation, True)


def test_providers(placement: PlacementService) -> None:
    root = make(placement, "root", Inventory(VCPU, 4))
    child = make(placement, "child", Inventory(DISK_GB, 4), parent=root)
    with pytest.raises(errors.Clash):
        placement.providers.create("root", ids.new_uuid(), None)
    with pytest.raises(errors.Clash):
        placement.providers.update(child, "root", None, move=False)
    assert placement.providers.update(child, "kid", None, move=False).parent_uuid == root
    other = make(placement, "other")
    assert placement.providers.update(root, "root", other, move=True).root_uuid == other
    assert placement.providers.get(child).root_uuid == other
    placement.traits.ensure("CUSTOM_A")
    placement.providers.traits_set(child, ["CUSTOM_A", SHARING_TRAIT], 1)
    placement.providers.aggregates_set(child, [AGGREGATE], 2)
    fitting = ProviderFilter(
        in_tree=root, member_of=[[AGGREGATE]], resources={DISK_GB: 4}, required=frozenset({"CUSTOM_A"})
    )
    assert [row.uuid for row in placement.providers.list(fitting)] == [child]
    with pytest.raises(errors.ConcurrentUpdate):
        placement.providers.traits_set(child, [], 2)
    with pytest.raises(errors.Clash):
        placement.providers.delete(root)
    placement.providers.delete(child)
    with pytest.raises(errors.ProviderNotFound):
        placement.providers.delete(child)


def test_inventories(placement: PlacementService) -> None:
    uuid = make(placement, "rp", Inventory(VCPU, 4))
    placement.resource_classes.create("CUSTOM_GOLD")
    placement.inventories.create(uuid, Inventory("CUSTOM_GOLD", 1), whole=True)
    with pytest.raises(errors.ConcurrentUpdate):
        placement.inventories.create(uuid, Inventory("CUSTOM_GOLD", 1), whole=True)
    with pytest.raises(errors.Clash):
        placement.resource_classes.delete("CUSTOM_GOLD")
    placement.consumers.set([wish("c", uuid, 2)])
    with pytest.raises(errors.Clash):
        placement.inventories.delete_all(uuid)
    assert placement.inventories.usages(uuid)[1] == {VCPU: 2, "CUSTOM_GOLD": 0}
    placement.inventories.delete(uuid, "CUSTOM_GOLD")
    placement.resource_classes.delete("CUSTOM_GOLD")
    assert list(placement.inventories.list(uuid)[1]) == [VCPU]


def test_candidates(placement: PlacementService) -> None:
    cluster = make(placement, "cluster", Inventory(VCPU, 4))
    datastore = make(placement, "datastore", Inventory(DISK_GB, 4))
    placement.providers.traits_set(datastore, [SHARING_TRAIT], None)
    for uuid in (cluster, datastore):
        placement.providers.aggregates_set(uuid, [AGGREGATE], None)
    found = placement.allocation_candidates.find(CandidateRequest([RequestGroup("", {VCPU: 1, DISK_GB: 1})]), None)
    assert [dict(way) for way in found.requests] == [{cluster: {VCPU: 1}, datastore: {DISK_GB: 1}}]
    assert len(found.summaries) == 2


def test_allocations_of_several(placement: PlacementService) -> None:
    one, two = make(placement, "one", Inventory(VCPU, 4)), make(placement, "two", Inventory(VCPU, 4))
    placement.consumers.set([wish("a", one, 4), wish("b", two, 4)])
    with pytest.raises(errors.NoRoom):
        placement.consumers.set([wish("a", two, 4, 1)])
    placement.consumers.set([wish("a", two, 4, 1), wish("b", one, 4, 1)])
    with pytest.raises(errors.ConsumerConflict):
        placement.consumers.set([wish("a", two, 1, 1)])
    assert placement.consumers.usages("p", "u") == {VCPU: 8}
    generations = {row.consumer.uuid: row.consumer.generation for row in placement.consumers.of_provider(one)[1]}
    assert generations == {"b": 2}
    placement.consumers.set([wish("a", two, 0, 2)])
    placement.consumers.delete("b")
    assert placement.consumers.usages("p", None) == {}


def test_a_new_consumer_is_made_once(placement: PlacementService) -> None:
    uuids = [make(placement, str(n), Inventory(VCPU, 4)) for n in range(8)]

    def put(uuid: str) -> StackspanError | None:
        try:
            placement.consumers.set([wish("c", uuid, 1)])
        except StackspanError as error:
            return error
        return None

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(put, uuids))
    assert results.count(None) == 1
    assert {type(error) for error in results if error is not None} == {errors.ConsumerConflict}


def test_a_generation_is_taken_once(placement: PlacementService) -> None:
    uuid = make(placement, "rp", Inventory(VCPU, 4))

    def put(number: int) -> bool:
        try:
            placement.inventories.update(uuid, Inventory(VCPU, number), 1, whole=True)
        except errors.ConcurrentUpdate:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(put, range(1, 17))).count(True) == 1
