"""/v2.0/ports"""

from __future__ import annotations

import re
from typing import Any

from stackspan.http.policy import Policy
from stackspan.http.request import Request, Response, no_content
from stackspan.http.routing import Route
from stackspan.network import errors, schemas, views
from stackspan.network.api.common import authorise, changes_of, list_response, one_or_many, owner
from stackspan.network.model import Port
from stackspan.network.service import NetworkService
from stackspan.network.service.addressing import AddressRequest
from stackspan.network.service.ports import PortRequest

_MAC = re.compile(r"([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}\Z")
_RENAMED = {"security_groups": "security_group_ids"}


class PortsApi:
    """Handlers of ports."""

    def __init__(self, service: NetworkService, policy: Policy) -> None:
        self._ports = service.ports
        self._policy = policy

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route("GET", "/v2.0/ports", self.list),
            Route("POST", "/v2.0/ports", self.create, request_schema=schemas.PortPost),
            Route("GET", "/v2.0/ports/{port_id}", self.show),
            Route("PUT", "/v2.0/ports/{port_id}", self.update, request_schema=schemas.PortPut),
            Route("DELETE", "/v2.0/ports/{port_id}", self.delete),
        ]

    def create(self, request: Request) -> Response:
        """201; 400, 403, 404 (network, security group), 409 (address, MAC, quota, none left)."""
        body = request.json(schemas.PortPost)
        asked, many = one_or_many(body.port, body.ports, "port")
        made = self._ports.create_many(request.context, [self._wanted(request, item) for item in asked])
        shown = [self._view(request, row) for row in made]
        return Response(201, {"ports": shown} if many else {"port": shown[0]})

    def list(self, request: Request) -> Response:
        """200; 400 for a bad marker or sort key."""
        shown = [self._view(request, row) for row in self._ports.list(request.context)]
        return list_response(request, "ports", shown)

    def show(self, request: Request) -> Response:
        """200; 404."""
        shown = self._view(request, self._ports.get(request.context, request.param("port_id")))
        return Response(200, {"port": views.pick(shown, request.query.all("fields"))})

    def update(self, request: Request) -> Response:
        """200; 400, 403, 404, 409."""
        asked = request.json(schemas.PortPut).port
        before = self._ports.get(request.context, request.param("port_id"))
        authorise(self._policy, request.context, "update_port", before.project_id)
        changes = self._changes(request, before, asked)
        return Response(200, {"port": self._view(request, self._ports.update(request.context, before.id, changes))})

    def delete(self, request: Request) -> Response:
        """204; 403, 404, 409."""
        before = self._ports.get(request.context, request.param("port_id"))
        authorise(self._policy, request.context, "delete_port", before.project_id)
        self._ports.delete(request.context, before.id)
        return no_content()

    def _wanted(self, request: Request, asked: schemas.PortNew) -> PortRequest:
        project_id = owner(self._policy, request.context, asked, "create_port")
        if asked.binding_host:
            authorise(self._policy, request.context, "create_port:binding:host_id", project_id)
        return PortRequest(
            network_id=asked.network_id,
            name=asked.name,
            description=asked.description,
            mac_address=None if asked.mac_address is None else _mac(asked.mac_address),
            admin_state_up=asked.admin_state_up,
            device_id=asked.device_id,
            device_owner=asked.device_owner,
            fixed_ips=_address_requests(asked.fixed_ips),
            security_group_ids=asked.security_groups,
            port_security_enabled=asked.port_security_enabled,
            binding_host=asked.binding_host,
            vnic_type=asked.vnic_type,
            binding_profile=asked.binding_profile,
            allowed_address_pairs=_pairs(asked.allowed_address_pairs),
            project_id=project_id,
        )

    def _changes(self, request: Request, before: Port, asked: schemas.PortChange) -> dict[str, Any]:
        changes = changes_of(asked, _RENAMED)
        for name, rule in (("binding_host", "update_port:binding:host_id"), ("mac_address", "update_port:mac_address")):
            if name in changes:
                authorise(self._policy, request.context, rule, before.project_id)
        if "mac_address" in changes:
            changes["mac_address"] = _mac(changes["mac_address"])
        if isinstance(asked.fixed_ips, list):
            changes["fixed_ips"] = _address_requests(asked.fixed_ips)
        if "allowed_address_pairs" in changes:
            changes["allowed_address_pairs"] = _pairs(changes["allowed_address_pairs"])
        for name in ("security_group_ids", "binding_profile"):
            if name in changes and changes[name] is None:
                changes[name] = [] if name == "security_group_ids" else {}
        return changes

    def _view(self, request: Request, row: Port) -> dict[str, Any]:
        binding = self._policy.allows(request.context, "get_port:binding:host_id", {"project_id": row.project_id})
        return views.port(row, binding=binding)


def _mac(text: str) -> str:
    if not _MAC.match(text):
        raise errors.InvalidInput(f"'{text}' is not a valid MAC address")
    return text.lower()


def _address_requests(asked: list[schemas.FixedIpAsked] | None) -> list[AddressRequest] | None:
    if asked is None:
        return None
    for entry in asked:
        if entry.subnet_id is None and entry.ip_address is None:
            raise errors.InvalidInput("IP allocation requires subnet_id or ip_address")
    return [AddressRequest(entry.subnet_id, entry.ip_address) for entry in asked]


def _pairs(asked: list[schemas.AddressPair] | None) -> list[tuple[str, str]]:
    return [(pair.ip_address, pair.mac_address or "") for pair in asked or ()]
