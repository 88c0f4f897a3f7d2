"""What vCenter says → rows, providers, inventories and foreign use."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from tests.support.placement import GIB, World

from stackspan.config.nova import AllocationSettings
from stackspan.core.clock import SystemClock
from stackspan.db import Database
from stackspan.placement.model import DISK_GB, MEMORY_MB, VCPU, Cluster, Datastore, Inventory
from stackspan.placement.observe import OfferSettings
from stackspan.placement.service import PlacementService
from stackspan.placement.store import allocations as allocation_store
from stackspan.placement.store import inventories as inventory_store
from stackspan.placement.store import providers as provider_store
from stackspan.placement.tables import resource_provider
from stackspan.vsphere.changes import Removed
from stackspan.vsphere.types import ConnectionState, HaPolicy, HostMount

BARE = AllocationSettings(reserved_memory_mib=0)


@pytest.fixture
def world() -> World:
    world = World()
    world.cluster("domain-c1")
    world.cluster("domain-c2")
    world.datastore("datastore-1")
    world.datastore("datastore-2", hosts=("host-11", "host-12", "host-13"))
    return world


@pytest.fixture
def placement(database: Database) -> PlacementService:
    return PlacementService(database, SystemClock())


def settings(*names: str, regex: str | None = None, allocation: AllocationSettings = BARE) -> OfferSettings:
    return OfferSettings(names or ("cluster1", "cluster2"), regex, allocation)


def clusters(database: Database, placement: PlacementService) -> dict[str, Cluster]:
    with database.read() as tx:
        return {cluster.moref: cluster for cluster in placement.clusters(tx)}


def datastores(database: Database, placement: PlacementService) -> dict[str, Datastore]:
    with database.read() as tx:
        return {datastore.moref: datastore for datastore in placement.datastores(tx)}


def inventory(database: Database, uuid: str, resource_class: str) -> Inventory:
    with database.read() as tx:
        return inventory_store.inventory_list(tx, uuid)[0][resource_class]


def foreign(database: Database, uuid: str) -> dict[str, int]:
    with database.read() as tx:
        rows = allocation_store.allocation_list(tx, provider_uuid=uuid)
    return {row.resource_class: row.used for row in rows if row.consumer.type == "FOREIGN"}


def test_a_provider_per_configured_cluster(database: Database, placement: PlacementService, world: World) -> None:
    world.cluster("domain-c3")
    world.observer(database, settings()).on_changes(world.full_view())
    found = clusters(database, placement)
    assert sorted(found) == ["domain-c1", "domain-c2"]
    one = found["domain-c1"]
    assert (one.alive, one.drs_places, one.hosts_usable, one.datacenter_name) == (True, True, 3, "Datacenter1")
    with database.read() as tx:
        provider = provider_store.provider_get(tx, one.uuid)
        assert provider is not None
        assert provider.name == one.node == f"domain-c1.{world.vcenter_uuid}"
        assert "HW_ARCH_X86_64" in provider_store.trait_list(tx, [one.uuid])[one.uuid]
        assert len(placement.hosts(tx, one.uuid)) == 3
        assert len(placement.hosts(tx)) == 9
    cpu, memory = inventory(database, one.uuid, VCPU), inventory(database, one.uuid, MEMORY_MB)
    assert (cpu.total, cpu.reserved, cpu.max_unit, cpu.allocation_ratio) == (96, 0, 32, 4.0)
    assert (memory.total, memory.max_unit, memory.allocation_ratio) == (3 * 262144, 262144, 1.0)


def test_uuids_are_made_once(database: Database, placement: PlacementService, world: World) -> None:
    world.observer(database).on_changes(world.full_view())
    before = clusters(database, placement), datastores(database, placement)
    world.change_cluster("domain-c1", name="renamed")
    world.observer(database, settings()).on_changes(world.full_view())
    after = clusters(database, placement), datastores(database, placement)
    assert [c.uuid for c in before[0].values()] != []
    assert {m: c.uuid for m, c in before[0].items()} == {m: c.uuid for m, c in after[0].items()}
    assert before[1] == after[1]
    assert after[0]["domain-c1"].name == "renamed"
    assert after[0]["domain-c1"].alive


def test_nothing_is_written_twice(database: Database, world: World) -> None:
    observer = world.observer(database)
    observer.on_changes(world.full_view())
    with database.read() as tx:
        generations = tx.execute(sa.select(resource_provider.c.uuid, resource_provider.c.generation)).all()
    commits = database.commit_count
    observer.on_changes(world.full_view())
    observer.on_changes([world.change_cluster("domain-c1", datastores=("datastore-1",))])
    observer.on_changes([world.vm("vm-1", "host-11", on=False)])
    with database.read() as tx:
        assert generations == tx.execute(sa.select(resource_provider.c.uuid, resource_provider.c.generation)).all()
    assert database.commit_count - commits <= 1  # the repeated view compares providers once


def test_half_a_view_changes_nothing(database: Database, placement: PlacementService, world: World) -> None:
    world.observer(database).on_changes(world.full_view()[:-1])
    assert clusters(database, placement) == {}


def test_hosts_that_cant_work_offer_nothing(database: Database, placement: PlacementService, world: World) -> None:
    observer = world.observer(database, settings())
    observer.on_changes(world.full_view())
    uuid = clusters(database, placement)["domain-c1"].uuid
    observer.on_changes([world.change_host("host-11", in_maintenance=True)])
    assert inventory(database, uuid, VCPU).total == 64
    lost = world.change_host("host-12", connection=ConnectionState.NOT_RESPONDING)
    observer.on_changes([lost, world.change_host("host-13", powered_on=False)])
    closed = inventory(database, uuid, VCPU)
    assert closed.total == closed.reserved == 96
    assert clusters(database, placement)["domain-c1"].hosts_usable == 0
    observer.on_changes([world.change_host("host-11", in_maintenance=False)])
    assert inventory(database, uuid, VCPU).total == 32


@pytest.mark.parametrize(
    ("policy", "cpus", "memory", "largest"),
    [
        (HaPolicy(), 0, 0, 32),
        (HaPolicy("percent", cpu_percent=25, memory_percent=34), 24, 267387, 32),
        (HaPolicy("hosts", failover_hosts=("host-13",)), 32, 262144, 32),
        (HaPolicy("slots", failures_to_tolerate=1), 32, 262144, 32),
        (HaPolicy("slots", failures_to_tolerate=5), 96, 786432, 32),
    ],
)
def test_what_ha_keeps_back_is_reserved(
    database: Database,
    placement: PlacementService,
    world: World,
    policy: HaPolicy,
    cpus: int,
    memory: int,
    largest: int,
) -> None:
    world.change_cluster("domain-c1", ha_enabled=True, ha_policy=policy)
    world.observer(database, settings()).on_changes(world.full_view())
    uuid = clusters(database, placement)["domain-c1"].uuid
    assert inventory(database, uuid, VCPU).reserved == cpus
    assert inventory(database, uuid, MEMORY_MB).reserved == memory
    assert inventory(database, uuid, VCPU).max_unit == largest


def test_foreign_vms_are_one_allocation(database: Database, placement: PlacementService, world: World) -> None:
    for number in range(3):
        world.vm(f"vm-{number}", "host-11")
    world.vm("vm-off", "host-12", on=False)
    world.vm("vm-elsewhere", "host-21", cpus=1, mib=100)
    world.vm("vm-ours", "host-11", ours=True)
    world.ours["vm-2"] = "another-instance-uuid"  # carries our marks, but isn't the VM that we know
    observer = world.observer(database, settings())
    observer.on_changes(world.full_view())
    found = clusters(database, placement)
    one, two = found["domain-c1"].uuid, found["domain-c2"].uuid
    assert foreign(database, one) == {VCPU: 12, MEMORY_MB: 3 * 8192}
    assert foreign(database, two) == {VCPU: 1, MEMORY_MB: 100}
    observer.on_changes([world.vm("vm-0", "host-21"), world.vm("vm-off", "host-12"), Removed("vm", "vm-1")])
    assert foreign(database, one) == {VCPU: 8, MEMORY_MB: 2 * 8192}
    assert foreign(database, two) == {VCPU: 5, MEMORY_MB: 8292}
    world.ours["vm-0"] = world.vms["vm-0"].instance_uuid
    observer.settle()
    assert foreign(database, two) == {VCPU: 1, MEMORY_MB: 100}


def test_foreign_use_is_cut_at_what_there_is(database: Database, placement: PlacementService, world: World) -> None:
    world.vm("vm-1", "host-11", cpus=1000, mib=10_000_000)
    world.observer(database, settings()).on_changes(world.full_view())
    uuid = clusters(database, placement)["domain-c1"].uuid
    assert foreign(database, uuid) == {VCPU: 96 * 4, MEMORY_MB: 3 * 262144}


def test_datastores_are_shared_by_what_mounts_them(
    database: Database, placement: PlacementService, world: World
) -> None:
    observer = world.observer(database, settings())
    observer.on_changes(world.full_view())
    found, stores = clusters(database, placement), datastores(database, placement)
    one, two = found["domain-c1"].uuid, found["domain-c2"].uuid
    assert stores["datastore-1"].cluster_uuids == tuple(sorted((one, two)))
    assert stores["datastore-2"].cluster_uuids == (one,)
    with database.read() as tx:
        aggregates = provider_store.aggregate_list(tx)
        assert aggregates[two] == aggregates[stores["datastore-1"].uuid]
        assert aggregates[one] == aggregates[stores["datastore-1"].uuid] | aggregates[stores["datastore-2"].uuid]
        assert provider_store.trait_list(tx)[stores["datastore-1"].uuid] == {"MISC_SHARES_VIA_AGGREGATE"}
    # A host that lost the datastore takes it from its cluster, unless that host can't work anyway.
    mounts = world.datastores["datastore-1"].mounts
    broken = tuple(HostMount(m.host, m.host != "host-21", True, True) for m in mounts)
    observer.on_changes([world.change_datastore("datastore-1", mounts=broken)])
    assert datastores(database, placement)["datastore-1"].cluster_uuids == (one,)
    with database.read() as tx:
        assert provider_store.aggregate_list(tx).get(two) is None
    observer.on_changes([world.change_host("host-21", in_maintenance=True)])
    assert len(datastores(database, placement)["datastore-1"].cluster_uuids) == 2


def test_only_offered_datastores_become_providers(
    database: Database, placement: PlacementService, world: World
) -> None:
    world.observer(database, settings(regex="ds1")).on_changes(world.full_view())
    stores = datastores(database, placement)
    assert [s.offered for s in stores.values()] == [True, False]
    with database.read() as tx:
        assert provider_store.provider_get(tx, stores["datastore-1"].uuid) is not None
        assert provider_store.provider_get(tx, stores["datastore-2"].uuid) is None


def test_no_byte_is_promised_twice(database: Database, placement: PlacementService, world: World) -> None:
    world.datastore("datastore-1", gib=100, free=60)
    observer = world.observer(database, settings())
    observer.on_changes(world.full_view())
    uuid = datastores(database, placement)["datastore-1"].uuid
    assert foreign(database, uuid) == {DISK_GB: 40}
    # We are promised 30 and write 10 of them: until we know whose they are, they count as foreign too.
    observer.on_changes([world.change_datastore("datastore-1", free_bytes=50 * GIB)])
    assert foreign(database, uuid) == {DISK_GB: 50}
    # The reading may be newer than the datastore's figures: it counts from the next ones on.
    observer.own_storage_seen({"datastore-1": 12 * GIB})
    assert foreign(database, uuid) == {DISK_GB: 50}
    observer.on_changes([world.change_datastore("datastore-1", free_bytes=48 * GIB + 1)])
    assert foreign(database, uuid) == {DISK_GB: 40}
    # Fractions are rounded against us; less of our own counts at once.
    observer.on_changes([world.change_datastore("datastore-1", free_bytes=48 * GIB - 1)])
    assert foreign(database, uuid) == {DISK_GB: 41}
    observer.own_storage_seen({"datastore-1": 2 * GIB})
    assert foreign(database, uuid) == {DISK_GB: 51}


def test_a_datastore_in_maintenance_takes_nothing(
    database: Database, placement: PlacementService, world: World
) -> None:
    world.datastore("datastore-1", gib=100, maintenance="enteringMaintenance")
    world.observer(database, settings()).on_changes(world.full_view())
    store = datastores(database, placement)["datastore-1"]
    assert not store.accessible
    assert inventory(database, store.uuid, DISK_GB).reserved == 100


def test_what_is_gone_keeps_its_row_and_offers_nothing(
    database: Database, placement: PlacementService, world: World
) -> None:
    observer = world.observer(database, settings())
    observer.on_changes(world.full_view())
    one = clusters(database, placement)["domain-c1"]
    store = datastores(database, placement)["datastore-2"]
    with database.write() as tx:
        placement.allocate(tx, "server", {one.uuid: {VCPU: 1}}, project_id="p", user_id="u")
    del world.clusters["domain-c1"]
    del world.datastores["datastore-2"]
    for moref in ("host-11", "host-12", "host-13"):
        del world.hosts[moref]
    observer.on_changes(world.full_view())
    assert not clusters(database, placement)["domain-c1"].alive
    assert inventory(database, one.uuid, VCPU).capacity == 0
    assert inventory(database, store.uuid, DISK_GB).capacity == 0
    with database.read() as tx:
        assert not placement.datastore_get(tx, store.uuid).accessible
        assert placement.allocation_get(tx, "server") == {one.uuid: {VCPU: 1}}
        assert len(placement.hosts(tx)) == 3
        found = placement.candidates(tx, vcpus=1, memory_mib=1, disk_gib=1)
    assert {c.cluster.name for c in found.items} == {"cluster2"}


def test_an_operators_ratio_stays_until_the_configuration_changes(
    database: Database, placement: PlacementService, world: World
) -> None:
    world.observer(database, settings()).on_changes(world.full_view())
    uuid = clusters(database, placement)["domain-c1"].uuid
    with database.write() as tx:
        now = SystemClock().now()
        changed = Inventory(VCPU, 96, max_unit=32, allocation_ratio=2.0)
        inventory_store.inventory_put(tx, uuid, changed, now, new=False)
    world.change_host("host-11", in_maintenance=True)
    world.observer(database, settings()).on_changes(world.full_view())
    assert inventory(database, uuid, VCPU).allocation_ratio == 2.0
    assert inventory(database, uuid, VCPU).total == 64
    said = AllocationSettings(cpu_ratio=8.0, reserved_memory_mib=0)
    world.observer(database, settings(allocation=said)).on_changes(world.full_view())
    assert inventory(database, uuid, VCPU).allocation_ratio == 8.0


def test_two_clusters_of_one_name(database: Database, placement: PlacementService, world: World) -> None:
    world.cluster("domain-c9", name="cluster1")
    world.observer(database, settings()).on_changes(world.full_view())
    assert sorted(clusters(database, placement)) == ["domain-c1", "domain-c2"]
