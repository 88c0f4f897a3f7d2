"""Boot a server: at most four calls to vCenter where the image's copy is there.

    prepare       its folder; port groups and copy are ready         → networking
    config_drive  the ISO, where one is asked for: one PUT           → block_device_mapping
    create_vm     CreateVM_Task with disks, NICs, guestinfo, CD-ROM  → spawning
    power_on      PowerOnMultiVM_Task, many servers a call; DRS places

The key of the VM is its exact name in its folder, saved before the call; it is ours if its instanceUuid is the server's id.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from stackspan.compute import configdrive, guestdata
from stackspan.compute.model import PowerState, TaskState, VmState
from stackspan.compute.operations import SERVER_CREATE, ServerCreate
from stackspan.compute.service import ComputeService
from stackspan.compute.service.boot import BUILD_EVENT
from stackspan.compute.service.building import build_again
from stackspan.compute.service.records import action_end, capacity_release, event_add, fault_of, server_failed
from stackspan.compute.store import servers as server_store
from stackspan.compute.workflows import remains, vmplan
from stackspan.compute.workflows.scene import Scene, Scenes, datacenter_path, row
from stackspan.core import errors
from stackspan.db import Database, Transaction
from stackspan.image.model import CacheState
from stackspan.vsphere import datastores, faults, folders, names, specs, vms
from stackspan.vsphere.fleet import Fleet
from stackspan.vsphere.types import VmState as Vm
from stackspan.workflow import Outcome, Requeue, Step, StepContext, StepFailed, StepTimes, Workflow

Context = StepContext[ServerCreate]

_DRIVE_FOLDER = "stackspan_configdrive"
_EVENTS = {
    "prepare": "compute_prepare_network",
    "config_drive": "compute_write_config_drive",
    "create_vm": "compute_create_vm",
    "power_on": "compute_power_on",
}
_ELSEWHERE = frozenset({"InsufficientResources", "NoDiskSpace"})
"""Faults of a hypervisor or datastore that another one may not have."""


class Build:
    """The steps of a build."""

    def __init__(self, service: ComputeService, fleet: Fleet) -> None:
        self._service = service
        self._parts = service.parts
        self._scenes = Scenes(service, fleet)

    # -- steps -------------------------------------------------------------------------------------------------------

    def prepare(self, ctx: Context) -> Outcome:
        """Check what the build waited for, make sure of the folder, choose the keys."""
        scene = self._scenes.load(ctx.params.server_id)
        self._await_copy(ctx, scene)
        self._check_networks(scene)
        server = scene.server
        folder = folders.ensure_path(
            scene.link.vc,
            scene.cluster.datacenter_moref,
            ("OpenStack", f"Project ({server.project_id})", "Instances"),
            op_id=ctx.op_id,
            activation_id=ctx.activation_id,
        )
        vm_name = server.vm_name or names.vm_name(server.name, server.id)
        drive = f"[{scene.datastore.name}] {_DRIVE_FOLDER}/{server.id}.iso" if server.config_drive else None

        def save(tx: Transaction) -> None:
            self._task(tx, server.id, TaskState.NETWORKING, vm_name=vm_name)
            server_store.build_update(tx, server.id, folder=folder, config_drive_path=drive)

        return Outcome({"folder": folder}, save)

    def config_drive(self, ctx: Context) -> Outcome:
        """Put the ISO onto the datastore, where the server has one."""
        ctx.check_cancel()
        scene = self._scenes.load(ctx.params.server_id)
        path = scene.build.config_drive_path
        if path is not None:
            content = self._iso(scene)
            if _first_run(ctx) or not self._is_there(scene, path, len(content)):
                self._put(ctx, scene, path, content)
        return Outcome({}, lambda tx: self._task(tx, scene.server.id, TaskState.BLOCK_DEVICE_MAPPING))

    def create_vm(self, ctx: Context) -> Outcome:
        """Make the VM with everything it has, or find it made."""
        ctx.check_cancel()
        scene = self._scenes.load(ctx.params.server_id)
        tasks: Sequence[str] = ()
        moref = self._existing(ctx, scene)
        if moref is None:
            moref, tasks = self._create(ctx, scene)
        scene.link.watcher.track([moref])

        def save(tx: Transaction) -> None:
            self._task(tx, scene.server.id, TaskState.SPAWNING, vm_moref=moref)

        return Outcome({"moref": moref}, save, tasks)

    def power_on(self, ctx: Context) -> Outcome:
        """Start it; DRS picks the host, or we do where DRS doesn't."""
        ctx.check_cancel()
        scene = self._scenes.load(ctx.params.server_id)
        moref = str(ctx.results["create_vm"]["moref"])
        result = scene.link.power.power_on(
            scene.cluster.datacenter_moref,
            moref,
            cluster=scene.cluster.moref,
            drs_places=scene.cluster.drs_places,
            op_id=ctx.op_id,
            activation_id=ctx.activation_id,
        )

        def save(tx: Transaction) -> None:
            hosts = {host.moref: host.name for host in self._parts.placement.hosts(tx, scene.cluster.uuid)}
            values = {"power_state": int(PowerState.RUNNING), "esxi_host": hosts.get(result.host or "")}
            server_store.server_observe(tx, scene.server.id, values)
            for nic in scene.nics:
                self._parts.network.nic_bound(tx, nic.port_id, None)

        tasks = (result.task,) if result.task else ()
        return Outcome({"host": result.host, "chain": result.event_chain_id}, save, tasks)

    # -- undos -------------------------------------------------------------------------------------------------------

    def remove_config_drive(self, ctx: Context) -> None:
        """Take the ISO away."""
        remains.remove_config_drive(self._scenes.load(ctx.params.server_id), _calls(ctx))

    def remove_vm(self, ctx: Context) -> None:
        """Take the VM away, whether its making was saved or not."""
        scene = self._scenes.load(ctx.params.server_id)
        remains.remove_vm(scene, _calls(ctx), directory_note(self._parts.database, scene.server.id))

    # -- the end -----------------------------------------------------------------------------------------------------

    def done(self, tx: Transaction, ctx: Context) -> None:
        """The server is ACTIVE."""
        now = self._parts.now()
        server_store.server_move(
            tx, ctx.params.server_id, now, vm_state=VmState.ACTIVE, task_state=None, launched_at=now
        )
        action_end(tx, ctx.params.action, now, event=BUILD_EVENT, host=ctx.params.host)

    def failed(self, tx: Transaction, ctx: Context) -> None:
        """Try elsewhere where that may help; else the server is in ERROR and tells why."""
        failure, server_id, now = ctx.failure, ctx.params.server_id, self._parts.now()
        assert failure is not None
        shown: errors.StackspanError = failure
        if ctx.undone:
            capacity_release(self._parts, tx, server_id)
            server_store.server_observe(tx, server_id, {"vm_moref": None})
            server_store.build_update(tx, server_id, config_drive_path=None, folder=None, directory=None)
            if failure.kind in _ELSEWHERE:
                refusal = build_again(self._parts, self._service.placing, tx, ctx, ctx.params, failure.log_message)
                if refusal is None:
                    return
                shown = refusal
            self._parts.network.nics_delete(tx, server_id)
        server_failed(tx, server_id, fault_of(server_id, shown, now))
        action_end(tx, ctx.params.action, now, event=BUILD_EVENT, host=ctx.params.host, error=shown)

    def cancelled(self, tx: Transaction, ctx: Context) -> None:
        """A delete is queued behind; it cleans up from here."""
        error = StepFailed("The server was deleted while it was being built.")
        now = self._parts.now()
        action_end(tx, ctx.params.action, now, event=BUILD_EVENT, host=ctx.params.host, error=error)

    def told(self, tx: Transaction, ctx: Context, times: StepTimes) -> None:
        """A step's real times, as an event of the action."""
        event = _EVENTS.get(times.step, times.step)
        event_add(
            tx, ctx.params.action, event, times.started_at, times.finished_at, host=ctx.params.host, error=times.error
        )

    # -- inside ------------------------------------------------------------------------------------------------------

    def _task(self, tx: Transaction, server_id: str, task_state: TaskState, **values: Any) -> None:
        """The build's task state; where a delete was asked for meanwhile, `deleting` stays."""
        server, _ = row(tx, server_id)
        if server.task_state is not TaskState.DELETING:
            values["task_state"] = task_state
        server_store.server_move(tx, server_id, self._parts.now(), **values)

    def _await_copy(self, ctx: Context, scene: Scene) -> None:
        """The image's copy is ready, or a job is at it; one that failed is the build's failure too."""
        entry = scene.entry
        if entry is not None and entry.state is CacheState.READY:
            return
        if entry is not None and entry.state is CacheState.ERROR:
            raise StepFailed(
                "The image could not be prepared for the server.", f"copy {entry.entry_id}: {entry.reason}"
            )
        server = scene.server
        with self._parts.database.write(durable=False) as tx:
            ticket = self._parts.image.cache_ensure(
                tx, server.image_id, scene.datastore.uuid, scene.cluster.uuid, server.flavor.root_gib, context=None
            )
            if entry is None or ticket.entry_id != entry.entry_id:
                self._parts.image.cache_unuse(tx, server.id)
                self._parts.image.cache_use(tx, ticket.entry_id, server.id)
                server_store.build_update(tx, server.id, cache_entry=ticket.entry_id)
        raise Requeue("the image's copy", after_jobs=[ticket.job_id] if ticket.job_id else ())

    def _check_networks(self, scene: Scene) -> None:
        for nic in scene.nics:
            if nic.portgroup_key is None:
                raise StepFailed(
                    f"The network {nic.network_id} is not available for the server.",
                    f"network {nic.network_id} has no port group in vCenter {scene.link.label}",
                )

    def _iso(self, scene: Scene) -> bytes:
        with self._parts.database.read() as tx:
            network_data = self._parts.network.network_data(tx, scene.server.id)
        domain = self._parts.settings.dhcp_domain
        meta_data = guestdata.meta_data(scene.server, scene.metadata, scene.build.key_public, domain)
        return configdrive.build(meta_data, network_data, guestdata.user_data(scene.build.user_data), {})

    def _is_there(self, scene: Scene, path: str, size: int) -> bool:
        where = datacenter_path(scene.link, scene.datastore.datacenter_moref)
        return datastores.head(scene.link.vc, where, *datastores.split(path)) == size

    def _put(self, ctx: Context, scene: Scene, path: str, content: bytes) -> None:
        vc, datacenter = scene.link.vc, scene.datastore.datacenter_moref
        where, (datastore, below) = datacenter_path(scene.link, datacenter), datastores.split(path)
        directory = f"[{datastore}] {_DRIVE_FOLDER}"
        datastores.ensure_directory(vc, datacenter, directory, op_id=ctx.op_id, activation_id=ctx.activation_id)
        try:
            datastores.put(vc, where, datastore, below, content, len(content), op_id=ctx.op_id)
        except faults.FileMissing:
            # Somebody removed the folder behind our back.
            datastores.make_directory(vc, datacenter, directory, op_id=ctx.op_id, activation_id=ctx.activation_id)
            datastores.put(vc, where, datastore, below, content, len(content), op_id=ctx.op_id)

    def _existing(self, ctx: Context, scene: Scene) -> str | None:
        """The VM where an earlier run has made it: waited for, looked at whole."""
        if _first_run(ctx):
            return None
        scene.link.tasks.settle(activation_id=ctx.activation_id)
        found = remains.find(scene, settle=True)
        return None if found is None else self._checked(scene, found.state)

    def _create(self, ctx: Context, scene: Scene) -> tuple[str, Sequence[str]]:
        name, folder = scene.server.vm_name, scene.build.folder
        assert name is not None
        assert folder is not None
        spec = specs.create_spec(vmplan.vm_plan(scene, name, self._parts.settings.dhcp_domain))
        link = scene.link
        try:
            task = vms.create(
                link.vc,
                folder,
                scene.cluster.resource_pool,
                spec,
                op_id=ctx.op_id,
                activation_id=ctx.activation_id,
            )
            return str(link.tasks.wait(task).result), (task,)
        except faults.DuplicateName as error:
            # Another run of this very step (a worker that lost its lease) was quicker.
            link.tasks.settle(entity=folder)
            found = remains.find(scene, settle=False)
            if found is None:
                raise StepFailed(
                    "The server's name is taken on the virtualization platform.", error.log_message
                ) from error
            return self._checked(scene, found.state), ()

    def _checked(self, scene: Scene, state: Vm) -> str:
        """A VM that is found made must be whole."""
        plan = vmplan.vm_plan(scene, state.name, self._parts.settings.dhcp_domain)
        hardware = state.hardware
        macs = {nic.mac for nic in hardware.nics}
        if len(hardware.disks) != len(plan.disks) or not {nic.mac for nic in plan.nics} <= macs:
            raise StepFailed(
                "The server was left unfinished on the virtualization platform.", f"{state.moref} lacks devices"
            )
        return state.moref


def directory_note(database: Database, server_id: str) -> Callable[[str], None]:
    """Saves the directory of a VM that is about to be unregistered."""

    def note(directory: str) -> None:
        with database.write() as tx:
            server_store.build_update(tx, server_id, directory=directory)

    return note


def workflow(service: ComputeService, fleet: Fleet) -> Workflow[ServerCreate]:
    """The definition."""
    build = Build(service, fleet)
    return Workflow(
        SERVER_CREATE,
        steps=[
            Step("prepare", build.prepare),
            Step("config_drive", build.config_drive, undo=build.remove_config_drive),
            Step("create_vm", build.create_vm, undo=build.remove_vm, deadline_seconds=3600),
            Step("power_on", build.power_on, deadline_seconds=1800),
        ],
        on_done=build.done,
        on_failed=build.failed,
        on_cancelled=build.cancelled,
        on_step=build.told,
    )


def _first_run(ctx: Context) -> bool:
    """Whether nobody can have run this step before: then there is nothing to look for."""
    return ctx.attempt == 1 and ctx.epoch == 1


def _calls(ctx: Context) -> remains.Calls:
    return remains.Calls(ctx.op_id, ctx.activation_id)
