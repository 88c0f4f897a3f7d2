"""/metrics and /healthz: for those who look after the service."""

from __future__ import annotations

from collections.abc import Callable

import prometheus_client

from stackspan.http import errors
from stackspan.http.request import Request, Response
from stackspan.http.routing import Route, ServiceApi

_REQUESTS = prometheus_client.Histogram(
    "stackspan_request_seconds",
    "Requests answered, by service, method, route and status.",
    ("service", "method", "route", "status"),
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


def observe(service: str, method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request."""
    _REQUESTS.labels(service, method, route, str(status)).observe(seconds)


def metrics_api() -> ServiceApi:
    """`GET /metrics`, in Prometheus' text form."""

    def show(_request: Request) -> Response:
        return Response(200, prometheus_client.generate_latest(), content_type=prometheus_client.CONTENT_TYPE_LATEST)

    return ServiceApi("metrics", "/metrics", [Route("GET", "/", show, anonymous=True)], errors.identity_envelope)


def health_api(problems: Callable[[], list[str]]) -> ServiceApi:
    """`GET /healthz`: 200 when everything is connected and seen, 503 with what isn't."""

    def show(_request: Request) -> Response:
        found = problems()
        return Response(503 if found else 200, {"ready": not found, "problems": found})

    return ServiceApi("health", "/healthz", [Route("GET", "/", show, anonymous=True)], errors.identity_envelope)
