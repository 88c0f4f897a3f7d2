"""Cached copies: one per (image, datastore, root size), made once however many ask at the same moment.

The row is the lock: whoever inserts it queues the job; everybody else waits for that job. The copy is used only when READY,
which the job's end sets in one transaction with the path.
"""

from __future__ import annotations

from dataclasses import dataclass

from stackspan.core import errors as core_errors
from stackspan.core import ids
from stackspan.core.context import RequestContext
from stackspan.db import Transaction
from stackspan.image import errors, operations
from stackspan.image.model import CacheEntry, CacheState, CacheTicket, Image
from stackspan.image.service.base import Parts
from stackspan.image.store import cache as store
from stackspan.image.store import images as image_store

_ADAPTERS = {
    "lsilogic": "lsilogic",
    "lsilogicsas": "lsilogicsas",
    "lsisas1068": "lsilogicsas",
    "buslogic": "buslogic",
    "paravirtual": "pvscsi",
    "vmpvscsi": "pvscsi",
    "pvscsi": "pvscsi",
    "ide": "ide",
}


@dataclass(frozen=True)
class Target:
    """Which copy is wanted."""

    image_id: str
    vcenter_uuid: str
    datastore_uuid: str
    cluster_uuid: str
    root_gib: int


def ensure(parts: Parts, tx: Transaction, target: Target, context: RequestContext | None) -> CacheTicket:
    """See `ImageService.cache_ensure`."""
    image = image_store.image_get(tx, target.image_id, deleted=True)
    if image is None:
        raise errors.ImageNotFound(target.image_id)
    root_gib = 0 if image.disk_format == "iso" else target.root_gib
    found = store.entry_find(tx, image.id, target.datastore_uuid, root_gib)
    if found is None:
        row = _new_entry(image, target, root_gib)
        if store.entry_insert(tx, row):
            return CacheTicket(row.entry_id, _enqueue(parts, tx, row, target, context))
        found = store.entry_find(tx, image.id, target.datastore_uuid, root_gib)
    if found is None:
        raise core_errors.Stale("The image's copy on the datastore changed; try again.")
    entry, job_id = found
    if entry.state is CacheState.READY:
        return CacheTicket(entry.entry_id, None)
    if entry.state is CacheState.BUILDING and job_id is not None:
        return CacheTicket(entry.entry_id, job_id)
    store.entry_move(tx, entry.entry_id, CacheState.BUILDING, {"reason": None})
    return CacheTicket(entry.entry_id, _enqueue(parts, tx, entry, target, context))


def get(tx: Transaction, entry_id: str) -> CacheEntry:
    """A copy. Raises NotFound."""
    found = store.entry_get(tx, entry_id)
    if found is None:
        raise core_errors.NotFound("The image's copy on the datastore is gone.")
    return found


def listing(tx: Transaction) -> list[tuple[CacheEntry, int]]:
    """All copies, and how many servers use each."""
    counts = store.use_counts(tx)
    return [(entry, counts.get(entry.entry_id, 0)) for entry in store.entry_list(tx)]


def use(tx: Transaction, entry_id: str, server_id: str) -> None:
    """A server is going to be a child of the copy."""
    store.use_add(tx, entry_id, server_id)


def unuse(parts: Parts, tx: Transaction, server_id: str) -> None:
    """The server is gone; a copy of a deleted image goes with its last user."""
    for entry_id in store.use_remove(tx, server_id, parts.clock.now()):
        entry = store.entry_get(tx, entry_id)
        if entry is not None and image_store.image_get(tx, entry.image_id) is None:
            remove(parts, tx, entry_id)


def keepers(tx: Transaction, server_id: str) -> list[str]:
    """Morefs of the keepers that hold the parents of the server's disks."""
    return store.keepers_of_server(tx, server_id)


def image_deleted(parts: Parts, tx: Transaction, image_id: str) -> None:
    """Queue the removal of the image's copies; those in use stay until their last server goes."""
    for entry in store.entry_list(tx, image_id=image_id):
        remove(parts, tx, entry.entry_id)


def remove(parts: Parts, tx: Transaction, entry_id: str) -> None:
    """Queue a copy's removal; decided when the job runs: a copy that is used by then stays."""
    params = operations.CacheRemove(entry_id=entry_id)
    parts.queue.enqueue(tx, operations.CACHE_REMOVE, params, context=None, resources=(f"cache:{entry_id}",))


def adapter_of(image: Image) -> str:
    """The adapter that the image's properties ask for; the new names win over the legacy one."""
    properties = {name.lower(): value.lower() for name, value in image.properties.items()}
    bus, model = properties.get("hw_disk_bus"), properties.get("hw_scsi_model")
    if bus == "ide":
        return "ide"
    if model in _ADAPTERS:
        return _ADAPTERS[model]
    legacy = properties.get("vmware_adaptertype")
    if legacy in _ADAPTERS:
        return _ADAPTERS[legacy]
    # Cloud images often lack LSI drivers; a VMDK was made for vSphere and gets what stock gives it.
    return "lsilogic" if image.disk_format == "vmdk" else "pvscsi"


def _new_entry(image: Image, target: Target, root_gib: int) -> CacheEntry:
    entry_id = ids.new_uuid()
    return CacheEntry(
        entry_id=entry_id,
        image_id=image.id,
        vcenter_uuid=target.vcenter_uuid,
        datastore_uuid=target.datastore_uuid,
        root_gib=root_gib,
        state=CacheState.BUILDING,
        keeper_name=f"cache {image.id}.{root_gib} {entry_id[:8]}",
        keeper_moref=None,
        vmdk_path=None,
        capacity_bytes=None,
        adapter_type=adapter_of(image),
        disk_format=image.disk_format or "",
        reason=None,
    )


def _enqueue(parts: Parts, tx: Transaction, entry: CacheEntry, target: Target, context: RequestContext | None) -> str:
    params = operations.CacheEnsure(
        entry_id=entry.entry_id,
        image_id=entry.image_id,
        vcenter_uuid=entry.vcenter_uuid,
        datastore_uuid=entry.datastore_uuid,
        cluster_uuid=target.cluster_uuid,
        root_gib=entry.root_gib,
        keeper_name=entry.keeper_name,
    )
    job_id = parts.queue.enqueue(
        tx,
        operations.CACHE_ENSURE,
        params,
        context=context,
        resources=(f"cache:{entry.entry_id}",),
        limits=(f"datastore:{entry.datastore_uuid}",),
    )
    store.entry_job_set(tx, entry.entry_id, job_id)
    return job_id
