"""Network's values. Past the API layer there are only these."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

COMPUTE_OWNER = "compute:"
"""`device_owner` of a server's port is this plus the availability zone."""


@dataclass(frozen=True)
class NetworkOptions:
    """What the configuration says.

    Args:
        vlan_ranges: physical network → ((first, last), …) VLAN ids that project networks are given.
        network_maps: physical network → name of the distributed switch; empty: the only one is `physnet1`.
        mtu: of new networks, bytes.
        quotas: resource → default limit, -1 for none.
    """

    vlan_ranges: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    network_maps: Mapping[str, str] = field(default_factory=dict)
    mtu: int = 1500
    quotas: Mapping[str, int] = field(
        default_factory=lambda: {
            "network": 100,
            "subnet": 100,
            "port": 500,
            "security_group": 10,
            "security_group_rule": 100,
        }
    )

    @property
    def physical_networks(self) -> frozenset[str]:
        """The names a provider network may use."""
        return frozenset(self.vlan_ranges) | frozenset(self.network_maps or {"physnet1": ""})


@dataclass(frozen=True)
class Network:
    """A network of type vlan."""

    id: str
    project_id: str
    name: str
    description: str
    admin_state_up: bool
    shared: bool
    mtu: int
    port_security_enabled: bool
    physical_network: str
    segmentation_id: int
    created_at: dt.datetime
    updated_at: dt.datetime
    revision: int
    subnet_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subnet:
    """An IP range on a network. `pools` are (first, last) addresses; `host_routes` (destination, next hop)."""

    id: str
    network_id: str
    project_id: str
    name: str
    description: str
    ip_version: int
    cidr: str
    gateway_ip: str | None
    enable_dhcp: bool
    pools: tuple[tuple[str, str], ...]
    dns_nameservers: tuple[str, ...]
    host_routes: tuple[tuple[str, str], ...]
    ipv6_ra_mode: str | None
    ipv6_address_mode: str | None
    created_at: dt.datetime
    updated_at: dt.datetime
    revision: int


@dataclass(frozen=True)
class FixedIp:
    """An address of a port."""

    subnet_id: str
    ip_address: str


@dataclass(frozen=True)
class Port:
    """A port; bound to a server it is a virtual NIC with our MAC."""

    id: str
    network_id: str
    project_id: str
    name: str
    description: str
    mac_address: str
    admin_state_up: bool
    status: str  # ACTIVE, DOWN, BUILD, ERROR
    device_id: str
    device_owner: str
    port_security_enabled: bool
    binding_host: str
    vnic_type: str
    binding_profile: Mapping[str, object]
    made_for_server: bool
    nic_index: int
    port_key: str | None
    allowed_address_pairs: tuple[tuple[str, str], ...]
    created_at: dt.datetime
    updated_at: dt.datetime
    revision: int
    fixed_ips: tuple[FixedIp, ...] = ()
    security_group_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class SecurityGroupRule:
    """A rule; stored and shown."""

    id: str
    security_group_id: str
    project_id: str
    direction: str
    ethertype: str
    protocol: str | None
    port_range_min: int | None
    port_range_max: int | None
    remote_ip_prefix: str | None
    remote_group_id: str | None
    description: str
    created_at: dt.datetime
    updated_at: dt.datetime
    revision: int


@dataclass(frozen=True)
class SecurityGroup:
    """A set of rules for ports."""

    id: str
    project_id: str
    name: str
    description: str
    stateful: bool
    is_default: bool
    created_at: dt.datetime
    updated_at: dt.datetime
    revision: int
    rules: tuple[SecurityGroupRule, ...] = ()


class PortGroupState(enum.Enum):
    """Where a network's port group in one vCenter stands."""

    BUILDING = "building"
    READY = "ready"
    REMOVING = "removing"
    ERROR = "error"


PORT_GROUP_MOVES: Mapping[PortGroupState, frozenset[PortGroupState]] = {
    PortGroupState.BUILDING: frozenset({PortGroupState.READY, PortGroupState.ERROR}),
    PortGroupState.READY: frozenset({PortGroupState.REMOVING, PortGroupState.BUILDING}),
    PortGroupState.REMOVING: frozenset({PortGroupState.BUILDING, PortGroupState.READY}),
    PortGroupState.ERROR: frozenset({PortGroupState.BUILDING}),
}


@dataclass(frozen=True)
class PortGroup:
    """A network's port group in one vCenter. `owned` is False for one that was there and is adopted."""

    network_id: str
    vcenter_uuid: str
    state: PortGroupState
    name: str  # the exact name one of ours has; chosen before it is made
    owned: bool
    moref: str | None
    key: str | None
    dvs_uuid: str | None
    reason: str | None


@dataclass(frozen=True)
class RequestedNic:
    """One entry of a server's `networks`: a network (perhaps with an address) or a port of the user's."""

    network_id: str | None = None
    port_id: str | None = None
    fixed_ip: str | None = None


@dataclass(frozen=True)
class NicPlan:
    """A NIC that a server will get: checked against what is there, nothing reserved yet."""

    network_id: str
    port_id: str | None = None  # the user's own port
    fixed_ip: str | None = None


@dataclass(frozen=True)
class NicSubnet:
    """What a NIC's guest needs to know of one of its addresses' subnets."""

    subnet_id: str
    ip_version: int
    cidr: str
    ip_address: str
    gateway_ip: str | None
    dns_nameservers: tuple[str, ...]
    host_routes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Nic:
    """A server's NIC with all that building the VM and telling the guest takes."""

    port_id: str
    network_id: str
    network_name: str
    mac: str
    mtu: int
    vnic_type: str
    index: int
    preserve_on_delete: bool
    subnets: tuple[NicSubnet, ...]
    portgroup_moref: str | None = None
    portgroup_key: str | None = None
    dvs_uuid: str | None = None
    port_key: str | None = None
    port_security_enabled: bool = True

    @property
    def fixed_ips(self) -> tuple[FixedIp, ...]:
        """The addresses alone."""
        return tuple(FixedIp(subnet.subnet_id, subnet.ip_address) for subnet in self.subnets)
