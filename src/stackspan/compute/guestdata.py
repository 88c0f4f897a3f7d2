"""What a guest is told of itself: the same facts for the config drive and for cloud-init's VMware data source.

Pure functions. cloud-init takes one data source, the config drive before VMware's, so both must tell the same instance id
and the same network.
"""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from stackspan.compute.model import Server
from stackspan.network.model import Nic, NicSubnet


def meta_data(server: Server, metadata: Mapping[str, str], public_key: str | None, dhcp_domain: str) -> dict[str, Any]:
    """OpenStack's meta_data.json."""
    found: dict[str, Any] = {
        "uuid": server.id,
        "name": server.name,
        "hostname": fqdn(server, dhcp_domain),
        "availability_zone": server.zone or "",
        "launch_index": server.launch_index,
        "project_id": server.project_id,
        "devices": [],
        "dedicated_cpus": [],
    }
    if metadata:
        found["meta"] = dict(metadata)
    if server.key_name and public_key:
        found["public_keys"] = {server.key_name: public_key}
        found["keys"] = [{"name": server.key_name, "type": "ssh", "data": public_key}]
    return found


def guestinfo_metadata(server: Server, nics: Sequence[Nic], public_key: str | None, dhcp_domain: str) -> dict[str, Any]:
    """The metadata of cloud-init's VMware data source."""
    found: dict[str, Any] = {
        "instance-id": server.id,
        "local-hostname": fqdn(server, dhcp_domain),
        "hostname": fqdn(server, dhcp_domain),
    }
    if public_key:
        found["public-keys-data"] = public_key
    if nics:
        found["network"] = network_v2(nics)
    return found


def network_v2(nics: Sequence[Nic]) -> dict[str, Any]:
    """cloud-init's network configuration, version 2: static addresses, cards told apart by MAC."""
    return {"version": 2, "ethernets": {f"nic{nic.index}": _ethernet(nic) for nic in nics}}


def user_data(text: str | None) -> bytes | None:
    """The user data as the guest reads it."""
    return None if text is None else base64.b64decode("".join(text.split()))


def fqdn(server: Server, dhcp_domain: str) -> str:
    """The host name with the configured domain."""
    return f"{server.hostname}.{dhcp_domain}" if dhcp_domain and "." not in server.hostname else server.hostname


def _ethernet(nic: Nic) -> dict[str, Any]:
    found: dict[str, Any] = {"match": {"macaddress": nic.mac}, "mtu": nic.mtu, "dhcp4": False, "dhcp6": False}
    addresses = [f"{subnet.ip_address}/{ipaddress.ip_network(subnet.cidr).prefixlen}" for subnet in nic.subnets]
    if addresses:
        found["addresses"] = addresses
    routes = [route for subnet in nic.subnets for route in _routes(subnet)]
    if routes:
        found["routes"] = routes
    servers = list(dict.fromkeys(server for subnet in nic.subnets for server in subnet.dns_nameservers))
    if servers:
        found["nameservers"] = {"addresses": servers}
    return found


def _routes(subnet: NicSubnet) -> list[dict[str, str]]:
    routes = [{"to": destination, "via": hop} for destination, hop in subnet.host_routes]
    if subnet.gateway_ip is not None:
        routes.append({"to": "0.0.0.0/0" if subnet.ip_version == 4 else "::/0", "via": subnet.gateway_ip})
    return routes
