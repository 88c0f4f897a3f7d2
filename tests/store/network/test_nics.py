"""What Compute asks of Network: plans, NICs, port groups, and letting go."""

import pytest

from stackspan.core.clock import SystemClock
from stackspan.core.context import RequestContext
from stackspan.db import Database
from stackspan.network import errors
from stackspan.network.model import NetworkOptions, NicPlan, RequestedNic
from stackspan.network.service import NetworkService
from stackspan.network.service.networks import NetworkRequest
from stackspan.network.service.ports import PortRequest
from stackspan.network.service.subnets import SubnetRequest
from stackspan.network.store import port_groups
from stackspan.workflow import Queue

ADMIN = RequestContext("req-1", user_id="u", project_id="p", roles=frozenset({"admin", "member", "reader"}))
OTHER = RequestContext("req-2", user_id="v", project_id="q", roles=frozenset({"member", "reader"}))


@pytest.fixture
def network(database: Database) -> NetworkService:
    options = NetworkOptions(vlan_ranges={"physnet1": ((200, 229),)})
    return NetworkService(database, Queue(), SystemClock(), options)


def net_with_subnet(network: NetworkService, name: str, cidr: str, *, shared: bool = False) -> str:
    net = network.networks.create(ADMIN, NetworkRequest(name=name, shared=shared))
    network.subnets.create(ADMIN, SubnetRequest(net.id, 4, cidr, dns_nameservers=["9.9.9.9"]))
    return net.id


def test_without_networks_the_one_there_is_gets_used(network: NetworkService, database: Database) -> None:
    with database.read() as tx:
        assert network.plan(tx, ADMIN, "auto") == ()
    net = net_with_subnet(network, "one", "10.0.0.0/24")
    with database.read() as tx:
        assert network.plan(tx, ADMIN, "auto") == (NicPlan(net),)
        assert network.plan(tx, OTHER, "auto") == ()
        assert network.plan(tx, ADMIN, "none") == ()
    net_with_subnet(network, "two", "10.0.1.0/24")
    with database.read() as tx, pytest.raises(errors.NetworkAmbiguous):
        network.plan(tx, ADMIN, "auto")


def test_what_cannot_be_given_is_refused_before_anything_is_reserved(
    network: NetworkService, database: Database
) -> None:
    bare = network.networks.create(ADMIN, NetworkRequest(name="bare")).id
    net = net_with_subnet(network, "n", "10.0.0.0/24")
    port = network.ports.create(ADMIN, PortRequest(net, device_id="somebody"))
    refused = [
        RequestedNic(network_id="nonsense"),
        RequestedNic(network_id="11111111-1111-1111-1111-111111111111"),
        RequestedNic(network_id=bare),
        RequestedNic(network_id=net, fixed_ip="10.9.9.9"),
        RequestedNic(network_id=net, fixed_ip="ten"),
        RequestedNic(port_id="nonsense"),
    ]
    with database.read() as tx:
        for nic in refused:
            with pytest.raises(errors.BootNicRefused):
                network.plan(tx, ADMIN, [nic])
        with pytest.raises(errors.BootPortInUse):
            network.plan(tx, ADMIN, [RequestedNic(port_id=port.id)])
        with pytest.raises(errors.BootNicRefused):
            network.plan(tx, OTHER, [RequestedNic(network_id=net)])


def test_a_servers_nics_from_plan_to_gone(network: NetworkService, database: Database) -> None:
    net = net_with_subnet(network, "n", "10.0.0.0/24")
    own = network.ports.create(ADMIN, PortRequest(net, name="mine"))
    asked = [RequestedNic(network_id=net, fixed_ip="10.0.0.77"), RequestedNic(port_id=own.id)]
    with database.write() as tx:
        plans = network.plan(tx, ADMIN, asked)
        nics = network.nics_create(tx, ADMIN, "server-1", plans, zone="nova", host="vc-cluster1")
    assert [nic.subnets[0].ip_address for nic in nics] == ["10.0.0.77", own.fixed_ips[0].ip_address]
    assert [nic.preserve_on_delete for nic in nics] == [False, True]
    assert network.ports.get(ADMIN, nics[0].port_id).device_owner == "compute:nova"
    with database.write() as tx, pytest.raises(errors.BootPortInUse):
        network.nics_create(tx, ADMIN, "server-2", [NicPlan(net, port_id=own.id)], zone="nova", host="h")
    with database.write() as tx:
        network.nic_bound(tx, nics[0].port_id, "42")
    assert network.ports.get(ADMIN, nics[0].port_id).status == "ACTIVE"
    with database.write() as tx:
        network.nics_delete(tx, "server-1")
        network.nics_delete(tx, "server-1")
    assert [port.id for port in network.ports.list(ADMIN)] == [own.id]
    assert network.ports.get(ADMIN, own.id).device_id == ""


def test_a_port_group_is_asked_for_once_and_let_go_with_the_last_nic(
    network: NetworkService, database: Database
) -> None:
    net = net_with_subnet(network, "n", "10.0.0.0/24")
    with database.write() as tx:
        jobs = network.portgroups_ensure(tx, [net], "vc-1", context=ADMIN)
    with database.write() as tx:
        assert network.portgroups_ensure(tx, [net], "vc-1", context=ADMIN) == jobs
        network.nics_create(tx, ADMIN, "server-1", [NicPlan(net)], zone="nova", host="h")
        assert not port_groups.port_group_claim_removal(tx, net, "vc-1")
    with database.write() as tx:
        found = {"moref": "dvportgroup-7", "key": "dvportgroup-7", "dvs_uuid": "50 2a", "owned": True}
        assert port_groups.port_group_move(tx, net, "vc-1", port_groups.PortGroupState.READY, found)
        assert network.portgroups_ensure(tx, [net], "vc-1", context=ADMIN) == []
        assert network.nics_get(tx, "server-1")[0].portgroup_key == "dvportgroup-7"
        assert not port_groups.port_group_claim_removal(tx, net, "vc-1"), "a server's port still needs it"
    with database.write() as tx:
        network.nics_delete(tx, "server-1")
        assert port_groups.port_group_claim_removal(tx, net, "vc-1")
        assert network.portgroups_ensure(tx, [net], "vc-1", context=ADMIN), "what is being removed is made anew"
