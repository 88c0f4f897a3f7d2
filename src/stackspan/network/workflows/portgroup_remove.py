"""Remove a port group of ours that no server needs any more; an adopted one is only forgotten.

Decided when the job runs, by compare-and-set: a boot that came meanwhile has its port in the database and keeps the group.
"""

from __future__ import annotations

from dataclasses import dataclass

from stackspan.db import Database, Transaction
from stackspan.network import operations
from stackspan.network.model import PortGroupState
from stackspan.network.operations import PortGroupRemove
from stackspan.network.store import port_groups as store
from stackspan.network.workflows import portgroup_ensure
from stackspan.vsphere import faults
from stackspan.vsphere.fleet import Fleet
from stackspan.workflow import Outcome, Step, StepContext, Workflow


@dataclass(frozen=True)
class _Steps:
    database: Database
    fleet: Fleet

    def remove(self, ctx: StepContext[PortGroupRemove]) -> Outcome:
        network_id, vcenter_uuid = ctx.params.network_id, ctx.params.vcenter_uuid
        with self.database.write() as tx:
            groups = store.port_group_list(tx, network_ids=[network_id], vcenter_uuid=vcenter_uuid)
            claimed = store.port_group_claim_removal(tx, network_id, vcenter_uuid)
        if not claimed or not groups:
            return Outcome({"removed": False})
        if groups[0].owned and groups[0].moref is not None:
            link = self.fleet.get(vcenter_uuid, "network")
            try:
                portgroup_ensure.remove(link, groups[0].moref, ctx.op_id)
            except (faults.HeldByOther, faults.InvalidState):
                # Something that isn't ours is plugged into it: it stays, and stays known.
                return Outcome({"removed": False}, save=lambda tx: _keep(tx, ctx))
        return Outcome({"removed": True})


def _keep(tx: Transaction, ctx: StepContext[PortGroupRemove]) -> None:
    store.port_group_move(tx, ctx.params.network_id, ctx.params.vcenter_uuid, PortGroupState.READY, {})


def _done(tx: Transaction, ctx: StepContext[PortGroupRemove]) -> None:
    if ctx.results["remove"]["removed"]:
        store.port_group_delete(tx, ctx.params.network_id, ctx.params.vcenter_uuid)


def workflow(database: Database, fleet: Fleet) -> Workflow[PortGroupRemove]:
    """The definition."""
    steps = _Steps(database, fleet)
    return Workflow(
        operation=operations.PORT_GROUP_REMOVE,
        steps=[Step("remove", steps.remove)],
        on_done=_done,
        on_failed=_keep,
        on_cancelled=_keep,
    )
