"""Network's answers: fields and defaults belong here, so that a change of the model can't change the API by accident."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stackspan.core.clock import iso_z
from stackspan.network.model import Network, Port, SecurityGroup, SecurityGroupRule, Subnet

Json = dict[str, Any]


def network(row: Network, *, provider: bool) -> Json:
    """A network; `provider` adds what only admins see."""
    shown: Json = {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "tenant_id": row.project_id,
        "project_id": row.project_id,
        "admin_state_up": row.admin_state_up,
        "status": "ACTIVE",
        "shared": row.shared,
        "mtu": row.mtu,
        "port_security_enabled": row.port_security_enabled,
        "router:external": False,
        "subnets": list(row.subnet_ids),
        "created_at": iso_z(row.created_at),
        "updated_at": iso_z(row.updated_at),
        "revision_number": row.revision,
    }
    if provider:
        shown["provider:network_type"] = "vlan"
        shown["provider:physical_network"] = row.physical_network
        shown["provider:segmentation_id"] = row.segmentation_id
    return shown


def subnet(row: Subnet) -> Json:
    """A subnet."""
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "tenant_id": row.project_id,
        "project_id": row.project_id,
        "network_id": row.network_id,
        "ip_version": row.ip_version,
        "cidr": row.cidr,
        "gateway_ip": row.gateway_ip,
        "enable_dhcp": row.enable_dhcp,
        "allocation_pools": [{"start": first, "end": last} for first, last in row.pools],
        "dns_nameservers": list(row.dns_nameservers),
        "host_routes": [{"destination": destination, "nexthop": hop} for destination, hop in row.host_routes],
        "ipv6_ra_mode": row.ipv6_ra_mode,
        "ipv6_address_mode": row.ipv6_address_mode,
        "subnetpool_id": None,
        "created_at": iso_z(row.created_at),
        "updated_at": iso_z(row.updated_at),
        "revision_number": row.revision,
    }


def port(row: Port, *, binding: bool) -> Json:
    """A port; `binding` adds what only admins see."""
    bound = bool(row.binding_host)
    shown: Json = {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "tenant_id": row.project_id,
        "project_id": row.project_id,
        "network_id": row.network_id,
        "mac_address": row.mac_address,
        "admin_state_up": row.admin_state_up,
        "status": row.status,
        "device_id": row.device_id,
        "device_owner": row.device_owner,
        "fixed_ips": [{"subnet_id": fixed.subnet_id, "ip_address": fixed.ip_address} for fixed in row.fixed_ips],
        "security_groups": list(row.security_group_ids),
        "allowed_address_pairs": [
            {"ip_address": address, "mac_address": mac} for address, mac in row.allowed_address_pairs
        ],
        "port_security_enabled": row.port_security_enabled,
        "binding:vnic_type": row.vnic_type,
        "created_at": iso_z(row.created_at),
        "updated_at": iso_z(row.updated_at),
        "revision_number": row.revision,
    }
    if binding:
        shown["binding:host_id"] = row.binding_host
        shown["binding:vif_type"] = "dvs" if bound else "unbound"
        shown["binding:vif_details"] = {"port_filter": False, "connectivity": "l2"} if bound else {}
        shown["binding:profile"] = dict(row.binding_profile)
    return shown


def security_group(row: SecurityGroup) -> Json:
    """A group with its rules."""
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "tenant_id": row.project_id,
        "project_id": row.project_id,
        "stateful": row.stateful,
        "security_group_rules": [security_group_rule(rule) for rule in row.rules],
        "created_at": iso_z(row.created_at),
        "updated_at": iso_z(row.updated_at),
        "revision_number": row.revision,
    }


def security_group_rule(row: SecurityGroupRule) -> Json:
    """A rule."""
    return {
        "id": row.id,
        "security_group_id": row.security_group_id,
        "tenant_id": row.project_id,
        "project_id": row.project_id,
        "direction": row.direction,
        "ethertype": row.ethertype,
        "protocol": row.protocol,
        "port_range_min": row.port_range_min,
        "port_range_max": row.port_range_max,
        "remote_ip_prefix": row.remote_ip_prefix,
        "remote_group_id": row.remote_group_id,
        "description": row.description,
        "created_at": iso_z(row.created_at),
        "updated_at": iso_z(row.updated_at),
        "revision_number": row.revision,
    }


def pick(shown: Json, fields: Sequence[str]) -> Json:
    """Only the asked fields; all where none are asked."""
    return {key: value for key, value in shown.items() if key in fields} if fields else shown


EXTENSIONS: Mapping[str, tuple[str, str]] = {
    "allowed-address-pairs": ("Allowed Address Pairs", "Provides allowed address pairs"),
    "binding": ("Port Binding", "Expose port bindings of a virtual port to external application"),
    "net-mtu": ("Network MTU", "Provides MTU attribute for a network resource."),
    "net-mtu-writable": ("Network MTU (writable)", "Provides a writable MTU attribute for a network resource."),
    "pagination": ("Pagination support", "Extension that indicates that pagination is enabled."),
    "port-security": ("Port Security", "Provides port security"),
    "provider": ("Provider Network", "Expose mapping of virtual networks to physical networks"),
    "quota-check-limit": (
        "Quota engine limit check",
        "A limit is compared with what the project uses before it is set",
    ),
    "quota-check-limit-default": ("Quota engine limit check by default", "Limits are checked unless force is set"),
    "quota_details": ("Quota details management support", "Expose functions for quotas usage statistics per project"),
    "quotas": ("Quota management support", "Expose functions for quotas management per project"),
    "security-group": ("security-group", "The security groups extension."),
    "sorting": ("Sorting support", "Extension that indicates that sorting is enabled."),
    "standard-attr-description": ("standard-attr-description", "Extension to add descriptions to standard attributes"),
    "standard-attr-revisions": ("Resource revision numbers", "This extension will display the revision number."),
    "standard-attr-timestamp": ("Resource timestamps", "Adds created_at and updated_at fields to all resources."),
    "stateful-security-group": ("Stateful security group", "Indicates if the security group is stateful or not"),
}
"""alias → (name, description) of exactly what is served."""


def extension(alias: str) -> Json:
    """An extension."""
    name, description = EXTENSIONS[alias]
    return {
        "alias": alias,
        "name": name,
        "description": description,
        "updated": "2026-10-01T00:00:00-00:00",
        "links": [],
    }
