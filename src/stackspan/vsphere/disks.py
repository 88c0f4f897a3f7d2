"""VMDK files through the VirtualDiskManager.

Paths are `[ds] dir/name.vmdk` of the descriptor; the extents go along. What starts a task returns the task's moref.
Nothing here overwrites a file.
"""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from stackspan.vsphere import faults
from stackspan.vsphere.session import VCenter

_KIB = 1024


def create(
    vc: VCenter,
    datacenter: str,
    path: str,
    capacity_bytes: int,
    *,
    adapter_type: str = "lsiLogic",
    disk_type: str = "thin",
    op_id: str | None = None,
    activation_id: str | None = None,
) -> str:
    """Start making an empty disk. `disk_type`: "thin", "preallocated" or "eagerZeroedThick"."""
    spec = vim.VirtualDiskManager.FileBackedVirtualDiskSpec(
        capacityKb=_kib(capacity_bytes), adapterType=adapter_type, diskType=disk_type
    )
    return _start(vc, "CreateVirtualDisk_Task", op_id, activation_id, **_at(vc, datacenter, path), spec=spec)


def copy(
    vc: VCenter,
    source_datacenter: str,
    source: str,
    datacenter: str,
    path: str,
    *,
    adapter_type: str | None = None,
    disk_type: str | None = None,
    op_id: str | None = None,
    activation_id: str | None = None,
) -> str:
    """Start a full copy; a type of None keeps the source's. The task fails with FileExists if `path` is there."""
    arguments: dict[str, Any] = {
        "sourceName": source,
        "sourceDatacenter": vc.object(vim.Datacenter, source_datacenter),
        "destName": path,
        "destDatacenter": vc.object(vim.Datacenter, datacenter),
        "force": False,
    }
    if adapter_type is not None or disk_type is not None:
        arguments["destSpec"] = vim.VirtualDiskManager.VirtualDiskSpec(
            adapterType=adapter_type or "lsiLogic", diskType=disk_type or "thin"
        )
    return _start(vc, "CopyVirtualDisk_Task", op_id, activation_id, **arguments)


def extend(
    vc: VCenter,
    datacenter: str,
    path: str,
    capacity_bytes: int,
    *,
    op_id: str | None = None,
    activation_id: str | None = None,
) -> str:
    """Start growing a disk that no running VM uses and that has no children; it stays thin. Never shrinks."""
    return _start(
        vc,
        "ExtendVirtualDisk_Task",
        op_id,
        activation_id,
        **_at(vc, datacenter, path),
        newCapacityKb=_kib(capacity_bytes),
        eagerZero=False,
    )


def move(
    vc: VCenter,
    source_datacenter: str,
    source: str,
    datacenter: str,
    path: str,
    *,
    op_id: str | None = None,
    activation_id: str | None = None,
) -> str:
    """Start moving or renaming a disk."""
    return _start(
        vc,
        "MoveVirtualDisk_Task",
        op_id,
        activation_id,
        sourceName=source,
        sourceDatacenter=vc.object(vim.Datacenter, source_datacenter),
        destName=path,
        destDatacenter=vc.object(vim.Datacenter, datacenter),
        force=False,
    )


def delete(
    vc: VCenter, datacenter: str, path: str, *, op_id: str | None = None, activation_id: str | None = None
) -> str:
    """Start deleting a disk with its extents. FileMissing, here or from the task, when it isn't there."""
    return _start(vc, "DeleteVirtualDisk_Task", op_id, activation_id, **_at(vc, datacenter, path))


def uuid(vc: VCenter, datacenter: str, path: str) -> str:
    """The disk's uuid, lower case with dashes. Raises FileMissing."""
    raw = str(vc.call(_manager(vc), "QueryVirtualDiskUuid", **_at(vc, datacenter, path)))
    digits = "".join(char for char in raw.lower() if char in "0123456789abcdef")
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"


def _kib(size: int) -> int:
    if size <= 0 or size % _KIB:
        raise faults.InvalidSpec(f"A disk of {size} bytes can't be made: sizes are multiples of 1 KiB.")
    return size // _KIB


def _at(vc: VCenter, datacenter: str, path: str) -> dict[str, Any]:
    return {"name": path, "datacenter": vc.object(vim.Datacenter, datacenter)}


def _manager(vc: VCenter) -> Any:
    return vc.object(vim.VirtualDiskManager, vc.content.virtualDiskManager._moId)


def _start(vc: VCenter, method: str, op_id: str | None, activation_id: str | None, **arguments: Any) -> str:
    task = vc.call(_manager(vc), method, op_id=op_id, activation_id=activation_id, **arguments)
    return str(task._moId)
