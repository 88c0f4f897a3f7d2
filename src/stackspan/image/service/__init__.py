"""Image's decisions and transactions.

`ImageService` is what the API and the neighbours hold: `images` (records), `data` (bytes), `members`, and the façade for
Compute (`get_for_boot`, `get_many`, `cache_…`).
"""

from __future__ import annotations

from collections.abc import Collection

from stackspan.core.clock import Clock
from stackspan.core.context import RequestContext
from stackspan.db import Database, Transaction
from stackspan.image import errors
from stackspan.image.model import CONVERTIBLE, CacheEntry, CacheTicket, Image, ImageOptions, Status
from stackspan.image.service import cache
from stackspan.image.service.base import Parts, visible
from stackspan.image.service.data import Data
from stackspan.image.service.images import Images
from stackspan.image.service.members import Members
from stackspan.image.store import images as store
from stackspan.placement.service import PlacementService
from stackspan.workflow import Queue

__all__ = ["ImageService"]


class ImageService:
    """The façade."""

    def __init__(
        self, database: Database, queue: Queue, clock: Clock, options: ImageOptions, placement: PlacementService
    ) -> None:
        self._placement = placement
        self._parts = Parts(database, queue, clock, options)
        self.images = Images(self._parts)
        self.data = Data(self._parts)
        self.members = Members(self._parts)

    def get_for_boot(self, tx: Transaction, context: RequestContext, image_id: str) -> Image:
        """The image a server is to boot from. Raises ImageNotFound, ImageNotActive, ImageUnbootable."""
        found = store.image_get(tx, image_id)
        if found is None or not visible(tx, context, found):
            raise errors.ImageNotFound(image_id)
        if found.status is not Status.ACTIVE:
            raise errors.ImageNotActive(image_id)
        if found.disk_format not in CONVERTIBLE and found.disk_format != "iso":
            raise errors.ImageUnbootable(
                f"Image {image_id} is unacceptable: disk format {found.disk_format} can't be booted."
            )
        return found

    def get_many(self, tx: Transaction, image_ids: Collection[str]) -> dict[str, Image]:
        """Images by id, deleted ones too; what isn't there is missing."""
        return {row.id: row for row in store.image_list(tx, ids=image_ids, deleted=True)} if image_ids else {}

    def cache_ensure(
        self,
        tx: Transaction,
        image_id: str,
        datastore_uuid: str,
        cluster_uuid: str,
        root_gib: int,
        *,
        context: RequestContext | None,
    ) -> CacheTicket:
        """The image's copy of that root size on the datastore: the entry, and the job to wait for where it isn't ready."""
        vcenter_uuid = self._placement.datastore_get(tx, datastore_uuid).vcenter_uuid
        target = cache.Target(image_id, vcenter_uuid, datastore_uuid, cluster_uuid, root_gib)
        return cache.ensure(self._parts, tx, target, context)

    def cache_get(self, tx: Transaction, entry_id: str) -> CacheEntry:
        """A copy. Raises NotFound."""
        return cache.get(tx, entry_id)

    def cache_list(self, tx: Transaction) -> list[tuple[CacheEntry, int]]:
        """All copies, and how many servers use each."""
        return cache.listing(tx)

    def cache_use(self, tx: Transaction, entry_id: str, server_id: str) -> None:
        """A server's root disk is going to be a child of the copy: it stays."""
        cache.use(tx, entry_id, server_id)

    def cache_unuse(self, tx: Transaction, server_id: str) -> None:
        """The server is gone."""
        cache.unuse(self._parts, tx, server_id)

    def cache_keepers(self, tx: Transaction, server_id: str) -> list[str]:
        """Morefs of the keepers that hold the parents of the server's disks."""
        return cache.keepers(tx, server_id)
