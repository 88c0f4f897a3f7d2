"""Delete a server from any state: the VM with its own files, the config drive, then everything it had here."""

from __future__ import annotations

from stackspan.compute.operations import SERVER_DELETE, ServerDelete
from stackspan.compute.service import ComputeService
from stackspan.compute.service.lifecycle import DELETE_EVENT
from stackspan.compute.service.records import action_end, event_add, fault_of, server_failed, server_remove
from stackspan.compute.store import servers as server_store
from stackspan.compute.workflows import remains
from stackspan.compute.workflows.scene import Scenes
from stackspan.compute.workflows.server_create import directory_note
from stackspan.db import Transaction
from stackspan.vsphere.fleet import Fleet
from stackspan.workflow import Outcome, Step, StepContext, StepTimes, Workflow

Context = StepContext[ServerDelete]

_EVENTS = {"remove_vm": "compute_remove_vm", "remove_config_drive": "compute_remove_config_drive"}


class Delete:
    """The steps of a delete. They have no undo: a delete goes forward or stops."""

    def __init__(self, service: ComputeService, fleet: Fleet) -> None:
        self._parts = service.parts
        self._scenes = Scenes(service, fleet)

    def remove_vm(self, ctx: Context) -> Outcome:
        """Power off, take off disks that aren't the server's own, destroy."""
        scene = self._scenes.load(ctx.params.server_id)
        note = directory_note(self._parts.database, scene.server.id)
        remains.remove_vm(scene, remains.Calls(ctx.op_id, ctx.activation_id), note)
        return Outcome()

    def remove_config_drive(self, ctx: Context) -> Outcome:
        """Delete the ISO, where there is one."""
        scene = self._scenes.load(ctx.params.server_id)
        remains.remove_config_drive(scene, remains.Calls(ctx.op_id, ctx.activation_id))
        return Outcome()

    def done(self, tx: Transaction, ctx: Context) -> None:
        """Nothing is left: give back all it had."""
        server, now = server_store.server_get(tx, ctx.params.server_id), self._parts.now()
        if server is not None and not server.deleted:
            server_remove(self._parts, tx, server, now)
        action_end(tx, ctx.params.action, now, event=DELETE_EVENT, host=ctx.params.host)

    def failed(self, tx: Transaction, ctx: Context) -> None:
        """Something may be left: the server is in ERROR, keeps its allocation, and can be deleted again."""
        now = self._parts.now()
        server_failed(tx, ctx.params.server_id, fault_of(ctx.params.server_id, ctx.failure, now))
        action_end(tx, ctx.params.action, now, event=DELETE_EVENT, host=ctx.params.host, error=ctx.failure)

    def cancelled(self, tx: Transaction, ctx: Context) -> None:
        """Another delete is queued behind."""
        action_end(tx, ctx.params.action, self._parts.now(), event=DELETE_EVENT, host=ctx.params.host)

    def told(self, tx: Transaction, ctx: Context, times: StepTimes) -> None:
        """A step's real times, as an event of the action."""
        event = _EVENTS.get(times.step, times.step)
        event_add(
            tx, ctx.params.action, event, times.started_at, times.finished_at, host=ctx.params.host, error=times.error
        )


def workflow(service: ComputeService, fleet: Fleet) -> Workflow[ServerDelete]:
    """The definition."""
    delete = Delete(service, fleet)
    return Workflow(
        SERVER_DELETE,
        steps=[
            Step("remove_vm", delete.remove_vm, deadline_seconds=3600),
            Step("remove_config_drive", delete.remove_config_drive),
        ],
        on_done=delete.done,
        on_failed=delete.failed,
        on_cancelled=delete.cancelled,
        on_step=delete.told,
    )
