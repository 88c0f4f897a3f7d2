"""`/os-hypervisors`, `/os-services`, `/os-availability-zone`, `/os-aggregates`, `/os-server-groups`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stackspan.compute import errors, policy, versions
from stackspan.compute.api.common import Handlers, integer
from stackspan.compute.model import ServerFilter
from stackspan.compute.schemas import others as schemas
from stackspan.compute.schemas import values
from stackspan.compute.service.nodes import Hypervisor
from stackspan.compute.views import others as views
from stackspan.core import errors as core_errors
from stackspan.core.clock import iso_micro
from stackspan.http.request import Request, Response, no_content
from stackspan.http.routing import Route

_BINARY = "nova-compute"
_POLICIES = ("affinity", "anti-affinity")


class HypervisorsApi(Handlers):
    """Handlers of hypervisors."""

    def routes(self) -> list[Route]:
        """All routes below `/v2.1/os-hypervisors` (2.1–2.52)."""
        base = "/v2.1/os-hypervisors"
        return [
            Route("GET", base, self.index),
            Route("GET", base + "/detail", self.detail),
            Route("GET", base + "/statistics", self.statistics),
            Route("GET", base + "/{id}", self.show, statuses=(200, 404)),
            Route("GET", base + "/{id}/search", self.search, statuses=(200, 404)),
            Route("GET", base + "/{id}/servers", self.servers, statuses=(200, 404)),
        ]

    def index(self, request: Request) -> Response:
        """200."""
        self.admin(request, policy.HYPERVISORS + "list")
        return Response(200, {"hypervisors": [views.hypervisor(item) for item in self.service.nodes.hypervisors()]})

    def detail(self, request: Request) -> Response:
        """200."""
        self.admin(request, policy.HYPERVISORS + "list-detail")
        shown = [
            views.hypervisor_full(item, self.service.parts.settings.my_ip) for item in self.service.nodes.hypervisors()
        ]
        return Response(200, {"hypervisors": shown})

    def statistics(self, request: Request) -> Response:
        """200."""
        self.admin(request, policy.HYPERVISORS + "statistics")
        return Response(200, {"hypervisor_statistics": views.hypervisor_statistics(self.service.nodes.hypervisors())})

    def show(self, request: Request) -> Response:
        """200, 404."""
        self.admin(request, policy.HYPERVISORS + "show")
        number = integer(request.param("id"), errors.HypervisorNotFound)
        for item in self.service.nodes.hypervisors():
            if item.node.number == number:
                return Response(200, {"hypervisor": views.hypervisor_full(item, self.service.parts.settings.my_ip)})
        raise errors.HypervisorNotFound(number)

    def search(self, request: Request) -> Response:
        """200, 404 where no name contains the text."""
        self.admin(request, policy.HYPERVISORS + "search")
        return Response(200, {"hypervisors": [views.hypervisor(item) for item in self._matching(request)]})

    def servers(self, request: Request) -> Response:
        """200, 404 where no name contains the text."""
        self.admin(request, policy.HYPERVISORS + "servers")
        shown = []
        for item in self._matching(request):
            wanted = ServerFilter(node=item.node.node, limit=self.service.parts.settings.max_limit)
            found = self.service.servers.list(request.context, wanted)
            entry = views.hypervisor(item)
            if found:
                template = self.service.parts.settings.instance_name_template
                entry["servers"] = [{"name": template % server.number, "uuid": server.id} for server in found]
            shown.append(entry)
        return Response(200, {"hypervisors": shown})

    def _matching(self, request: Request) -> list[Hypervisor]:
        text = request.param("id")
        found = [item for item in self.service.nodes.hypervisors() if text in item.node.node]
        if not found:
            raise errors.HypervisorSearchEmpty(text)
        return found


class ServicesApi(Handlers):
    """Handlers of compute services and zones."""

    def routes(self) -> list[Route]:
        """All routes below `/v2.1/os-services` (2.1–2.52) and `/v2.1/os-availability-zone`."""
        base = "/v2.1/os-services"
        return [
            Route("GET", base, self.index),
            Route("PUT", base + "/enable", self.enable, request_schema=schemas.ServiceBody, statuses=(200, 400, 404)),
            Route("PUT", base + "/disable", self.disable, request_schema=schemas.ServiceBody, statuses=(200, 400, 404)),
            Route(
                "PUT", base + "/disable-log-reason", self.disable_reason, request_schema=schemas.ServiceBody,
                statuses=(200, 400, 404),
            ),
            Route(
                "PUT", base + "/force-down", self.force_down, min_version=versions.FORCED_DOWN,
                request_schema=schemas.ServiceForceDown, statuses=(200, 400, 404),
            ),
            Route("DELETE", base + "/{id}", self.delete, statuses=(204, 404, 409)),
            Route("GET", "/v2.1/os-availability-zone", self.zones),
            Route("GET", "/v2.1/os-availability-zone/detail", self.zones_detail),
        ]  # fmt: skip

    def index(self, request: Request) -> Response:
        """200."""
        self.admin(request, policy.SERVICES + "list")
        binary, host = request.query.get("binary"), request.query.get("host")
        if binary not in (None, _BINARY):
            return Response(200, {"services": []})
        zones = {node.host: zone.name for zone in self.service.nodes.zones() for node in zone.nodes}
        now = self.service.parts.now()
        shown = [
            views.service(item, zones.get(item.node.host, ""), now, request.version)
            for item in self.service.nodes.hypervisors()
            if host in (None, item.node.host)
        ]
        return Response(200, {"services": shown})

    def enable(self, request: Request) -> Response:
        """200, 404."""
        body = self._body(request)
        self.service.nodes.service_update(body.host, disabled=False)
        return Response(200, {"service": {"host": body.host, "binary": body.binary, "status": "enabled"}})

    def disable(self, request: Request) -> Response:
        """200, 404."""
        body = self._body(request)
        self.service.nodes.service_update(body.host, disabled=True)
        return Response(200, {"service": {"host": body.host, "binary": body.binary, "status": "disabled"}})

    def disable_reason(self, request: Request) -> Response:
        """200; 400 without a reason."""
        body = self._body(request)
        if body.disabled_reason is None:
            raise core_errors.Invalid("Missing disabled reason field")
        self.service.nodes.service_update(body.host, disabled=True, reason=body.disabled_reason)
        shown = {
            "host": body.host,
            "binary": body.binary,
            "status": "disabled",
            "disabled_reason": body.disabled_reason,
        }
        return Response(200, {"service": shown})

    def force_down(self, request: Request) -> Response:
        """200, 404."""
        self.admin(request, policy.SERVICES + "update")
        body = request.json(schemas.ServiceForceDown)
        _only_compute(body.host, body.binary)
        down = values.boolean("forced_down", body.forced_down)
        self.service.nodes.service_update(body.host, forced_down=down)
        return Response(200, {"service": {"host": body.host, "binary": body.binary, "forced_down": down}})

    def delete(self, request: Request) -> Response:
        """204, 404, 409."""
        self.admin(request, policy.SERVICES + "delete")
        self.service.nodes.service_delete(integer(request.param("id"), errors.ServiceNotFound))
        return no_content()

    def zones(self, request: Request) -> Response:
        """200."""
        self.own(request, policy.ZONES_LIST)
        return Response(200, {"availabilityZoneInfo": [views.zone(zone, None) for zone in self.service.nodes.zones()]})

    def zones_detail(self, request: Request) -> Response:
        """200: with the services in each."""
        self.admin(request, policy.ZONES_DETAIL)
        up = {item.node.host: item.up for item in self.service.nodes.hypervisors()}
        now = iso_micro(self.service.parts.now())
        shown = [
            views.zone(
                zone,
                {
                    node.host: {
                        _BINARY: {"active": not node.disabled, "available": up.get(node.host, False), "updated_at": now}
                    }
                    for node in zone.nodes
                },
            )
            for zone in self.service.nodes.zones()
        ]
        return Response(200, {"availabilityZoneInfo": shown})

    def _body(self, request: Request) -> schemas.ServiceBody:
        self.admin(request, policy.SERVICES + "update")
        body = request.json(schemas.ServiceBody)
        _only_compute(body.host, body.binary)
        return body


class AggregatesApi(Handlers):
    """Handlers of aggregates."""

    def routes(self) -> list[Route]:
        """All routes below `/v2.1/os-aggregates`."""
        base, one = "/v2.1/os-aggregates", "/v2.1/os-aggregates/{id}"
        return [
            Route("GET", base, self.index),
            Route("POST", base, self.create, request_schema=schemas.AggregateCreate, statuses=(200, 400, 409)),
            Route("GET", one, self.show, statuses=(200, 404)),
            Route("PUT", one, self.update, request_schema=schemas.AggregateUpdate, statuses=(200, 400, 404, 409)),
            Route("DELETE", one, self.delete, statuses=(200, 400, 404)),
            Route("POST", one + "/action", self.act, statuses=(200, 400, 404, 409)),
        ]

    def index(self, request: Request) -> Response:
        """200."""
        self.admin(request, policy.AGGREGATES + "index")
        return Response(200, {"aggregates": [views.aggregate(found) for found in self.service.nodes.aggregates()]})

    def show(self, request: Request) -> Response:
        """200, 404."""
        self.admin(request, policy.AGGREGATES + "show")
        return self._answer(self.service.nodes.aggregate_get(self._number(request)))

    def create(self, request: Request) -> Response:
        """200, 400, 409."""
        self.admin(request, policy.AGGREGATES + "create")
        body = request.json(schemas.AggregateCreate).aggregate
        shown = views.aggregate(self.service.nodes.aggregate_create(body.name, body.availability_zone))
        # Stock shows neither on create.
        del shown["hosts"], shown["metadata"]
        return Response(200, {"aggregate": shown})

    def update(self, request: Request) -> Response:
        """200, 400, 404, 409."""
        self.admin(request, policy.AGGREGATES + "update")
        body = request.json(schemas.AggregateUpdate).aggregate
        if body.name is None and body.availability_zone is None:
            raise core_errors.Invalid(
                "Invalid input for field/attribute aggregate. Value: {}. {} does not have enough properties"
            )
        number = self._number(request)
        return self._answer(self.service.nodes.aggregate_update(number, body.name, body.availability_zone))

    def delete(self, request: Request) -> Response:
        """200, 400 while hosts are in it, 404."""
        self.admin(request, policy.AGGREGATES + "delete")
        self.service.nodes.aggregate_delete(self._number(request))
        return Response(200)

    def act(self, request: Request) -> Response:
        """add_host, remove_host, set_metadata: 200, 400, 404, 409."""
        body = request.json_any()
        name = next(iter(body)) if isinstance(body, dict) and len(body) == 1 else None
        handlers: Mapping[str | None, Callable[[Request, int], Any]] = {
            "add_host": self._host_add,
            "remove_host": self._host_remove,
            "set_metadata": self._metadata,
        }
        if name not in handlers:
            raise core_errors.Invalid(f"There is no such action: {str(name)[:255]}")
        self.admin(request, policy.AGGREGATES + str(name))
        return self._answer(handlers[name](request, self._number(request)))

    def _host_add(self, request: Request, number: int) -> Any:
        return self.service.nodes.aggregate_host_add(number, request.json(schemas.HostAdd).add_host.host)

    def _host_remove(self, request: Request, number: int) -> Any:
        return self.service.nodes.aggregate_host_remove(number, request.json(schemas.HostRemove).remove_host.host)

    def _metadata(self, request: Request, number: int) -> Any:
        items = request.json(schemas.MetadataSet).set_metadata.metadata
        return self.service.nodes.aggregate_metadata(number, items)

    def _answer(self, found: Any) -> Response:
        return Response(200, {"aggregate": views.aggregate(found)})

    def _number(self, request: Request) -> int:
        return integer(request.param("id"), errors.AggregateNotFound)


class ServerGroupsApi(Handlers):
    """Handlers of server groups."""

    def routes(self) -> list[Route]:
        """All routes below `/v2.1/os-server-groups`."""
        base = "/v2.1/os-server-groups"
        return [
            Route("GET", base, self.index),
            Route("POST", base, self.create, request_schema=schemas.GroupCreate, statuses=(200, 400, 403)),
            Route("GET", base + "/{id}", self.show, statuses=(200, 404)),
            Route("DELETE", base + "/{id}", self.delete, statuses=(204, 404)),
        ]

    def index(self, request: Request) -> Response:
        """200."""
        self.own(request, policy.GROUPS + "index")
        all_projects = "all_projects" in request.query and request.context.is_admin
        if all_projects:
            self.admin(request, policy.GROUPS + "index:all_projects")
        found = self.service.groups.list(request.context, all_projects=all_projects)
        offset, limit = _slice(request, self.service.parts.settings.max_limit)
        return Response(200, {"server_groups": [views.server_group(item) for item in found[offset : offset + limit]]})

    def show(self, request: Request) -> Response:
        """200, 404."""
        found = self.service.groups.get(request.context, request.param("id"))
        self.policy.check(request.context, policy.GROUPS + "show", {"project_id": found.project_id})
        return Response(200, {"server_group": views.server_group(found)})

    def create(self, request: Request) -> Response:
        """200, 400, 403 above the quota."""
        self.own(request, policy.GROUPS + "create")
        body = request.json(schemas.GroupCreate).server_group
        rule = body.policies[0]
        if rule not in _POLICIES:
            raise core_errors.Invalid(
                f"Invalid input for field/attribute 0. Value: {rule}. '{rule}' is not one of ['anti-affinity', 'affinity']"
            )
        return Response(
            200, {"server_group": views.server_group(self.service.groups.create(request.context, body.name, rule))}
        )

    def delete(self, request: Request) -> Response:
        """204, 404."""
        found = self.service.groups.get(request.context, request.param("id"))
        self.policy.check(request.context, policy.GROUPS + "delete", {"project_id": found.project_id})
        self.service.groups.delete(request.context, found.id)
        return no_content()


def _only_compute(host: str, binary: str) -> None:
    if binary != _BINARY:
        raise errors.ServiceHostNotFound(host, binary)


def _slice(request: Request, maximum: int) -> tuple[int, int]:
    offset = values.number("offset", request.query.get("offset"))
    limit = values.number("limit", request.query.get("limit"), maximum)
    return offset, min(limit or maximum, maximum)
