"""Make an image's copy on a datastore ready for servers' root disks.

An ISO is copied as a file. Everything else becomes a keeper: a VM that never runs, imported from a streamOptimized VMDK that
is made from the store's bytes as they go out, grown to the root size, and given the snapshot that makes it finished
(`vsphere/templates.py`). The keeper's exact name was chosen when the job was queued; a half-made one is removed by the next
attempt, a finished one is taken as it is. Where another datastore or root size has a finished keeper in the same vCenter, the
new one is cloned from it and no bytes pass through us.
"""

from __future__ import annotations

import contextlib
import math
import pathlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

from stackspan.db import Database, Transaction
from stackspan.image import errors, formats, operations
from stackspan.image.model import CacheState, Image
from stackspan.image.operations import CacheEnsure
from stackspan.image.service.cache import adapter_of
from stackspan.image.store import cache as cache_store
from stackspan.image.store import images as image_store
from stackspan.image.stores import Stores
from stackspan.placement.model import Cluster, Datastore
from stackspan.placement.service import PlacementService
from stackspan.vsphere import datastores, faults, folders, inventory, templates
from stackspan.vsphere.fleet import Fleet, Link
from stackspan.workflow import Outcome, Step, StepContext, StepFailed, Workflow

_GIB = 1 << 30
_MIB = 1 << 20
_FOLDER = ("OpenStack", "Images")


@dataclass(frozen=True)
class _Plan:
    image: Image
    cluster: Cluster
    datastore: Datastore
    link: Link


@dataclass(frozen=True)
class _Steps:
    database: Database
    placement: PlacementService
    stores: Stores
    fleet: Fleet
    spool: pathlib.Path
    cache_folder: str

    # -- steps -------------------------------------------------------------------------------------------------------

    def copy(self, ctx: StepContext[CacheEnsure]) -> Outcome:
        """The bytes on the datastore: an unfinished keeper, or the ISO."""
        plan = self._plan(ctx.params)
        if plan.image.disk_format == "iso":
            return Outcome({"path": self._copy_iso(ctx, plan), "capacity_bytes": plan.image.size or 0})
        folder = folders.ensure_path(plan.link.vc, plan.cluster.datacenter_moref, _FOLDER)
        found = templates.find(plan.link.vc, folder, ctx.params.keeper_name)
        if found is None or not found.finished:
            try:
                found = self._clone(ctx, plan, folder) or self._import(ctx, plan, folder)
            except faults.DuplicateName:
                found = templates.find(plan.link.vc, folder, ctx.params.keeper_name)
        if found is None:
            raise StepFailed("The image could not be copied to the datastore.", "the keeper vanished while it was made")
        return Outcome({"moref": found.moref, "capacity_bytes": found.capacity_bytes})

    def finish(self, ctx: StepContext[CacheEnsure]) -> Outcome:
        """Grown to the root size, with its snapshot: from here on servers may use it."""
        copied = ctx.results["copy"]
        if "path" in copied:
            return Outcome({"vmdk_path": copied["path"], "capacity_bytes": copied["capacity_bytes"]})
        plan = self._plan(ctx.params)
        capacity = ctx.params.root_gib * _GIB or math.ceil(copied["capacity_bytes"] / _MIB) * _MIB
        done = templates.finish(
            plan.link.vc,
            plan.link.tasks,
            copied["moref"],
            capacity,
            op_id=ctx.op_id,
            activation_id=ctx.activation_id,
        )
        return Outcome({"keeper_moref": done.moref, "vmdk_path": done.disk_path, "capacity_bytes": done.capacity_bytes})

    def remove(self, ctx: StepContext[CacheEnsure]) -> None:
        """Undo of `copy`: nothing half-made stays. Nobody uses it, for it was never READY."""
        plan = self._plan(ctx.params)
        if plan.image.disk_format == "iso":
            with contextlib.suppress(faults.FileMissing):
                path = datastores.join(plan.datastore.name, self._iso_path(plan.image))
                plan.link.tasks.wait(
                    datastores.delete_file(plan.link.vc, plan.datastore.datacenter_moref, path, op_id=ctx.op_id)
                )
            return
        folder = folders.ensure_path(plan.link.vc, plan.cluster.datacenter_moref, _FOLDER)
        plan.link.tasks.settle(activation_id=ctx.activation_id)
        found = templates.find(plan.link.vc, folder, ctx.params.keeper_name)
        if found is not None:
            templates.delete(plan.link.vc, plan.link.tasks, found.moref, op_id=ctx.op_id)

    # -- parts -------------------------------------------------------------------------------------------------------

    def _plan(self, params: CacheEnsure) -> _Plan:
        with self.database.read() as tx:
            image = image_store.image_get(tx, params.image_id, deleted=True)
            cluster = self.placement.cluster_get(tx, params.cluster_uuid)
            datastore = self.placement.datastore_get(tx, params.datastore_uuid)
        if image is None:
            raise errors.ImageNotFound(params.image_id)
        return _Plan(image, cluster, datastore, self.fleet.get(params.vcenter_uuid, "compute"))

    def _clone(self, ctx: StepContext[CacheEnsure], plan: _Plan, folder: str) -> templates.Imported | None:
        """From the smallest finished keeper of this image in the same vCenter, if there is one that fits."""
        with self.database.read() as tx:
            others = [
                entry
                for entry in cache_store.entry_list(tx, image_id=plan.image.id)
                if entry.state is CacheState.READY and entry.vcenter_uuid == ctx.params.vcenter_uuid
            ]
        wanted = ctx.params.root_gib * _GIB
        fitting = [entry for entry in others if entry.capacity_bytes and (entry.capacity_bytes <= wanted)]
        for entry in sorted(fitting, key=lambda entry: entry.capacity_bytes or 0):
            if entry.keeper_moref is None:
                continue
            try:
                return templates.clone(
                    plan.link.vc,
                    plan.link.tasks,
                    entry.keeper_moref,
                    name=ctx.params.keeper_name,
                    folder=folder,
                    resource_pool=plan.cluster.resource_pool,
                    datastore=plan.datastore.moref,
                    op_id=ctx.op_id,
                    activation_id=ctx.activation_id,
                )
            except (faults.ObjectGone, faults.HostUnavailable):
                continue  # deleted behind our back, or its host is away: the bytes are in the store anyway
        return None

    def _import(self, ctx: StepContext[CacheEnsure], plan: _Plan, folder: str) -> templates.Imported:
        adapter = adapter_of(plan.image)
        with self._fetched(plan.image) as path:
            info = formats.inspect(path, plan.image.disk_format)
            wanted = ctx.params.root_gib * _GIB
            if wanted and info.virtual_size > wanted:
                raise StepFailed(
                    f"Flavor's disk is too small for requested image. Flavor disk is {wanted} bytes, image is "
                    f"{info.virtual_size} bytes."
                )
            capacity = math.ceil(info.virtual_size / 512) * 512
            return templates.import_stream_optimized(
                plan.link.vc,
                plan.link.tasks,
                name=ctx.params.keeper_name,
                folder=folder,
                resource_pool=plan.cluster.resource_pool,
                datastore=plan.datastore.name,
                capacity_bytes=capacity,
                chunks=formats.convert(path, info, adapter, capacity),
                adapter=adapter,
                guest_id=plan.image.properties.get("vmware_ostype", "otherGuest64"),
                op_id=ctx.op_id,
                activation_id=ctx.activation_id,
            )

    def _copy_iso(self, ctx: StepContext[CacheEnsure], plan: _Plan) -> str:
        target, vc = self._iso_path(plan.image), plan.link.vc
        path = datastores.join(plan.datastore.name, target)
        datacenter = next(info for info in inventory.datacenters(vc) if info.moref == plan.datastore.datacenter_moref)
        if datastores.head(vc, datacenter.path, plan.datastore.name, target) == plan.image.size:
            return path
        folder = datastores.join(plan.datastore.name, target.rpartition("/")[0])
        datastores.make_directory(vc, datacenter.moref, folder, op_id=ctx.op_id)
        chunks = self.stores.get(plan.image.store_id).get(plan.image.location or "")
        datastores.put(vc, datacenter.path, plan.datastore.name, target, chunks, plan.image.size or 0, op_id=ctx.op_id)
        return path

    def _iso_path(self, image: Image) -> str:
        return f"{self.cache_folder}/{image.id}/{image.id}.iso"

    @contextlib.contextmanager
    def _fetched(self, image: Image) -> Iterator[pathlib.Path]:
        """The store's bytes as a file of this machine, for formats that are read at random."""
        self.spool.mkdir(parents=True, exist_ok=True, mode=0o750)
        with tempfile.NamedTemporaryFile(dir=self.spool, prefix="convert-") as file:
            for chunk in self.stores.get(image.store_id).get(image.location or ""):
                file.write(chunk)
            file.flush()
            yield pathlib.Path(file.name)


def _done(tx: Transaction, ctx: StepContext[CacheEnsure]) -> None:
    cache_store.entry_move(tx, ctx.params.entry_id, CacheState.READY, dict(ctx.results["finish"]))


def _failed(tx: Transaction, ctx: StepContext[CacheEnsure]) -> None:
    reason = ctx.failure.user_message if ctx.failure else "cancelled"
    cache_store.entry_move(tx, ctx.params.entry_id, CacheState.ERROR, {"reason": reason[:1000]})


def workflow(
    database: Database,
    placement: PlacementService,
    stores: Stores,
    fleet: Fleet,
    *,
    spool: pathlib.Path,
    cache_folder: str,
) -> Workflow[CacheEnsure]:
    """The definition."""
    steps = _Steps(database, placement, stores, fleet, spool, cache_folder)
    return Workflow(
        operation=operations.CACHE_ENSURE,
        steps=[
            Step("copy", steps.copy, steps.remove, deadline_seconds=7200),
            Step("finish", steps.finish),
        ],
        on_done=_done,
        on_failed=_failed,
        on_cancelled=_failed,
    )
