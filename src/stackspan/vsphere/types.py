"""What vCenter's objects look like to the rest of the program.

Every object is named by its managed object id (`vm-12`, `domain-c7`); with the vCenter's `instance_uuid` it is unique.
Sizes are bytes where the name says so, MiB for memory.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field


class PowerState(enum.Enum):
    """`VirtualMachinePowerState`."""

    ON = "poweredOn"
    OFF = "poweredOff"
    SUSPENDED = "suspended"


class ConnectionState(enum.Enum):
    """A VM's or host's connection; `UNKNOWN` for words that a newer vCenter may add."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    NOT_RESPONDING = "notResponding"  # hosts only
    ORPHANED = "orphaned"  # VMs only, and the two below
    INACCESSIBLE = "inaccessible"
    INVALID = "invalid"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class HaPolicy:
    """How HA admission control sets capacity aside.

    `kind` is "none" (admission control off), "percent" (`cpu_percent`, `memory_percent` of the cluster),
    "hosts" (`failover_hosts` carry nothing) or "slots" (room for the failure of `failures_to_tolerate` hosts).
    """

    kind: str = "none"
    cpu_percent: int = 0
    memory_percent: int = 0
    failover_hosts: tuple[str, ...] = ()
    failures_to_tolerate: int = 0


@dataclass(frozen=True)
class DatacenterInfo:
    """A datacenter. `path` is its inventory path from the root (`Folder/DC1`), escaped as vCenter does."""

    moref: str
    name: str
    path: str
    vm_folder: str
    host_folder: str
    datastore_folder: str
    network_folder: str


@dataclass(frozen=True)
class ClusterInfo:
    """A cluster. `drs_behavior` is "manual", "partiallyAutomated" or "fullyAutomated"."""

    moref: str
    name: str
    datacenter: str
    datacenter_name: str
    resource_pool: str
    hosts: tuple[str, ...] = ()
    drs_enabled: bool = False
    drs_behavior: str = "manual"
    drs_vm_overrides: bool = False
    ha_enabled: bool = False
    ha_policy: HaPolicy = field(default_factory=HaPolicy)
    datastores: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()

    @property
    def drs_places(self) -> bool:
        """Whether DRS picks the host at power-on by itself."""
        return self.drs_enabled and self.drs_behavior != "manual"


@dataclass(frozen=True)
class HostInfo:
    """An ESXi host. `cluster` is the moref of its cluster, None for a standalone host."""

    moref: str
    name: str
    cluster: str | None
    connection: ConnectionState
    in_maintenance: bool
    powered_on: bool
    cpu_cores: int
    cpu_threads: int
    cpu_mhz: int  # of one core
    memory_mib: int
    cpu_used_mhz: int = 0
    memory_used_mib: int = 0
    version: str = ""

    @property
    def usable(self) -> bool:
        """Whether a VM can be started on it now."""
        return self.connection is ConnectionState.CONNECTED and self.powered_on and not self.in_maintenance


@dataclass(frozen=True)
class HostMount:
    """How one host sees a datastore."""

    host: str
    accessible: bool
    mounted: bool
    read_write: bool

    @property
    def usable(self) -> bool:
        """Whether the host can write there."""
        return self.accessible and self.mounted and self.read_write


@dataclass(frozen=True)
class DatastoreInfo:
    """A datastore. `maintenance` is "normal", "enteringMaintenance" or "inMaintenance"; `type` as vCenter names it."""

    moref: str
    name: str
    datacenter: str
    datacenter_name: str
    url: str
    type: str
    capacity_bytes: int
    free_bytes: int
    uncommitted_bytes: int
    accessible: bool
    maintenance: str
    mounts: tuple[HostMount, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether new files may be placed there."""
        return self.accessible and self.maintenance == "normal"


@dataclass(frozen=True)
class DvSwitchInfo:
    """A distributed switch. Its uplink port groups are in `uplink_port_groups`."""

    moref: str
    uuid: str
    name: str
    datacenter: str
    config_version: str
    max_mtu: int
    version: str
    uplink_port_groups: tuple[str, ...] = ()
    network_offload: bool = False


@dataclass(frozen=True)
class PortGroupInfo:
    """A distributed port group.

    `vlan` is the exact VLAN id (0: untagged), None where the group carries a range (`trunk`) or a private VLAN.
    `nsx` marks groups that NSX backs; `binding` is "earlyBinding", "ephemeral" or "lateBinding".
    """

    moref: str
    key: str
    name: str
    dvs_uuid: str
    dvs_moref: str
    vlan: int | None
    trunk: bool = False
    private_vlan: bool = False
    uplink: bool = False
    nsx: bool = False
    binding: str = "earlyBinding"
    auto_expand: bool = False
    filter_override: bool = False
    num_ports: int = 0
    config_version: str = ""


@dataclass(frozen=True, slots=True)
class VmSummary:
    """The few scalars read of every VM, ours or not."""

    moref: str
    name: str
    instance_uuid: str
    folder: str | None
    host: str | None
    power_state: PowerState
    connection: ConnectionState
    cpus: int
    memory_mib: int
    template: bool


@dataclass(frozen=True)
class ControllerDevice:
    """A controller of a VM. `kind` is "pvscsi", "lsilogic", "lsisas", "buslogic", "ide", "sata", "nvme" or "other"."""

    key: int
    kind: str
    bus: int


@dataclass(frozen=True)
class DiskDevice:
    """A virtual disk of a VM: `path` is its own file, `parent_paths` the chain below it, nearest first."""

    key: int
    controller_key: int
    unit: int
    path: str
    datastore: str | None
    capacity_bytes: int
    uuid: str = ""
    mode: str = "persistent"
    thin: bool = False
    parent_paths: tuple[str, ...] = ()
    fcd_id: str | None = None

    @property
    def parent_path(self) -> str | None:
        """The file this disk is a child of, or None for a full disk."""
        return self.parent_paths[0] if self.parent_paths else None


@dataclass(frozen=True)
class NicDevice:
    """A network card of a VM. `portgroup_key`, `port_key` and `dvs_uuid` are set on distributed switches only."""

    key: int
    mac: str
    kind: str
    portgroup_key: str | None
    port_key: str | None
    dvs_uuid: str | None
    network_name: str | None = None
    connected: bool = False


@dataclass(frozen=True)
class CdromDevice:
    """A CD-ROM drive; `path` is the ISO in it, None when empty or passed through."""

    key: int
    path: str | None
    connected: bool = False


@dataclass(frozen=True)
class VmHardware:
    """The devices of a VM that we care for."""

    controllers: tuple[ControllerDevice, ...] = ()
    disks: tuple[DiskDevice, ...] = ()
    nics: tuple[NicDevice, ...] = ()
    cdroms: tuple[CdromDevice, ...] = ()


@dataclass(frozen=True)
class GuestNic:
    """What the guest's tools report of one card: believe nothing here that matters for security."""

    mac: str
    addresses: tuple[str, ...]
    connected: bool = False


@dataclass(frozen=True)
class VmState:
    """A whole VM, read back from vCenter."""

    moref: str
    name: str
    instance_uuid: str
    bios_uuid: str
    folder: str | None
    resource_pool: str | None
    host: str | None
    power_state: PowerState
    connection: ConnectionState
    template: bool
    cpus: int
    cores_per_socket: int
    memory_mib: int
    guest_id: str
    firmware: str
    hardware_version: str
    vmx_path: str
    annotation: str
    change_version: str
    managed_by: tuple[str, str] | None  # (extension key, type)
    hardware: VmHardware
    extra_config: Mapping[str, str]
    snapshots: bool
    question: str | None  # text of a question that blocks the VM
    disabled_methods: frozenset[str]

    @property
    def directory(self) -> str:
        """The VM's own directory, `[ds] dir`."""
        return self.vmx_path.rsplit("/", 1)[0]


@dataclass(frozen=True)
class TaskResult:
    """The end of a task that succeeded, or the present of one that runs.

    `state` is "queued", "running", "success" or "error". `result` holds plain values: the moref of a managed object,
    or pyVmomi's data object for use inside this package.
    """

    moref: str
    state: str
    result: object = None
    error: Exception | None = None
    queued: dt.datetime | None = None
    started: dt.datetime | None = None
    finished: dt.datetime | None = None
    cancelable: bool = False
    activation_id: str | None = None
    entity: str | None = None
    event_chain_id: int | None = None
    description_id: str = ""

    @property
    def done(self) -> bool:
        """Whether it has come to its end."""
        return self.state in ("success", "error")
