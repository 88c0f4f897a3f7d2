"""Ports of users: create, list, show, update, delete. A server's own ports come from `nics`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stackspan.core import ids
from stackspan.core.context import RequestContext
from stackspan.db import Transaction
from stackspan.network import errors
from stackspan.network.model import COMPUTE_OWNER, Network, Port
from stackspan.network.service.addressing import AddressRequest, addresses_assign
from stackspan.network.service.base import Parts, network_for, new_mac, sees
from stackspan.network.service.networks import port_groups_release
from stackspan.network.service.security_groups import default_group_ensure, groups_for
from stackspan.network.store import ports as store
from stackspan.network.store import subnets as subnet_store

_MAC_TRIES = 16


@dataclass(frozen=True)
class PortRequest:
    """What a post asks for; None where it is silent."""

    network_id: str
    name: str = ""
    description: str = ""
    mac_address: str | None = None
    admin_state_up: bool = True
    device_id: str = ""
    device_owner: str = ""
    fixed_ips: Sequence[AddressRequest] | None = None
    security_group_ids: Sequence[str] | None = None
    port_security_enabled: bool | None = None
    binding_host: str = ""
    vnic_type: str = "normal"
    binding_profile: Mapping[str, object] | None = None
    allowed_address_pairs: Sequence[tuple[str, str]] = ()
    project_id: str | None = None
    made_for_server: bool = False
    nic_index: int = 0


class Ports:
    """The ports of the Network API."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def create(self, context: RequestContext, request: PortRequest) -> Port:
        """Make a port. Raises NetworkNotFound, InvalidInput, IpAddressInUse, MacAddressInUse, OverQuota, …"""
        with self._parts.database.write() as tx:
            return port_create(self._parts, tx, context, request)

    def create_many(self, context: RequestContext, requests: Sequence[PortRequest]) -> list[Port]:
        """All of them or none."""
        with self._parts.database.write() as tx:
            return [port_create(self._parts, tx, context, request) for request in requests]

    def list(self, context: RequestContext) -> list[Port]:
        """Ports the caller may see: own ones, and others' on own networks are an admin's only."""
        with self._parts.database.read() as tx:
            return store.port_list(tx, project_id=None if context.is_admin else context.project_id or "")

    def get(self, context: RequestContext, port_id: str) -> Port:
        """One port. Raises PortNotFound."""
        with self._parts.database.read() as tx:
            return port_for(tx, context, port_id)

    def update(self, context: RequestContext, port_id: str, changes: Mapping[str, Any]) -> Port:
        """Change a port; `fixed_ips` and `security_group_ids` replace. Raises PortNotFound, InvalidInput, …"""
        columns = dict(changes)
        fixed_ips = columns.pop("fixed_ips", None)
        group_ids = columns.pop("security_group_ids", None)
        with self._parts.database.write() as tx:
            before = port_for(tx, context, port_id)
            if columns.get("device_id") and before.device_id and columns["device_id"] != before.device_id:
                raise errors.PortInUse(port_id)
            _check_security(
                enabled=columns.get("port_security_enabled", before.port_security_enabled),
                groups=before.security_group_ids if group_ids is None else group_ids,
                pairs=columns.get("allowed_address_pairs", before.allowed_address_pairs),
            )
            if group_ids is not None:
                found = groups_for(tx, context, group_ids)
                store.port_groups_set(tx, port_id, [group.id for group in found])
            if fixed_ips is not None:
                self._readdress(tx, before, fixed_ips)
            store.port_update(tx, port_id, {**columns, "updated_at": self._parts.now()})
            return port_for(tx, context, port_id)

    def delete(self, context: RequestContext, port_id: str) -> None:
        """Delete a port. Raises PortNotFound; PortInUse where a server has it in vCenter."""
        with self._parts.database.write() as tx:
            found = port_for(tx, context, port_id)
            if found.device_owner.startswith(COMPUTE_OWNER) and self._parts.queue.busy(tx, f"server:{found.device_id}"):
                raise errors.PortInUse(port_id)
            store.port_delete(tx, port_id)
            port_groups_release(self._parts, tx, found.network_id)

    def _readdress(self, tx: Transaction, before: Port, asked: Sequence[AddressRequest]) -> None:
        subnet_store.addresses_release(tx, before.id)
        kept = {fixed.ip_address for fixed in before.fixed_ips}
        ordered = sorted(asked, key=lambda request: request.ip_address not in kept)
        addresses_assign(tx, before.network_id, before.id, ordered)


def port_for(tx: Transaction, context: RequestContext, port_id: str) -> Port:
    """A port the caller may see. Raises PortNotFound."""
    found = store.port_get(tx, port_id)
    if found is None or not sees(context, found.project_id):
        raise errors.PortNotFound(port_id)
    return found


def port_create(parts: Parts, tx: Transaction, context: RequestContext, request: PortRequest) -> Port:
    """Make a port in the caller's transaction, with addresses and security groups."""
    network = network_for(tx, context, request.network_id)
    project_id = request.project_id or context.project_id or ""
    parts.quota_check(tx, project_id, "port")
    secured = network.port_security_enabled if request.port_security_enabled is None else request.port_security_enabled
    group_ids = _group_ids(parts, tx, context, project_id, request, secured=secured)
    _check_security(enabled=secured, groups=group_ids, pairs=request.allowed_address_pairs)
    row = _insert(parts, tx, network, _row(parts, request, project_id, group_ids, secured=secured), request)
    addresses_assign(tx, network.id, row.id, request.fixed_ips)
    created = store.port_get(tx, row.id)
    assert created is not None
    return created


def _row(parts: Parts, request: PortRequest, project_id: str, group_ids: Sequence[str], *, secured: bool) -> Port:
    now = parts.now()
    return Port(
        id=ids.new_uuid(),
        network_id=request.network_id,
        project_id=project_id,
        name=request.name,
        description=request.description,
        mac_address=(request.mac_address or new_mac()).lower(),
        admin_state_up=request.admin_state_up,
        status="DOWN",
        device_id=request.device_id,
        device_owner=request.device_owner,
        port_security_enabled=secured,
        binding_host=request.binding_host,
        vnic_type=request.vnic_type,
        binding_profile=request.binding_profile or {},
        made_for_server=request.made_for_server,
        nic_index=request.nic_index,
        port_key=None,
        allowed_address_pairs=tuple(request.allowed_address_pairs),
        created_at=now,
        updated_at=now,
        revision=1,
        security_group_ids=tuple(group_ids),
    )


def _insert(parts: Parts, tx: Transaction, network: Network, row: Port, request: PortRequest) -> Port:
    for _ in range(_MAC_TRIES):
        if store.port_insert(tx, row):
            return row
        if request.mac_address is not None:
            break
        row = replace(row, mac_address=new_mac())
    raise errors.MacAddressInUse(network.id, row.mac_address)


def _group_ids(
    parts: Parts, tx: Transaction, context: RequestContext, project_id: str, request: PortRequest, *, secured: bool
) -> list[str]:
    if request.security_group_ids is not None:
        return [group.id for group in groups_for(tx, context, request.security_group_ids)]
    if not secured or request.device_owner.startswith("network:"):
        return []
    return [default_group_ensure(parts, tx, project_id).id]


def _check_security(*, enabled: bool, groups: Sequence[str], pairs: Sequence[object]) -> None:
    if not enabled and groups:
        raise errors.PortSecurityAndGroups()
    if not enabled and pairs:
        raise errors.AddressPairsNeedPortSecurity()
