"""What the parts of Image's service share."""

from __future__ import annotations

from dataclasses import dataclass

from stackspan.core.clock import Clock
from stackspan.core.context import RequestContext
from stackspan.db import Database, Transaction
from stackspan.image import errors
from stackspan.image.model import Image, ImageOptions
from stackspan.image.store import images as store
from stackspan.workflow import Queue


@dataclass(frozen=True)
class Parts:
    """The tools every part works with."""

    database: Database
    queue: Queue
    clock: Clock
    options: ImageOptions


def visible(tx: Transaction, context: RequestContext, image: Image) -> bool:
    """Whether the caller may see the image."""
    if context.is_admin or image.visibility in ("public", "community") or image.owner == context.project_id:
        return True
    if image.visibility != "shared" or not context.project_id:
        return False
    return any(member.member_id == context.project_id for member in store.member_list(tx, image.id))


def image_for(tx: Transaction, context: RequestContext, image_id: str) -> Image:
    """An image the caller may see. Raises ImageNotFound."""
    found = store.image_get(tx, image_id)
    if found is None or not visible(tx, context, found):
        raise errors.ImageNotFound(image_id)
    return found
