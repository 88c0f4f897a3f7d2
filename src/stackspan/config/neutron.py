"""Network's settings: neutron.conf, ml2_conf.ini and the sections of the vCenter mechanism drivers."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from stackspan.config.vcenter import VCenterSettings


@dataclass(frozen=True)
class NetworkQuotaSettings:
    """Default limits of a project; -1: none."""

    network: int = 100
    subnet: int = 100
    port: int = 500
    security_group: int = 10
    security_group_rule: int = 100
    router: int = 10
    floatingip: int = 50
    subnetpool: int = -1
    rbac_policy: int = 10


@dataclass(frozen=True)
class NetworkSettings:
    """Network's settings. MTU in bytes.

    Args:
        vlan_ranges: physical network → ((first, last), …) VLAN ids that project networks get; empty: for admins only.
        network_maps: physical network → name of the distributed switch; empty: the only switch is `physnet1`.
        flat_networks: physical networks that may be used untagged; `*`: all.
        vcenters: accounts that a mechanism driver's section names; empty: Compute's are used.
        physical_network_mtus: physical network → MTU, where it isn't `mtu`.
        base_mac: first octets of the MAC addresses that we make.
        mtu: of the physical networks.
    """

    vlan_ranges: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    network_maps: Mapping[str, str] = field(default_factory=dict)
    flat_networks: tuple[str, ...] = ("*",)
    vcenters: tuple[VCenterSettings, ...] = ()
    physical_network_mtus: Mapping[str, int] = field(default_factory=dict)
    quota: NetworkQuotaSettings = NetworkQuotaSettings()
    base_mac: str = "fa:16:3e:00:00:00"
    mtu: int = 1500
    dns_domain: str = "openstacklocal"
    max_dns_nameservers: int = 5
    max_subnet_host_routes: int = 20
    max_allowed_address_pair: int = 10
    pagination_max_limit: int = -1
    default_availability_zones: tuple[str, ...] = ()
    policy_file: pathlib.Path | None = None
