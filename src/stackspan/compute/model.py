"""Compute's values. Past the API layer there are only these."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

UNLIMITED = -1
EMPTY_ZONE = ""


class VmState(enum.Enum):
    """Stock `vm_state`."""

    ACTIVE = "active"
    BUILDING = "building"
    SUSPENDED = "suspended"
    STOPPED = "stopped"
    ERROR = "error"
    DELETED = "deleted"


class TaskState(enum.Enum):
    """Stock `task_state`; None stands for "no task"."""

    SCHEDULING = "scheduling"
    NETWORKING = "networking"
    BLOCK_DEVICE_MAPPING = "block_device_mapping"
    SPAWNING = "spawning"
    REBOOTING = "rebooting"
    REBOOTING_HARD = "rebooting_hard"
    POWERING_OFF = "powering-off"
    POWERING_ON = "powering-on"
    SUSPENDING = "suspending"
    RESUMING = "resuming"
    DELETING = "deleting"


class PowerState(enum.IntEnum):
    """Stock `power_state`."""

    NOSTATE = 0
    RUNNING = 1
    PAUSED = 3
    SHUTDOWN = 4
    CRASHED = 6
    SUSPENDED = 7


VM_STATE_MOVES: Mapping[VmState, frozenset[VmState]] = {
    VmState.BUILDING: frozenset({VmState.BUILDING, VmState.ACTIVE, VmState.ERROR, VmState.DELETED}),
    VmState.ACTIVE: frozenset({VmState.ACTIVE, VmState.STOPPED, VmState.SUSPENDED, VmState.ERROR, VmState.DELETED}),
    VmState.STOPPED: frozenset({VmState.STOPPED, VmState.ACTIVE, VmState.SUSPENDED, VmState.ERROR, VmState.DELETED}),
    VmState.SUSPENDED: frozenset({VmState.SUSPENDED, VmState.ACTIVE, VmState.STOPPED, VmState.ERROR, VmState.DELETED}),
    VmState.ERROR: frozenset({VmState.ERROR, VmState.ACTIVE, VmState.STOPPED, VmState.SUSPENDED, VmState.DELETED}),
    VmState.DELETED: frozenset({VmState.DELETED}),
}
"""vm_state → where it may go; a step that is repeated may write the state that is there already."""


@dataclass(frozen=True)
class ActionRule:
    """When an action on a server is accepted, as the stock service's state checks have it.

    Args:
        name: the word in the refusal.
        vm_states: those it is allowed in; None: any.
        task_states: those it is allowed in beside "no task"; None: any.
        needs_launch: refused on a server that has never been active.
        task_state: the task state it sets; None: none.
    """

    name: str
    vm_states: frozenset[VmState] | None = None
    task_states: frozenset[TaskState] | None = frozenset()
    needs_launch: bool = True
    task_state: TaskState | None = None


_HARD_REBOOT_TASKS = frozenset(
    {TaskState.REBOOTING, TaskState.REBOOTING_HARD, TaskState.RESUMING, TaskState.SUSPENDING}
)
_METADATA_STATES = frozenset({VmState.ACTIVE, VmState.SUSPENDED, VmState.STOPPED})

STOP = ActionRule("stop", frozenset({VmState.ACTIVE, VmState.ERROR}), task_state=TaskState.POWERING_OFF)
START = ActionRule("start", frozenset({VmState.STOPPED}), task_state=TaskState.POWERING_ON)
SUSPEND = ActionRule("suspend", frozenset({VmState.ACTIVE}), task_state=TaskState.SUSPENDING)
RESUME = ActionRule("resume", frozenset({VmState.SUSPENDED}), task_state=TaskState.RESUMING)
REBOOT_SOFT = ActionRule("reboot", frozenset({VmState.ACTIVE}), task_state=TaskState.REBOOTING)
REBOOT_HARD = ActionRule(
    "reboot",
    frozenset({VmState.ACTIVE, VmState.STOPPED, VmState.SUSPENDED, VmState.ERROR}),
    task_states=_HARD_REBOOT_TASKS,
    task_state=TaskState.REBOOTING_HARD,
)
UPDATE_METADATA = ActionRule("update metadata", _METADATA_STATES, task_states=None, needs_launch=False)
DELETE_METADATA = ActionRule("delete metadata", _METADATA_STATES, task_states=None, needs_launch=False)


@dataclass(frozen=True, slots=True)
class Flavor:
    """A size of servers. `number` is the integer key inside, `id` what the API shows.

    Disks in GiB, swap and memory in MiB.
    """

    number: int
    id: str
    name: str
    vcpus: int
    memory_mib: int
    root_gib: int
    ephemeral_gib: int
    swap_mib: int
    rxtx_factor: float
    is_public: bool
    disabled: bool
    description: str | None
    extra_specs: Mapping[str, str] = field(default_factory=dict)

    @property
    def disk_gib(self) -> int:
        """What a server of this size takes of a datastore, swap rounded up."""
        return self.root_gib + self.ephemeral_gib + -(-self.swap_mib // 1024)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A user's public key. `type` is "ssh" or "x509"."""

    number: int
    user_id: str
    name: str
    type: str
    public_key: str
    fingerprint: str
    created_at: dt.datetime
    updated_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """A server with all columns but its long texts (user data, the image's properties: see `ServerBuild`).

    Args:
        number: integer key inside; `instance_name` derives from it.
        flavor: the flavor as it was when the server was made.
        zone_requested: what the user asked for, or None.
        host: service host of the hypervisor; `node` its name; None until scheduled.
        vm_name: exact name of the VM in its folder, chosen before it is made.
        esxi_host: name of the ESXi host it runs on, as last seen.
        vanished_at: since when vCenter doesn't show the VM any more.
    """

    number: int
    id: str
    project_id: str
    user_id: str
    name: str
    hostname: str
    description: str | None
    flavor: Flavor
    image_id: str
    key_name: str | None
    config_drive: bool
    disk_config: str
    zone_requested: str | None
    zone: str | None
    host: str | None
    node: str | None
    cluster_uuid: str | None
    datastore_uuid: str | None
    vcenter_uuid: str | None
    vm_name: str | None
    vm_moref: str | None
    esxi_host: str | None
    vm_state: VmState
    task_state: TaskState | None
    power_state: PowerState
    reservation_id: str
    launch_index: int
    access_ip_v4: str | None
    access_ip_v6: str | None
    root_device_name: str | None
    progress: int
    locked_by: str | None
    locked_reason: str | None
    created_at: dt.datetime
    updated_at: dt.datetime
    launched_at: dt.datetime | None
    terminated_at: dt.datetime | None
    vanished_at: dt.datetime | None
    deleted: bool


@dataclass(frozen=True)
class ServerBuild:
    """What making the VM takes beside the server's row.

    Args:
        image_properties: the image's properties at the time of the request.
        iso: the image is an ISO to boot from: the root disk is blank.
        cache_entry: Image's entry of the ready-to-clone copy.
        config_drive_path: `[ds] dir/x.iso` once it is chosen.
        folder: moref of the VM's folder, once it is known.
        directory: `[ds] dir` of a VM that is being taken away without vCenter's help.
        key_public: the public key as it was when the server was made.
    """

    user_data: str | None
    image_properties: Mapping[str, str]
    iso: bool
    cache_entry: str | None
    config_drive_path: str | None
    folder: str | None
    directory: str | None
    key_public: str | None


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a server is in ERROR. `details` is for administrators."""

    server_id: str
    code: int
    message: str
    details: str
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class ServerAction:
    """One thing a user did with a server."""

    number: int
    server_id: str
    action: str
    request_id: str
    user_id: str
    project_id: str
    started_at: dt.datetime
    finished_at: dt.datetime | None
    updated_at: dt.datetime
    message: str | None


@dataclass(frozen=True, slots=True)
class ServerActionEvent:
    """One part of an action, with its real times."""

    number: int
    action_number: int
    event: str
    started_at: dt.datetime
    finished_at: dt.datetime | None
    result: str | None
    traceback: str | None
    host: str | None
    details: str | None


@dataclass(frozen=True, slots=True)
class VCenterFacts:
    """What Compute shows of a vCenter: the short name its service hosts begin with, and its version (see ComputeNode)."""

    label: str
    version: int = 0


@dataclass(frozen=True, slots=True)
class ComputeNode:
    """A hypervisor (a cluster) and its compute service under integer ids and a name that never change.

    `version` is vCenter's as stock counts it: 8.0.3 is 8000003.
    """

    number: int
    cluster_uuid: str
    vcenter_uuid: str
    moref: str
    host: str
    node: str
    version: int
    disabled: bool
    disabled_reason: str | None
    forced_down: bool
    created_at: dt.datetime
    updated_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A set of hypervisors, with metadata; `availability_zone` in it makes a zone."""

    number: int
    uuid: str
    name: str
    created_at: dt.datetime
    updated_at: dt.datetime | None
    hosts: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def zone(self) -> str | None:
        """The availability zone it makes, if any."""
        return self.metadata.get("availability_zone")


@dataclass(frozen=True, slots=True)
class ServerGroup:
    """Servers that shall be together or apart. `policy` is a stock name, such as "anti-affinity"."""

    id: str
    project_id: str
    user_id: str
    name: str
    policy: str
    rules: Mapping[str, int] = field(default_factory=dict)
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class Usage:
    """What a project uses of its compute quota."""

    instances: int = 0
    cores: int = 0
    ram: int = 0


@dataclass(frozen=True)
class ServerRequest:
    """A user's wish for servers, decoded and checked for form.

    Args:
        networks: a list, "auto" (the one there is) or "none".
        hints: scheduler hints.
        admin_password: what is answered; not kept.
    """

    name: str
    flavor_id: str
    image_id: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    networks: Sequence[NicRequest] | str = "auto"
    security_groups: Sequence[str] = ()
    key_name: str | None = None
    user_data: str | None = None
    zone: str | None = None
    forced_host: str | None = None
    forced_node: str | None = None
    config_drive: bool | None = None
    disk_config: str | None = None
    access_ip_v4: str | None = None
    access_ip_v6: str | None = None
    min_count: int = 1
    max_count: int = 1
    description: str | None = None
    hostname: str | None = None
    tags: Sequence[str] = ()
    hints: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class NicRequest:
    """One entry of `networks`."""

    network_id: str | None = None
    port_id: str | None = None
    fixed_ip: str | None = None


@dataclass(frozen=True)
class ServerFilter:
    """What a list of servers is narrowed by; None means "any"."""

    project_id: str | None = None
    user_id: str | None = None
    deleted: bool | None = False
    vm_states: Sequence[VmState] | None = None
    task_states: Sequence[TaskState] | None = None
    name: str | None = None  # regular expression
    flavor_id: str | None = None
    image_id: str | None = None
    host: str | None = None
    node: str | None = None
    ip: str | None = None  # regular expression
    ip6: str | None = None  # regular expression
    changes_since: dt.datetime | None = None
    changes_before: dt.datetime | None = None
    ids: Sequence[str] | None = None
    reservation_id: str | None = None
    zone: str | None = None
    key_name: str | None = None
    power_state: int | None = None
    locked: bool | None = None
    metadata: Mapping[str, str] | None = None
    sort: Sequence[tuple[str, bool]] = (("created_at", False), ("number", False))  # (column, ascending)
    limit: int = 1000
    marker: str | None = None


@dataclass(frozen=True)
class ServerDetails:
    """What a server's view takes from elsewhere."""

    metadata: Mapping[str, str] = field(default_factory=dict)
    fault: Fault | None = None
    nics: Sequence[object] = ()
    security_groups: Sequence[str] = ()
    user_data: str | None = None
