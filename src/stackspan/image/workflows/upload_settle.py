"""Own an image while it is `saving`: an upload that has gone silent is put back to `queued`, with nothing left in the store."""

from __future__ import annotations

import datetime as dt

from stackspan.core.clock import Clock
from stackspan.db import Database
from stackspan.image import operations
from stackspan.image.operations import UploadSettle
from stackspan.image.service import ImageService
from stackspan.image.store import images as store
from stackspan.image.stores import Stores
from stackspan.workflow import Outcome, Requeue, Step, StepContext, Workflow

_SILENT = dt.timedelta(seconds=90)  # an upload says every few seconds that it is alive
_LOOK_SECONDS = 30.0


def workflow(database: Database, clock: Clock, images: ImageService, stores: Stores) -> Workflow[UploadSettle]:
    """The definition."""

    def settle(ctx: StepContext[UploadSettle]) -> Outcome:
        image_id, upload_id = ctx.params.image_id, ctx.params.upload_id
        with database.read() as tx:
            seen = store.upload_last_seen(tx, image_id, upload_id)
            image = store.image_get(tx, image_id)
        if seen is None or image is None:
            return Outcome({"ended": True})
        if clock.now() - seen < _SILENT:
            raise Requeue("the upload is under way", after_seconds=_LOOK_SECONDS)
        if image.location is not None:
            stores.get(image.store_id).delete(image.location)
        images.data.abandon(image, upload_id)
        return Outcome({"ended": False})

    return Workflow(operations.UPLOAD_SETTLE, [Step("settle", settle)])
