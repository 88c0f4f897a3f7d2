"""/v2.0/subnets"""

from __future__ import annotations

from msgspec import UNSET

from stackspan.http.policy import Policy
from stackspan.http.request import Request, Response, no_content
from stackspan.http.routing import Route
from stackspan.network import errors, schemas, views
from stackspan.network.api.common import authorise, changes_of, list_response, number, one_or_many, owner
from stackspan.network.model import Subnet
from stackspan.network.service import NetworkService
from stackspan.network.service.subnets import SubnetRequest


class SubnetsApi:
    """Handlers of subnets."""

    def __init__(self, service: NetworkService, policy: Policy) -> None:
        self._subnets = service.subnets
        self._policy = policy

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route("GET", "/v2.0/subnets", self.list),
            Route("POST", "/v2.0/subnets", self.create, request_schema=schemas.SubnetPost),
            Route("GET", "/v2.0/subnets/{subnet_id}", self.show),
            Route("PUT", "/v2.0/subnets/{subnet_id}", self.update, request_schema=schemas.SubnetPut),
            Route("DELETE", "/v2.0/subnets/{subnet_id}", self.delete),
        ]

    def create(self, request: Request) -> Response:
        """201; 400, 403, 404 (network), 409 (gateway in a pool, quota)."""
        body = request.json(schemas.SubnetPost)
        asked, many = one_or_many(body.subnet, body.subnets, "subnet")
        made = [views.subnet(self._create(request, item)) for item in asked]
        return Response(201, {"subnets": made} if many else {"subnet": made[0]})

    def list(self, request: Request) -> Response:
        """200; 400 for a bad marker or sort key."""
        return list_response(request, "subnets", [views.subnet(row) for row in self._subnets.list(request.context)])

    def show(self, request: Request) -> Response:
        """200; 404."""
        shown = views.subnet(self._subnets.get(request.context, request.param("subnet_id")))
        return Response(200, {"subnet": views.pick(shown, request.query.all("fields"))})

    def update(self, request: Request) -> Response:
        """200; 400, 403, 404, 409."""
        asked = request.json(schemas.SubnetPut).subnet
        before = self._subnets.get(request.context, request.param("subnet_id"))
        authorise(self._policy, request.context, "update_subnet", before.project_id)
        changes = changes_of(asked, {"allocation_pools": "pools"})
        if asked.allocation_pools is not UNSET and isinstance(asked.allocation_pools, list):
            changes["pools"] = [(pool.start, pool.end) for pool in asked.allocation_pools]
        if isinstance(asked.host_routes, list):
            changes["host_routes"] = [(route.destination, route.nexthop) for route in asked.host_routes]
        return Response(200, {"subnet": views.subnet(self._subnets.update(request.context, before.id, changes))})

    def delete(self, request: Request) -> Response:
        """204; 403, 404, 409 (addresses in use)."""
        before = self._subnets.get(request.context, request.param("subnet_id"))
        authorise(self._policy, request.context, "delete_subnet", before.project_id)
        self._subnets.delete(request.context, before.id)
        return no_content()

    def _create(self, request: Request, asked: schemas.SubnetNew) -> Subnet:
        project_id = owner(self._policy, request.context, asked, "create_subnet")
        ip_version = number(asked.ip_version, "ip_version")
        if ip_version not in (4, 6):
            raise errors.InvalidInput(f"Invalid input for ip_version. Reason: '{asked.ip_version}' is not in [4, 6]")
        pools = None if asked.allocation_pools is None else [(pool.start, pool.end) for pool in asked.allocation_pools]
        wanted = SubnetRequest(
            network_id=asked.network_id,
            ip_version=ip_version,
            cidr=asked.cidr,
            name=asked.name,
            description=asked.description,
            gateway_ip="" if asked.gateway_ip is UNSET else _text_or_none(asked.gateway_ip),
            enable_dhcp=asked.enable_dhcp,
            pools=pools,
            dns_nameservers=asked.dns_nameservers or (),
            host_routes=[(route.destination, route.nexthop) for route in asked.host_routes or ()],
            ipv6_ra_mode=asked.ipv6_ra_mode,
            ipv6_address_mode=asked.ipv6_address_mode,
            project_id=project_id,
        )
        return self._subnets.create(request.context, wanted)


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None
