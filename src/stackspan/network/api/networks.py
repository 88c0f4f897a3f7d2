"""/v2.0/networks"""

from __future__ import annotations

from typing import Any

from stackspan.http.policy import Policy
from stackspan.http.request import Request, Response, no_content
from stackspan.http.routing import Route
from stackspan.network import errors, schemas, views
from stackspan.network.api.common import authorise, changes_of, list_response, mtu_of, number, one_or_many, owner
from stackspan.network.model import Network
from stackspan.network.service import NetworkService
from stackspan.network.service.networks import NetworkRequest


class NetworksApi:
    """Handlers of networks."""

    def __init__(self, service: NetworkService, policy: Policy) -> None:
        self._networks = service.networks
        self._policy = policy

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route("GET", "/v2.0/networks", self.list),
            Route("POST", "/v2.0/networks", self.create, request_schema=schemas.NetworkPost),
            Route("GET", "/v2.0/networks/{network_id}", self.show),
            Route("PUT", "/v2.0/networks/{network_id}", self.update, request_schema=schemas.NetworkPut),
            Route("DELETE", "/v2.0/networks/{network_id}", self.delete),
        ]

    def create(self, request: Request) -> Response:
        """201; 400, 403, 409 (VLAN taken, quota), 503 (no VLAN left)."""
        body = request.json(schemas.NetworkPost)
        asked, many = one_or_many(body.network, body.networks, "network")
        made = [self._view(request, self._create(request, item)) for item in asked]
        return Response(201, {"networks": made} if many else {"network": made[0]})

    def list(self, request: Request) -> Response:
        """200; 400 for a bad marker or sort key."""
        shown = [self._view(request, row) for row in self._networks.list(request.context)]
        return list_response(request, "networks", shown)

    def show(self, request: Request) -> Response:
        """200; 404."""
        shown = self._view(request, self._networks.get(request.context, request.param("network_id")))
        return Response(200, {"network": views.pick(shown, request.query.all("fields"))})

    def update(self, request: Request) -> Response:
        """200; 400, 403, 404."""
        changes = changes_of(request.json(schemas.NetworkPut).network)
        if "mtu" in changes:
            changes["mtu"] = mtu_of(changes["mtu"])
        before = self._networks.get(request.context, request.param("network_id"))
        authorise(self._policy, request.context, "update_network", before.project_id)
        if "shared" in changes:
            authorise(self._policy, request.context, "update_network:shared", before.project_id)
        row = self._networks.update(request.context, before.id, changes)
        return Response(200, {"network": self._view(request, row)})

    def delete(self, request: Request) -> Response:
        """204; 403, 404, 409 (ports on it)."""
        before = self._networks.get(request.context, request.param("network_id"))
        authorise(self._policy, request.context, "delete_network", before.project_id)
        self._networks.delete(request.context, before.id)
        return no_content()

    def _create(self, request: Request, asked: schemas.NetworkNew) -> Network:
        project_id = owner(self._policy, request.context, asked, "create_network")
        if asked.shared:
            authorise(self._policy, request.context, "create_network:shared", project_id)
        if asked.external:
            raise errors.InvalidInput("router:external networks are not served")
        for name in ("network_type", "physical_network", "segmentation_id"):
            if getattr(asked, name) is not None:
                authorise(self._policy, request.context, f"create_network:provider:{name}", project_id)
        wanted = NetworkRequest(
            name=asked.name,
            description=asked.description,
            admin_state_up=asked.admin_state_up,
            shared=asked.shared,
            mtu=mtu_of(asked.mtu),
            port_security_enabled=asked.port_security_enabled,
            project_id=project_id,
            network_type=asked.network_type,
            physical_network=asked.physical_network,
            segmentation_id=number(asked.segmentation_id, "provider:segmentation_id"),
        )
        return self._networks.create(request.context, wanted)

    def _view(self, request: Request, row: Network) -> dict[str, Any]:
        provider = self._policy.allows(
            request.context, "get_network:provider:network_type", {"project_id": row.project_id}
        )
        return views.network(row, provider=provider)
