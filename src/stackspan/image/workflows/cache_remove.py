"""Remove a cached copy that no server uses; decided by compare-and-set when the job runs."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from stackspan.db import Database, Transaction
from stackspan.image import operations
from stackspan.image.model import CacheState
from stackspan.image.operations import CacheRemove
from stackspan.image.store import cache as store
from stackspan.placement.service import PlacementService
from stackspan.vsphere import datastores, faults, templates
from stackspan.vsphere.fleet import Fleet
from stackspan.workflow import Outcome, Step, StepContext, Workflow


@dataclass(frozen=True)
class _Steps:
    database: Database
    placement: PlacementService
    fleet: Fleet

    def remove(self, ctx: StepContext[CacheRemove]) -> Outcome:
        with self.database.write() as tx:
            entry = store.entry_get(tx, ctx.params.entry_id)
            if entry is None or not store.entry_claim_removal(tx, entry.entry_id):
                return Outcome({"removed": False})
            datastore = self.placement.datastore_get(tx, entry.datastore_uuid)
        link = self.fleet.get(entry.vcenter_uuid, "compute")
        if entry.keeper_moref is not None:
            templates.delete(link.vc, link.tasks, entry.keeper_moref, op_id=ctx.op_id, activation_id=ctx.activation_id)
        elif entry.vmdk_path is not None:
            with contextlib.suppress(faults.FileMissing):
                folder = entry.vmdk_path.rpartition("/")[0]
                task = datastores.delete_file(link.vc, datastore.datacenter_moref, folder, op_id=ctx.op_id)
                link.tasks.wait(task)
        return Outcome({"removed": True})


def _done(tx: Transaction, ctx: StepContext[CacheRemove]) -> None:
    if ctx.results["remove"]["removed"]:
        store.entry_delete(tx, ctx.params.entry_id)


def _keep(tx: Transaction, ctx: StepContext[CacheRemove]) -> None:
    store.entry_move(tx, ctx.params.entry_id, CacheState.READY, {})


def workflow(database: Database, placement: PlacementService, fleet: Fleet) -> Workflow[CacheRemove]:
    """The definition."""
    steps = _Steps(database, placement, fleet)
    return Workflow(
        operation=operations.CACHE_REMOVE,
        steps=[Step("remove", steps.remove)],
        on_done=_done,
        on_failed=_keep,
        on_cancelled=_keep,
    )
