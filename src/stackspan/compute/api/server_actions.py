"""`POST /servers/{id}/action`, and metadata."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stackspan.compute import errors, policy
from stackspan.compute.api.common import Handlers
from stackspan.compute.model import VmState
from stackspan.compute.schemas import servers as schemas
from stackspan.core import errors as core_errors
from stackspan.http.request import Request, Response, no_content
from stackspan.http.routing import Route

_RESET = {"active": VmState.ACTIVE, "error": VmState.ERROR}


class ServerActionsApi(Handlers):
    """Handlers of actions: the body's one key names which."""

    def routes(self) -> list[Route]:
        """The one route."""
        return [Route("POST", "/v2.1/servers/{server_id}/action", self.act, statuses=(202, 400, 403, 404, 409))]

    def act(self, request: Request) -> Response:
        """Any action: 202; 400 for one that isn't served."""
        body = request.json_any()
        if not isinstance(body, dict) or len(body) != 1:
            raise core_errors.Invalid(
                "Malformed request body" if not isinstance(body, dict) else "There is no such action"
            )
        name = next(iter(body))
        handler = self._handlers().get(name)
        if handler is None:
            raise core_errors.Invalid(f"There is no such action: {str(name)[:255]}")
        return handler(request, body)

    def _handlers(self) -> Mapping[str, Callable[[Request, dict[str, Any]], Response]]:
        return {
            "os-start": self._power(policy.SERVERS_START, "start"),
            "os-stop": self._power(policy.SERVERS_STOP, "stop"),
            "suspend": self._power(policy.SUSPEND, "suspend"),
            "resume": self._power(policy.RESUME, "resume"),
            "reboot": self._reboot,
            "lock": self._lock,
            "unlock": self._unlock,
            "os-resetState": self._reset_state,
        }

    def _power(self, rule: str, change: str) -> Callable[[Request, dict[str, Any]], Response]:
        def handler(request: Request, _body: dict[str, Any]) -> Response:
            server = self.server(request, rule)
            self.service.lifecycle.power(request.context, server.id, change)
            return Response(202)

        return handler

    def _reboot(self, request: Request, _body: dict[str, Any]) -> Response:
        kind = request.json(schemas.Reboot).reboot.type.upper()
        if kind not in ("SOFT", "HARD"):
            raise core_errors.Invalid(
                f"Invalid input for field/attribute type. Value: {kind}. '{kind}' is not one of ['HARD', 'SOFT']"
            )
        server = self.server(request, policy.SERVERS_REBOOT)
        self.service.lifecycle.power(request.context, server.id, f"reboot_{kind.lower()}")
        return Response(202)

    def _lock(self, request: Request, _body: dict[str, Any]) -> Response:
        server = self.server(request, policy.LOCK)
        self.service.servers.lock(request.context, server.id)
        return Response(202)

    def _unlock(self, request: Request, _body: dict[str, Any]) -> Response:
        server = self.server(request, policy.UNLOCK)
        if server.locked_by == "admin":
            self.policy.check(request.context, policy.UNLOCK_OVERRIDE, {"project_id": server.project_id})
        self.service.servers.unlock(request.context, server.id)
        return Response(202)

    def _reset_state(self, request: Request, _body: dict[str, Any]) -> Response:
        state = request.json(schemas.ResetState).reset.state
        if state not in _RESET:
            raise core_errors.Invalid(
                f"Invalid input for field/attribute state. Value: {state}. '{state}' is not one of ['active', 'error']"
            )
        server = self.server(request, policy.RESET_STATE)
        self.service.servers.reset_state(request.context, server.id, _RESET[state])
        return Response(202)


class ServerMetadataApi(Handlers):
    """Handlers of metadata."""

    def routes(self) -> list[Route]:
        """All routes below `/metadata`."""
        base = "/v2.1/servers/{server_id}/metadata"
        return [
            Route("GET", base, self.index, statuses=(200, 404)),
            Route("POST", base, self.add, request_schema=schemas.MetadataBody, statuses=(200, 400, 403, 404, 409)),
            Route("PUT", base, self.replace, request_schema=schemas.MetadataBody, statuses=(200, 400, 403, 404, 409)),
            Route("GET", base + "/{key}", self.show, statuses=(200, 404)),
            Route(
                "PUT", base + "/{key}", self.put, request_schema=schemas.MetaItem, statuses=(200, 400, 403, 404, 409)
            ),
            Route("DELETE", base + "/{key}", self.delete, statuses=(204, 404, 409)),
        ]

    def index(self, request: Request) -> Response:
        """200, 404."""
        server = self.server(request, policy.METADATA + "index")
        return Response(200, {"metadata": self.service.servers.metadata(request.context, server.id)})

    def add(self, request: Request) -> Response:
        """200; 403 above the quota; 409 in a state that forbids it."""
        return self._set(request, policy.METADATA + "create", replace=False)

    def replace(self, request: Request) -> Response:
        """200; as `add`."""
        return self._set(request, policy.METADATA + "update_all", replace=True)

    def show(self, request: Request) -> Response:
        """200, 404."""
        server = self.server(request, policy.METADATA + "show")
        found, key = self.service.servers.metadata(request.context, server.id), request.param("key")
        if key not in found:
            raise errors.MetadataItemNotFound
        return Response(200, {"meta": {key: found[key]}})

    def put(self, request: Request) -> Response:
        """200; 400 where body and path name different keys."""
        server = self.server(request, policy.METADATA + "update")
        item, key = request.json(schemas.MetaItem).meta, request.param("key")
        if len(item) != 1:
            raise core_errors.Invalid("Request body contains too many items" if item else "Request body is empty")
        if key not in item:
            raise core_errors.Invalid("Request body and URI mismatch")
        self.service.servers.metadata_set(request.context, server.id, item, replace=False)
        return Response(200, {"meta": item})

    def delete(self, request: Request) -> Response:
        """204, 404, 409."""
        server = self.server(request, policy.METADATA + "delete")
        self.service.servers.metadata_delete(request.context, server.id, request.param("key"))
        return no_content()

    def _set(self, request: Request, rule: str, *, replace: bool) -> Response:
        server = self.server(request, rule)
        items = request.json(schemas.MetadataBody).metadata
        changed = self.service.servers.metadata_set(request.context, server.id, items, replace=replace)
        return Response(200, {"metadata": changed})
