"""What a cluster or datastore offers, from what vCenter says of it. Pure.

A cluster offers the threads and memory of its usable hosts. What HA admission control keeps back is `reserved`; what
foreign VMs use is not: that is an allocation of a consumer of ours, cut at what there is to allocate.

A datastore offers its capacity. Foreign use is what is written there and isn't surely the bytes of our own allocations:
those are promised in full already, so counting them again would promise too little, and leaving out more than them would
promise a byte twice. Where we don't know, they count as foreign.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stackspan.config.nova import AllocationSettings
from stackspan.placement.model import DISK_GB, MAX_INT, MEMORY_MB, VCPU, Inventory
from stackspan.vsphere.types import ClusterInfo, DatastoreInfo, HaPolicy, HostInfo

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Use:
    """What foreign VMs that are powered on use."""

    vcpus: int = 0
    memory_mib: int = 0


def cluster_inventories(
    info: ClusterInfo, hosts: Sequence[HostInfo], settings: AllocationSettings
) -> tuple[Inventory, ...]:
    """VCPU and MEMORY_MB of the cluster whose hosts are `hosts`.

    Without a usable host everything is reserved: an inventory can't be 0, and one that allocations stand on can't go.
    """
    usable = [host for host in hosts if host.usable]
    return (
        _cluster_inventory(
            VCPU,
            sizes=[(host.moref, host.cpu_threads) for host in usable],
            all_sizes=[host.cpu_threads for host in hosts],
            policy=info.ha_policy,
            percent=info.ha_policy.cpu_percent,
            reserved=settings.reserved_cpus,
            ratio=settings.cpu_ratio,
        ),
        _cluster_inventory(
            MEMORY_MB,
            sizes=[(host.moref, host.memory_mib) for host in usable],
            all_sizes=[host.memory_mib for host in hosts],
            policy=info.ha_policy,
            percent=info.ha_policy.memory_percent,
            reserved=settings.reserved_memory_mib,
            ratio=settings.ram_ratio,
        ),
    )


def closed(inventory: Inventory) -> Inventory:
    """The same with nothing left to allocate: its cluster or datastore is gone."""
    return Inventory(
        inventory.resource_class,
        total=inventory.total,
        reserved=inventory.total,
        max_unit=inventory.max_unit,
        allocation_ratio=inventory.allocation_ratio,
    )


def datastore_inventory(info: DatastoreInfo, settings: AllocationSettings) -> Inventory:
    """DISK_GB of a datastore."""
    total = _bounded(info.capacity_bytes // GIB)
    reserved = math.ceil(settings.reserved_disk_mib / 1024) if info.usable else total
    return Inventory(
        DISK_GB, total=total, reserved=min(reserved, total), max_unit=total, allocation_ratio=settings.disk_ratio
    )


def cluster_foreign(use: Use, inventories: Sequence[Inventory]) -> dict[str, int]:
    """resource class → allocation of the cluster's foreign consumer, never above what there is to allocate."""
    wanted = {VCPU: use.vcpus, MEMORY_MB: use.memory_mib}
    return _cut({i.resource_class: wanted[i.resource_class] for i in inventories}, inventories)


def datastore_foreign(info: DatastoreInfo, own_bytes: int, inventory: Inventory) -> dict[str, int]:
    """resource class → allocation of the datastore's foreign consumer.

    Args:
        own_bytes: of what is written there, those that surely belong to allocations of ours.
    """
    written = max(0, info.capacity_bytes - info.free_bytes)
    # The capacity's own rounding down counts too, or the last fraction would be promised twice.
    unusable = max(0, written - own_bytes)
    free_gib = max(0, (info.capacity_bytes - unusable) // GIB)
    return _cut({DISK_GB: inventory.total - min(inventory.total, free_gib)}, [inventory])


def _cut(wanted: dict[str, int], inventories: Sequence[Inventory]) -> dict[str, int]:
    bounds = {i.resource_class: max(0, int(i.capacity)) for i in inventories}
    cut = {name: min(amount, bounds[name]) for name, amount in wanted.items()}
    return {name: amount for name, amount in cut.items() if amount > 0}


def _cluster_inventory(
    resource_class: str,
    *,
    sizes: Sequence[tuple[str, int]],
    all_sizes: Sequence[int],
    policy: HaPolicy,
    percent: int,
    reserved: int,
    ratio: float,
) -> Inventory:
    total = sum(size for _moref, size in sizes)
    if total == 0:
        everything = _bounded(sum(all_sizes))
        largest = _bounded(max(all_sizes, default=1))
        return Inventory(resource_class, everything, everything, max_unit=largest, allocation_ratio=ratio)
    kept = reserved + _failover_share(policy, percent, sizes, total)
    carriers = [size for moref, size in sizes if not (policy.kind == "hosts" and moref in policy.failover_hosts)]
    return Inventory(
        resource_class,
        total=_bounded(total),
        reserved=min(kept, total),
        max_unit=_bounded(max(carriers, default=1)),
        allocation_ratio=ratio,
    )


def _failover_share(policy: HaPolicy, percent: int, sizes: Sequence[tuple[str, int]], total: int) -> int:
    if policy.kind == "percent":
        return math.ceil(total * percent / 100)
    if policy.kind == "hosts":
        return sum(size for moref, size in sizes if moref in policy.failover_hosts)
    if policy.kind == "slots":
        # Whichever hosts fail: the largest ones' share.
        largest = sorted((size for _moref, size in sizes), reverse=True)
        return sum(largest[: policy.failures_to_tolerate])
    return 0


def _bounded(total: int) -> int:
    return max(1, min(total, MAX_INT))
