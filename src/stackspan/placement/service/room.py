"""For the neighbours: what there is, what has room, and taking it.

All calls join the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from stackspan.db import Transaction
from stackspan.placement import errors
from stackspan.placement.model import (
    DISK_GB,
    INSTANCE,
    MEMORY_MB,
    VCPU,
    Allocation,
    Candidate,
    Candidates,
    Cluster,
    ClusterUsage,
    Consumer,
    Datastore,
    Host,
    Rejected,
    Resources,
)
from stackspan.placement.service.base import Parts
from stackspan.placement.store import allocations as allocation_store
from stackspan.placement.store import inventories as inventory_store
from stackspan.placement.store import observed as observed_store
from stackspan.placement.store import room as room_store
from stackspan.placement.store.room import ClusterRoom, DatastoreRoom, Room

RETRY_ALLOCATION = "There was a conflict when trying to complete your request. Please retry your update"
_ATTEMPTS = 3


class Offer:
    """What vCenter offers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def clusters(self, tx: Transaction) -> list[Cluster]:
        """Every cluster that is or was configured, by name; see `Cluster.alive`."""
        return observed_store.cluster_list(tx)

    def cluster_get(self, tx: Transaction, uuid: str) -> Cluster:
        """Raises ClusterNotFound."""
        found = observed_store.cluster_get(tx, uuid)
        if found is None:
            raise errors.ClusterNotFound(uuid)
        return found

    def hosts(self, tx: Transaction, cluster_uuid: str | None = None) -> list[Host]:
        """ESXi hosts, all or a cluster's, by name."""
        return observed_store.host_list(tx, cluster_uuid)

    def datastores(self, tx: Transaction, vcenter_uuid: str | None = None) -> list[Datastore]:
        """Datastores that vCenter has now, by name: also those that servers may not use (`offered`)."""
        return observed_store.datastore_list(tx, vcenter_uuid)

    def datastore_get(self, tx: Transaction, uuid: str) -> Datastore:
        """Raises DatastoreNotFound. One that vCenter no longer has is found too."""
        found = observed_store.datastore_list(tx, uuid=uuid, gone=True)
        if not found:
            raise errors.DatastoreNotFound(uuid)
        return found[0]

    def usage_by_cluster(self, tx: Transaction) -> dict[str, ClusterUsage]:
        """cluster uuid → size and use, foreign use included. Three statements."""
        usage = room_store.usage_by_provider(tx)
        datastores: dict[str, list[str]] = {}
        for datastore_uuid, cluster_uuid in room_store.mounts(tx):
            datastores.setdefault(cluster_uuid, []).append(datastore_uuid)
        found = {}
        for cluster in observed_store.cluster_list(tx):
            if not cluster.alive:
                continue
            sizes = usage.get(cluster.uuid, {})
            disks = [usage.get(uuid, {}).get(DISK_GB, (0, 0)) for uuid in datastores.get(cluster.uuid, ())]
            cpus, memory = sizes.get(VCPU, (0, 0)), sizes.get(MEMORY_MB, (0, 0))
            found[cluster.uuid] = ClusterUsage(
                *cpus, *memory, sum(total for total, _used in disks), sum(used for _total, used in disks)
            )
        return found

    def candidates(
        self,
        tx: Transaction,
        *,
        vcpus: int,
        memory_mib: int,
        disk_gib: int,
        required_traits: Collection[str] = (),
        forbidden_traits: Collection[str] = (),
        member_of: Sequence[Collection[str]] = (),
    ) -> Candidates:
        """Which clusters, each with which datastore, have the room now; and what the others lack. Two statements.

        Args:
            required_traits, forbidden_traits: of the cluster.
            member_of: sets of aggregates; the cluster must be in one of each.
        """
        datastores = room_store.datastore_rooms(tx)
        items: list[Candidate] = []
        rejected: list[Rejected] = []
        for room in room_store.cluster_rooms(tx):
            reasons = list(_lacks(room, vcpus, memory_mib, required_traits, forbidden_traits, member_of))
            mounted = [d for d in datastores if room.cluster.uuid in d.datastore.cluster_uuids]
            fitting = [d for d in mounted if _fits(d, disk_gib)]
            if not fitting:
                reasons.append(_disk_reason(mounted, disk_gib))
            if reasons:
                rejected.append(Rejected(room.cluster.uuid, room.cluster.name, "; ".join(reasons)))
                continue
            items += [_candidate(room, d) for d in fitting]
        return Candidates(tuple(items), tuple(rejected))


class Allocations:
    """Taking room and giving it back."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def allocate(
        self,
        tx: Transaction,
        consumer_id: str,
        resources: Resources,
        *,
        project_id: str,
        user_id: str,
        consumer_type: str = INSTANCE,
    ) -> None:
        """Give the consumer exactly `resources`, instead of what it may have now; all of them or, by raising, none.

        May be repeated. The transaction may go on after NoRoom: nothing was changed then. Raises NoRoom, Stale.
        """
        wanted = _positive(resources)
        consumer = Consumer(consumer_id, project_id, user_id, consumer_type, 1)
        if not wanted:
            self.release(tx, consumer_id)
        elif not allocation_store.allocation_take(tx, consumer, wanted, self._parts.now()):
            # It has something already, or there is no room, or none just now.
            held = allocation_store.allocation_list(tx, consumers=[consumer_id])
            if by_provider(held) != wanted:
                self._replace(tx, consumer, held, wanted)

    def _replace(self, tx: Transaction, consumer: Consumer, held: Sequence[Allocation], wanted: Resources) -> None:
        before: Mapping[tuple[str, str], int] = {}
        if held:
            consumer = replace(consumer, generation=held[0].consumer.generation + 1)
            touched = {row.provider_uuid for row in held} | set(wanted)
            allocation_store.providers_touch(tx, touched, self._parts.now())
            before = usage_before(tx, touched)
            allocation_store.allocation_delete(tx, consumer.uuid)
        try:
            self.take(tx, consumer, wanted, before, locked=bool(held))
        except (errors.NoRoom, errors.Stale):
            for row in held:
                one = {row.provider_uuid: {row.resource_class: row.used}}
                allocation_store.allocation_put(tx, row.consumer, one, row.updated_at)
            raise

    def take(
        self,
        tx: Transaction,
        consumer: Consumer,
        wanted: Resources,
        before: Mapping[tuple[str, str], int],
        *,
        locked: bool,
    ) -> None:
        """Allocate to a consumer that has nothing. Raises NoRoom, Stale.

        Args:
            before: as `usage_before` told before the consumer's own was taken away, or empty.
            locked: the providers were touched already.
        """
        for _ in range(_ATTEMPTS):
            if allocation_store.allocation_take(tx, consumer, wanted, self._parts.now(), before, locked=locked):
                return
            refusal = self._refusal(tx, wanted)
            if refusal is not None:
                raise refusal
            # Somebody gave room back between the two looks.
        raise errors.Stale(RETRY_ALLOCATION)

    def release(self, tx: Transaction, consumer_id: str) -> None:
        """Take away all that the consumer has; harmless where it has nothing."""
        held = {row.provider_uuid for row in allocation_store.allocation_list(tx, consumers=[consumer_id])}
        if held:
            allocation_store.providers_touch(tx, held, self._parts.now())
            allocation_store.allocation_delete(tx, consumer_id)

    def allocation_get(self, tx: Transaction, consumer_id: str) -> dict[str, dict[str, int]]:
        """provider uuid → resource class → amount that the consumer has."""
        return by_provider(allocation_store.allocation_list(tx, consumers=[consumer_id]))

    def providers_lock(self, tx: Transaction, provider_uuids: Collection[str]) -> None:
        """Before allocating to several consumers in one transaction: lock whatever they may get, in one order.

        Without it two such transactions may wait for each other on PostgreSQL, which then gives up one of them.
        """
        allocation_store.providers_touch(tx, provider_uuids, self._parts.now())

    @staticmethod
    def _refusal(tx: Transaction, wanted: Resources) -> errors.NoRoom | None:
        """Why `wanted` can't be had; None where it could now."""
        rooms = inventory_store.room_list(tx, list(wanted))
        for uuid, classes in wanted.items():
            for name, amount in classes.items():
                room = rooms.get(uuid, {}).get(name)
                what = "inventory" if room is None else room.inventory.refuses(amount, room.used)
                if what is not None:
                    return errors.NoRoom(uuid, name, what)
        return None


def by_provider(rows: Sequence[Allocation]) -> dict[str, dict[str, int]]:
    """provider uuid → resource class → amount."""
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row.provider_uuid, {})[row.resource_class] = row.used
    return found


def usage_before(tx: Transaction, provider_uuids: Collection[str]) -> dict[tuple[str, str], int]:
    """(provider, resource class) → what is in use."""
    rooms = inventory_store.room_list(tx, provider_uuids)
    return {(uuid, name): room.used for uuid, classes in rooms.items() for name, room in classes.items()}


def _positive(resources: Resources) -> dict[str, dict[str, int]]:
    kept = {uuid: {name: n for name, n in classes.items() if n > 0} for uuid, classes in resources.items()}
    return {uuid: classes for uuid, classes in kept.items() if classes}


def _lacks(
    room: ClusterRoom,
    vcpus: int,
    memory_mib: int,
    required: Collection[str],
    forbidden: Collection[str],
    member_of: Sequence[Collection[str]],
) -> Iterator[str]:
    """What the cluster lacks, in words for administrators."""
    if room.cluster.hosts_usable == 0:
        yield "no ESXi host is connected, powered on and out of maintenance"
    else:
        yield from _short(room.vcpu, vcpus, "VCPU", "")
        yield from _short(room.memory, memory_mib, "memory", " MiB")
    missing = sorted(set(required) - room.traits)
    if missing:
        yield f"lacks the traits {', '.join(missing)}"
    unwanted = sorted(set(forbidden) & room.traits)
    if unwanted:
        yield f"has the forbidden traits {', '.join(unwanted)}"
    if any(room.aggregates.isdisjoint(aggregates) for aggregates in member_of):
        yield "is in none of the aggregates that were asked for"


def _short(room: Room | None, amount: int, what: str, unit: str) -> Iterator[str]:
    if room is None:
        yield f"offers no {what}"
    elif amount > room.free:
        yield f"{what}: {amount}{unit} asked for, {max(room.free, 0)}{unit} free"
    elif amount and room.refuses(amount):
        yield f"{what}: {amount}{unit} asked for, one ESXi host has at most {room.inventory.max_unit}{unit}"


def _fits(room: DatastoreRoom, disk_gib: int) -> bool:
    if not room.datastore.accessible or room.disk is None:
        return False
    return room.disk.free >= 0 and (disk_gib == 0 or not room.disk.refuses(disk_gib))


def _disk_reason(mounted: Sequence[DatastoreRoom], disk_gib: int) -> str:
    if not mounted:
        return "no datastore is mounted read-write on all its usable hosts"
    usable = [d.disk.free for d in mounted if d.datastore.accessible and d.disk is not None]
    if not usable:
        return "none of its datastores is accessible"
    return f"disk: {disk_gib} GiB asked for, at most {max(0, *usable)} GiB free on a datastore"


def _candidate(room: ClusterRoom, datastore: DatastoreRoom) -> Candidate:
    assert room.vcpu is not None
    assert room.memory is not None
    assert datastore.disk is not None
    return Candidate(
        cluster=room.cluster,
        datastore=datastore.datastore,
        vcpus_free=room.vcpu.free,
        memory_mib_free=room.memory.free,
        disk_gib_free=datastore.disk.free,
        vcpus_total=room.vcpu.inventory.total,
        memory_mib_total=room.memory.inventory.total,
        hosts_usable=room.cluster.hosts_usable,
        traits=room.traits,
    )
