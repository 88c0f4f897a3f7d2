"""Links: absolute, from the host the client used."""

from __future__ import annotations

from typing import Any

from stackspan.http.paging import next_query
from stackspan.http.request import Request

ROOT = "/v2.1"


def links(request: Request, collection: str, item_id: str) -> list[dict[str, str]]:
    """The `self` and `bookmark` links of an item."""
    return [
        {"rel": "self", "href": f"{request.service_url}{ROOT}/{collection}/{item_id}"},
        bookmark(request, collection, item_id),
    ]


def bookmark(request: Request, collection: str, item_id: str) -> dict[str, str]:
    """The link without a version."""
    return {"rel": "bookmark", "href": f"{request.service_url}/{collection}/{item_id}"}


def paged(
    body: dict[str, Any], request: Request, key: str, path: str, limit: int, last_id: str | None
) -> dict[str, Any]:
    """`body` with a link to the next page where this one is full."""
    if last_id is not None and limit and len(body[key]) >= limit:
        href = f"{request.service_url}{ROOT}/{path}?{next_query(request, last_id)}"
        body[f"{key}_links"] = [{"rel": "next", "href": href}]
    return body
