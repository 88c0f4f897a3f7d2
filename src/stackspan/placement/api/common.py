"""What Placement's handlers share: bodies in, answers and errors out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from email.utils import format_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from stackspan.core import errors as core_errors
from stackspan.core import ids
from stackspan.core.version import Version
from stackspan.http.errors import ErrorReport
from stackspan.http.request import Request, Response
from stackspan.http.validation import MalformedBody
from stackspan.placement import errors, versions

T = TypeVar("T")

# What stock's framework says of a status, before the reason itself.
_EXPLANATIONS: Mapping[int, str] = {
    400: "The server could not comply with the request since it is either malformed or otherwise incorrect.",
    403: "Access was denied to this resource.",
    404: "The resource could not be found.",
    405: "The method specified is not allowed for this resource.",
    406: "The resource could not be generated that was acceptable to your browser.",
    409: "There was a conflict when trying to complete your request.",
    413: "The body of your request was too large for this server.",
    415: "The request media type is not supported by this server.",
    500: "The server has either erred or is incapable of performing the requested operation.",
    503: "The server is currently unavailable. Please try again at a later time.",
}


def version_of(request: Request) -> Version:
    """The version to answer in."""
    return request.version or versions.MICROVERSIONS.minimum


def prefix_of(request: Request) -> str:
    """Where the service is on this host, such as `/placement`: links are relative to the host."""
    return urlsplit(request.service_url).path.rstrip("/")


def decode(request: Request, kind: type[T]) -> T:
    """The body. Raises Refused in stock's words."""
    try:
        return request.json(kind)
    except MalformedBody as error:
        raise errors.Refused(f"Malformed JSON: {error.user_message}") from error
    except core_errors.Invalid as error:
        raise errors.Refused(f"JSON does not validate: {error.user_message}") from error


def uuid_in(value: str) -> str:
    """A uuid of a body in canonical form. Raises Refused."""
    if not ids.is_uuid_like(value):
        raise errors.Refused(f"JSON does not validate: {value!r} is not a 'uuid'")
    return ids_canonical(value)


def ids_canonical(value: str) -> str:
    """A uuid with its dashes, in lower case."""
    digits = value.replace("-", "").lower()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def accepts_json(request: Request) -> None:
    """Raise NotAcceptable where the client takes everything but JSON."""
    accept = request.headers.get("accept", "").strip()
    offers = [entry.partition(";")[0].strip().lower() for entry in accept.split(",") if entry.strip()]
    if offers and not {"*/*", "application/*", "application/json"} & set(offers):
        raise errors.NotAcceptable("Only application/json is provided")


def answer(request: Request, body: Any, modified: dt.datetime, status: int = 200) -> Response:
    """An answer with a body, and from 1.15 on with the headers that forbid caching it."""
    return Response(status, body, headers=cache_headers(request, modified))


def cache_headers(request: Request, modified: dt.datetime) -> dict[str, str]:
    """`Last-Modified` and `Cache-Control` where the version has them."""
    if version_of(request) < versions.LAST_MODIFIED:
        return {}
    return {
        "Last-Modified": format_datetime(modified.astimezone(dt.UTC).replace(microsecond=0), usegmt=True),
        "Cache-Control": "no-cache",
    }


def envelope(report: ErrorReport) -> tuple[bytes, str]:
    """An error by the API working group's guideline. The client prints the last line of `detail`."""
    explanation = _EXPLANATIONS.get(report.status, report.title)
    reason = "" if report.message == explanation else report.message
    error: dict[str, Any] = {
        "status": report.status,
        "title": report.title,
        "detail": f"{explanation}\n\n {reason}  ",
        "code": report.code,
        "request_id": report.request_id,
    }
    if report.type_name == "VersionNotServed":
        # Clients find a version that both know by this.
        error["max_version"] = str(versions.MICROVERSIONS.maximum)
        error["min_version"] = str(versions.MICROVERSIONS.minimum)
    return msgspec.json.encode({"errors": [error]}), "application/json"
