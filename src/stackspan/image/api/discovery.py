"""Version documents and schemas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stackspan.http.request import Request, Response
from stackspan.http.routing import Route
from stackspan.image import schemas

# Up to the last version whose every route is served: 2.6 brought import, 2.7 the hidden flag and hashes with it.
_VERSIONS = ("v2.5", "v2.4", "v2.3", "v2.2", "v2.1", "v2.0")


def routes() -> list[Route]:
    """`/`, `/versions`, schemas."""
    shown: tuple[tuple[str, Callable[[], dict[str, Any]]], ...] = (
        ("image", schemas.image_schema),
        ("images", schemas.images_schema),
        ("member", schemas.member_schema),
        ("members", schemas.members_schema),
    )
    return [
        Route("GET", "/", _versions, anonymous=True),
        Route("GET", "/versions", _versions_again, anonymous=True),
        *(Route("GET", f"/v2/schemas/{name}", _schema(build)) for name, build in shown),
    ]


def _schema(build: Callable[[], dict[str, Any]]) -> Callable[[Request], Response]:
    content = build()

    def show(_request: Request) -> Response:
        return Response(200, content)

    return show


def _document(request: Request) -> dict[str, Any]:
    link = {"rel": "self", "href": f"{request.service_url}/v2/"}
    return {
        "versions": [
            {"id": name, "status": "CURRENT" if name == _VERSIONS[0] else "SUPPORTED", "links": [link]}
            for name in _VERSIONS
        ]
    }


def _versions(request: Request) -> Response:
    """300, as stock."""
    return Response(300, _document(request))


def _versions_again(request: Request) -> Response:
    """200, as stock."""
    return Response(200, _document(request))
