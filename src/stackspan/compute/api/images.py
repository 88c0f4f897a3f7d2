"""`/images`: the legacy window on Image (2.1–2.35), which `openstack server list` still asks at low versions."""

from __future__ import annotations

from stackspan.compute import errors
from stackspan.compute.api.common import Handlers
from stackspan.http.request import Request, Response
from stackspan.http.routing import Route


class ImagesApi(Handlers):
    """Handlers of the window."""

    def routes(self) -> list[Route]:
        """None yet: see `docs/compat/compute.md`."""
        return []

    def show(self, request: Request) -> Response:
        raise errors.ImageMetaNotFound
