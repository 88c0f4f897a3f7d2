"""Placement's values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

VCPU = "VCPU"
MEMORY_MB = "MEMORY_MB"
DISK_GB = "DISK_GB"
SHARING_TRAIT = "MISC_SHARES_VIA_AGGREGATE"

INSTANCE = "INSTANCE"
FOREIGN = "FOREIGN"
"""Consumer type of what uses a cluster or datastore and isn't ours."""
FOREIGN_PROJECT = "stackspan"
FOREIGN_USER = "vcenter"
UNKNOWN_CONSUMER = "unknown"
"""Consumer type of an allocation made through the API, whose versions here don't name one."""

MAX_INT = 0x7FFFFFFF
MAX_FLOAT = 3.40282e38


# -- as observed -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cluster:
    """A configured cluster. Its `uuid` is also its provider's.

    Args:
        resource_pool: moref of its root pool.
        drs_behavior: "manual", "partiallyAutomated" or "fullyAutomated".
        hosts_usable: hosts that can start a VM now.
        alive: it is in vCenter and in the configuration.
    """

    uuid: str
    vcenter_uuid: str
    moref: str
    name: str
    datacenter_moref: str
    datacenter_name: str
    resource_pool: str
    drs_enabled: bool
    drs_behavior: str
    ha_enabled: bool
    hosts_usable: int
    alive: bool

    @property
    def provider_id(self) -> str:
        """The uuid of its resource provider."""
        return self.uuid

    @property
    def node(self) -> str:
        """The name of its provider and of Compute's hypervisor, as stock nova makes it."""
        return f"{self.moref}.{self.vcenter_uuid}"

    @property
    def drs_places(self) -> bool:
        """Whether DRS picks the host at power-on by itself."""
        return self.drs_enabled and self.drs_behavior != "manual"


@dataclass(frozen=True, slots=True)
class Host:
    """An ESXi host. `cluster_uuid` is None where it is in no configured cluster."""

    vcenter_uuid: str
    moref: str
    name: str
    cluster_uuid: str | None
    connected: bool
    in_maintenance: bool
    powered_on: bool
    cpu_threads: int
    memory_mib: int

    @property
    def usable(self) -> bool:
        """Whether a VM can be started on it now."""
        return self.connected and self.powered_on and not self.in_maintenance


@dataclass(frozen=True, slots=True)
class Datastore:
    """A datastore. Its `uuid` is also its provider's.

    Args:
        accessible: it can be used now: vCenter reaches it and it is in no maintenance.
        offered: the configuration lets servers use it.
        cluster_uuids: configured clusters all of whose usable hosts can write there.
    """

    uuid: str
    vcenter_uuid: str
    moref: str
    name: str
    datacenter_moref: str
    datacenter_name: str
    type: str
    capacity_bytes: int
    free_bytes: int
    accessible: bool
    offered: bool
    cluster_uuids: tuple[str, ...] = ()


# -- room --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cluster and a datastore of it that have the room asked for. `…_free` is before the request is taken off.

    Args:
        vcpus_free, memory_mib_free, disk_gib_free: capacity (overcommitment included) less what is allocated.
        vcpus_total, memory_mib_total: real size, without overcommitment.
        hosts_usable: ESXi hosts that can start a VM now.
        traits: of the cluster's provider.
    """

    cluster: Cluster
    datastore: Datastore
    vcpus_free: int
    memory_mib_free: int
    disk_gib_free: int
    vcpus_total: int
    memory_mib_total: int
    hosts_usable: int
    traits: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rejected:
    """A cluster that can't be a candidate, and what it lacks: for administrators."""

    cluster_uuid: str
    cluster_name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Candidates:
    """What could take a request, and what couldn't and why."""

    items: tuple[Candidate, ...]
    rejected: tuple[Rejected, ...]


@dataclass(frozen=True, slots=True)
class ClusterUsage:
    """A cluster's size and use, as hypervisor statistics show it; overcommitment and reserved parts left out.

    Disks are those of all its datastores, so a shared one counts for each cluster.
    """

    vcpus: int = 0
    vcpus_used: int = 0
    memory_mib: int = 0
    memory_mib_used: int = 0
    disk_gib: int = 0
    disk_gib_used: int = 0


# -- Placement's model -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Provider:
    """A resource provider."""

    uuid: str
    name: str
    generation: int
    root_uuid: str
    parent_uuid: str | None
    created_at: dt.datetime
    updated_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a provider has of one resource class."""

    resource_class: str
    total: int
    reserved: int = 0
    min_unit: int = 1
    max_unit: int = MAX_INT
    step_size: int = 1
    allocation_ratio: float = 1.0

    @property
    def capacity(self) -> float:
        """How much of it may be allocated in all."""
        return (self.total - self.reserved) * self.allocation_ratio

    def refuses(self, amount: int, used: int) -> str | None:
        """Why `amount` more can't be taken: "capacity" or "constraints"; None where it can."""
        if not self.min_unit <= amount <= self.max_unit or amount % self.step_size:
            return "constraints"
        return "capacity" if used + amount > self.capacity else None


@dataclass(frozen=True, slots=True)
class Consumer:
    """Who holds allocations; `generation` rises with each change of them."""

    uuid: str
    project_id: str
    user_id: str
    type: str
    generation: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """So much of one class of one provider for one consumer."""

    consumer: Consumer
    provider_uuid: str
    resource_class: str
    used: int
    updated_at: dt.datetime


Resources = Mapping[str, Mapping[str, int]]
"""provider uuid → resource class → amount."""


@dataclass(frozen=True, slots=True)
class ConsumerWish:
    """What a consumer's allocations shall be from now on; an empty `resources` takes them away.

    Args:
        generation: the consumer's as the caller knows it, None: there is none yet.
        checked: whether `generation` counts (from version 1.28 on).
    """

    uuid: str
    resources: Resources
    project_id: str
    user_id: str
    generation: int | None = None
    checked: bool = False
    type: str = UNKNOWN_CONSUMER


@dataclass(frozen=True, slots=True)
class RequestGroup:
    """One group of a request for candidates: all of it from one provider, or (the unnumbered one) from one tree.

    Args:
        suffix: "" for the unnumbered group.
        member_of: sets of aggregates; the provider must be in one of each.
    """

    suffix: str
    resources: Mapping[str, int] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()
    member_of: tuple[frozenset[str], ...] = ()
