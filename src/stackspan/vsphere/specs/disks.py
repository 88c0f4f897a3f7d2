"""Disks and their controllers: the child of a cached parent, blank disks, disks that exist; CD-ROMs with an ISO.

Device keys below zero are temporary; vCenter replaces them. Controllers come first, since disks name their keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyVmomi import vim

from stackspan.vsphere import faults
from stackspan.vsphere.types import DiskDevice

# bus name → controller class, number of disks it takes, unit that belongs to the controller itself
_CONTROLLERS: Mapping[str, tuple[Any, int, int | None]] = {
    "pvscsi": (vim.vm.device.ParaVirtualSCSIController, 16, 7),
    "lsilogic": (vim.vm.device.VirtualLsiLogicController, 16, 7),
    "lsisas": (vim.vm.device.VirtualLsiLogicSASController, 16, 7),
    "buslogic": (vim.vm.device.VirtualBusLogicController, 16, 7),
    "ide": (vim.vm.device.VirtualIDEController, 2, None),
    "sata": (vim.vm.device.VirtualAHCIController, 30, None),
    "nvme": (vim.vm.device.VirtualNVMEController, 15, None),
}
BUSES = frozenset(_CONTROLLERS)
_SCSI = ("pvscsi", "lsilogic", "lsisas", "buslogic")
_MAX_CONTROLLERS = {"ide": 2}
_DISK_MODES = ("persistent", "independent_persistent", "independent_nonpersistent")
KIB = 1024


@dataclass(frozen=True)
class ChildDisk:
    """A disk whose unwritten blocks are those of `parent_path`, made as a new file in the VM's directory.

    `capacity_bytes` must be the parent's: a child can't be grown, and one of another size is refused by vCenter.
    """

    parent_path: str
    capacity_bytes: int
    datastore: str  # name
    bus: str = "pvscsi"
    io_limit: int | None = None
    storage_policy: str | None = None


@dataclass(frozen=True)
class BlankDisk:
    """A new, empty disk; `path` None: in the VM's directory under a name of vCenter's."""

    capacity_bytes: int
    datastore: str  # name
    bus: str = "pvscsi"
    path: str | None = None
    thin: bool = True
    eager_zero: bool = False
    mode: str = "persistent"
    io_limit: int | None = None
    storage_policy: str | None = None


@dataclass(frozen=True)
class ExistingDisk:
    """A disk file that is there already, such as a volume or a full copy of an image."""

    path: str
    bus: str = "pvscsi"
    mode: str = "persistent"
    io_limit: int | None = None
    capacity_bytes: int = 0  # 0: as the file says


DiskPlan = ChildDisk | BlankDisk | ExistingDisk


@dataclass
class _Slots:
    """Hands out controllers and unit numbers in a new VM."""

    changes: list[vim.vm.device.VirtualDeviceSpec] = field(default_factory=list)
    _open: dict[str, tuple[int, list[int]]] = field(default_factory=dict)
    _count: dict[str, int] = field(default_factory=dict)
    _next_key: int = -101

    def place(self, bus: str) -> tuple[int, int]:
        """(controller key, unit number) of the next free place on `bus`, with a new controller where needed."""
        if bus not in _CONTROLLERS:
            raise faults.InvalidSpec(f"Disk bus {bus} is not supported.")
        key, units = self._open.get(bus, (0, []))
        if not units:
            key, units = self._add(bus)
        unit = units.pop(0)
        self._open[bus] = (key, units)
        return key, unit

    def _add(self, bus: str) -> tuple[int, list[int]]:
        cls, size, own_unit = _CONTROLLERS[bus]
        number = self._count.get(bus, 0)
        if number >= _MAX_CONTROLLERS.get(bus, 4) or (bus in _SCSI and self._scsi_count() >= 4):
            raise faults.InvalidSpec(f"There are too many disks for the {bus} bus.")
        self._count[bus] = number + 1
        if bus == "ide":
            # The two IDE controllers come with every VM under these keys.
            return 200 + number, list(range(size))
        key = self._next_key
        self._next_key -= 1
        controller = cls(key=key, busNumber=self._scsi_count() - 1 if bus in _SCSI else number)
        if bus in _SCSI:
            controller.sharedBus = "noSharing"
        self.changes.append(vim.vm.device.VirtualDeviceSpec(operation="add", device=controller))
        return key, [unit for unit in range(size) if unit != own_unit]

    def _scsi_count(self) -> int:
        return sum(self._count.get(bus, 0) for bus in _SCSI)


def device_changes(disks: Sequence[DiskPlan], cdroms: Sequence[str] = ()) -> list[vim.vm.device.VirtualDeviceSpec]:
    """Controllers, disks in the given order (the first one boots), then a CD-ROM per ISO path `[ds] dir/x.iso`.

    Raises InvalidSpec for an unknown bus, more disks than places, or an impossible size.
    """
    slots = _Slots()
    added: list[vim.vm.device.VirtualDeviceSpec] = []
    for number, plan in enumerate(disks):
        key, unit = slots.place(plan.bus)
        added.append(_disk_spec(plan, -2001 - number, key, unit))
    for number, path in enumerate(cdroms):
        key, unit = slots.place("ide")
        added.append(cdrom_spec(path, -3001 - number, key, unit))
    return slots.changes + added


def cdrom_spec(path: str, key: int, controller_key: int, unit: int) -> vim.vm.device.VirtualDeviceSpec:
    """A CD-ROM drive with an ISO in it, connected at power-on."""
    drive = vim.vm.device.VirtualCdrom(
        key=key,
        controllerKey=controller_key,
        unitNumber=unit,
        backing=vim.vm.device.VirtualCdrom.IsoBackingInfo(fileName=path),
        connectable=vim.vm.device.VirtualDevice.ConnectInfo(
            startConnected=True, connected=True, allowGuestControl=True
        ),
    )
    return vim.vm.device.VirtualDeviceSpec(operation="add", device=drive)


def disk_spec(plan: DiskPlan, controller_key: int, unit: int, key: int = -2001) -> vim.vm.device.VirtualDeviceSpec:
    """The change that adds one disk to an existing VM at a free place."""
    return _disk_spec(plan, key, controller_key, unit)


def resize(disk: DiskDevice, capacity_bytes: int) -> vim.vm.device.VirtualDeviceSpec:
    """The change that grows a disk of an existing VM. Raises InvalidSpec for a smaller size, and for a child disk."""
    if capacity_bytes < disk.capacity_bytes:
        raise faults.InvalidSpec("A disk can't be made smaller.")
    if disk.parent_paths:
        raise faults.InvalidSpec("A disk that depends on another can't be grown.", f"{disk.path} has a parent")
    device = existing(disk)
    device.capacityInKB = _kib(capacity_bytes)
    device.capacityInBytes = capacity_bytes
    return vim.vm.device.VirtualDeviceSpec(operation="edit", device=device)


def existing(disk: DiskDevice) -> vim.vm.device.VirtualDisk:
    """A disk of an existing VM as a device change names it: by key, with the place and file it has."""
    return vim.vm.device.VirtualDisk(
        key=disk.key,
        controllerKey=disk.controller_key,
        unitNumber=disk.unit,
        capacityInKB=disk.capacity_bytes // KIB,
        backing=vim.vm.device.VirtualDisk.FlatVer2BackingInfo(fileName=disk.path, diskMode=disk.mode),
    )


def _disk_spec(plan: DiskPlan, key: int, controller_key: int, unit: int) -> vim.vm.device.VirtualDeviceSpec:
    disk = vim.vm.device.VirtualDisk(key=key, controllerKey=controller_key, unitNumber=unit)
    change = vim.vm.device.VirtualDeviceSpec(operation="add", device=disk)
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(diskMode="persistent")
    if isinstance(plan, ExistingDisk):
        if plan.mode not in _DISK_MODES:
            raise faults.InvalidSpec(f"Disk mode {plan.mode} is not supported.")
        backing.fileName = plan.path
        backing.diskMode = plan.mode
        disk.capacityInKB = _kib(plan.capacity_bytes) if plan.capacity_bytes else 0
    else:
        change.fileOperation = "create"
        disk.capacityInKB = _kib(plan.capacity_bytes)
        disk.capacityInBytes = plan.capacity_bytes
        backing.fileName = f"[{plan.datastore}]"
        backing.thinProvisioned = True
        if isinstance(plan, ChildDisk):
            backing.parent = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(
                fileName=plan.parent_path, diskMode="persistent"
            )
        else:
            backing.fileName = plan.path or backing.fileName
            backing.diskMode = plan.mode
            backing.thinProvisioned = plan.thin
            if plan.eager_zero:
                backing.eagerlyScrub = True
        if plan.storage_policy:
            change.profile = [vim.vm.DefinedProfileSpec(profileId=plan.storage_policy)]
    disk.backing = backing
    if plan.io_limit:
        disk.storageIOAllocation = vim.StorageResourceManager.IOAllocationInfo(limit=plan.io_limit)
    return change


def _kib(size: int) -> int:
    if size <= 0 or size % KIB:
        raise faults.InvalidSpec(f"A disk of {size} bytes can't be made: sizes are multiples of 1 KiB.")
    return size // KIB
