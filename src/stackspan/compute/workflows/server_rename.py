"""Give the VM the name that follows its server's. Nothing of the server shows whether it is done: it is for people in vCenter."""

from __future__ import annotations

from stackspan.compute.operations import SERVER_RENAME, ServerRename
from stackspan.compute.service import ComputeService
from stackspan.compute.store import servers as server_store
from stackspan.compute.workflows import remains
from stackspan.compute.workflows.scene import Scenes
from stackspan.vsphere import faults, names, vms
from stackspan.vsphere.fleet import Fleet
from stackspan.workflow import Outcome, Step, StepContext, Workflow

Context = StepContext[ServerRename]


class Rename:
    """The step of a renaming."""

    def __init__(self, service: ComputeService, fleet: Fleet) -> None:
        self._scenes = Scenes(service, fleet)

    def rename(self, ctx: Context) -> Outcome:
        """Name the VM; done where it has that name, or is gone."""
        scene = self._scenes.load(ctx.params.server_id)
        server, link = scene.server, scene.link
        wanted = names.vm_name(server.name, server.id)
        found = remains.find(scene, settle=False)
        if found is not None and found.state.name != wanted:
            try:
                task = vms.rename(link.vc, found.state.moref, wanted, op_id=ctx.op_id, activation_id=ctx.activation_id)
                link.tasks.wait(task)
            except faults.ObjectGone:
                return Outcome()
        return Outcome({}, lambda tx: server_store.server_observe(tx, server.id, {"vm_name": wanted}))


def workflow(service: ComputeService, fleet: Fleet) -> Workflow[ServerRename]:
    """The definition."""
    return Workflow(SERVER_RENAME, steps=[Step("rename", Rename(service, fleet).rename)])
