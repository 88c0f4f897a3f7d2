"""Candidates and allocations as Compute uses them."""

from __future__ import annotations

import pytest
from tests.support.placement import World

from stackspan.core.clock import SystemClock
from stackspan.db import Database, Transaction
from stackspan.placement import errors
from stackspan.placement.model import DISK_GB, FOREIGN, MEMORY_MB, VCPU, Candidate, ClusterUsage, Consumer
from stackspan.placement.service import PlacementService
from stackspan.placement.store import allocations as allocation_store
from stackspan.placement.store import providers as provider_store

OWNER = {"project_id": "p", "user_id": "u"}


@pytest.fixture
def world(database: Database) -> World:
    world = World()
    world.cluster("domain-c1")
    world.cluster("domain-c2", hosts=1, gib=8)
    world.datastore("datastore-1", gib=100)
    world.datastore("datastore-2", gib=50, hosts=("host-11", "host-12", "host-13"))
    world.observer(database).on_changes(world.full_view())
    return world


@pytest.fixture
def placement(database: Database, world: World) -> PlacementService:
    return PlacementService(database, SystemClock())


def find(placement: PlacementService, tx: Transaction, **kw: object) -> list[tuple[str, str]]:
    asked = {"vcpus": 1, "memory_mib": 1024, "disk_gib": 10} | kw
    found = placement.candidates(tx, **asked)  # type: ignore[arg-type]
    return [(c.cluster.name, c.datastore.name) for c in found.items]


def lacks(placement: PlacementService, tx: Transaction, **kw: object) -> dict[str, str]:
    asked = {"vcpus": 1, "memory_mib": 1024, "disk_gib": 10} | kw
    found = placement.candidates(tx, **asked)  # type: ignore[arg-type]
    return {rejected.cluster_name: rejected.reason for rejected in found.rejected}


def one(placement: PlacementService, tx: Transaction) -> Candidate:
    return placement.candidates(tx, vcpus=1, memory_mib=1024, disk_gib=10).items[0]


def test_a_candidate_per_cluster_and_datastore(database: Database, placement: PlacementService) -> None:
    with database.read() as tx:
        assert find(placement, tx) == [("cluster1", "ds1"), ("cluster1", "ds2"), ("cluster2", "ds1")]
        first = one(placement, tx)
    assert (first.vcpus_free, first.vcpus_total, first.hosts_usable, first.disk_gib_free) == (384, 96, 3, 100)
    assert first.memory_mib_free == 3 * 262144 - 512
    assert "HW_ARCH_X86_64" in first.traits


def test_what_doesnt_fit_is_told(database: Database, placement: PlacementService) -> None:
    with database.read() as tx:
        assert find(placement, tx, disk_gib=60) == [("cluster1", "ds1"), ("cluster2", "ds1")]
        assert lacks(placement, tx, memory_mib=8000) == {"cluster2": "memory: 8000 MiB asked for, 7680 MiB free"}
        assert lacks(placement, tx, vcpus=33)["cluster1"] == "VCPU: 33 asked for, one ESXi host has at most 32"
        reason = "disk: 101 GiB asked for, at most 100 GiB free on a datastore"
        assert lacks(placement, tx, disk_gib=101) == {"cluster1": reason, "cluster2": reason}
        assert lacks(placement, tx, vcpus=1000, disk_gib=101)["cluster2"].count(";") == 1


def test_traits_and_aggregates(database: Database, placement: PlacementService) -> None:
    with database.write() as tx:
        clusters = {cluster.name: cluster.uuid for cluster in placement.clusters(tx)}
        provider_store.traits_change(tx, clusters["cluster2"], ["CUSTOM_GOLD"])
        provider_store.aggregates_change(tx, clusters["cluster2"], ["aa000000-0000-0000-0000-000000000000"])
        assert find(placement, tx, required_traits=["CUSTOM_GOLD"]) == [("cluster2", "ds1")]
        assert {c for c, _ds in find(placement, tx, forbidden_traits=["CUSTOM_GOLD"])} == {"cluster1"}
        inside = [{"aa000000-0000-0000-0000-000000000000"}]
        assert find(placement, tx, member_of=inside) == [("cluster2", "ds1")]
        assert "lacks the traits CUSTOM_GOLD" in lacks(placement, tx, required_traits=["CUSTOM_GOLD"])["cluster1"]


def test_candidates_and_allocate_take_four_statements(database: Database, placement: PlacementService) -> None:
    with database.write() as tx:
        before = tx.statements
        found = one(placement, tx)
        wanted = {found.cluster.uuid: {VCPU: 1, MEMORY_MB: 1024}, found.datastore.uuid: {DISK_GB: 10}}
        placement.allocate(tx, "server", wanted, **OWNER)
        # PostgreSQL has a savepoint, by which a refusal gives its locks back.
        assert tx.statements - before == (4 if database.dialect == "sqlite" else 5)


def test_allocations_are_whole_and_repeatable(database: Database, placement: PlacementService) -> None:
    with database.write() as tx:
        found = one(placement, tx)
        cluster, datastore = found.cluster.uuid, found.datastore.uuid
        wanted = {cluster: {VCPU: 4, MEMORY_MB: 2048}, datastore: {DISK_GB: 30}}
        placement.allocate(tx, "server", wanted, **OWNER)
        placement.allocate(tx, "server", wanted, **OWNER)
        assert placement.allocation_get(tx, "server") == wanted
        assert one(placement, tx).vcpus_free == 380
        with pytest.raises(errors.NoRoom) as refused:
            placement.allocate(tx, "other", {cluster: {VCPU: 1}, datastore: {DISK_GB: 71}}, **OWNER)
        assert refused.value.resource_class == DISK_GB
        assert placement.allocation_get(tx, "other") == {}
        assert one(placement, tx).vcpus_free == 380
    with database.write() as tx:
        placement.release(tx, "server")
        placement.release(tx, "server")
        assert placement.allocation_get(tx, "server") == {}
        assert one(placement, tx).vcpus_free == 384


def test_allocations_are_replaced_or_stay(database: Database, placement: PlacementService) -> None:
    with database.write() as tx:
        found = one(placement, tx)
        cluster, datastore = found.cluster.uuid, found.datastore.uuid
        placement.allocate(tx, "server", {cluster: {VCPU: 4}, datastore: {DISK_GB: 60}}, **OWNER)
        placement.allocate(tx, "server", {cluster: {VCPU: 8}, datastore: {DISK_GB: 90}}, **OWNER)
        assert placement.allocation_get(tx, "server") == {cluster: {VCPU: 8}, datastore: {DISK_GB: 90}}
        with pytest.raises(errors.NoRoom):
            placement.allocate(tx, "server", {datastore: {DISK_GB: 101}}, **OWNER)
        assert placement.allocation_get(tx, "server") == {cluster: {VCPU: 8}, datastore: {DISK_GB: 90}}
        placement.allocate(tx, "server", {cluster: {VCPU: 0}}, **OWNER)
        assert placement.allocation_get(tx, "server") == {}


def test_a_smaller_allocation_fits_where_capacity_shrank(
    database: Database, placement: PlacementService, world: World
) -> None:
    with database.write() as tx:
        cluster = one(placement, tx).cluster.uuid
        placement.allocate(tx, "server", {cluster: {MEMORY_MB: 200_000}}, **OWNER)
        foreign = Consumer("foreign", "p", "u", FOREIGN, 1)
        allocation_store.allocation_put(tx, foreign, {cluster: {MEMORY_MB: 700_000}}, SystemClock().now())
        placement.allocate(tx, "server", {cluster: {MEMORY_MB: 100_000}}, **OWNER)
        with pytest.raises(errors.NoRoom):
            placement.allocate(tx, "server", {cluster: {MEMORY_MB: 200_000}}, **OWNER)
        assert placement.allocation_get(tx, "server") == {cluster: {MEMORY_MB: 100_000}}


def test_usage_by_cluster(database: Database, placement: PlacementService, world: World) -> None:
    observer = world.observer(database)
    world.vm("vm-1", "host-21", cpus=2, mib=1024)
    observer.on_changes(world.full_view())
    with database.write() as tx:
        clusters = {cluster.name: cluster.uuid for cluster in placement.clusters(tx)}
        placement.allocate(tx, "server", {clusters["cluster2"]: {VCPU: 1, MEMORY_MB: 512}}, **OWNER)
        usage = placement.usage_by_cluster(tx)
    assert usage[clusters["cluster2"]] == ClusterUsage(32, 3, 8192, 1536, 100, 0)
    assert usage[clusters["cluster1"]].disk_gib == 150


def test_what_isnt_there(database: Database, placement: PlacementService) -> None:
    with database.write() as tx:
        with pytest.raises(errors.ClusterNotFound):
            placement.cluster_get(tx, "nope")
        with pytest.raises(errors.DatastoreNotFound):
            placement.datastore_get(tx, "nope")
        with pytest.raises(errors.NoRoom):
            placement.allocate(tx, "server", {"nope": {VCPU: 1}}, **OWNER)
        cluster = placement.clusters(tx)[0]
        assert placement.cluster_get(tx, cluster.uuid) == cluster
