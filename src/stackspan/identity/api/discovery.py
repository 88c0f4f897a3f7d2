"""Version documents, for everyone."""

from __future__ import annotations

from stackspan.http.request import Request, Response
from stackspan.http.routing import Route
from stackspan.identity import views


class Discovery:
    """`/` and `/v3`, with and without a trailing slash."""

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/", self.versions, anonymous=True, statuses=(300,)),
            Route("GET", "/v3", self.version, anonymous=True, statuses=(200,)),
            Route("GET", "/v3/", self.version, anonymous=True, statuses=(200,)),
        ]

    def versions(self, req: Request) -> Response:
        """300: the one version there is."""
        base = f"{req.service_url}/v3"
        return Response(300, {"versions": {"values": [views.version(base)]}}, {"Location": f"{base}/"})

    def version(self, req: Request) -> Response:
        """200."""
        return Response(200, {"version": views.version(f"{req.service_url}/v3")})
