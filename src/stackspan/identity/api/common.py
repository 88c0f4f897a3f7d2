"""What Identity's handlers share: links, lists, filters, bodies that carry fields of the client's own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from stackspan.core import errors
from stackspan.http import validation
from stackspan.http.request import Request, Response
from stackspan.identity import model, views
from stackspan.identity.service import Filter, ListOptions

T = TypeVar("T")

_FALSE = ("0", "false", "off", "no")
_COMPARATORS = ("contains", "startswith", "endswith")


def base(req: Request) -> str:
    """`scheme://host/identity/v3`: every link begins with it."""
    return f"{req.service_url}/v3"


def url(req: Request, path: str) -> str:
    """The absolute address of `path` below `/v3`."""
    return f"{base(req)}/{path}"


def member(req: Request, status: int, name: str, path: str, body: views.Json) -> Response:
    """One thing under its name, with its own link."""
    return Response(status, {name: views.linked(body, base(req), path)})


def collection(req: Request, name: str, bodies: Sequence[views.Json], limit: int | None = None) -> Response:
    """A list; `bodies` holds one entry more than `limit` where there is another page."""
    truncated = limit is not None and len(bodies) > limit
    shown = list(bodies[:limit]) if truncated else list(bodies)
    self_url = req.service_url + req.path
    following = None
    if truncated and shown:
        pairs = [(key, value) for key, value in req.query.pairs if key not in ("marker", "limit")]
        following = f"{self_url}?{urlencode([*pairs, ('marker', shown[-1]['id']), ('limit', str(limit))])}"
    query = urlencode(req.query.pairs)
    body: views.Json = {
        name: shown,
        "links": {"next": following, "self": f"{self_url}?{query}" if query else self_url, "previous": None},
    }
    if truncated:
        body["truncated"] = True
    return Response(200, body)


def is_true(text: str) -> bool:
    """How stock reads a flag in a query: whatever isn't a plain no is a yes."""
    return text.strip().lower() not in _FALSE


def options(
    req: Request, names: Collection[str], maximum: int | None, flags: Collection[str] = ("enabled",)
) -> ListOptions:
    """The filters on `names` (also `name__icontains` and the like), limit and marker that a list request asks for.

    Args:
        names: what may be filtered on; other parameters are ignored, as stock does.
        maximum: entries of a page at most.
        flags: which of them are yes or no.
    """
    conditions = []
    for key, value in req.query.pairs:
        name, _, comparator = key.partition("__")
        if name not in names:
            continue
        sensitive = not comparator.startswith("i")
        comparator = comparator if sensitive else comparator[1:]
        if not comparator:
            conditions.append(Filter(name, is_true(value) if name in flags else value))
        elif comparator in _COMPARATORS:
            conditions.append(Filter(name, value, comparator, sensitive))
    asked = req.query.integer("limit", 0)
    limit = min((one for one in (asked or None, maximum) if one is not None), default=None)
    return ListOptions(tuple(conditions), limit, req.query.get("marker") or None)


def body(req: Request, name: str, kind: type[T]) -> tuple[T, Mapping[str, Any]]:
    """What stands under `name` in the body, and those of its fields that `kind` doesn't declare. Raises Invalid."""
    whole = validation.convert(req.json_any() if req.body else {}, dict[str, Any])
    if name not in whole:
        raise errors.Invalid(f"'{name}' is a required property")
    value = validation.convert(whole[name], kind, name)
    declared = {field.encode_name for field in msgspec.structs.fields(kind)}  # type: ignore[arg-type]
    return value, {key: one for key, one in whole[name].items() if key not in declared}


def changes(req: Request, name: str, kind: type[T]) -> tuple[T, Mapping[str, Any]]:
    """As `body`, for a change: there has to be one, and the id is not to be changed. Raises Invalid."""
    value, extra = body(req, name, kind)
    given = req.json_any()[name]
    if not given:
        raise errors.Invalid(f"Invalid input for field/attribute {name}. Value: {{}}. {{}} should be non-empty")
    if "id" in given and given["id"] not in (None, req.path.rpartition("/")[2]):
        raise errors.Invalid("Cannot change ID")
    return value, extra


def flag(req: Request, name: str) -> bool:
    """Whether a flag stands in the query; `0` takes it back."""
    return name in req.query and req.query.get(name) != "0"


def linked_all(req: Request, bodies: Iterable[views.Json], path: str) -> list[views.Json]:
    """The bodies, each with its own link below `path`."""
    return [views.linked(one, base(req), path) for one in bodies]


def user_target(user: model.User | None) -> dict[str, str]:
    """What policies see of a user."""
    return {} if user is None else {"target.user.id": user.id, "target.user.domain_id": user.domain_id}


def group_target(group: model.Group | None) -> dict[str, str]:
    """What policies see of a group."""
    return {} if group is None else {"target.group.id": group.id, "target.group.domain_id": group.domain_id}
