"""Networks: of type vlan, on a VLAN from the ranges or one an admin names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stackspan.core import ids
from stackspan.core.context import RequestContext
from stackspan.db import Transaction
from stackspan.network import errors, operations
from stackspan.network.model import Network, PortGroupState
from stackspan.network.service.base import Parts, network_for
from stackspan.network.store import networks as store
from stackspan.network.store import port_groups as port_group_store
from stackspan.network.store import ports as port_store

_VLANS = range(1, 4095)


@dataclass(frozen=True)
class NetworkRequest:
    """What a post asks for; None where it is silent."""

    name: str = ""
    description: str = ""
    admin_state_up: bool = True
    shared: bool = False
    mtu: int | None = None
    port_security_enabled: bool = True
    project_id: str | None = None
    network_type: str | None = None
    physical_network: str | None = None
    segmentation_id: int | None = None


class Networks:
    """Create, list, show, update, delete."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def create(self, context: RequestContext, request: NetworkRequest) -> Network:
        """Make a network. Raises InvalidInput, VlanIdInUse, NoNetworkAvailable, OverQuota."""
        self._check_provider(request)
        now = self._parts.now()
        with self._parts.database.write() as tx:
            project_id = request.project_id or context.project_id or ""
            self._parts.quota_check(tx, project_id, "network")
            row = Network(
                id=ids.new_uuid(),
                project_id=project_id,
                name=request.name,
                description=request.description,
                admin_state_up=request.admin_state_up,
                shared=request.shared,
                mtu=request.mtu or self._parts.options.mtu,
                port_security_enabled=request.port_security_enabled,
                physical_network=request.physical_network or "",
                segmentation_id=request.segmentation_id or 0,
                created_at=now,
                updated_at=now,
                revision=1,
            )
            return self._insert(tx, row, request)

    def list(self, context: RequestContext) -> list[Network]:
        """Networks the caller may see."""
        with self._parts.database.read() as tx:
            return store.network_list(tx, visible_to=None if context.is_admin else context.project_id or "")

    def get(self, context: RequestContext, network_id: str) -> Network:
        """One network. Raises NetworkNotFound."""
        with self._parts.database.read() as tx:
            return network_for(tx, context, network_id)

    def update(self, context: RequestContext, network_id: str, changes: Mapping[str, Any]) -> Network:
        """Change columns. Raises NetworkNotFound; InvalidInput where sharing ends while others' ports are on it."""
        with self._parts.database.write() as tx:
            before = network_for(tx, context, network_id)
            if before.shared and changes.get("shared") is False:
                self._check_unshare(tx, before)
            store.network_update(tx, network_id, {**changes, "updated_at": self._parts.now()})
            return network_for(tx, context, network_id)

    def delete(self, context: RequestContext, network_id: str) -> None:
        """Delete a network with its subnets. Raises NetworkNotFound, NetworkInUse."""
        with self._parts.database.write() as tx:
            found = network_for(tx, context, network_id)
            if port_store.ports_on_network(tx, found.id):
                raise errors.NetworkInUse(found.id)
            store.network_delete(tx, found.id)
            port_groups_release(self._parts, tx, found.id)

    def _check_provider(self, request: NetworkRequest) -> None:
        if request.network_type not in (None, "vlan"):
            raise errors.InvalidInput(f"network_type value '{request.network_type}' not supported")
        if request.network_type is None and (request.physical_network or request.segmentation_id is not None):
            raise errors.InvalidInput("network_type required")
        known = self._parts.options.physical_networks
        if request.physical_network is not None and request.physical_network not in known:
            raise errors.InvalidInput(
                f"physical_network '{request.physical_network}' unknown for VLAN provider network"
            )
        if request.segmentation_id is not None:
            if request.physical_network is None:
                raise errors.InvalidInput("segmentation_id requires physical_network for VLAN provider network")
            if request.segmentation_id not in _VLANS:
                raise errors.InvalidInput(f"segmentation_id out of range ({_VLANS.start} through {_VLANS.stop - 1})")

    def _insert(self, tx: Transaction, row: Network, request: NetworkRequest) -> Network:
        if request.segmentation_id is not None:
            if not store.network_insert(tx, row):
                raise errors.VlanIdInUse(row.segmentation_id, row.physical_network)
            return row
        ranges = self._parts.options.vlan_ranges
        wanted = [request.physical_network] if request.physical_network else list(ranges)
        for physical_network in wanted:
            used = store.vlans_used(tx, physical_network)
            for first, last in ranges.get(physical_network, ()):
                for vlan in range(first, last + 1):
                    if vlan in used:
                        continue
                    candidate = Network(
                        **{**_plain(row), "physical_network": physical_network, "segmentation_id": vlan}
                    )
                    if store.network_insert(tx, candidate):
                        return candidate
        raise errors.NoNetworkAvailable

    def _check_unshare(self, tx: Transaction, network: Network) -> None:
        ports = port_store.port_list(tx, network_ids=[network.id])
        if any(port.project_id != network.project_id for port in ports):
            raise errors.InvalidInput(
                f"Unable to reconfigure sharing settings for network {network.id}. Multiple tenants are using it"
            )


def port_groups_release(parts: Parts, tx: Transaction, network_id: str) -> None:
    """Queue the removal of the network's port groups, where no server needs them any more.

    The job decides again, by compare-and-set, when it runs: a boot that comes meanwhile keeps the port group.
    """
    if port_store.server_ports_on_network(tx, network_id):
        return
    for group in port_group_store.port_group_list(tx, network_ids=[network_id]):
        if group.state is PortGroupState.REMOVING:
            continue
        params = operations.PortGroupRemove(network_id=network_id, vcenter_uuid=group.vcenter_uuid)
        parts.queue.enqueue(
            tx, operations.PORT_GROUP_REMOVE, params, context=None, resources=(f"network:{network_id}",)
        )


def _plain(row: Network) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}
