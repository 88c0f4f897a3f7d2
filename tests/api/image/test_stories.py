"""Image's stories, on the file store."""

from __future__ import annotations

from collections.abc import Sequence

from tests.support import api, stories

from stackspan.http.routing import ServiceApi
from stackspan.image import api as image_api
from stackspan.image import policy
from stackspan.image.model import ImageOptions
from stackspan.image.service import ImageService
from stackspan.image.stores import Stores
from stackspan.image.stores.file import FileStore
from stackspan.placement.service import PlacementService
from stackspan.workflow import Queue


def build(parts: api.Parts) -> Sequence[ServiceApi]:
    options = ImageOptions(spool=str(parts.folder / "spool"), default_store="file", size_cap=1 << 20)
    placement = PlacementService(parts.database, parts.clock)
    service = ImageService(parts.database, Queue(), parts.clock, options, placement)
    stores = Stores({"file": FileStore("file", parts.folder / "images")})
    return [image_api.build_api(service, stores, parts.policy(policy.DEFAULTS))]


test_story = stories.for_folder(__file__, build)
