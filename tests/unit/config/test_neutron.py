"""Network's options."""

from __future__ import annotations

import pytest

from stackspan import config

from .conftest import Folder

ML2 = "[ml2_type_vlan]\nnetwork_vlan_ranges = {}\n"


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("physnet1:200:299", {"physnet1": ((200, 299),)}),
        ("physnet1", {"physnet1": ()}),
        ("physnet1:1:10, physnet1:20:20,physnet2:5:6", {"physnet1": ((1, 10), (20, 20)), "physnet2": ((5, 6),)}),
        ("", {}),
    ],
)
def test_vlan_ranges(folder: Folder, text: str, ranges: object) -> None:
    assert folder.load({"ml2_conf.ini": ML2.format(text)}).network.vlan_ranges == ranges


@pytest.mark.parametrize("text", ["physnet1:200", "physnet1:a:b", ":1:2", "p:0:5", "p:9:5", "p:1:4095", "p:1:2:3"])
def test_wrong_vlan_ranges(folder: Folder, text: str) -> None:
    (line,) = folder.wrong({"ml2_conf.ini": ML2.format(text)})
    assert line.startswith(f"ml2_conf.ini:2: [ml2_type_vlan] network_vlan_ranges: {text!r}")
    assert "PHYSICAL_NETWORK:FIRST:LAST" in line


def test_order_among_files_of_one_service(folder: Folder) -> None:
    texts = {"neutron.conf": ML2.format("p:1:2"), "ml2_conf.ini": ML2.format("p:3:4")}
    assert folder.load(texts).network.vlan_ranges == {"p": ((3, 4),)}


def test_the_dvs_driver_s_section(folder: Folder) -> None:
    text = """[ML2_VMWARE]
vsphere_hostname = vc
vsphere_login = u
vsphere_password = hunter2
network_maps = physnet1:DVS0, physnet2:My Switch: two
cluster_name = c1
[DVS]
clean_on_restart = True
"""
    network = folder.load({"ml2_conf.ini": text}).network
    assert network.network_maps == {"physnet1": "DVS0", "physnet2": "My Switch: two"}
    (vcenter,) = network.vcenters
    assert (vcenter.host, vcenter.username, vcenter.service, vcenter.task_poll_interval) == ("vc", "u", "network", 2.0)
    kinds = {f.option: f.kind.value for f in folder.check({"ml2_conf.ini": text})}
    assert (kinds["cluster_name"], kinds["clean_on_restart"], kinds["network_maps"]) == ("ignored", "ignored", "used")


def test_maps_alone_name_no_vcenter(folder: Folder) -> None:
    text = "[ml2_vmware]\nvsphere_hostname = vsphere\nnetwork_maps = physnet1:DVS0\n"
    network = folder.load({"ml2_conf.ini": text}).network
    assert (network.network_maps, network.vcenters) == ({"physnet1": "DVS0"}, ())


@pytest.mark.parametrize(
    ("section", "names"),
    [
        ("ML2_VMWARE", ("host_ip", "host_username", "host_password")),
        ("dvs", ("host_ip", "host_username", "host_password")),
        ("VMWARE", ("vcenter_ip", "vcenter_username", "vcenter_password")),
    ],
)
def test_the_other_drivers_names(folder: Folder, section: str, names: tuple[str, str, str]) -> None:
    text = f"[{section}]\n{names[0]} = vc\n{names[1]} = u\n{names[2]} = p\n"
    (vcenter,) = folder.load({"ml2_conf.ini": text}).network.vcenters
    assert (vcenter.host, vcenter.username, vcenter.password.reveal()) == ("vc", "u", "p")


def test_one_switch_of_the_nsx_dvs_plugin(folder: Folder) -> None:
    text = "[dvs]\nhost_ip = vc\nhost_username = u\nhost_password = p\ndvs_name = DVS0\n"
    assert folder.load({"neutron.conf": text}).network.network_maps == {"physnet1": "DVS0"}
    texts = {"neutron.conf": text, "ml2_conf.ini": ML2.format("dc-net:1:5")}
    assert folder.load(texts).network.network_maps == {"dc-net": "DVS0"}


def test_stock_defaults_and_quotas(folder: Folder) -> None:
    text = "[QUOTAS]\nquota_port = -5\n[DEFAULT]\nglobal_physnet_mtu = 9000\npagination_max_limit = infinite\n"
    network = folder.load({"neutron.conf": text}).network
    assert network.quota == config.NetworkQuotaSettings(port=-1)
    assert (network.mtu, network.pagination_max_limit, network.flat_networks) == (9000, -1, ("*",))
    assert folder.load({"neutron.conf": ""}).network == config.NetworkSettings()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[ML2_VMWARE]\nnetwork_maps = physnet1", "Write PHYSICAL_NETWORK:SWITCH"),
        ("[ML2_VMWARE]\nnetwork_maps = p:a,p:b", "p has two switches"),
        ("[ML2_VMWARE]\nvsphere_hostname = vc", "vsphere_password is missing"),
        ("[DEFAULT]\nbase_mac = 12:34", "It isn't a MAC address"),
        ("[DEFAULT]\npagination_max_limit = all", "whole number, or infinite"),
        ("[ml2]\nphysical_network_mtus = p:big", "is no MTU"),
    ],
)
def test_wrong(folder: Folder, text: str, words: str) -> None:
    (line,) = folder.wrong({"neutron.conf": text + "\n"})
    assert words in line
