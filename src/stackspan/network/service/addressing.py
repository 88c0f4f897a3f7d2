"""Giving a port its addresses (IPAM): asked for by subnet, by address, or the stock default."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from stackspan.db import Transaction
from stackspan.network import errors
from stackspan.network.model import Subnet
from stackspan.network.store import subnets as store


@dataclass(frozen=True)
class AddressRequest:
    """One entry of `fixed_ips`: a subnet, an address, or both."""

    subnet_id: str | None = None
    ip_address: str | None = None


def addresses_assign(tx: Transaction, network_id: str, port_id: str, asked: Sequence[AddressRequest] | None) -> None:
    """Give the port what was asked, or, where nothing was said (None), one address of the first subnet of each IP version
    that has one free; `[]` gives none.

    Raises InvalidInput, IpAddressInUse, IpAddressGenerationFailure.
    """
    subnets = store.subnet_list(tx, network_ids=[network_id])
    if asked is None:
        _assign_default(tx, network_id, port_id, subnets)
        return
    for request in asked:
        _assign_one(tx, network_id, port_id, subnets, request)


def _assign_default(tx: Transaction, network_id: str, port_id: str, subnets: Sequence[Subnet]) -> None:
    for version in (4, 6):
        candidates = [subnet for subnet in subnets if subnet.ip_version == version]
        if candidates and not any(store.address_take_free(tx, subnet, port_id) for subnet in candidates):
            raise errors.IpAddressGenerationFailure(network_id)


def _assign_one(
    tx: Transaction, network_id: str, port_id: str, subnets: Sequence[Subnet], request: AddressRequest
) -> None:
    if request.ip_address is None:
        subnet = _by_id(subnets, request.subnet_id, network_id)
        if store.address_take_free(tx, subnet, port_id) is None:
            raise errors.IpAddressGenerationFailure(network_id)
        return
    try:
        address = ipaddress.ip_address(request.ip_address)
    except ValueError:
        raise errors.InvalidInput(f"'{request.ip_address}' is not a valid IP address") from None
    subnet = _of_address(subnets, address, network_id, request.subnet_id)
    if not store.address_take(tx, subnet.id, str(address), port_id):
        raise errors.IpAddressInUse(str(address), subnet.id)


def _by_id(subnets: Sequence[Subnet], subnet_id: str | None, network_id: str) -> Subnet:
    for subnet in subnets:
        if subnet.id == subnet_id:
            return subnet
    raise errors.InvalidInput(
        f"Failed to create port on network {network_id}, because fixed_ips included invalid subnet {subnet_id}"
    )


def _of_address(
    subnets: Sequence[Subnet],
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
    network_id: str,
    subnet_id: str | None,
) -> Subnet:
    for subnet in subnets:
        if subnet_id in (None, subnet.id) and address in ipaddress.ip_network(subnet.cidr):
            return subnet
    if subnet_id is not None:
        raise errors.InvalidInput(f"IP address {address} is not a valid IP for the specified subnet")
    raise errors.InvalidInput(
        f"IP address {address} is not a valid IP for any of the subnets on the network {network_id}"
    )
