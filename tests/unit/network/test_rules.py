"""Security group rules that can't be right are refused in the stock words."""

import pytest

from stackspan.core import errors as core_errors
from stackspan.network.service.security_groups import RuleRequest, _checked


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"protocol": "nonsense"}, "protocol nonsense not supported"),
        ({"protocol": "256"}, "protocol 256 not supported"),
        ({"port_range_min": 1, "port_range_max": 2}, "Must also specify protocol"),
        ({"protocol": "tcp", "port_range_min": 9, "port_range_max": 2}, "port_range_min must be <= port_range_max"),
        ({"protocol": "tcp", "port_range_min": 9}, "port_range_min must be <= port_range_max"),
        ({"protocol": "icmp", "port_range_max": 2}, "ICMP type"),
        ({"protocol": "icmp", "port_range_min": 256}, "ICMP type \\(port_range_min\\) 256"),
        ({"protocol": "gre", "port_range_min": 1, "port_range_max": 2}, "Ports cannot be specified"),
        ({"remote_ip_prefix": "bad/33"}, "not a valid IP subnet"),
        ({"remote_ip_prefix": "fd00::/8"}, "Conflicting value ethertype"),
        ({"remote_ip_prefix": "10.0.0.0/8", "remote_group_id": "x"}, "Only one of remote_ip_prefix or remote_group_id"),
    ],
)
def test_refused(fields, words):
    with pytest.raises(core_errors.Invalid, match=words):
        _checked(RuleRequest("group", "ingress", **fields))


def test_normalised():
    checked = _checked(RuleRequest("group", "ingress", protocol="TCP", remote_ip_prefix="10.1.2.3/8"))
    assert (checked.protocol, checked.remote_ip_prefix) == ("tcp", "10.0.0.0/8")
