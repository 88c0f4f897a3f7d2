"""What Compute asks of Network: a server's NICs, from the plan to what its guest is told."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from stackspan.core import ids
from stackspan.core.context import RequestContext
from stackspan.db import Transaction
from stackspan.network import errors, operations
from stackspan.network.model import (
    COMPUTE_OWNER,
    Network,
    Nic,
    NicPlan,
    NicSubnet,
    Port,
    PortGroup,
    PortGroupState,
    RequestedNic,
    Subnet,
)
from stackspan.network.service.addressing import AddressRequest
from stackspan.network.service.base import Parts, network_for
from stackspan.network.service.networks import port_groups_release
from stackspan.network.service.ports import PortRequest, port_create, port_for
from stackspan.network.service.security_groups import default_group_ensure
from stackspan.network.store import networks as network_store
from stackspan.network.store import port_groups as port_group_store
from stackspan.network.store import ports as port_store
from stackspan.network.store import security_groups as group_store
from stackspan.network.store import subnets as subnet_store

_NAME_CHARACTERS = 41


class Nics:
    """Compute's side of Network; every method joins the caller's transaction."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def plan(
        self, tx: Transaction, context: RequestContext, requested: Sequence[RequestedNic] | Literal["auto", "none"]
    ) -> tuple[NicPlan, ...]:
        """What the server will get; reads only.

        "auto": the one network there is, or none. Raises NetworkAmbiguous (several), BootNicRefused, BootPortInUse.
        """
        if requested == "none":
            return ()
        if requested == "auto":
            return self._plan_auto(tx, context)
        return tuple(self._plan_one(tx, context, nic) for nic in requested)

    def nics_create(
        self,
        tx: Transaction,
        context: RequestContext,
        server_id: str,
        plans: Sequence[NicPlan],
        *,
        zone: str,
        host: str,
        security_groups: Sequence[str] = (),
    ) -> list[Nic]:
        """Make or bind the server's ports. `security_groups` are names or ids; none means the project's default.

        Raises OverQuota, BootNicRefused, BootPortInUse, IpAddressGenerationFailure.
        """
        group_ids = self._group_ids(tx, context, security_groups) if plans else []
        for index, plan in enumerate(plans):
            if plan.port_id is not None:
                self._bind(tx, plan.port_id, server_id, zone, host, index)
            else:
                self._make(tx, context, server_id, plan, zone, host, index, group_ids)
        return self.nics_get(tx, server_id)

    def portgroups_ensure(
        self, tx: Transaction, network_ids: Collection[str], vcenter_uuid: str, *, context: RequestContext | None
    ) -> list[str]:
        """The jobs to wait for until every network has a port group in that vCenter; empty when all have."""
        ready = {
            group.network_id: group
            for group in port_group_store.port_group_list(tx, network_ids=network_ids, vcenter_uuid=vcenter_uuid)
        }
        jobs = port_group_store.port_group_jobs(tx, network_ids, vcenter_uuid)
        waiting = []
        for network in network_store.network_list(tx, ids=list(network_ids)):
            group = ready.get(network.id)
            if group is not None and group.state is PortGroupState.READY:
                continue
            job_id = jobs.get(network.id)
            if group is None or group.state is not PortGroupState.BUILDING or job_id is None:
                job_id = self._ensure(tx, network, vcenter_uuid, context)
            waiting.append(job_id)
        return waiting

    def nics_get(self, tx: Transaction, server_id: str, vcenter_uuid: str | None = None) -> list[Nic]:
        """The server's NICs in order, with their port groups where these are ready (of the one vCenter, if not named)."""
        return self.nics_by_server(tx, [server_id], vcenter_uuid).get(server_id, [])

    def nics_by_server(
        self, tx: Transaction, server_ids: Collection[str], vcenter_uuid: str | None = None
    ) -> dict[str, list[Nic]]:
        """server id → its NICs; a handful of statements however many servers."""
        if not server_ids:
            return {}
        ports = port_store.port_list(tx, device_ids=server_ids)
        network_ids = {port.network_id for port in ports}
        if not network_ids:
            return {}
        networks = {row.id: row for row in network_store.network_list(tx, ids=network_ids)}
        subnets = {row.id: row for row in subnet_store.subnet_list(tx, network_ids=network_ids)}
        groups = {
            row.network_id: row
            for row in port_group_store.port_group_list(tx, network_ids=network_ids, vcenter_uuid=vcenter_uuid)
            if row.state is PortGroupState.READY
        }
        found: dict[str, list[Nic]] = {}
        for port in sorted(ports, key=lambda row: row.nic_index):
            nic = _nic(port, networks[port.network_id], subnets, groups.get(port.network_id))
            found.setdefault(port.device_id, []).append(nic)
        return found

    def nic_bound(self, tx: Transaction, port_id: str, port_key: str | None) -> None:
        """The NIC is plugged in vCenter: the port is ACTIVE with its key on the switch."""
        port_store.port_update(tx, port_id, {"status": "ACTIVE", "port_key": port_key, "updated_at": self._parts.now()})

    def nics_delete(self, tx: Transaction, server_id: str) -> None:
        """The server is gone: delete what was made for it, unbind what the user brought, let port groups go."""
        ports = port_store.port_list(tx, device_ids=[server_id])
        for port in ports:
            if port.made_for_server:
                port_store.port_delete(tx, port.id)
            else:
                changes = {"device_id": "", "device_owner": "", "binding_host": "", "status": "DOWN", "port_key": None}
                port_store.port_update(tx, port.id, {**changes, "updated_at": self._parts.now()})
        for network_id in {port.network_id for port in ports}:
            port_groups_release(self._parts, tx, network_id)

    def server_security_groups(self, tx: Transaction, server_ids: Collection[str]) -> dict[str, list[str]]:
        """server id → names of the security groups of its ports."""
        ports = port_store.port_list(tx, device_ids=server_ids) if server_ids else []
        wanted = {group_id for port in ports for group_id in port.security_group_ids}
        names = {group.id: group.name for group in group_store.group_list(tx, ids=wanted)} if wanted else {}
        found: dict[str, list[str]] = {}
        for port in ports:
            listed = found.setdefault(port.device_id, [])
            listed += [names[gid] for gid in port.security_group_ids if names[gid] not in listed]
        return found

    def network_data(self, tx: Transaction, server_id: str) -> dict[str, Any]:
        """`network_data.json` of the config drive, with static addresses from IPAM: no DHCP is needed."""
        return network_data(self.nics_get(tx, server_id))

    # -- planning ----------------------------------------------------------------------------------------------------

    def _plan_auto(self, tx: Transaction, context: RequestContext) -> tuple[NicPlan, ...]:
        networks = network_store.network_list(tx, visible_to=context.project_id or "")
        if len(networks) > 1:
            raise errors.NetworkAmbiguous
        if networks and not networks[0].subnet_ids:
            raise errors.BootNicRefused(f"Network {networks[0].id} requires a subnet in order to boot instances on.")
        return tuple(NicPlan(network.id) for network in networks)

    def _plan_one(self, tx: Transaction, context: RequestContext, nic: RequestedNic) -> NicPlan:
        if nic.port_id is not None:
            return self._plan_port(tx, context, nic.port_id)
        network_id = nic.network_id or ""
        try:
            network = network_for(tx, context, network_id) if ids.is_uuid_like(network_id) else None
        except errors.NetworkNotFound:
            network = None
        if network is None:
            raise errors.BootNicRefused(f"Network {network_id} could not be found.")
        subnets = subnet_store.subnet_list(tx, network_ids=[network.id])
        if not subnets:
            raise errors.BootNicRefused(f"Network {network.id} requires a subnet in order to boot instances on.")
        if nic.fixed_ip is not None and not _inside(nic.fixed_ip, subnets):
            raise errors.BootNicRefused(f"Fixed IP {nic.fixed_ip} is not a valid ip address for network {network.id}.")
        return NicPlan(network.id, fixed_ip=nic.fixed_ip)

    def _plan_port(self, tx: Transaction, context: RequestContext, port_id: str) -> NicPlan:
        try:
            port = port_for(tx, context, port_id)
        except errors.PortNotFound:
            raise errors.BootNicRefused(f"Port {port_id} could not be found.") from None
        if port.device_id:
            raise errors.BootPortInUse(port_id)
        if not port.fixed_ips and subnet_store.subnet_list(tx, network_ids=[port.network_id]):
            raise errors.BootNicRefused(f"Port {port_id} requires a FixedIP in order to be used.")
        return NicPlan(port.network_id, port_id=port_id)

    # -- making ------------------------------------------------------------------------------------------------------

    def _group_ids(self, tx: Transaction, context: RequestContext, wanted: Sequence[str]) -> list[str]:
        project_id = context.project_id or ""
        default = default_group_ensure(self._parts, tx, project_id)
        if not wanted:
            return [default.id]
        known = group_store.group_list(tx, project_id=project_id)
        found = []
        for text in wanted:
            matching = [group.id for group in known if text in (group.id, group.name)]
            if not matching:
                raise errors.BootNicRefused(f"Security group {text} not found for project {project_id}.")
            found.append(matching[0])
        return found

    def _bind(self, tx: Transaction, port_id: str, server_id: str, zone: str, host: str, index: int) -> None:
        changes = {
            "device_id": server_id,
            "device_owner": COMPUTE_OWNER + zone,
            "binding_host": host,
            "nic_index": index,
            "updated_at": self._parts.now(),
        }
        if not port_store.port_claim(tx, port_id, changes):
            raise errors.BootPortInUse(port_id)

    def _make(
        self,
        tx: Transaction,
        context: RequestContext,
        server_id: str,
        plan: NicPlan,
        zone: str,
        host: str,
        index: int,
        group_ids: Sequence[str],
    ) -> None:
        network = network_store.network_get(tx, plan.network_id)
        secured = network is not None and network.port_security_enabled
        request = PortRequest(
            network_id=plan.network_id,
            device_id=server_id,
            device_owner=COMPUTE_OWNER + zone,
            binding_host=host,
            fixed_ips=[AddressRequest(ip_address=plan.fixed_ip)] if plan.fixed_ip else None,
            security_group_ids=group_ids if secured else [],
            made_for_server=True,
            nic_index=index,
        )
        port_create(self._parts, tx, context, request)

    def _ensure(self, tx: Transaction, network: Network, vcenter_uuid: str, context: RequestContext | None) -> str:
        name = f"{network.name[:_NAME_CHARACTERS]} ({network.id})"
        params = operations.PortGroupEnsure(
            network_id=network.id,
            vcenter_uuid=vcenter_uuid,
            physical_network=network.physical_network,
            segmentation_id=network.segmentation_id,
            name=name,
            mtu=network.mtu,
        )
        job_id = self._parts.queue.enqueue(
            tx,
            operations.PORT_GROUP_ENSURE,
            params,
            context=context,
            resources=(f"network:{network.id}",),
            limits=(f"vcenter:{vcenter_uuid}",),
        )
        port_group_store.port_group_begin(tx, network.id, vcenter_uuid, name, job_id)
        return job_id


def network_data(nics: Sequence[Nic]) -> dict[str, Any]:
    """OpenStack's network_data.json for these NICs."""
    links: list[dict[str, Any]] = []
    networks: list[dict[str, Any]] = []
    services: list[dict[str, Any]] = []
    for nic in nics:
        link = f"tap{nic.port_id[:11]}"
        links.append(
            {
                "id": link,
                "vif_id": nic.port_id,
                "type": "dvs",
                "mtu": nic.mtu,
                "ethernet_mac_address": nic.mac,
            }
        )
        for subnet in nic.subnets:
            networks.append(_network_entry(len(networks), link, nic.network_id, subnet))
            services += [
                {"type": "dns", "address": address}
                for address in subnet.dns_nameservers
                if {"type": "dns", "address": address} not in services
            ]
    return {"links": links, "networks": networks, "services": services}


def _network_entry(number: int, link: str, network_id: str, subnet: NicSubnet) -> dict[str, Any]:
    cidr = ipaddress.ip_network(subnet.cidr)
    routes = [_route(destination, hop) for destination, hop in subnet.host_routes]
    if subnet.gateway_ip is not None:
        routes.append(_route("0.0.0.0/0" if subnet.ip_version == 4 else "::/0", subnet.gateway_ip))
    return {
        "id": f"network{number}",
        "type": f"ipv{subnet.ip_version}",
        "link": link,
        "ip_address": subnet.ip_address,
        "netmask": str(cidr.netmask),
        "routes": routes,
        "network_id": network_id,
        "services": [{"type": "dns", "address": address} for address in subnet.dns_nameservers],
    }


def _route(destination: str, hop: str) -> dict[str, str]:
    network = ipaddress.ip_network(destination)
    return {"network": str(network.network_address), "netmask": str(network.netmask), "gateway": hop}


def _inside(address: str, subnets: Sequence[Subnet]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in ipaddress.ip_network(subnet.cidr) for subnet in subnets)


def _nic(port: Port, network: Network, subnets: Mapping[str, Subnet], group: PortGroup | None) -> Nic:
    return Nic(
        port_id=port.id,
        network_id=network.id,
        network_name=network.name,
        mac=port.mac_address,
        mtu=network.mtu,
        vnic_type=port.vnic_type,
        index=port.nic_index,
        preserve_on_delete=not port.made_for_server,
        subnets=tuple(_nic_subnet(subnets[fixed.subnet_id], fixed.ip_address) for fixed in port.fixed_ips),
        portgroup_moref=group.moref if group else None,
        portgroup_key=group.key if group else None,
        dvs_uuid=group.dvs_uuid if group else None,
        port_key=port.port_key,
        port_security_enabled=port.port_security_enabled,
    )


def _nic_subnet(subnet: Subnet, address: str) -> NicSubnet:
    return NicSubnet(
        subnet_id=subnet.id,
        ip_version=subnet.ip_version,
        cidr=subnet.cidr,
        ip_address=address,
        gateway_ip=subnet.gateway_ip,
        dns_nameservers=subnet.dns_nameservers,
        host_routes=subnet.host_routes,
    )
