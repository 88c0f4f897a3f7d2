"""The bytes of images: an upload is spooled, hashed and looked at, then put into its store; nothing is half kept.

While an image is `saving`, a job owns it (`image.upload_settle`): an upload whose process died is put back to `queued`, and
what it left in the store is removed. The upload says now and then that it is alive.
"""

from __future__ import annotations

from dataclasses import dataclass

from stackspan.core import ids
from stackspan.core.context import RequestContext
from stackspan.image import errors, operations
from stackspan.image.model import Image, Status
from stackspan.image.service.base import Parts, image_for
from stackspan.image.store import images as store

HASH_ALGORITHM = "sha512"


@dataclass(frozen=True)
class Upload:
    """One attempt to give an image its bytes. `location` is where in the store they go, chosen before they do."""

    image: Image
    upload_id: str
    store_id: str


@dataclass(frozen=True)
class Uploaded:
    """What came. Sizes in bytes; digests in hex."""

    size: int
    virtual_size: int | None
    checksum: str
    hash_value: str


class Data:
    """Beginning, ending and reading."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @property
    def spool(self) -> str:
        """The folder for uploads on their way."""
        return self._parts.options.spool

    @property
    def size_cap(self) -> int:
        """Larger images are refused; bytes."""
        return self._parts.options.size_cap

    def begin(self, context: RequestContext, image_id: str) -> Upload:
        """queued → saving under a new upload. Raises ImageNotFound, InvalidTransition, StoreMissing, Invalid (no formats)."""
        store_id = self._parts.options.default_store
        if store_id is None:
            raise errors.StoreMissing("No image store is configured.")
        upload_id, now = ids.new_uuid(), self._parts.clock.now()
        with self._parts.database.write() as tx:
            image = image_for(tx, context, image_id)
            if image.disk_format is None or image.container_format is None:
                raise errors.FormatMismatch(
                    "Properties disk_format, container_format must be set prior to saving data."
                )
            changes = {"upload_id": upload_id, "upload_seen_at": now, "store_id": store_id, "updated_at": now}
            if image.status is not Status.QUEUED or not store.image_move(tx, image_id, Status.SAVING, changes):
                raise errors.InvalidTransition(image.status.value, Status.SAVING.value)
            params = operations.UploadSettle(image_id=image_id, upload_id=upload_id)
            self._parts.queue.enqueue(
                tx, operations.UPLOAD_SETTLE, params, context=context, resources=(f"upload:{upload_id}",)
            )
        return Upload(image, upload_id, store_id)

    def alive(self, upload: Upload) -> None:
        """Say that the upload is under way. Raises ImageNotFound where the image was deleted meanwhile."""
        with self._parts.database.write(durable=False) as tx:
            if not store.upload_owned(tx, upload.image.id, upload.upload_id):
                raise errors.ImageNotFound(upload.image.id)
            store.upload_seen(tx, upload.image.id, upload.upload_id, self._parts.clock.now())

    def location_set(self, upload: Upload, location: str) -> None:
        """Save where the bytes are going to be, before they go there."""
        with self._parts.database.write() as tx:
            if not store.upload_owned(tx, upload.image.id, upload.upload_id):
                raise errors.ImageNotFound(upload.image.id)
            store.image_update(tx, upload.image.id, {"location": location})

    def done(self, upload: Upload, came: Uploaded) -> None:
        """saving → active. Raises ImageNotFound where the image was deleted meanwhile."""
        changes = {
            "size": came.size,
            "virtual_size": came.virtual_size,
            "checksum": came.checksum,
            "hash_algorithm": HASH_ALGORITHM,
            "hash_value": came.hash_value,
            "updated_at": self._parts.clock.now(),
            "upload_id": None,
        }
        with self._parts.database.write() as tx:
            owned = store.upload_owned(tx, upload.image.id, upload.upload_id)
            if not owned or not store.image_move(tx, upload.image.id, Status.ACTIVE, changes):
                raise errors.ImageNotFound(upload.image.id)

    def failed(self, upload: Upload) -> None:
        """saving → queued, so that it can be tried again; the store's part must be gone already."""
        changes = {"upload_id": None, "store_id": None, "location": None, "updated_at": self._parts.clock.now()}
        with self._parts.database.write() as tx:
            if store.upload_owned(tx, upload.image.id, upload.upload_id):
                store.image_move(tx, upload.image.id, Status.QUEUED, changes)

    def abandon(self, image: Image, upload_id: str) -> None:
        """An upload has gone silent: as `failed`."""
        self.failed(Upload(image, upload_id, image.store_id or ""))

    def readable(self, context: RequestContext, image_id: str) -> Image | None:
        """The image whose bytes are to be given out; None where it has none yet (204).

        Raises ImageNotFound, DeactivatedImage.
        """
        with self._parts.database.read() as tx:
            image = image_for(tx, context, image_id)
        if image.status is Status.DEACTIVATED and not context.is_admin:
            raise errors.DeactivatedImage
        return image if image.status in (Status.ACTIVE, Status.DEACTIVATED) else None
