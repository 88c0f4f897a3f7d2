"""What a guest is told of its network: static addresses, so that no DHCP is needed."""

from stackspan.network.model import Nic, NicSubnet
from stackspan.network.service.nics import network_data

V4 = NicSubnet("s4", 4, "10.1.0.0/16", "10.1.2.3", "10.1.0.1", ("9.9.9.9",), (("10.9.0.0/16", "10.1.0.9"),))
V6 = NicSubnet("s6", 6, "fd00::/64", "fd00::5", "fd00::1", ("9.9.9.9", "fd00::53"), ())


def nic(*given: NicSubnet) -> Nic:
    return Nic("0123456789abcdef", "net", "demo", "fa:16:3e:00:00:01", 1450, "normal", 0, False, tuple(given))


def test_addresses_routes_and_name_servers_are_told():
    told = network_data([nic(V4, V6)])
    assert told["links"] == [
        {
            "id": "tap0123456789a",
            "vif_id": "0123456789abcdef",
            "type": "dvs",
            "mtu": 1450,
            "ethernet_mac_address": "fa:16:3e:00:00:01",
        }
    ]
    four, six = told["networks"]
    assert (four["type"], four["ip_address"], four["netmask"]) == ("ipv4", "10.1.2.3", "255.255.0.0")
    assert four["routes"] == [
        {"network": "10.9.0.0", "netmask": "255.255.0.0", "gateway": "10.1.0.9"},
        {"network": "0.0.0.0", "netmask": "0.0.0.0", "gateway": "10.1.0.1"},
    ]
    assert six["routes"] == [{"network": "::", "netmask": "::", "gateway": "fd00::1"}]
    assert [entry["address"] for entry in told["services"]] == ["9.9.9.9", "fd00::53"]


def test_no_nic_tells_nothing():
    assert network_data([]) == {"links": [], "networks": [], "services": []}
