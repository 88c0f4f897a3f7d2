"""What a subnet makes of its range: pools, gateway, routes."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackspan.network import errors
from stackspan.network.service import subnets

NET = ipaddress.ip_network("10.0.0.0/24")


@pytest.mark.parametrize(
    ("cidr", "gateway", "pools"),
    [
        ("10.0.0.0/24", "10.0.0.1", [("10.0.0.2", "10.0.0.254")]),
        ("10.0.0.0/24", "10.0.0.254", [("10.0.0.1", "10.0.0.253")]),
        ("10.0.0.0/24", "10.0.0.100", [("10.0.0.1", "10.0.0.99"), ("10.0.0.101", "10.0.0.254")]),
        ("10.0.0.0/24", None, [("10.0.0.1", "10.0.0.254")]),
        ("10.0.0.0/30", "10.0.0.1", [("10.0.0.2", "10.0.0.2")]),
        ("fd00::/64", "fd00::1", [("fd00::2", "fd00::ffff:ffff:ffff:ffff")]),
    ],
)
def test_default_pools_leave_out_network_broadcast_and_gateway(cidr, gateway, pools):
    assert subnets._default_pools(ipaddress.ip_network(cidr), gateway) == pools


def test_the_stock_gateway_is_the_first_address():
    assert subnets._gateway("", NET) == "10.0.0.1"
    assert subnets._gateway(None, NET) is None


@pytest.mark.parametrize("text", ["", "10.0.0.0/33", "ten", "10.0.0.0/0", "fd00::/64"])
def test_a_cidr_that_cannot_be_is_refused(text):
    with pytest.raises(errors.InvalidInput):
        subnets._cidr(text, 4)


def test_pools_outside_or_overlapping_are_refused():
    with pytest.raises(errors.InvalidInput, match="spans beyond"):
        subnets._pools([("10.0.0.2", "10.0.1.2")], NET, None)
    with pytest.raises(errors.InvalidInput, match="overlapping"):
        subnets._pools([("10.0.0.2", "10.0.0.20"), ("10.0.0.20", "10.0.0.30")], NET, None)
    with pytest.raises(errors.InvalidInput, match="not valid"):
        subnets._pools([("10.0.0.9", "10.0.0.2")], NET, None)
    with pytest.raises(errors.GatewayConflict):
        subnets._pools([("10.0.0.1", "10.0.0.9")], NET, "10.0.0.1")


@given(st.integers(0, 2**32 - 1), st.integers(8, 30), st.data())
def test_default_pools_never_hold_the_gateway(number, prefix, data):
    cidr = ipaddress.ip_network((number, prefix), strict=False)
    first, last = int(cidr.network_address) + 1, int(cidr.broadcast_address) - 1
    gateway = ipaddress.ip_address(data.draw(st.integers(first, last)))
    pools = subnets._default_pools(cidr, str(gateway))
    sizes = [int(ipaddress.ip_address(high)) - int(ipaddress.ip_address(low)) + 1 for low, high in pools]
    assert all(size > 0 for size in sizes)
    assert sum(sizes) == cidr.num_addresses - 3
    for low, high in pools:
        assert not ipaddress.ip_address(low) <= gateway <= ipaddress.ip_address(high)
