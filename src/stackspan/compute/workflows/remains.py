"""What is left of a server in vCenter, and taking it away: the one clean-up path, for deletes and for undone builds.

Everything is found by a key that was saved before it was made: the VM by its moref, else by its exact name in its folder,
and it is ours only if its instanceUuid is the server's id. A clone with our marks has another name or another id.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stackspan.compute.workflows.scene import MARKER, Scene
from stackspan.core import log
from stackspan.vsphere import datastores, faults, vms
from stackspan.vsphere.types import DiskDevice, PowerState, VmState
from stackspan.workflow import StepFailed

_LOG = log.get(__name__)


@dataclass(frozen=True)
class Calls:
    """Under which ids the calls go out."""

    op_id: str
    activation_id: str


@dataclass(frozen=True)
class Found:
    """Our VM, and the keepers of its parents as they are now."""

    state: VmState
    keepers: tuple[VmState, ...]


def find(scene: Scene, *, settle: bool) -> Found | None:
    """The server's VM, or None. `settle`: a create may be under way, so wait for what runs in the folder first."""
    moref = scene.server.vm_moref
    if moref is not None:
        states = vms.read_many(scene.link.vc, [moref, *scene.keepers])
        if moref in states and is_ours(states[moref], scene.server.id):
            return Found(states[moref], tuple(states[ref] for ref in scene.keepers if ref in states))
    name, folder = scene.server.vm_name, scene.build.folder
    if name is None or folder is None:
        return None
    if settle and moref is None:
        scene.link.tasks.settle(entity=folder)
    by_name = vms.find_by_name(scene.link.vc, folder, name)
    if by_name is None:
        return None
    states = vms.read_many(scene.link.vc, [by_name, *scene.keepers])
    if by_name not in states or not is_ours(states[by_name], scene.server.id):
        _LOG.warning("vm_not_ours", server=scene.server.id, vm=by_name, name=name)
        return None
    return Found(states[by_name], tuple(states[ref] for ref in scene.keepers if ref in states))


def is_ours(state: VmState, server_id: str) -> bool:
    """Whether the VM that was found by a key of ours is the server's."""
    return state.instance_uuid == server_id and state.extra_config.get(MARKER, server_id) == server_id


def remove_vm(scene: Scene, calls: Calls, note_directory: Callable[[str], None]) -> None:
    """Take the server's VM away with its own files and nothing else. Safe to run again.

    Args:
        note_directory: saves the VM's directory before the VM is unregistered: without the VM it isn't found again.
    """
    link = scene.link
    found = find(scene, settle=True)
    if found is None:
        if scene.build.directory is not None:
            _delete_directory(scene, scene.build.directory, calls)
        return
    state = found.state
    link.watcher.untrack([state.moref])
    # A task that is still under way on the VM shows as TaskInProgress, and the step is tried again.
    power_off(scene, state, calls)
    state = _take_off_foreign_disks(scene, state, calls)
    if _parents_held(state, found.keepers):
        _destroy(scene, state, calls)
    else:
        _unregister(scene, state, calls, note_directory)


def power_off(scene: Scene, state: VmState, calls: Calls) -> None:
    """Power the VM off, hard, unless it is."""
    if state.power_state is PowerState.OFF:
        return
    link = scene.link
    try:
        task = vms.power_off(link.vc, state.moref, op_id=calls.op_id, activation_id=calls.activation_id)
        link.tasks.wait(task)
    except faults.InvalidPowerState:
        return
    except faults.TaskUnknown:
        if vms.read(link.vc, state.moref).power_state is not PowerState.OFF:
            raise


def remove_config_drive(scene: Scene, calls: Calls) -> None:
    """Delete the config drive's file. Safe to run again."""
    path = scene.build.config_drive_path
    if path is None:
        return
    link = scene.link
    try:
        task = datastores.delete_file(
            link.vc, scene.datastore.datacenter_moref, path, op_id=calls.op_id, activation_id=calls.activation_id
        )
        link.tasks.wait(task)
    except faults.FileMissing:
        return


def _take_off_foreign_disks(scene: Scene, state: VmState, calls: Calls) -> VmState:
    """Take off what isn't the server's own, files untouched, and read back that it is gone."""

    def foreign(disk: DiskDevice) -> bool:
        # Own is what lies in the VM's directory. In doubt a file is left behind rather than a volume deleted.
        return disk.fcd_id is not None or not disk.path.startswith(state.directory + "/")

    link = scene.link
    task = vms.detach_disks_keep_files(link.vc, state, foreign, op_id=calls.op_id, activation_id=calls.activation_id)
    if task is None:
        return state
    link.tasks.wait(task)
    after = vms.read(link.vc, state.moref)
    left = [disk.path for disk in after.hardware.disks if foreign(disk)]
    if left:
        raise faults.ConcurrentAccess(log_message=f"{state.moref} still has disks that aren't its own: {left}")
    return after


def _parents_held(state: VmState, keepers: tuple[VmState, ...]) -> bool:
    """Whether a registered VM of ours holds every parent, so that Destroy spares them."""
    parents = {path for disk in state.hardware.disks for path in disk.parent_paths}
    held = {path for keeper in keepers for disk in keeper.hardware.disks for path in (disk.path, *disk.parent_paths)}
    return parents <= held


def _destroy(scene: Scene, state: VmState, calls: Calls) -> None:
    link = scene.link
    try:
        task = vms.destroy(link.vc, state.moref, op_id=calls.op_id, activation_id=calls.activation_id)
        link.tasks.wait(task)
    except faults.ObjectGone:
        return
    except faults.TaskUnknown:
        if vms.read_many(link.vc, [state.moref]):
            raise


def _unregister(scene: Scene, state: VmState, calls: Calls, note_directory: Callable[[str], None]) -> None:
    """Where nobody holds the parents, Destroy would take them along: unregister, then delete the VM's own directory."""
    directory = state.directory
    name = directory.partition("]")[2].strip()
    parents = [path for disk in state.hardware.disks for path in disk.parent_paths]
    if not name or "/" in name or any(path.startswith(directory + "/") for path in parents):
        raise StepFailed(
            "The server could not be removed from the storage.", f"{state.moref}: {directory} is not its own alone"
        )
    note_directory(directory)
    vms.unregister(scene.link.vc, state.moref, op_id=calls.op_id, activation_id=calls.activation_id)
    _delete_directory(scene, directory, calls)


def _delete_directory(scene: Scene, directory: str, calls: Calls) -> None:
    link = scene.link
    try:
        task = datastores.delete_file(
            link.vc, scene.datastore.datacenter_moref, directory, op_id=calls.op_id, activation_id=calls.activation_id
        )
        link.tasks.wait(task)
    except faults.FileMissing:
        return
