"""Keepers: imported VMs that never run and hold the parent disks of servers.

One keeper per (image, datastore, root size). It is imported from a streamOptimized VMDK, its disk is grown to the root
size *before* the first child, and then it gets one snapshot. The snapshot is what makes it safe on a real vCenter:

- the disk that servers are children of becomes the snapshot's, and the keeper itself writes to a delta of its own, so
  that somebody who powers it on harms no server;
- vCenter counts the parent as used by a registered VM, so that destroying a server never takes the parent along;
- vCenter refuses to grow a disk that has a snapshot, and a child may not outgrow its parent;
- where a child can't be made (another datastore, an encrypting policy), cloning from that snapshot is the fallback.

A keeper without its snapshot isn't finished: nobody may use it, and the next attempt removes it and starts again.
The parent has its own directory, named by vCenter after the keeper, as vSAN demands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pyVmomi import vim

from stackspan.vsphere import faults, leases, names, vms
from stackspan.vsphere.session import VCenter
from stackspan.vsphere.specs import disks as disk_specs
from stackspan.vsphere.tasks import TaskTracker
from stackspan.vsphere.types import DiskDevice, VmState

SNAPSHOT = "stackspan parent"
_MEMORY_MIB = 64  # of a VM that never runs


@dataclass(frozen=True)
class Imported:
    """A keeper and its one disk. `disk_path` is `[ds1] dir/name.vmdk`, the path that children name as their parent."""

    moref: str
    disk_path: str
    disk_key: int
    capacity_bytes: int
    finished: bool = False


def find(vc: VCenter, folder: str, name: str) -> Imported | None:
    """The keeper of exactly that name, finished or not; None when there is none or it has no disk (yet)."""
    moref = vms.find_by_name(vc, folder, name)
    if moref is None:
        return None
    try:
        return _imported(vms.read(vc, moref))
    except faults.ObjectGone:
        return None


def import_stream_optimized(
    vc: VCenter,
    tasks: TaskTracker,
    *,
    name: str,
    folder: str,
    resource_pool: str,
    datastore: str,
    capacity_bytes: int,
    chunks: Iterable[bytes],
    size: int | None = None,
    adapter: str = "pvscsi",
    guest_id: str = "otherGuest64",
    host: str | None = None,
    progress: Callable[[int], None] | None = None,
    op_id: str | None = None,
    activation_id: str | None = None,
) -> Imported:
    """Make the VM `name` with one thin disk from a streamOptimized VMDK. The result still lacks `finish`.

    Args:
        folder, resource_pool, host: morefs; a host only where DRS doesn't place.
        datastore: name.
        capacity_bytes: of the image, as its header says; a multiple of 512.
        chunks: the VMDK, read as it goes out: memory stays flat.
        size: bytes in `chunks`, None where it isn't known.
        progress: called with the bytes sent so far.

    An unfinished VM of that name, from an attempt that died, is removed first. Raises DuplicateName when a finished one
    is there (find it), NoDiskSpace, VCenterUnavailable, InvalidSpec when the host refuses the stream.
    """
    remove_unfinished(vc, tasks, folder, name, op_id=op_id, activation_id=activation_id)
    spec = _import_spec(name, datastore, capacity_bytes, adapter, guest_id, vc, resource_pool)
    arguments = {"spec": spec, "folder": vc.object(vim.Folder, folder)}
    if host is not None:
        arguments["host"] = vc.object(vim.HostSystem, host)
    pool = vc.object(vim.ResourcePool, resource_pool)
    lease_ref = vc.call(pool, "ImportVApp", op_id=op_id, activation_id=activation_id, **arguments)._moId
    sent = 0

    def counted() -> Iterator[bytes]:
        nonlocal sent
        for chunk in chunks:
            yield chunk
            sent += len(chunk)
            if progress is not None:
                progress(sent)

    def percent() -> int:
        return min(99, sent * 100 // max(size or capacity_bytes, 1))

    with leases.held(vc, lease_ref, percent, op_id=op_id) as lease:
        if len(lease.targets) != 1:
            raise faults.VCenterError(log_message=f"the import of {name} offers {len(lease.targets)} targets, not one")
        leases.upload(vc, lease.targets[0], counted(), size)
    imported = _imported(vms.read(vc, lease.vm))
    if imported is None:
        raise faults.VCenterError(log_message=f"the imported VM {lease.vm} has no disk")
    return imported


def finish(
    vc: VCenter,
    tasks: TaskTracker,
    moref: str,
    capacity_bytes: int,
    *,
    op_id: str | None = None,
    activation_id: str | None = None,
) -> Imported:
    """Grow the keeper's disk to `capacity_bytes` and take its snapshot; safe to repeat at any point.

    Raises InvalidSpec when the disk is larger already; ObjectGone.
    """
    state = vms.read(vc, moref)
    imported = _imported(state)
    if imported is None:
        raise faults.ObjectGone(log_message=f"keeper {moref} has no disk", moref=moref)
    if imported.capacity_bytes > capacity_bytes:
        raise faults.InvalidSpec(
            "The image is larger than the root disk.",
            f"keeper {moref} has {imported.capacity_bytes} bytes, {capacity_bytes} wanted",
        )
    if not imported.finished:
        if imported.capacity_bytes < capacity_bytes:
            _grow(vc, tasks, state, capacity_bytes, op_id, activation_id)
        _snapshot(vc, tasks, moref, op_id, activation_id)
        imported = _imported(vms.read(vc, moref))
    if imported is None or not imported.finished or imported.capacity_bytes != capacity_bytes:
        raise faults.VCenterError(log_message=f"keeper {moref} is not as it should be: {imported}")
    return imported


def clone(
    vc: VCenter,
    tasks: TaskTracker,
    source: str,
    *,
    name: str,
    folder: str,
    resource_pool: str,
    datastore: str,
    op_id: str | None = None,
    activation_id: str | None = None,
) -> Imported:
    """A full copy of the keeper `source` on `datastore` (moref), for another root size or datastore. Lacks `finish`.

    An unfinished VM of that name is removed first. Raises DuplicateName when a finished one is there.
    """
    remove_unfinished(vc, tasks, folder, name, op_id=op_id, activation_id=activation_id)
    place = vim.vm.RelocateSpec(
        datastore=vc.object(vim.Datastore, datastore),
        pool=vc.object(vim.ResourcePool, resource_pool),
        diskMoveType="moveAllDiskBackingsAndDisallowSharing",
    )
    spec = vim.vm.CloneSpec(location=place, powerOn=False, template=False)
    task = vc.call(
        vc.object(vim.VirtualMachine, source),
        "CloneVM_Task",
        folder=vc.object(vim.Folder, folder),
        name=names.to_send(name),
        spec=spec,
        op_id=op_id,
        activation_id=activation_id,
    )
    moref = str(tasks.wait(task._moId).result)
    imported = _imported(vms.read(vc, moref))
    if imported is None:
        raise faults.VCenterError(log_message=f"the cloned VM {moref} has no disk")
    return imported


def remove_unfinished(
    vc: VCenter,
    tasks: TaskTracker,
    folder: str,
    name: str,
    *,
    op_id: str | None = None,
    activation_id: str | None = None,
) -> None:
    """Remove what an attempt that died or failed left under that name; no error when there is nothing.

    Raises DuplicateName when the keeper there is finished: servers may depend on it.
    """
    moref = vms.find_by_name(vc, folder, name)
    if moref is None:
        return
    tasks.settle(entity=moref, cancel=True, op_id=op_id)
    try:
        state = vms.read(vc, moref)
    except faults.ObjectGone:
        return
    if state.snapshots:
        raise faults.DuplicateName(log_message=f"a finished keeper {name} is there: {moref}", moref=moref)
    delete(vc, tasks, moref, op_id=op_id, activation_id=activation_id)


def delete(
    vc: VCenter, tasks: TaskTracker, moref: str, *, op_id: str | None = None, activation_id: str | None = None
) -> None:
    """Remove a keeper with its disk. The caller knows that no server is a child of it. No error when it is gone."""
    try:
        tasks.wait(vms.destroy(vc, moref, op_id=op_id, activation_id=activation_id))
    except faults.ObjectGone:
        return


def _imported(state: VmState) -> Imported | None:
    if not state.hardware.disks:
        return None
    disk = state.hardware.disks[0]
    return Imported(state.moref, _base_path(disk), disk.key, disk.capacity_bytes, finished=state.snapshots)


def _base_path(disk: DiskDevice) -> str:
    # With its snapshot taken, the keeper's own disk is a delta; the parent for servers is the file below it.
    return disk.parent_paths[-1] if disk.parent_paths else disk.path


def _import_spec(
    name: str, datastore: str, capacity: int, adapter: str, guest_id: str, vc: VCenter, resource_pool: str
) -> vim.vm.VmImportSpec:
    blank = disk_specs.BlankDisk(-(-capacity // 1024) * 1024, datastore, bus=adapter)
    changes = disk_specs.device_changes([blank])
    changes[-1].device.capacityInBytes = capacity  # as the stream's header says, to the sector
    config = vim.vm.ConfigSpec(
        name=names.to_send(name),
        files=vim.vm.FileInfo(vmPathName=f"[{datastore}]"),
        numCPUs=1,
        memoryMB=_MEMORY_MIB,
        guestId=guest_id,
        annotation="Holds the parent disk of servers. Never power on, move or delete it.",
        deviceChange=changes,
    )
    return vim.vm.VmImportSpec(configSpec=config, resPoolEntity=vc.object(vim.ResourcePool, resource_pool))


def _grow(
    vc: VCenter, tasks: TaskTracker, state: VmState, capacity: int, op_id: str | None, activation_id: str | None
) -> None:
    # Through the VM and not the disk manager, so that the VM's configuration learns the new size too.
    change = disk_specs.resize(state.hardware.disks[0], capacity)
    spec = vim.vm.ConfigSpec(changeVersion=state.change_version or None, deviceChange=[change])
    tasks.wait(vms.reconfigure(vc, state.moref, spec, op_id=op_id, activation_id=activation_id))


def _snapshot(vc: VCenter, tasks: TaskTracker, moref: str, op_id: str | None, activation_id: str | None) -> None:
    task = vc.call(
        vc.object(vim.VirtualMachine, moref),
        "CreateSnapshot_Task",
        name=SNAPSHOT,
        description="Keeps the parent disk unchanged.",
        memory=False,
        quiesce=False,
        op_id=op_id,
        activation_id=activation_id,
    )
    tasks.wait(task._moId)
