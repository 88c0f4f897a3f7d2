"""Image records: create, list, show, update, delete, deactivate, tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stackspan.core import ids
from stackspan.core.context import RequestContext
from stackspan.db import Transaction
from stackspan.image import errors, operations
from stackspan.image.model import Image, Status
from stackspan.image.service import cache
from stackspan.image.service.base import Parts, image_for
from stackspan.image.store import images as store


@dataclass(frozen=True)
class ImageRequest:
    """What a post asks for."""

    id: str | None = None
    name: str | None = None
    visibility: str = "shared"
    container_format: str | None = None
    disk_format: str | None = None
    min_disk: int = 0
    min_ram: int = 0
    protected: bool = False
    hidden: bool = False
    owner: str | None = None
    tags: Sequence[str] = ()
    properties: Mapping[str, str] = field(default_factory=dict)


class Images:
    """The records of the Image API."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def create(self, context: RequestContext, request: ImageRequest) -> Image:
        """Make a queued image. Raises DuplicateImage, LimitExceeded."""
        self.check_limits(request.properties, request.tags)
        now = self._parts.clock.now()
        row = Image(
            id=request.id or ids.new_uuid(),
            owner=request.owner or context.project_id or "",
            name=request.name,
            status=Status.QUEUED,
            visibility=request.visibility,
            container_format=request.container_format,
            disk_format=request.disk_format,
            min_disk=request.min_disk,
            min_ram=request.min_ram,
            protected=request.protected,
            hidden=request.hidden,
            size=None,
            virtual_size=None,
            checksum=None,
            hash_algorithm=None,
            hash_value=None,
            store_id=None,
            location=None,
            created_at=now,
            updated_at=now,
            properties=dict(request.properties),
            tags=tuple(sorted(set(request.tags))),
        )
        with self._parts.database.write() as tx:
            if not store.image_insert(tx, row):
                raise errors.DuplicateImage(row.id)
        return row

    def list(self, context: RequestContext) -> list[Image]:
        """Images the caller may see, newest first."""
        with self._parts.database.read() as tx:
            return store.image_list(tx, visible_to=None if context.is_admin else context.project_id or "")

    def memberships(self, context: RequestContext) -> dict[str, str]:
        """image id → status, of the images shared with the caller's project."""
        with self._parts.database.read() as tx:
            return store.memberships(tx, context.project_id or "")

    def get(self, context: RequestContext, image_id: str) -> Image:
        """One image. Raises ImageNotFound."""
        with self._parts.database.read() as tx:
            return image_for(tx, context, image_id)

    def replace(self, context: RequestContext, before: Image, after: Image) -> Image:
        """Write what differs between the two. Raises ImageNotFound, LimitExceeded; Conflict on a lost race."""
        self.check_limits(after.properties, after.tags)
        changes = {
            name: getattr(after, name)
            for name in before.__dataclass_fields__
            if name not in ("properties", "tags") and getattr(after, name) != getattr(before, name)
        }
        with self._parts.database.write() as tx:
            image_for(tx, context, before.id)
            store.image_update(tx, before.id, {**changes, "updated_at": self._parts.clock.now()})
            if after.properties != before.properties:
                store.properties_set(tx, before.id, after.properties)
            if after.tags != before.tags:
                store.tags_set(tx, before.id, after.tags)
            return image_for(tx, context, before.id)

    def delete(self, context: RequestContext, image_id: str) -> None:
        """Delete an image: the record at once, its bytes and unused copies by jobs. Raises ImageProtected, ImageNotFound."""
        with self._parts.database.write() as tx:
            found = image_for(tx, context, image_id)
            if found.protected:
                raise errors.ImageProtected(image_id)
            now = self._parts.clock.now()
            changes = {"deleted_at": now, "updated_at": now, "upload_id": None}
            if not store.image_move(tx, image_id, Status.DELETED, changes):
                raise errors.ImageNotFound(image_id)
            self._delete_data(tx, found, context)
            cache.image_deleted(self._parts, tx, image_id)

    def deactivate(self, context: RequestContext, image_id: str) -> None:
        """Give out its bytes no more. Raises InvalidTransition."""
        self._switch(context, image_id, Status.DEACTIVATED)

    def reactivate(self, context: RequestContext, image_id: str) -> None:
        """Give them out again. Raises InvalidTransition."""
        self._switch(context, image_id, Status.ACTIVE)

    def check_limits(self, properties: Mapping[str, str], tags: Sequence[str]) -> None:
        """Raise LimitExceeded for too many properties or tags."""
        options = self._parts.options
        for limit, count, noun in (
            (options.property_quota, len(properties), "properties"),
            (options.tag_quota, len(tags), "tags"),
        ):
            if 0 <= limit < count:
                raise errors.LimitExceeded(
                    f"The limit has been exceeded on the number of allowed image {noun}. "
                    f"Attempted: {count}, Maximum: {limit}"
                )

    def _switch(self, context: RequestContext, image_id: str, to: Status) -> None:
        with self._parts.database.write() as tx:
            found = image_for(tx, context, image_id)
            if found.status is to:
                return
            movable = (Status.ACTIVE, Status.DEACTIVATED)
            if found.status not in movable or not store.image_move(
                tx, image_id, to, {"updated_at": self._parts.clock.now()}
            ):
                raise errors.InvalidTransition(found.status.value, to.value)

    def _delete_data(self, tx: Transaction, image: Image, context: RequestContext) -> None:
        if image.location is None or image.store_id is None:
            return
        params = operations.DataDelete(image_id=image.id, store_id=image.store_id, location=image.location)
        self._parts.queue.enqueue(tx, operations.DATA_DELETE, params, context=context, resources=(f"image:{image.id}",))
