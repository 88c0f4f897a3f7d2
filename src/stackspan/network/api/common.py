"""What every noun's handlers share: policy in the stock words, filters, sorting, paging."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import UNSET, UnsetType

from stackspan.core import errors as core_errors
from stackspan.core.context import RequestContext
from stackspan.http.paging import next_query, page_of
from stackspan.http.policy import Policy
from stackspan.http.request import Request, Response
from stackspan.http.validation import Body
from stackspan.network import errors, views

T = TypeVar("T")
_NOT_FILTERS = {"fields", "limit", "marker", "page_reverse", "sort_key", "sort_dir"}


def authorise(policy: Policy, context: RequestContext, rule: str, project_id: str | None) -> None:
    """Raise PolicyNotAuthorized unless `rule` lets the caller act on a thing of `project_id`."""
    if not policy.allows(context, rule, {"project_id": project_id or context.project_id}):
        raise errors.PolicyNotAuthorized(rule)


def owner(policy: Policy, context: RequestContext, asked: Any, rule: str) -> str | None:
    """The project a new thing belongs to: the caller's, or another's if an admin asks."""
    project_id = asked.project_id or asked.tenant_id
    authorise(policy, context, rule, project_id)
    return project_id if isinstance(project_id, str) else None


def changes_of(body: Body, names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The fields that a PUT names, under the model's names."""
    renamed = names or {}
    return {
        renamed.get(name, name): getattr(body, name)
        for name in body.__struct_fields__
        if getattr(body, name) is not UNSET
    }


def number(value: int | str | None, field: str) -> int | None:
    """A number, also where it came as text. Raises Invalid in the stock words."""
    try:
        return None if value is None else int(value)
    except ValueError:
        raise core_errors.Invalid(f"Invalid input for {field}. Reason: '{value}' is not an integer.") from None


def mtu_of(value: int | str | None) -> int | None:
    """An MTU in bytes. Raises Invalid outside 68 to 9000."""
    mtu = number(value, "mtu")
    if mtu is not None and not 68 <= mtu <= 9000:
        raise core_errors.Invalid(f"Invalid input for mtu. Reason: '{mtu}' is not between 68 and 9000.")
    return mtu


def one_or_many(one: T | UnsetType, many: Sequence[T] | UnsetType, noun: str) -> tuple[list[T], bool]:
    """The posted things, and whether they came as a list. Raises Invalid for neither or both."""
    if isinstance(one, UnsetType) and not isinstance(many, UnsetType) and many:
        return list(many), True
    if isinstance(many, UnsetType) and not isinstance(one, UnsetType):
        return [one], False
    raise core_errors.Invalid(f"Unable to find '{noun}' in request body")


def list_response(
    request: Request, collection: str, shown: Sequence[dict[str, Any]], fields: Callable[[], list[str]] | None = None
) -> Response:
    """Filter by the query, sort, cut to the page, pick the asked fields; links to the next page."""
    rows = [row for row in shown if _matches(row, request)]
    rows = _sorted(rows, request)
    page = page_of(request, maximum=10_000)
    if page.marker is not None:
        positions = [index for index, row in enumerate(rows) if row["id"] == page.marker]
        if not positions:
            raise core_errors.Invalid(f"Marker {page.marker} could not be found.")
        rows = rows[positions[0] + 1 :]
    cut = rows[: page.limit] if page.explicit and page.limit else rows
    body: dict[str, Any] = {collection: [views.pick(row, request.query.all("fields")) for row in cut]}
    if len(cut) < len(rows):
        link = f"{request.service_url}{request.path}?{next_query(request, cut[-1]['id'])}"
        body[f"{collection}_links"] = [{"href": link, "rel": "next"}]
    return Response(200, body)


def _matches(row: Mapping[str, Any], request: Request) -> bool:
    for name in request.query.names() - _NOT_FILTERS:
        if name == "fixed_ips":
            if not _matches_addresses(row, request.query.all(name)):
                return False
        elif name == "security_groups":
            if not set(request.query.all(name)) & set(row.get(name, ())):
                return False
        elif name in row and _text(row[name]) not in [value.lower() for value in request.query.all(name)]:
            return False
    return True


def _matches_addresses(row: Mapping[str, Any], asked: Sequence[str]) -> bool:
    wanted: dict[str, set[str]] = {}
    for entry in asked:
        key, _, value = entry.partition("=")
        wanted.setdefault(key, set()).add(value)
    part = wanted.pop("ip_address_substr", None)
    for address in row.get("fixed_ips", ()):
        exact = all(address.get(key) in values for key, values in wanted.items())
        if exact and (part is None or any(text in address["ip_address"] for text in part)):
            return True
    return False


def _text(value: Any) -> str:
    return "" if value is None else str(value).lower()


def _sorted(rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    keys, directions = request.query.all("sort_key"), request.query.all("sort_dir")
    for position in reversed(range(len(keys))):
        key = keys[position]
        if rows and key not in rows[0]:
            raise core_errors.Invalid(f"{key} is invalid attribute for sort_key")
        down = position < len(directions) and directions[position] == "desc"
        rows = sorted(rows, key=lambda row: _text(row[key]), reverse=down)
    return rows
