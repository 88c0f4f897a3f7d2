"""Subnets: a range on a network, its pools, gateway, name servers and routes."""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stackspan.core import ids
from stackspan.core.context import RequestContext
from stackspan.db import Transaction
from stackspan.network import errors
from stackspan.network.model import Subnet
from stackspan.network.service.base import Parts, network_for
from stackspan.network.store import networks as network_store
from stackspan.network.store import subnets as store

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_SLAAC = ("slaac", "dhcpv6-stateless")


@dataclass(frozen=True)
class SubnetRequest:
    """What a post asks for. `gateway_ip`: an address, None for none, "" for the stock default (the first)."""

    network_id: str
    ip_version: int
    cidr: str
    name: str = ""
    description: str = ""
    gateway_ip: str | None = ""
    enable_dhcp: bool = True
    pools: Sequence[tuple[str, str]] | None = None
    dns_nameservers: Sequence[str] = ()
    host_routes: Sequence[tuple[str, str]] = ()
    ipv6_ra_mode: str | None = None
    ipv6_address_mode: str | None = None
    project_id: str | None = None


class Subnets:
    """Create, list, show, update, delete."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def create(self, context: RequestContext, request: SubnetRequest) -> Subnet:
        """Make a subnet. Raises NetworkNotFound, InvalidInput, OverQuota."""
        cidr = _cidr(request.cidr, request.ip_version)
        _check_modes(request)
        gateway = _gateway(request.gateway_ip, cidr)
        pools = _pools(request.pools, cidr, gateway)
        dns_nameservers = _addresses(request.dns_nameservers, "dns_nameservers", request.ip_version)
        routes = _routes(request.host_routes, request.ip_version)
        now = self._parts.now()
        with self._parts.database.write() as tx:
            network = network_for(tx, context, request.network_id)
            if not (context.is_admin or network.project_id == context.project_id):
                raise errors.PolicyNotAuthorized("create_subnet")
            project_id = request.project_id or network.project_id
            self._parts.quota_check(tx, project_id, "subnet")
            self._check_overlap(tx, network.id, cidr)
            row = Subnet(
                id=ids.new_uuid(),
                network_id=network.id,
                project_id=project_id,
                name=request.name,
                description=request.description,
                ip_version=request.ip_version,
                cidr=str(cidr),
                gateway_ip=gateway,
                enable_dhcp=request.enable_dhcp,
                pools=tuple(pools),
                dns_nameservers=dns_nameservers,
                host_routes=routes,
                ipv6_ra_mode=request.ipv6_ra_mode,
                ipv6_address_mode=request.ipv6_address_mode,
                created_at=now,
                updated_at=now,
                revision=0,
            )
            store.subnet_insert(tx, row)
            return row

    def list(self, context: RequestContext) -> list[Subnet]:
        """Subnets of the networks the caller may see."""
        with self._parts.database.read() as tx:
            if context.is_admin:
                return store.subnet_list(tx)
            visible = network_store.network_list(tx, visible_to=context.project_id or "")
            return store.subnet_list(tx, network_ids=[network.id for network in visible])

    def get(self, context: RequestContext, subnet_id: str) -> Subnet:
        """One subnet. Raises SubnetNotFound."""
        with self._parts.database.read() as tx:
            return _subnet_for(tx, context, subnet_id)

    def update(self, context: RequestContext, subnet_id: str, changes: Mapping[str, Any]) -> Subnet:
        """Change a subnet. Raises SubnetNotFound, InvalidInput."""
        with self._parts.database.write() as tx:
            before = _subnet_for(tx, context, subnet_id)
            checked = self._checked(before, dict(changes))
            store.subnet_update(tx, subnet_id, {**checked, "updated_at": self._parts.now()})
            return _subnet_for(tx, context, subnet_id)

    def delete(self, context: RequestContext, subnet_id: str) -> None:
        """Delete a subnet. Raises SubnetNotFound, SubnetInUse."""
        with self._parts.database.write() as tx:
            found = _subnet_for(tx, context, subnet_id)
            if store.subnet_in_use(tx, found.id):
                raise errors.SubnetInUse(found.id)
            store.subnet_delete(tx, found.id)

    def _checked(self, before: Subnet, changes: dict[str, Any]) -> dict[str, Any]:
        cidr = ipaddress.ip_network(before.cidr)
        if "gateway_ip" in changes:
            changes["gateway_ip"] = _gateway(changes["gateway_ip"], cidr)
        gateway = changes.get("gateway_ip", before.gateway_ip)
        if "pools" in changes:
            changes["pools"] = _pools(changes["pools"], cidr, gateway)
        elif gateway is not None:
            _check_gateway_outside(before.pools, gateway)
        if "dns_nameservers" in changes:
            changes["dns_nameservers"] = _addresses(changes["dns_nameservers"], "dns_nameservers", before.ip_version)
        if "host_routes" in changes:
            changes["host_routes"] = _routes(changes["host_routes"], before.ip_version)
        return changes

    def _check_overlap(self, tx: Transaction, network_id: str, cidr: _Network) -> None:
        for other in store.subnet_list(tx, network_ids=[network_id]):
            if ipaddress.ip_network(other.cidr).overlaps(cidr):
                raise errors.InvalidInput(
                    f"Requested subnet with cidr: {cidr} for network: {network_id} overlaps with another subnet"
                )


def _subnet_for(tx: Transaction, context: RequestContext, subnet_id: str) -> Subnet:
    found = store.subnet_get(tx, subnet_id)
    if found is None:
        raise errors.SubnetNotFound(subnet_id)
    try:
        network_for(tx, context, found.network_id)
    except errors.NetworkNotFound:
        raise errors.SubnetNotFound(subnet_id) from None
    return found


def _cidr(text: str, ip_version: int) -> _Network:
    try:
        cidr = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise errors.InvalidInput(f"'{text}' is not a valid IP subnet") from None
    if cidr.version != ip_version:
        raise errors.InvalidInput(f"cidr '{text}' does not match the ip_version '{ip_version}'")
    if cidr.prefixlen == 0:
        raise errors.InvalidInput("0 is not allowed as CIDR prefix length")
    return cidr


def _check_modes(request: SubnetRequest) -> None:
    modes = (request.ipv6_ra_mode, request.ipv6_address_mode)
    if request.ip_version == 4 and any(modes):
        raise errors.InvalidInput("ipv6_ra_mode and ipv6_address_mode are not valid when ip_version is 4")
    if all(modes) and modes[0] != modes[1]:
        raise errors.InvalidInput(
            f"ipv6_ra_mode set to '{modes[0]}' with ipv6_address_mode set to '{modes[1]}' is not valid. "
            "If both attributes are set, they must be the same value"
        )
    if any(mode in _SLAAC for mode in modes) and not request.cidr.endswith("/64"):
        raise errors.InvalidInput("Invalid CIDR for IPv6 address mode. SLAAC and DHCPv6-stateless need a /64")


def _gateway(asked: str | None, cidr: _Network) -> str | None:
    if asked is None:
        return None
    if asked == "":
        return str(cidr.network_address + 1) if cidr.num_addresses > 2 else str(cidr.network_address)
    address = _address(asked, "gateway_ip", cidr.version)
    if cidr.version == 4 and ipaddress.ip_address(address) not in cidr:
        raise errors.InvalidInput("Gateway is not valid on subnet")
    return address


def _pools(asked: Sequence[tuple[str, str]] | None, cidr: _Network, gateway: str | None) -> list[tuple[str, str]]:
    if asked is None:
        return _default_pools(cidr, gateway)
    ranges = []
    for first_text, last_text in asked:
        first = ipaddress.ip_address(_address(first_text, "allocation_pools", cidr.version))
        last = ipaddress.ip_address(_address(last_text, "allocation_pools", cidr.version))
        if int(first) > int(last):
            raise errors.InvalidInput(f"The allocation pool {first}-{last} is not valid")
        if first not in cidr or last not in cidr:
            raise errors.InvalidInput(f"The allocation pool {first}-{last} spans beyond the subnet cidr {cidr}")
        ranges.append((int(first), int(last), str(first), str(last)))
    ranges.sort()
    for before, after in itertools.pairwise(ranges):
        if after[0] <= before[1]:
            raise errors.InvalidInput(
                f"Found overlapping allocation pools: {before[2]}-{before[3]} {after[2]}-{after[3]} for subnet {cidr}"
            )
    pools = [(first, last) for _, _, first, last in ranges]
    if gateway is not None:
        _check_gateway_outside(pools, gateway)
    return pools


def _default_pools(cidr: _Network, gateway: str | None) -> list[tuple[str, str]]:
    """Everything but the network's own address, the broadcast and the gateway."""
    kind = type(cidr.network_address)
    first, last = int(cidr.network_address), int(cidr.broadcast_address)
    if cidr.num_addresses > 2:
        first, last = first + 1, last - (1 if cidr.version == 4 else 0)
    if gateway is None or not first <= int(ipaddress.ip_address(gateway)) <= last:
        return [(str(kind(first)), str(kind(last)))]
    middle = int(ipaddress.ip_address(gateway))
    halves = [(first, middle - 1), (middle + 1, last)]
    return [(str(kind(low)), str(kind(high))) for low, high in halves if low <= high]


def _check_gateway_outside(pools: Sequence[tuple[str, str]], gateway: str) -> None:
    number = int(ipaddress.ip_address(gateway))
    for first, last in pools:
        if int(ipaddress.ip_address(first)) <= number <= int(ipaddress.ip_address(last)):
            raise errors.GatewayConflict(gateway, f"{first}-{last}")


def _address(text: str, field: str, ip_version: int) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise errors.InvalidInput(f"{field}: '{text}' is not a valid IP address") from None
    if address.version != ip_version:
        raise errors.InvalidInput(f"{field} '{text}' does not match the ip_version '{ip_version}'")
    return str(address)


def _addresses(texts: Sequence[str], field: str, ip_version: int) -> tuple[str, ...]:
    if len(set(texts)) != len(texts):
        raise errors.InvalidInput(f"Duplicate items in the list: '{', '.join(texts)}'")
    return tuple(_address(text, field, ip_version) for text in texts)


def _routes(routes: Sequence[tuple[str, str]], ip_version: int) -> tuple[tuple[str, str], ...]:
    checked = []
    for destination, hop in routes:
        try:
            ipaddress.ip_network(destination)
        except ValueError:
            raise errors.InvalidInput(f"host_routes: '{destination}' is not a valid CIDR") from None
        checked.append((destination, _address(hop, "nexthop", ip_version)))
    return tuple(checked)
