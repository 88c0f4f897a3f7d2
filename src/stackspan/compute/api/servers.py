"""`/servers`: create, list, show, rename, delete, addresses, security groups, interfaces, actions taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stackspan.compute import errors, policy, versions
from stackspan.compute.api.common import Handlers
from stackspan.compute.api.server_query import server_filter
from stackspan.compute.model import Server
from stackspan.compute.schemas import servers as schemas
from stackspan.compute.schemas import values
from stackspan.compute.views import servers as views
from stackspan.compute.views.links import links, paged
from stackspan.http.request import Request, Response, no_content
from stackspan.http.routing import Route
from stackspan.network.model import Nic


class ServersApi(Handlers):
    """Handlers of servers."""

    def routes(self) -> list[Route]:
        """All routes below `/v2.1/servers` but actions, metadata."""
        one = "/v2.1/servers/{server_id}"
        return [
            Route(
                "POST", "/v2.1/servers", self.create, request_schema=schemas.ServerCreate, statuses=(202, 400, 403, 409)
            ),
            Route("GET", "/v2.1/servers", self.index, statuses=(200, 400, 403)),
            Route("GET", "/v2.1/servers/detail", self.detail, statuses=(200, 400, 403)),
            Route("GET", one, self.show, statuses=(200, 404)),
            Route("PUT", one, self.update, request_schema=schemas.ServerUpdate, statuses=(200, 400, 404)),
            Route("DELETE", one, self.delete, statuses=(204, 404, 409)),
            Route("GET", one + "/ips", self.ips, statuses=(200, 404)),
            Route("GET", one + "/ips/{network}", self.ips_of, statuses=(200, 404)),
            Route("GET", one + "/os-security-groups", self.security_groups, statuses=(200, 404)),
            Route("GET", one + "/os-interface", self.interfaces, statuses=(200, 404)),
            Route("GET", one + "/os-interface/{port_id}", self.interface, statuses=(200, 404)),
            Route("GET", one + "/os-instance-actions", self.actions, statuses=(200, 404)),
            Route("GET", one + "/os-instance-actions/{request_id}", self.action, statuses=(200, 404)),
        ]

    def create(self, request: Request) -> Response:
        """`POST /servers`: 202; 400 for what can't be right, 403 for quota or policy, 409 for the choice of network."""
        self.own(request, policy.SERVERS_CREATE)
        body = request.json(schemas.ServerCreate)
        wish = schemas.server_request(body)
        if wish.forced_host or wish.forced_node:
            self.own(request, policy.SERVERS_FORCED_HOST)
        if not isinstance(wish.networks, str):
            self.own(request, policy.SERVERS_ATTACH_NETWORK)
        by_reservation = values.boolean("return_reservation_id", body.server.return_reservation_id)
        accepted = self.service.boots.create(request.context, wish)
        if by_reservation:
            return Response(202, {"reservation_id": accepted.reservation_id})
        server = accepted.servers[0]
        shown = views.created(server, request, wish.security_groups)
        return Response(202, {"server": shown}, {"Location": links(request, "servers", server.id)[0]["href"]})

    def index(self, request: Request) -> Response:
        """`GET /servers`: 200."""
        self.own(request, policy.SERVERS_INDEX)
        servers, limit = self._find(request, policy.SERVERS_INDEX_ALL)
        body = {"servers": [views.basic(server, request) for server in servers]}
        return Response(200, paged(body, request, "servers", "servers", limit, servers[-1].id if servers else None))

    def detail(self, request: Request) -> Response:
        """`GET /servers/detail`: 200."""
        self.own(request, policy.SERVERS_DETAIL)
        servers, limit = self._find(request, policy.SERVERS_DETAIL_ALL)
        body = {"servers": self._shown(servers, request)}
        last = servers[-1].id if servers else None
        return Response(200, paged(body, request, "servers", "servers/detail", limit, last))

    def show(self, request: Request) -> Response:
        """`GET /servers/{id}`: 200, 404."""
        server = self.server(request, policy.SERVERS_SHOW)
        return Response(200, {"server": self._shown([server], request)[0]})

    def update(self, request: Request) -> Response:
        """`PUT /servers/{id}`: 200, 400, 404."""
        server = self.server(request, policy.SERVERS_UPDATE)
        changes = schemas.changes(request.json(schemas.ServerUpdate))
        changed = self.service.servers.update(request.context, server.id, changes)
        shown = self._shown([changed], request)[0]
        for name in list(shown):
            # What `PUT` doesn't show up to 2.74: all that began as an extension of `GET`.
            if name.startswith(_ONLY_GET) or name in ("config_drive", "key_name", "security_groups"):
                del shown[name]
        return Response(200, {"server": shown})

    def delete(self, request: Request) -> Response:
        """`DELETE /servers/{id}`: 204, 404, 409."""
        server = self.server(request, policy.SERVERS_DELETE)
        self.service.lifecycle.delete(request.context, server.id)
        return no_content()

    def ips(self, request: Request) -> Response:
        """`GET /servers/{id}/ips`: 200, 404."""
        return Response(200, {"addresses": views.plain_addresses(self._nics(request, policy.IPS_INDEX))})

    def ips_of(self, request: Request) -> Response:
        """`GET /servers/{id}/ips/{network}`: 200, 404."""
        found = views.plain_addresses(self._nics(request, policy.IPS_SHOW))
        network = request.param("network")
        if network not in found:
            raise errors.AddressNetworkNotFound
        return Response(200, {network: found[network]})

    def security_groups(self, request: Request) -> Response:
        """`GET /servers/{id}/os-security-groups`: 200, 404."""
        server = self.server(request, policy.SECURITY_GROUPS_LIST)
        found = self.service.servers.security_groups(request.context, server)
        return Response(200, {"security_groups": [views.security_group(group) for group in found]})

    def interfaces(self, request: Request) -> Response:
        """`GET /servers/{id}/os-interface`: 200, 404."""
        server = self.server(request, policy.INTERFACES_LIST)
        shown = [views.interface(nic, _port_state(server)) for nic in self._nics_of(server)]
        return Response(200, {"interfaceAttachments": shown})

    def interface(self, request: Request) -> Response:
        """`GET /servers/{id}/os-interface/{port}`: 200, 404."""
        server = self.server(request, policy.INTERFACES_SHOW)
        for nic in self._nics_of(server):
            if nic.port_id == request.param("port_id"):
                return Response(200, {"interfaceAttachment": views.interface(nic, _port_state(server))})
        raise errors.InterfaceNotFound(request.param("port_id"))

    def actions(self, request: Request) -> Response:
        """`GET /servers/{id}/os-instance-actions`: 200, 404."""
        self.server(request, policy.ACTIONS_LIST)
        found = self.service.servers.actions(request.context, request.param("server_id"))
        return Response(200, {"instanceActions": [views.action(item) for item in found]})

    def action(self, request: Request) -> Response:
        """`GET /servers/{id}/os-instance-actions/{request}`: 200, 404. Events are administrators' alone."""
        server = self.server(request, policy.ACTIONS_SHOW)
        found, events = self.service.servers.action(request.context, server.id, request.param("request_id"))
        shown = views.action(found)
        if self.policy.allows(request.context, policy.ACTIONS_EVENTS, {"project_id": server.project_id}):
            shown["events"] = [views.event(item) for item in events]
        return Response(200, {"instanceAction": shown})

    # -- inside ------------------------------------------------------------------------------------------------------

    def _find(self, request: Request, all_rule: str) -> tuple[Sequence[Server], int]:
        wanted = server_filter(request, self.policy, all_rule, self.service.parts.settings.max_limit)
        if wanted is None:
            return [], 0
        return self.service.servers.list(request.context, wanted), wanted.limit

    def _shown(self, servers: Sequence[Server], request: Request) -> list[dict[str, Any]]:
        details = self.service.servers.details(
            servers,
            user_data=versions.serves(request.version, versions.EXTENDED_ATTRIBUTES) and request.context.is_admin,
        )
        template = self.service.parts.settings.instance_name_template
        seen: dict[str, bool] = {}
        shown = []
        for server in servers:
            if server.project_id not in seen:
                target = {"project_id": server.project_id}
                seen[server.project_id] = self.policy.allows(request.context, policy.EXTENDED_ATTRIBUTES, target)
            extended = seen[server.project_id]
            shown.append(views.full(server, details[server.id], request, extended=extended, name_template=template))
        return shown

    def _nics(self, request: Request, rule: str) -> Sequence[Nic]:
        return self._nics_of(self.server(request, rule))

    def _nics_of(self, server: Server) -> Sequence[Nic]:
        return self.service.servers.nics(server.id)


_ONLY_GET = ("OS-EXT-", "OS-SRV-USG:", "os-extended-volumes:")


def _port_state(server: Server) -> str:
    return "ACTIVE" if server.launched_at is not None else "BUILD"
