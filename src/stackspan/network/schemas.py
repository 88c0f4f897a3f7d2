"""Request schemas of the Network API v2.0."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType, field

from stackspan.http.validation import Body

Text = Annotated[str, msgspec.Meta(max_length=255)]
Number = int | str
"""The stock service takes numbers as text too; the `openstack` command sends VLAN ids so."""


class NetworkNew(Body):
    name: Text = ""
    description: Text = ""
    admin_state_up: bool = True
    shared: bool = False
    mtu: Number | None = None
    port_security_enabled: bool = True
    project_id: Text | None = None
    tenant_id: Text | None = None
    network_type: Text | None = field(default=None, name="provider:network_type")
    physical_network: Text | None = field(default=None, name="provider:physical_network")
    segmentation_id: Number | None = field(default=None, name="provider:segmentation_id")
    external: bool = field(default=False, name="router:external")


class NetworkChange(Body):
    name: Text | UnsetType = UNSET
    description: Text | UnsetType = UNSET
    admin_state_up: bool | UnsetType = UNSET
    shared: bool | UnsetType = UNSET
    mtu: Number | UnsetType = UNSET
    port_security_enabled: bool | UnsetType = UNSET


class Pool(Body):
    start: str
    end: str


class HostRoute(Body):
    destination: str
    nexthop: str


class SubnetNew(Body):
    network_id: Text
    ip_version: Number
    cidr: Text
    name: Text = ""
    description: Text = ""
    gateway_ip: Text | UnsetType | None = UNSET
    enable_dhcp: bool = True
    allocation_pools: list[Pool] | None = None
    dns_nameservers: Annotated[list[Text], msgspec.Meta(max_length=5)] | None = None
    host_routes: Annotated[list[HostRoute], msgspec.Meta(max_length=20)] | None = None
    ipv6_ra_mode: Text | None = None
    ipv6_address_mode: Text | None = None
    project_id: Text | None = None
    tenant_id: Text | None = None


class SubnetChange(Body):
    name: Text | UnsetType = UNSET
    description: Text | UnsetType = UNSET
    gateway_ip: Text | UnsetType | None = UNSET
    enable_dhcp: bool | UnsetType = UNSET
    allocation_pools: list[Pool] | UnsetType = UNSET
    dns_nameservers: Annotated[list[Text], msgspec.Meta(max_length=5)] | UnsetType = UNSET
    host_routes: Annotated[list[HostRoute], msgspec.Meta(max_length=20)] | UnsetType = UNSET


class FixedIpAsked(Body):
    subnet_id: Text | None = None
    ip_address: Text | None = None


class AddressPair(Body):
    ip_address: Text
    mac_address: Text | None = None


class PortNew(Body):
    network_id: Text
    name: Text = ""
    description: Text = ""
    mac_address: Text | None = None
    admin_state_up: bool = True
    device_id: Text = ""
    device_owner: Text = ""
    fixed_ips: list[FixedIpAsked] | None = None
    security_groups: list[Text] | None = None
    port_security_enabled: bool | None = None
    allowed_address_pairs: list[AddressPair] | None = None
    binding_host: Text = field(default="", name="binding:host_id")
    vnic_type: Text = field(default="normal", name="binding:vnic_type")
    binding_profile: dict[str, object] | None = field(default=None, name="binding:profile")
    project_id: Text | None = None
    tenant_id: Text | None = None


class PortChange(Body):
    name: Text | UnsetType = UNSET
    description: Text | UnsetType = UNSET
    mac_address: Text | UnsetType = UNSET
    admin_state_up: bool | UnsetType = UNSET
    device_id: Text | UnsetType = UNSET
    device_owner: Text | UnsetType = UNSET
    fixed_ips: list[FixedIpAsked] | UnsetType = UNSET
    security_groups: list[Text] | UnsetType | None = UNSET
    port_security_enabled: bool | UnsetType = UNSET
    allowed_address_pairs: list[AddressPair] | UnsetType | None = UNSET
    binding_host: Text | UnsetType = field(default=UNSET, name="binding:host_id")
    vnic_type: Text | UnsetType = field(default=UNSET, name="binding:vnic_type")
    binding_profile: dict[str, object] | UnsetType | None = field(default=UNSET, name="binding:profile")


class GroupNew(Body):
    name: Text = ""
    description: Text = ""
    stateful: bool = True
    project_id: Text | None = None
    tenant_id: Text | None = None


class GroupChange(Body):
    name: Text | UnsetType = UNSET
    description: Text | UnsetType = UNSET
    stateful: bool | UnsetType = UNSET


class RuleNew(Body):
    security_group_id: Text
    direction: Text
    ethertype: Text | None = None
    protocol: str | int | None = None
    port_range_min: int | str | None = None
    port_range_max: int | str | None = None
    remote_ip_prefix: Text | None = None
    remote_group_id: Text | None = None
    description: Text = ""
    project_id: Text | None = None
    tenant_id: Text | None = None


class NetworkPost(Body):
    network: NetworkNew | UnsetType = UNSET
    networks: list[NetworkNew] | UnsetType = UNSET


class NetworkPut(Body):
    network: NetworkChange


class SubnetPost(Body):
    subnet: SubnetNew | UnsetType = UNSET
    subnets: list[SubnetNew] | UnsetType = UNSET


class SubnetPut(Body):
    subnet: SubnetChange


class PortPost(Body):
    port: PortNew | UnsetType = UNSET
    ports: list[PortNew] | UnsetType = UNSET


class PortPut(Body):
    port: PortChange


class GroupPost(Body):
    security_group: GroupNew


class GroupPut(Body):
    security_group: GroupChange


class RulePost(Body):
    security_group_rule: RuleNew | UnsetType = UNSET
    security_group_rules: list[RuleNew] | UnsetType = UNSET


class QuotaPut(Body):
    quota: dict[str, Annotated[int, msgspec.Meta(ge=-1, le=2147483647)] | bool | str]
