"""Virtual machines: create, find, read, change, delete.

What starts a task returns the task's moref at once: `TaskTracker.wait` it. Faults come from here or from the task.

How a server's VM is deleted (`Destroy_Task` removes every file of a disk's chain that no other registered VM uses):
power off; `detach_disks_keep_files` for every disk that isn't the server's own; `read` back that they are gone; then
`destroy` only when the parent of the root disk is held by another registered VM of ours, else `unregister` and
`datastores.delete_file` of the VM's own directory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pyVmomi import vim

from stackspan.vsphere import devices, faults, folders, names, parse, properties
from stackspan.vsphere.session import VCenter
from stackspan.vsphere.specs import disks as disk_specs
from stackspan.vsphere.types import DiskDevice, VmState

_PATHS = (
    "name",
    "parent",
    "resourcePool",
    "runtime.host",
    "runtime.powerState",
    "runtime.connectionState",
    "runtime.question",
    "disabledMethod",
    "snapshot",
    "config.instanceUuid",
    "config.uuid",
    "config.template",
    "config.hardware.numCPU",
    "config.hardware.numCoresPerSocket",
    "config.hardware.memoryMB",
    "config.hardware.device",
    "config.guestId",
    "config.firmware",
    "config.version",
    "config.files.vmPathName",
    "config.annotation",
    "config.changeVersion",
    "config.managedBy",
    "config.extraConfig",
)


def create(
    vc: VCenter,
    folder: str,
    resource_pool: str,
    spec: Any,
    *,
    host: str | None = None,
    op_id: str | None = None,
    activation_id: str | None = None,
) -> str:
    """Start CreateVM_Task; the task's moref. The task's result is the VM's moref.

    Args:
        spec: from `specs.create_spec`.
        host: only for clusters where DRS doesn't place.

    Raises DuplicateName (with the moref of what has the name, here or from the task), ConcurrentAccess when the folder
    has vanished since it was looked up.
    """
    arguments: dict[str, Any] = {"config": spec, "pool": vc.object(vim.ResourcePool, resource_pool)}
    if host is not None:
        arguments["host"] = vc.object(vim.HostSystem, host)
    target = vc.object(vim.Folder, folder)
    try:
        return _task(vc, target, "CreateVM_Task", op_id, activation_id, **arguments)
    except faults.ObjectGone as error:
        if error.moref == folder:
            folders.forget(vc, folder)
            raise faults.ConcurrentAccess(log_message=f"folder {folder} is gone: {error.log_message}") from error
        raise


def find_by_name(vc: VCenter, folder: str, name: str) -> str | None:
    """The VM of exactly that (unescaped) name in the folder; None when there is none, or no folder."""
    try:
        found = folders.find_child(vc, folder, name)
    except faults.ObjectGone:
        return None
    return found if found is not None and found.startswith("vm-") else None


def find_by_instance_uuid(vc: VCenter, instance_uuid: str, datacenter: str | None = None) -> list[str]:
    """VMs with that instanceUuid, anywhere or in one datacenter; more than one only in trouble (a restored copy)."""
    index = vc.object(vim.SearchIndex, vc.content.searchIndex._moId)
    arguments: dict[str, Any] = {"uuid": instance_uuid, "vmSearch": True, "instanceUuid": True}
    if datacenter is not None:
        arguments["datacenter"] = vc.object(vim.Datacenter, datacenter)
    found = vc.call(index, "FindAllByUuid", **arguments)
    return sorted(vm._moId for vm in found or ())


def read(vc: VCenter, moref: str) -> VmState:
    """The whole VM, in one call. Raises ObjectGone."""
    found = read_many(vc, [moref]).get(moref)
    if found is None:
        raise faults.ObjectGone(log_message=f"{moref} is gone", moref=moref)
    return found


def read_many(vc: VCenter, morefs: Sequence[str]) -> dict[str, VmState]:
    """As `read` for many; those that are gone are missing."""
    found = properties.read(vc, vim.VirtualMachine, morefs, _PATHS)
    return {ref: _state(ref, values) for ref, values in found.items()}


def power_off(vc: VCenter, moref: str, *, op_id: str | None = None, activation_id: str | None = None) -> str:
    """Start a hard power-off. InvalidPowerState when it is off already."""
    return _task(vc, _vm(vc, moref), "PowerOffVM_Task", op_id, activation_id)


def suspend(vc: VCenter, moref: str, *, op_id: str | None = None, activation_id: str | None = None) -> str:
    """Start suspending. Resuming is a power-on."""
    return _task(vc, _vm(vc, moref), "SuspendVM_Task", op_id, activation_id)


def reset(vc: VCenter, moref: str, *, op_id: str | None = None, activation_id: str | None = None) -> str:
    """Start a hard reset."""
    return _task(vc, _vm(vc, moref), "ResetVM_Task", op_id, activation_id)


def shutdown_guest(vc: VCenter, moref: str, *, op_id: str | None = None, activation_id: str | None = None) -> None:
    """Ask the guest to shut down; returns at once, the watcher sees the end. Raises ToolsUnavailable."""
    vc.call(_vm(vc, moref), "ShutdownGuest", op_id=op_id, activation_id=activation_id)


def reboot_guest(vc: VCenter, moref: str, *, op_id: str | None = None, activation_id: str | None = None) -> None:
    """Ask the guest to reboot; returns at once. Raises ToolsUnavailable."""
    vc.call(_vm(vc, moref), "RebootGuest", op_id=op_id, activation_id=activation_id)


def reconfigure(
    vc: VCenter, moref: str, spec: Any, *, op_id: str | None = None, activation_id: str | None = None
) -> str:
    """Start ReconfigVM_Task with a spec of `specs.reconfigure_spec`. ConcurrentAccess when its changeVersion is old."""
    return _task(vc, _vm(vc, moref), "ReconfigVM_Task", op_id, activation_id, spec=spec)


def rename(vc: VCenter, moref: str, name: str, *, op_id: str | None = None, activation_id: str | None = None) -> str:
    """Start renaming to the unescaped `name`."""
    return _task(vc, _vm(vc, moref), "Rename_Task", op_id, activation_id, newName=names.to_send(name))


def unregister(vc: VCenter, moref: str, *, op_id: str | None = None, activation_id: str | None = None) -> None:
    """Take the VM out of the inventory; its files stay. No error when it is gone already."""
    try:
        vc.call(_vm(vc, moref), "UnregisterVM", op_id=op_id, activation_id=activation_id)
    except faults.ObjectGone:
        return


def destroy(vc: VCenter, moref: str, *, op_id: str | None = None, activation_id: str | None = None) -> str:
    """Start Destroy_Task. It deletes every disk of the VM: read the module's first words."""
    return _task(vc, _vm(vc, moref), "Destroy_Task", op_id, activation_id)


def detach_disks_keep_files(
    vc: VCenter,
    state: VmState,
    predicate: Callable[[DiskDevice], bool],
    *,
    op_id: str | None = None,
    activation_id: str | None = None,
) -> str | None:
    """Start taking off the disks that `predicate` picks, leaving their files alone.

    Returns the task's moref, None when none is picked. The change is bound to the `state` that was read: if the VM
    changed since, it is refused with ConcurrentAccess, for then the device keys may mean other disks.
    """
    changes = [
        # No fileOperation: "destroy" would delete the file.
        vim.vm.device.VirtualDeviceSpec(operation="remove", device=disk_specs.existing(disk))
        for disk in state.hardware.disks
        if predicate(disk)
    ]
    if not changes:
        return None
    spec = vim.vm.ConfigSpec(changeVersion=state.change_version or None, deviceChange=changes)
    return reconfigure(vc, state.moref, spec, op_id=op_id, activation_id=activation_id)


def parents_held(vc: VCenter, state: VmState, keepers: Sequence[str]) -> bool:
    """Whether every parent file of the VM's disks is held by one of the registered VMs `keepers`, now.

    Only then does `destroy` spare the parents. One call, none for a VM without parents.
    """
    parents = {path for disk in state.hardware.disks for path in disk.parent_paths}
    if not parents:
        return True
    others = [ref for ref in keepers if ref != state.moref]
    found = properties.read(vc, vim.VirtualMachine, others, ["config.hardware.device"])
    held = {
        path
        for values in found.values()
        for disk in devices.hardware(values.get("config.hardware.device")).disks
        for path in (disk.path, *disk.parent_paths)
    }
    return parents <= held


def _vm(vc: VCenter, moref: str) -> Any:
    return vc.object(vim.VirtualMachine, moref)


def _task(vc: VCenter, target: Any, method: str, op_id: str | None, activation_id: str | None, **arguments: Any) -> str:
    task = vc.call(target, method, op_id=op_id, activation_id=activation_id, **arguments)
    return str(task._moId)


def _state(ref: str, values: Mapping[str, Any]) -> VmState:
    managed = values.get("config.managedBy")
    question = values.get("runtime.question")
    return VmState(
        moref=ref,
        name=names.unescape(values.get("name") or ""),
        instance_uuid=(values.get("config.instanceUuid") or "").lower(),
        bios_uuid=(values.get("config.uuid") or "").lower(),
        folder=properties.moref(values.get("parent")),
        resource_pool=properties.moref(values.get("resourcePool")),
        host=properties.moref(values.get("runtime.host")),
        power_state=parse.power(values.get("runtime.powerState")),
        connection=parse.connection(values.get("runtime.connectionState")),
        template=bool(values.get("config.template")),
        cpus=int(values.get("config.hardware.numCPU") or 0),
        cores_per_socket=int(values.get("config.hardware.numCoresPerSocket") or 1),
        memory_mib=int(values.get("config.hardware.memoryMB") or 0),
        guest_id=values.get("config.guestId") or "",
        firmware=values.get("config.firmware") or "bios",
        hardware_version=values.get("config.version") or "",
        vmx_path=values.get("config.files.vmPathName") or "",
        annotation=values.get("config.annotation") or "",
        change_version=values.get("config.changeVersion") or "",
        managed_by=(managed.extensionKey, managed.type) if managed is not None else None,
        hardware=devices.hardware(values.get("config.hardware.device")),
        extra_config=devices.extra_config(values.get("config.extraConfig")),
        snapshots=values.get("snapshot") is not None,
        question=question.text if question is not None else None,
        disabled_methods=frozenset(str(method) for method in values.get("disabledMethod") or ()),
    )
