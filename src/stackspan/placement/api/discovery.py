"""GET /: the version document."""

from __future__ import annotations

from stackspan.core.clock import Clock
from stackspan.http.request import Request, Response
from stackspan.http.routing import Route
from stackspan.placement import views
from stackspan.placement.api.common import answer


class Discovery:
    """The root, for everybody."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def routes(self) -> list[Route]:
        """All of them."""
        return [Route("GET", "/", self.show, anonymous=True)]

    def show(self, request: Request) -> Response:
        """200."""
        return answer(request, views.discovery(), self._clock.now())
