"""Network's settings: neutron.conf, ml2_conf.ini and the sections of the vCenter mechanism drivers."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from oslo_config import cfg

from stackspan.config import policy
from stackspan.config.findings import Place
from stackspan.config.ini import DEFAULT
from stackspan.config.reading import Group, ServiceConf
from stackspan.config.vcenter import AccountNames, Naming, VCenterSettings, account


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
    maps_place: Place = field(default=Place(), compare=False, repr=False)


_DEFAULT = (
    cfg.StrOpt("base_mac", default="fa:16:3e:00:00:00"),
    cfg.StrOpt("pagination_max_limit", default="-1"),
    cfg.ListOpt("default_availability_zones", default=[]),
    cfg.IntOpt("max_dns_nameservers", min=0, default=5),
    cfg.IntOpt("max_subnet_host_routes", min=0, default=20),
    cfg.IntOpt("max_allowed_address_pair", min=0, default=10),
    cfg.StrOpt("dns_domain", default="openstacklocal"),
    cfg.IntOpt("global_physnet_mtu", default=1500, deprecated_opts=[cfg.DeprecatedOpt("segment_mtu", group="ml2")]),
)

_ML2 = (cfg.DictOpt("physical_network_mtus", default={}),)
_VLAN = (cfg.ListOpt("network_vlan_ranges", default=[]),)
_FLAT = (cfg.ListOpt("flat_networks", default=["*"]),)

_QUOTAS = (
    cfg.IntOpt("default_quota", default=-1),
    cfg.IntOpt("quota_network", default=100),
    cfg.IntOpt("quota_subnet", default=100),
    cfg.IntOpt("quota_port", default=500),
    cfg.IntOpt("quota_security_group", default=10),
    cfg.IntOpt("quota_security_group_rule", default=100),
    cfg.IntOpt("quota_router", default=10),
    cfg.IntOpt("quota_floatingip", default=50),
    cfg.IntOpt("quota_rbac_policy", default=10),
)

_MAPS = cfg.ListOpt("network_maps", default=[])

# The mechanism drivers for vCenter name the same things differently; each section is read under its own names.
_DRIVER_SECTIONS: tuple[tuple[str, tuple[cfg.Opt, ...], AccountNames], ...] = (
    (
        "ML2_VMWARE",
        (
            cfg.StrOpt("vsphere_hostname", deprecated_opts=[cfg.DeprecatedOpt("host_ip")]),
            cfg.StrOpt("vsphere_login", default="administrator", deprecated_opts=[cfg.DeprecatedOpt("host_username")]),
            cfg.StrOpt("vsphere_password", secret=True, deprecated_opts=[cfg.DeprecatedOpt("host_password")]),
            cfg.PortOpt("host_port", default=443),
            _MAPS,
            cfg.StrOpt("ca_certs", deprecated_opts=[cfg.DeprecatedOpt("ca_file")]),
            cfg.BoolOpt("insecure", default=False),
            cfg.FloatOpt("task_poll_interval", default=2),
            cfg.IntOpt("api_retry_count", default=10),
            cfg.IntOpt("connections_pool_size", default=100),
        ),
        AccountNames(
            host="vsphere_hostname",
            username="vsphere_login",
            password="vsphere_password",
            port="host_port",
            ca_file="ca_certs",
            insecure="insecure",
            retries="api_retry_count",
            poll_interval="task_poll_interval",
        ),
    ),
    (
        "dvs",
        (
            cfg.StrOpt("host_ip"),
            cfg.PortOpt("host_port", default=443),
            cfg.StrOpt("host_username"),
            cfg.StrOpt("host_password", secret=True),
            cfg.FloatOpt("task_poll_interval", default=0.5),
            cfg.StrOpt("ca_file"),
            cfg.BoolOpt("insecure", default=False),
            cfg.IntOpt("api_retry_count", default=10),
            cfg.StrOpt("dvs_name"),
        ),
        AccountNames(
            host="host_ip",
            username="host_username",
            password="host_password",
            port="host_port",
            ca_file="ca_file",
            insecure="insecure",
            retries="api_retry_count",
            poll_interval="task_poll_interval",
        ),
    ),
    (
        "VMWARE",
        (
            cfg.StrOpt("vcenter_ip"),
            cfg.PortOpt("https_port", default=443),
            cfg.StrOpt("vcenter_username"),
            cfg.StrOpt("vcenter_password", secret=True),
            cfg.StrOpt("cert_path"),
            cfg.IntOpt("vcenter_api_retry_count", default=10),
        ),
        AccountNames(
            host="vcenter_ip",
            username="vcenter_username",
            password="vcenter_password",
            port="https_port",
            ca_file="cert_path",
            retries="vcenter_api_retry_count",
        ),
    ),
)
_PLACEHOLDER_HOST = "vsphere"  # the drivers' default, which names no vCenter

_BY_CLUSTERS = "Port groups are made on the switches that network_maps names, for all clusters."
_NO_AGENT = "No agent runs: networks are vCenter port groups."
_OF_TYPE_VLAN = "Networks are of type vlan, or flat where an admin says so."

IGNORED: dict[str, dict[str, str]] = {
    "ML2_VMWARE": {
        "cluster_name": _BY_CLUSTERS,
        "dv_portgroup": "Port groups are found by their VLAN.",
        "dv_switch": "Write network_maps = PHYSICAL_NETWORK:SWITCH.",
        "wsdl_location": "The description of vCenter's service is built in.",
        "host_rectify_timeout": _NO_AGENT,
        "uplink_maps": "Port groups keep the uplink policy of their switch.",
        "uplink_policy": "Port groups keep the uplink policy of their switch.",
        "uplink_notifySwitches": "Port groups keep the uplink policy of their switch.",
        "uplink_rollingOrder": "Port groups keep the uplink policy of their switch.",
        "uplink_reversePolicy": "Port groups keep the uplink policy of their switch.",
    },
    "dvs": {"metadata_mode": "Guests get their metadata from the config drive and guestinfo."},
    "VMWARE": {
        "vcenter_id": "vCenters are told apart by what they say of themselves.",
        "cert_check": "Certificates are always verified here: cert_path names the authority.",
        "wsdl_location": "The description of vCenter's service is built in.",
        "esx_hostname": "No service VM runs on the hosts.",
        "esx_maintenance_mode": "No service VM runs on the hosts.",
        "cluster_dvs_mapping": _BY_CLUSTERS,
        "connection_timeout": "Timeouts are built in.",
    },
    "ml2": {
        "type_drivers": _OF_TYPE_VLAN,
        "tenant_network_types": _OF_TYPE_VLAN,
        "project_network_types": _OF_TYPE_VLAN,
        "mechanism_drivers": "Ports are bound to vCenter port groups.",
        "path_mtu": "There are no overlay networks.",
    },
    "DEFAULT": {"core_plugin": "Networks are vCenter port groups.", "service_plugins": "What is served is built in."},
    "QUOTAS": {"quota_items": "Each resource has an option of its own."},
}

GROUP_REASONS = {"DVS": _NO_AGENT}

_MAC = re.compile(r"([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}")
_VLAN_REMEDY = "Write PHYSICAL_NETWORK or PHYSICAL_NETWORK:FIRST:LAST, VLANs from 1 to 4094, with commas between."


def _vlan_ranges(group: Group) -> dict[str, tuple[tuple[int, int], ...]]:
    """Physical network → ranges, as ML2 writes them; a network without a range serves admins' networks only."""
    ranges: dict[str, tuple[tuple[int, int], ...]] = {}
    for text in group.words("network_vlan_ranges"):
        parts = [part.strip() for part in text.split(":")]
        name = parts[0]
        if not name or len(parts) not in (1, 3) or not all(part.isdigit() for part in parts[1:]):
            group.wrong("network_vlan_ranges", f"{text!r} won't do.", _VLAN_REMEDY)
            continue
        ranges.setdefault(name, ())
        if len(parts) == 3:
            first, last = int(parts[1]), int(parts[2])
            if not 1 <= first <= last <= 4094:
                group.wrong("network_vlan_ranges", f"{text!r} is no range of VLANs.", _VLAN_REMEDY)
                continue
            ranges[name] += ((first, last),)
    return ranges


def _network_maps(group: Group) -> dict[str, str]:
    maps: dict[str, str] = {}
    for text in group.words("network_maps"):
        name, colon, switch = (part.strip() for part in text.partition(":"))
        if not colon or not name or not switch:
            group.wrong("network_maps", f"{text!r} won't do.", "Write PHYSICAL_NETWORK:SWITCH, with commas between.")
        elif maps.setdefault(name, switch) != switch:
            group.wrong("network_maps", f"{name} has two switches.", "Name one for each physical network.")
    return maps


def _drivers(
    conf: ServiceConf, physical_networks: list[str], naming: Naming
) -> tuple[tuple[VCenterSettings, ...], dict[str, str]]:
    """Accounts and switches from the sections of mechanism drivers that are there."""
    accounts: list[VCenterSettings] = []
    maps: dict[str, str] = {}
    for section, options, names in _DRIVER_SECTIONS:
        if not conf.has_group(section):
            continue
        group = conf.register(section, options)
        if group.text(names.host) not in (None, _PLACEHOLDER_HOST):
            vcenter = account(group, names, naming, service="network", title=f"neutron [{section}]")
            accounts += [vcenter] if vcenter else []
        if section == "ML2_VMWARE":
            maps.update(_network_maps(group))
        elif section == "dvs" and group.text("dvs_name"):
            only = physical_networks[0] if len(physical_networks) == 1 else "physnet1"
            maps.setdefault(only, group.string("dvs_name"))
    return tuple(accounts), maps


def _quota(conf: ServiceConf) -> NetworkQuotaSettings:
    group = conf.register("QUOTAS", _QUOTAS)

    def limit(option: str) -> int:
        return max(group.integer(option), -1)

    return NetworkQuotaSettings(
        network=limit("quota_network"),
        subnet=limit("quota_subnet"),
        port=limit("quota_port"),
        security_group=limit("quota_security_group"),
        security_group_rule=limit("quota_security_group_rule"),
        router=limit("quota_router"),
        floatingip=limit("quota_floatingip"),
        subnetpool=limit("default_quota"),
        rbac_policy=limit("quota_rbac_policy"),
    )


def _page_limit(default: Group) -> int:
    text = default.string("pagination_max_limit")
    if text == "infinite":
        return -1
    try:
        return max(int(text), -1)
    except ValueError:
        default.wrong("pagination_max_limit", f"{text!r} won't do.", "Give a whole number, or infinite.")
        return -1


def _mtus(group: Group) -> dict[str, int]:
    mtus: dict[str, int] = {}
    for name, text in group.pairs("physical_network_mtus").items():
        if text.isdigit():
            mtus[name] = int(text)
        else:
            group.wrong("physical_network_mtus", f"{text!r} is no MTU.", "Write PHYSICAL_NETWORK:BYTES.")
    return mtus


def from_conf(conf: ServiceConf, naming: Naming) -> NetworkSettings:
    """Network's settings; what is wrong is noted in the conf's report."""
    default = conf.register(DEFAULT, _DEFAULT)
    ranges = _vlan_ranges(conf.register("ml2_type_vlan", _VLAN))
    vcenters, maps = _drivers(conf, list(ranges), naming)
    if not _MAC.fullmatch(default.string("base_mac")):
        default.wrong("base_mac", "It isn't a MAC address.", "Give one such as fa:16:3e:00:00:00.")
    return NetworkSettings(
        vlan_ranges=ranges,
        network_maps=maps,
        flat_networks=conf.register("ml2_type_flat", _FLAT).words("flat_networks"),
        vcenters=vcenters,
        physical_network_mtus=_mtus(conf.register("ml2", _ML2)),
        quota=_quota(conf),
        base_mac=default.string("base_mac").lower(),
        mtu=default.integer("global_physnet_mtu"),
        dns_domain=default.string("dns_domain"),
        max_dns_nameservers=default.integer("max_dns_nameservers"),
        max_subnet_host_routes=default.integer("max_subnet_host_routes"),
        max_allowed_address_pair=default.integer("max_allowed_address_pair"),
        pagination_max_limit=_page_limit(default),
        default_availability_zones=default.words("default_availability_zones"),
        policy_file=policy.policy_file(conf),
        maps_place=conf.place("ML2_VMWARE", "network_maps"),
    )
