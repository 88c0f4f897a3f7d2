"""GET /v2/images: filters, sorting and paging as stock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from stackspan.core import errors
from stackspan.http.paging import next_query, page_of
from stackspan.http.request import Request, Response
from stackspan.image import views
from stackspan.image.model import MEMBER_STATUSES, VISIBILITIES, Image

_NOT_FILTERS = {"limit", "marker", "sort_key", "sort_dir", "sort", "member_status", "visibility", "os_hidden"}
_SORTABLE = ("name", "status", "container_format", "disk_format", "size", "id", "created_at", "updated_at")
_DEFAULT_LIMIT = 25
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda found, wanted: found == wanted,
    "neq": lambda found, wanted: found != wanted,
    "gt": lambda found, wanted: found > wanted,
    "gte": lambda found, wanted: found >= wanted,
    "lt": lambda found, wanted: found < wanted,
    "lte": lambda found, wanted: found <= wanted,
}


def respond(request: Request, rows: Sequence[Image], memberships: Mapping[str, str]) -> Response:
    """The asked page of the images that the caller may see. `memberships`: image id → status, of those shared with it."""
    chosen = [row for row in rows if _shown(row, request, memberships)]
    pairs = [(row, views.image(row)) for row in chosen]
    for name in request.query.names() - _NOT_FILTERS:
        test = _test(name, request)
        pairs = [(row, shown) for row, shown in pairs if test(row, shown)]
    pairs = _sorted(pairs, request)
    page = page_of(request)
    limit = page.limit if page.explicit else _DEFAULT_LIMIT
    if page.marker is not None:
        positions = [index for index, (row, _) in enumerate(pairs) if row.id == page.marker]
        if not positions:
            raise errors.Invalid(f"Invalid marker: image {page.marker} could not be found.")
        pairs = pairs[positions[0] + 1 :]
    body: dict[str, Any] = {"images": [shown for _, shown in pairs[:limit]], "schema": "/v2/schemas/images"}
    first = urlencode([pair for pair in request.query.pairs if pair[0] != "marker"])
    body["first"] = "/v2/images" + (f"?{first}" if first else "")
    if limit and len(pairs) > limit:
        body["next"] = f"/v2/images?{next_query(request, pairs[limit - 1][0].id)}"
    return Response(200, body)


def _shown(row: Image, request: Request, memberships: Mapping[str, str]) -> bool:
    """Own and public ones; community ones when asked for; shared ones that were accepted, or as `member_status` says."""
    visibility = request.query.get("visibility")
    if visibility is not None and visibility not in (*VISIBILITIES, "all"):
        raise errors.Invalid(f"Invalid visibility value: '{visibility}'")
    member_status = request.query.get("member_status", "accepted")
    if member_status not in (*MEMBER_STATUSES, "all"):
        raise errors.Invalid(f"Invalid status: '{member_status}'")
    if row.hidden != (request.query.get("os_hidden", "false").lower() == "true"):  # type: ignore[union-attr]
        return False
    if visibility not in (None, "all") and row.visibility != visibility:
        return False
    if row.owner == request.context.project_id or row.visibility == "public":
        return True
    if row.visibility == "community":
        return visibility in ("community", "all")
    if row.id in memberships:
        return member_status in ("all", memberships[row.id])
    return request.context.is_admin


def _test(name: str, request: Request) -> Callable[[Image, Mapping[str, Any]], bool]:
    """Whether an image passes the filter `name`. Raises Invalid for a value that can't be."""
    values = request.query.all(name)
    value = values[-1]
    if name == "tag":
        return lambda row, _shown: all(tag in row.tags for tag in values)
    if name in ("size_min", "size_max"):
        bound = _whole(name, value)
        if name == "size_min":
            return lambda row, _shown: row.size is not None and row.size >= bound
        return lambda row, _shown: row.size is not None and row.size <= bound
    if name in ("created_at", "updated_at"):
        return _time_test(name, value)
    if name == "protected":
        if value.lower() not in ("true", "false"):
            raise errors.Invalid(f"Invalid value '{value}' for 'protected' filter. Valid values are 'true' or 'false'.")
        return lambda row, _shown: row.protected == (value.lower() == "true")
    if name in ("min_disk", "min_ram"):
        bound = _whole(name, value)
        return lambda _row, shown: bool(shown[name] == bound)
    if value.startswith("in:"):
        wanted = {text.strip('"') for text in value[3:].split(",")}
        return lambda _row, shown: shown.get(name) in wanted
    exact = value.removeprefix("eq:")
    return lambda _row, shown: str(shown.get(name)) == exact if name in shown else False


def _time_test(name: str, value: str) -> Callable[[Image, Mapping[str, Any]], bool]:
    operator, _, text = value.partition(":")
    if operator not in _OPERATORS:
        operator, text = "eq", value
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise errors.Invalid(f"Invalid time format for {name}.") from None
    wanted = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    compare = _OPERATORS[operator]
    return lambda row, _shown: compare(getattr(row, name).replace(microsecond=0), wanted)


def _sorted(pairs: list[tuple[Image, dict[str, Any]]], request: Request) -> list[tuple[Image, dict[str, Any]]]:
    keys = [(key, "desc") for key in request.query.all("sort_key")]
    directions = request.query.all("sort_dir")
    keys = [(key, directions[index] if index < len(directions) else "desc") for index, (key, _) in enumerate(keys)]
    for entry in (request.query.get("sort") or "").split(","):
        if entry:
            key, _, direction = entry.partition(":")
            keys.append((key, direction or "desc"))
    for key, direction in reversed(keys):
        if key not in _SORTABLE:
            raise errors.Invalid(f"Unsupported sort_key. Acceptable values: {', '.join(_SORTABLE)}")
        if direction not in ("asc", "desc"):
            raise errors.Invalid(f"Invalid sort direction: {direction}")
        pairs = sorted(pairs, key=lambda pair: _order(pair[1][key]), reverse=direction == "desc")
    return pairs


def _order(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else 0)


def _whole(name: str, value: str) -> int:
    try:
        number = int(value)
    except ValueError:
        number = -1
    if number < 0:
        raise errors.Invalid(f"Value '{value}' of filter {name} must be a whole number.")
    return number
