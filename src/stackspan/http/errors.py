"""Errors as HTTP: one table for the status, one writer per service for the body.

The table is searched along the error's class hierarchy, a service's own overrides first (Network answers 409 where a
quota is used up). Whatever isn't a StackspanError is our own mistake: logged once with its trace, and told to the client
as the stock service tells it, without a word of what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec

from stackspan.core import errors

STATUSES: Mapping[type[errors.StackspanError], int] = {
    errors.Invalid: 400,
    errors.TooLarge: 413,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Unsupported: 406,
    errors.Unavailable: 503,
    errors.StackspanError: 500,
}


@dataclass(frozen=True)
class ErrorReport:
    """What an envelope is written from."""

    status: int
    message: str
    request_id: str
    type_name: str  # the error class's name, or its `type_name` attribute: Network shows it
    code: str  # Placement's `code`, such as placement.undefined_code

    @property
    def title(self) -> str:
        """The status's reason phrase."""
        return HTTPStatus(self.status).phrase


Envelope = Callable[[ErrorReport], tuple[bytes, str]]
"""Writes an error body: (bytes, content type)."""


class RouteNotFound(errors.NotFound):
    """No such route."""


class MethodNotAllowed(errors.StackspanError):
    """The route exists, not with this method."""

    def __init__(self, allowed: str) -> None:
        super().__init__("The method is not allowed for this resource.")
        self.allowed = allowed


class UnsupportedMediaType(errors.StackspanError):
    """The body's content type isn't served."""

    def __init__(self, content_type: str) -> None:
        super().__init__(f"Unsupported Content-Type: {content_type}")


class AddressTooLong(errors.StackspanError):
    """The path and query are longer than any client's."""

    def __init__(self) -> None:
        super().__init__("The request's address is too long.")


_HTTP_ONLY: Mapping[type[errors.StackspanError], int] = {
    MethodNotAllowed: 405,
    AddressTooLong: 414,
    UnsupportedMediaType: 415,
}


def status_of(error: errors.StackspanError, overrides: Mapping[type[errors.StackspanError], int]) -> int:
    """The status for `error`: nearest class in `overrides`, then in the common table."""
    for table in (overrides, _HTTP_ONLY, STATUSES):
        for kind in type(error).__mro__:
            if kind in table and (table is not STATUSES or kind is not errors.StackspanError):
                return table[kind]
    return 500


_COMPUTE_NAMES = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    406: "notAcceptable",
    409: "conflictingRequest",
    413: "overLimit",
    415: "badMediaType",
    429: "overLimit",
    501: "notImplemented",
    503: "serviceUnavailable",
}


def compute_envelope(report: ErrorReport) -> tuple[bytes, str]:
    """Compute and Block Storage: `{"itemNotFound": {"code": 404, "message": …}}`."""
    name = _COMPUTE_NAMES.get(report.status, "computeFault")
    return _json({name: {"code": report.status, "message": report.message}})


def identity_envelope(report: ErrorReport) -> tuple[bytes, str]:
    """Identity, and every service's 401: `{"error": {"code": …, "message": …, "title": …}}`."""
    return _json({"error": {"code": report.status, "message": report.message, "title": report.title}})


def network_envelope(report: ErrorReport) -> tuple[bytes, str]:
    """Network: `{"NeutronError": {"type": …, "message": …, "detail": ""}}`."""
    return _json({"NeutronError": {"type": report.type_name, "message": report.message, "detail": ""}})


def placement_envelope(report: ErrorReport) -> tuple[bytes, str]:
    """Placement: a list of errors by the API-WG's guideline."""
    return _json(
        {
            "errors": [
                {
                    "status": report.status,
                    "title": report.title,
                    "detail": f"{report.message}\n\n   ",
                    "code": report.code,
                    "request_id": report.request_id,
                }
            ]
        }
    )


def image_envelope(report: ErrorReport) -> tuple[bytes, str]:
    """Image: a small HTML page, as the stock service writes it."""
    escaped = report.message.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    title = f"{report.status} {report.title}"
    page = (
        f"<html>\n <head>\n  <title>{title}</title>\n </head>\n <body>\n  <h1>{title}</h1>\n"
        f"  {escaped}<br /><br />\n\n\n\n </body>\n</html>"
    )
    return page.encode(), "text/html; charset=UTF-8"


def _json(value: Any) -> tuple[bytes, str]:
    return msgspec.json.encode(value), "application/json"
