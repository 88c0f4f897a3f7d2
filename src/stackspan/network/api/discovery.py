"""Version documents and extensions."""

from __future__ import annotations

from stackspan.http.request import Request, Response
from stackspan.http.routing import Route
from stackspan.network import errors, views

_COLLECTIONS = {
    "networks": "network",
    "subnets": "subnet",
    "ports": "port",
    "security-groups": "security_group",
    "security-group-rules": "security_group_rule",
    "quotas": "quota",
    "extensions": "extension",
}


def routes() -> list[Route]:
    """`/`, `/v2.0`, extensions."""
    return [
        Route("GET", "/", _versions, anonymous=True),
        Route("GET", "/v2.0", _resources, anonymous=True),
        Route("GET", "/v2.0/", _resources, anonymous=True),
        Route("GET", "/v2.0/extensions", _extensions),
        Route("GET", "/v2.0/extensions/{alias}", _extension),
    ]


def _versions(request: Request) -> Response:
    link = {"rel": "self", "href": f"{request.service_url}/v2.0/"}
    return Response(200, {"versions": [{"id": "v2.0", "status": "CURRENT", "links": [link]}]})


def _resources(request: Request) -> Response:
    listed = [
        {
            "name": name,
            "collection": collection,
            "links": [{"rel": "self", "href": f"{request.service_url}/v2.0/{collection}"}],
        }
        for collection, name in _COLLECTIONS.items()
    ]
    return Response(200, {"resources": listed})


def _extensions(_request: Request) -> Response:
    return Response(200, {"extensions": [views.extension(alias) for alias in views.EXTENSIONS]})


def _extension(request: Request) -> Response:
    alias = request.param("alias")
    if alias not in views.EXTENSIONS:
        raise errors.ExtensionNotFound(alias)
    return Response(200, {"extension": views.extension(alias)})
