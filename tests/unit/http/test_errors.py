"""Statuses and bodies of errors."""

from __future__ import annotations

import msgspec
import pytest

from stackspan.core import errors
from stackspan.http import errors as http_errors
from stackspan.http.errors import ErrorReport, status_of


class ServerNotFound(errors.NotFound):
    pass


class Full(errors.QuotaExceeded):
    pass


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.Invalid("x"), 400),
        (errors.TooLarge("x"), 413),
        (errors.Unauthenticated(), 401),
        (errors.Forbidden(), 403),
        (Full("x"), 403),
        (ServerNotFound(), 404),
        (errors.Stale("x"), 409),
        (errors.Unsupported("x"), 406),
        (errors.Unavailable(), 503),
        (errors.Internal("x"), 500),
        (errors.StackspanError(), 500),
        (http_errors.MethodNotAllowed("GET"), 405),
        (http_errors.UnsupportedMediaType("a/b"), 415),
        (http_errors.AddressTooLong(), 414),
    ],
)
def test_the_common_table(error: errors.StackspanError, status: int) -> None:
    assert status_of(error, {}) == status


def test_a_service_has_its_own() -> None:
    assert status_of(Full("x"), {errors.QuotaExceeded: 409}) == 409
    assert status_of(Full("x"), {errors.QuotaExceeded: 409, Full: 413}) == 413


REPORT = ErrorReport(404, "Could not <find>.", "req-1", "ServerNotFound", "placement.undefined_code")


def test_compute() -> None:
    body, kind = http_errors.compute_envelope(REPORT)
    assert kind == "application/json"
    assert msgspec.json.decode(body) == {"itemNotFound": {"code": 404, "message": "Could not <find>."}}
    body, _ = http_errors.compute_envelope(ErrorReport(500, "x", "req-1", "Internal", ""))
    assert msgspec.json.decode(body) == {"computeFault": {"code": 500, "message": "x"}}


def test_identity() -> None:
    body, _ = http_errors.identity_envelope(REPORT)
    assert msgspec.json.decode(body) == {"error": {"code": 404, "message": "Could not <find>.", "title": "Not Found"}}


def test_network() -> None:
    body, _ = http_errors.network_envelope(REPORT)
    assert msgspec.json.decode(body) == {
        "NeutronError": {"type": "ServerNotFound", "message": "Could not <find>.", "detail": ""}
    }


def test_placement() -> None:
    body, _ = http_errors.placement_envelope(REPORT)
    (error,) = msgspec.json.decode(body)["errors"]
    assert error["status"] == 404
    assert error["title"] == "Not Found"
    assert error["detail"].startswith("Could not <find>.")
    assert error["request_id"] == "req-1"


def test_image_escapes() -> None:
    body, kind = http_errors.image_envelope(REPORT)
    assert kind == "text/html; charset=UTF-8"
    assert b"Could not &lt;find&gt;." in body
    assert b"<title>404 Not Found</title>" in body
