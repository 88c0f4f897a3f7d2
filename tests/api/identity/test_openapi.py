"""Identity's part of the OpenAPI document."""

from __future__ import annotations

import pathlib

import msgspec
from tests.support import api

from stackspan.http import openapi


def test_document(tmp_path: pathlib.Path) -> None:
    with api.serve(None, tmp_path) as served:
        document = openapi.build(served.apis)
    assert msgspec.json.decode(msgspec.json.encode(document)) == document
    create = document["paths"]["/identity/v3/users"]["post"]
    assert create["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/UserCreate"}
    assert document["paths"]["/identity/v3/auth/tokens"]["post"]["security"] == []
    ids = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert len(set(ids)) == len(ids) > 100
    for path in document["paths"].values():
        for operation in path.values():
            assert operation["description"], "a handler's docstring lists its statuses"
