"""Start, stop, suspend, resume, reboot.

ask     a gentle stop or reboot: the guest is asked and given time; one that can't be asked is left to `act`
act     what the machine does: power on or off, suspend, reset; done where the VM is in that state already
"""

from __future__ import annotations

import datetime as dt

from stackspan.compute.model import PowerState, VmState
from stackspan.compute.operations import SERVER_POWER, ServerPower
from stackspan.compute.service import ComputeService
from stackspan.compute.service.lifecycle import EVENTS
from stackspan.compute.service.records import action_end, event_add, fault_of
from stackspan.compute.store import servers as server_store
from stackspan.compute.workflows import remains
from stackspan.compute.workflows.scene import Scene, Scenes
from stackspan.db import Transaction
from stackspan.vsphere import faults, vms
from stackspan.vsphere.fleet import Fleet
from stackspan.vsphere.types import PowerState as VmPower
from stackspan.vsphere.types import VmState as Vm
from stackspan.workflow import Outcome, Requeue, Step, StepContext, StepFailed, StepTimes, Workflow

Context = StepContext[ServerPower]

_LOOK_SECONDS = 1.0  # between two looks at the observed power state while a guest shuts down
_ENDS: dict[str, tuple[VmState, PowerState]] = {
    "start": (VmState.ACTIVE, PowerState.RUNNING),
    "stop": (VmState.STOPPED, PowerState.SHUTDOWN),
    "suspend": (VmState.SUSPENDED, PowerState.SUSPENDED),
    "resume": (VmState.ACTIVE, PowerState.RUNNING),
    "reboot_soft": (VmState.ACTIVE, PowerState.RUNNING),
    "reboot_hard": (VmState.ACTIVE, PowerState.RUNNING),
}


class Power:
    """The steps of a power change."""

    def __init__(self, service: ComputeService, fleet: Fleet) -> None:
        self._parts = service.parts
        self._scenes = Scenes(service, fleet)

    def ask(self, ctx: Context) -> Outcome:
        """Ask the guest to stop or reboot. Asking twice does no harm."""
        if ctx.params.change not in ("stop", "reboot_soft"):
            return Outcome({"asked": False})
        ctx.check_cancel()
        scene = self._scenes.load(ctx.params.server_id)
        moref = _moref(scene)
        ask = vms.shutdown_guest if ctx.params.change == "stop" else vms.reboot_guest
        try:
            ask(scene.link.vc, moref, op_id=ctx.op_id, activation_id=ctx.activation_id)
        except (faults.ToolsUnavailable, faults.InvalidPowerState, faults.NotSupported, faults.InvalidState):
            return Outcome({"asked": False})
        patience = dt.timedelta(seconds=self._parts.settings.shutdown_timeout)
        return Outcome({"asked": True, "until": (self._parts.now() + patience).isoformat()})

    def act(self, ctx: Context) -> Outcome:
        """Bring the VM to the wanted state."""
        change, asked = ctx.params.change, bool(ctx.results["ask"].get("asked"))
        scene = self._scenes.load(ctx.params.server_id)
        if change == "stop" and asked:
            self._give_time(ctx, scene)
        if change == "reboot_soft" and asked:
            return Outcome()
        ctx.check_cancel()
        state = self._look(scene)
        host = self._do(ctx, scene, state)

        def save(tx: Transaction) -> None:
            hosts = {found.moref: found.name for found in self._parts.placement.hosts(tx, scene.cluster.uuid)}
            if host is not None:
                server_store.server_observe(tx, scene.server.id, {"esxi_host": hosts.get(host)})

        return Outcome({}, save)

    def done(self, tx: Transaction, ctx: Context) -> None:
        """The server shows the state it was brought to."""
        vm_state, power = _ENDS[ctx.params.change]
        now = self._parts.now()
        server_store.server_move(
            tx, ctx.params.server_id, now, vm_state=vm_state, task_state=None, power_state=int(power)
        )
        action_end(tx, ctx.params.action, now, event=EVENTS[ctx.params.change], host=ctx.params.host)

    def failed(self, tx: Transaction, ctx: Context) -> None:
        """The server keeps its state; the action tells what went wrong."""
        now = self._parts.now()
        server_store.fault_insert(tx, fault_of(ctx.params.server_id, ctx.failure, now))
        server_store.server_move(tx, ctx.params.server_id, now, task_state=None)
        action_end(tx, ctx.params.action, now, event=EVENTS[ctx.params.change], host=ctx.params.host, error=ctx.failure)

    def cancelled(self, tx: Transaction, ctx: Context) -> None:
        """A delete is queued behind."""
        error = StepFailed("The server was deleted meanwhile.")
        event = EVENTS[ctx.params.change]
        action_end(tx, ctx.params.action, self._parts.now(), event=event, host=ctx.params.host, error=error)

    def told(self, tx: Transaction, ctx: Context, times: StepTimes) -> None:
        """A failed step's real times, as an event of the action; what went well shows in the action's own event."""
        if times.error is not None:
            event = f"compute_power_{times.step}"
            event_add(
                tx, ctx.params.action, event, times.started_at, times.finished_at, host=ctx.params.host,
                error=times.error,
            )  # fmt: skip

    # -- inside ------------------------------------------------------------------------------------------------------

    def _give_time(self, ctx: Context, scene: Scene) -> None:
        """Wait, without holding a thread, until the watcher has seen the guest off or its time is over."""
        until = dt.datetime.fromisoformat(str(ctx.results["ask"]["until"]))
        if scene.server.power_state is not PowerState.SHUTDOWN and self._parts.now() < until:
            raise Requeue("the guest's shutdown", after_seconds=_LOOK_SECONDS)

    def _look(self, scene: Scene) -> Vm:
        state = vms.read(scene.link.vc, _moref(scene))
        if not remains.is_ours(state, scene.server.id):
            raise StepFailed("The server could not be found on the virtualization platform.", f"{state.moref} isn't it")
        if state.question is not None:
            raise faults.QuestionPending(
                "The server waits for an operator's decision.", f"{state.moref}: {state.question}"
            )
        return state

    def _do(self, ctx: Context, scene: Scene, state: Vm) -> str | None:
        """The change itself; the host (moref) it runs on then, where that is told."""
        change, link = ctx.params.change, scene.link
        if change == "stop":
            remains.power_off(scene, state, remains.Calls(ctx.op_id, ctx.activation_id))
            return None
        if change == "suspend":
            if state.power_state is VmPower.ON:
                task = vms.suspend(link.vc, state.moref, op_id=ctx.op_id, activation_id=ctx.activation_id)
                link.tasks.wait(task)
            return None
        if change in ("reboot_soft", "reboot_hard") and state.power_state is VmPower.ON:
            task = vms.reset(link.vc, state.moref, op_id=ctx.op_id, activation_id=ctx.activation_id)
            link.tasks.wait(task)
            return None
        return link.power.power_on(
            scene.cluster.datacenter_moref,
            state.moref,
            cluster=scene.cluster.moref,
            drs_places=scene.cluster.drs_places,
            op_id=ctx.op_id,
            activation_id=ctx.activation_id,
        ).host


def workflow(service: ComputeService, fleet: Fleet) -> Workflow[ServerPower]:
    """The definition."""
    power = Power(service, fleet)
    return Workflow(
        SERVER_POWER,
        steps=[Step("ask", power.ask), Step("act", power.act, deadline_seconds=1800)],
        on_done=power.done,
        on_failed=power.failed,
        on_cancelled=power.cancelled,
        on_step=power.told,
    )


def _moref(scene: Scene) -> str:
    if scene.server.vm_moref is None:
        raise StepFailed("The server could not be found on the virtualization platform.", "it has no VM")
    return scene.server.vm_moref
