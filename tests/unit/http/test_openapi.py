"""The OpenAPI document."""

from __future__ import annotations

import msgspec

from stackspan.core.version import Version
from stackspan.http import errors as http_errors
from stackspan.http import openapi
from stackspan.http.request import Request, Response
from stackspan.http.routing import Route, ServiceApi
from stackspan.http.validation import Body


class Old(Body):
    name: str


class New(Body):
    name: str
    tags: list[str]


def show(_req: Request) -> Response:
    """200; 404."""
    return Response()


def test_document() -> None:
    api = ServiceApi(
        "compute",
        "/compute",
        [
            Route("GET", "/", show, anonymous=True),
            Route("GET", "/servers/{server_id}", show, response_schema=Old, statuses=(200, 404)),
            Route("POST", "/servers", show, request_schema=Old, max_version=Version(2, 51)),
            Route("POST", "/servers", show, request_schema=New, min_version=Version(2, 52), statuses=(202, 400)),
            Route("PUT", "/file", show, stream_request=True),
        ],
        http_errors.compute_envelope,
    )
    document = openapi.build([api])
    assert msgspec.json.decode(msgspec.json.encode(document)) == document
    assert document["openapi"] == "3.1.0"
    shown = document["paths"]["/compute/servers/{server_id}"]["get"]
    assert shown["parameters"] == [{"name": "server_id", "in": "path", "required": True, "schema": {"type": "string"}}]
    assert set(shown["responses"]) == {"200", "404", "default"}
    assert shown["description"] == "200; 404."
    posted = document["paths"]["/compute/servers"]["post"]
    assert posted["requestBody"]["content"]["application/json"]["schema"] == {
        "anyOf": [{"$ref": "#/components/schemas/Old"}, {"$ref": "#/components/schemas/New"}]
    }
    assert posted["x-openstack-versions"] == ["–2.51", "2.52–"]
    assert document["paths"]["/compute"]["get"]["security"] == []
    assert set(document["components"]["schemas"]) == {"Old", "New"}
    ids = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert len(set(ids)) == len(ids)
