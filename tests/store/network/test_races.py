"""Many at once: every address and every VLAN is given once, and what is left is refused in the stock words."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from stackspan.core.clock import SystemClock
from stackspan.core.context import RequestContext
from stackspan.core.errors import StackspanError
from stackspan.db import Database
from stackspan.network import errors
from stackspan.network.model import NetworkOptions
from stackspan.network.service import NetworkService
from stackspan.network.service.networks import NetworkRequest
from stackspan.network.service.ports import PortRequest
from stackspan.network.service.subnets import SubnetRequest
from stackspan.workflow import Queue

ADMIN = RequestContext("req-1", user_id="u", project_id="p", roles=frozenset({"admin", "member", "reader"}))


@pytest.fixture
def network(database: Database) -> NetworkService:
    quotas = dict.fromkeys(NetworkOptions().quotas, -1)
    options = NetworkOptions(vlan_ranges={"physnet1": ((200, 229),)}, quotas=quotas)
    return NetworkService(database, Queue(), SystemClock(), options)


def at_once(count: int, call: Callable[[], Any]) -> tuple[list[Any], list[StackspanError]]:
    """What `count` parallel calls returned, and what they raised."""

    def one(_number: int) -> Any:
        try:
            return call()
        except StackspanError as error:
            return error

    with ThreadPoolExecutor(16) as threads:
        results = list(threads.map(one, range(count)))
    failed = [result for result in results if isinstance(result, StackspanError)]
    return [result for result in results if not isinstance(result, StackspanError)], failed


def test_fifty_networks_for_thirty_vlans(network: NetworkService) -> None:
    made, refused = at_once(50, lambda: network.networks.create(ADMIN, NetworkRequest(name="n")))
    assert sorted(row.segmentation_id for row in made) == list(range(200, 230))
    assert len(refused) == 20
    assert {type(error) for error in refused} == {errors.NoNetworkAvailable}


def test_a_hundred_ports_on_a_26(network: NetworkService) -> None:
    net = network.networks.create(ADMIN, NetworkRequest(name="n"))
    network.subnets.create(ADMIN, SubnetRequest(net.id, 4, "10.0.0.0/26"))
    made, refused = at_once(100, lambda: network.ports.create(ADMIN, PortRequest(net.id)))
    addresses = {port.fixed_ips[0].ip_address for port in made}
    assert addresses == {f"10.0.0.{last}" for last in range(2, 63)}
    assert len(made) == len(addresses) == 61
    assert {type(error) for error in refused} == {errors.IpAddressGenerationFailure}
    assert len(network.ports.list(ADMIN)) == 61


def test_the_quota_holds_against_parallel_posts(network: NetworkService) -> None:
    network.quotas.set("p", {"network": 7})
    made, refused = at_once(40, lambda: network.networks.create(ADMIN, NetworkRequest(name="n")))
    assert len(made) == 7
    assert {type(error) for error in refused} == {errors.OverQuota}


def test_an_address_given_back_is_given_again_only_after_the_others(network: NetworkService) -> None:
    net = network.networks.create(ADMIN, NetworkRequest(name="n"))
    network.subnets.create(ADMIN, SubnetRequest(net.id, 4, "10.0.0.0/29", gateway_ip=None))
    ports = [network.ports.create(ADMIN, PortRequest(net.id)) for _ in range(3)]
    network.ports.delete(ADMIN, ports[0].id)
    later = [network.ports.create(ADMIN, PortRequest(net.id)).fixed_ips[0].ip_address for _ in range(4)]
    assert later == ["10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.1"]
    with pytest.raises(errors.IpAddressGenerationFailure):
        network.ports.create(ADMIN, PortRequest(net.id))


def test_one_default_group_however_many_ask_first(network: NetworkService) -> None:
    made, refused = at_once(20, lambda: network.security_groups.list(ADMIN))
    assert not refused
    assert {group.id for groups in made for group in groups} == {made[0][0].id}
    assert [rule.direction for rule in made[0][0].rules].count("egress") == 2


def test_a_vlan_is_one_networks_only(network: NetworkService) -> None:
    wanted = NetworkRequest(name="n", network_type="vlan", physical_network="physnet1", segmentation_id=100)
    network.networks.create(ADMIN, wanted)
    with pytest.raises(errors.VlanIdInUse):
        network.networks.create(ADMIN, wanted)
