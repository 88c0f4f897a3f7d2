"""/v2.0/quotas"""

from __future__ import annotations

from stackspan.core import errors as core_errors
from stackspan.http.policy import Policy
from stackspan.http.request import Request, Response, no_content
from stackspan.http.routing import Route
from stackspan.network import schemas
from stackspan.network.api.common import authorise
from stackspan.network.service import NetworkService

_NOT_LIMITS = frozenset({"tenant_id", "project_id", "force", "check_limit"})


class QuotasApi:
    """Handlers of quotas."""

    def __init__(self, service: NetworkService, policy: Policy) -> None:
        self._quotas = service.quotas
        self._policy = policy

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route("GET", "/v2.0/quotas", self.list),
            Route("GET", "/v2.0/quotas/{project_id}", self.show),
            Route("GET", "/v2.0/quotas/{project_id}/default", self.default),
            Route("GET", "/v2.0/quotas/{project_id}/details.json", self.details),
            Route("GET", "/v2.0/quotas/{project_id}/details", self.details),
            Route("PUT", "/v2.0/quotas/{project_id}", self.update, request_schema=schemas.QuotaPut),
            Route("DELETE", "/v2.0/quotas/{project_id}", self.delete),
        ]

    def list(self, request: Request) -> Response:
        """200; 403. Projects whose limits were set."""
        authorise(self._policy, request.context, "update_quota", None)
        listed = [
            {"project_id": project, "tenant_id": project, **limits} for project, limits in self._quotas.list().items()
        ]
        return Response(200, {"quotas": listed})

    def show(self, request: Request) -> Response:
        """200; 403."""
        authorise(self._policy, request.context, "get_quota", request.param("project_id"))
        return Response(200, {"quota": self._quotas.get(request.param("project_id"))})

    def default(self, request: Request) -> Response:
        """200; 403."""
        authorise(self._policy, request.context, "get_quota", request.param("project_id"))
        return Response(200, {"quota": self._quotas.defaults()})

    def details(self, request: Request) -> Response:
        """200; 403."""
        authorise(self._policy, request.context, "get_quota", request.param("project_id"))
        return Response(200, {"quota": self._quotas.details(request.param("project_id"))})

    def update(self, request: Request) -> Response:
        """200; 400, 403."""
        authorise(self._policy, request.context, "update_quota", request.param("project_id"))
        asked = request.json(schemas.QuotaPut).quota
        limits = {name: _limit(name, value) for name, value in asked.items() if name not in _NOT_LIMITS}
        force = asked.get("force") is True
        return Response(200, {"quota": self._quotas.set(request.param("project_id"), limits, force=force)})

    def delete(self, request: Request) -> Response:
        """204; 403."""
        authorise(self._policy, request.context, "delete_quota", request.param("project_id"))
        self._quotas.delete(request.param("project_id"))
        return no_content()


def _limit(name: str, value: int | bool | str) -> int:
    try:
        limit = -2 if isinstance(value, bool) else int(value)
    except ValueError:
        limit = -2
    if not -1 <= limit <= 2147483647:
        raise core_errors.Invalid(f"Invalid input for {name}. Reason: '{value}' is not an integer.")
    return limit
