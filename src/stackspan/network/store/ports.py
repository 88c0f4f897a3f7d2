"""Ports, their addresses and their security groups."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from stackspan.db import Transaction, insert_new
from stackspan.network.model import COMPUTE_OWNER, FixedIp, Port
from stackspan.network.tables import ip_allocation, port, port_security_group

_APART = ("fixed_ips", "security_group_ids")


def port_list(
    tx: Transaction,
    *,
    ids: Collection[str] | None = None,
    project_id: str | None = None,
    network_ids: Collection[str] | None = None,
    device_ids: Collection[str] | None = None,
) -> list[Port]:
    """Ports, oldest first. Three statements however many."""
    query = sa.select(port).order_by(port.c.created_at, port.c.nic_index, port.c.id)
    for column, wanted in ((port.c.id, ids), (port.c.network_id, network_ids), (port.c.device_id, device_ids)):
        if wanted is not None:
            query = query.where(column.in_(list(wanted)))
    if project_id is not None:
        query = query.where(port.c.project_id == project_id)
    rows = tx.execute(query).mappings().all()
    port_ids = [row["id"] for row in rows]
    addresses, groups = _addresses(tx, port_ids), _groups(tx, port_ids)
    return [_port(row, addresses, groups) for row in rows]


def port_get(tx: Transaction, port_id: str) -> Port | None:
    """One port, or None."""
    found = port_list(tx, ids=[port_id])
    return found[0] if found else None


def port_insert(tx: Transaction, row: Port) -> bool:
    """Add a port without its addresses; False where its MAC is taken on that network."""
    values = {key: value for key, value in dataclasses.asdict(row).items() if key not in _APART}
    if not insert_new(tx, port, values, ["network_id", "mac_address"]):
        return False
    port_groups_set(tx, row.id, row.security_group_ids)
    return True


def port_update(tx: Transaction, port_id: str, changes: Mapping[str, Any]) -> None:
    """Change columns and raise the revision."""
    tx.execute(sa.update(port).where(port.c.id == port_id).values(revision=port.c.revision + 1, **changes))


def port_claim(tx: Transaction, port_id: str, changes: Mapping[str, Any]) -> bool:
    """Bind a port that has no device yet; False where somebody was first."""
    statement = sa.update(port).where(port.c.id == port_id, port.c.device_id == "")
    return tx.execute(statement.values(revision=port.c.revision + 1, **changes)).rowcount == 1


def port_delete(tx: Transaction, port_id: str) -> bool:
    """Remove a port; its addresses and group memberships go along. False where it was gone."""
    return tx.execute(sa.delete(port).where(port.c.id == port_id)).rowcount == 1


def port_groups_set(tx: Transaction, port_id: str, group_ids: Sequence[str]) -> None:
    """Replace the port's security groups."""
    tx.execute(sa.delete(port_security_group).where(port_security_group.c.port_id == port_id))
    if group_ids:
        rows = [{"port_id": port_id, "security_group_id": group_id} for group_id in dict.fromkeys(group_ids)]
        tx.execute(sa.insert(port_security_group), rows)


def ports_on_network(tx: Transaction, network_id: str) -> int:
    """How many ports the network has."""
    query = sa.select(sa.func.count()).select_from(port).where(port.c.network_id == network_id)
    return int(tx.execute(query).scalar_one())


def server_ports_on_network(tx: Transaction, network_id: str) -> int:
    """How many servers' ports the network has: those need its port group."""
    query = sa.select(sa.func.count()).select_from(port)
    query = query.where(port.c.network_id == network_id, port.c.device_owner.startswith(COMPUTE_OWNER))
    return int(tx.execute(query).scalar_one())


def _addresses(tx: Transaction, port_ids: Sequence[str]) -> dict[str, list[FixedIp]]:
    found: dict[str, list[FixedIp]] = {}
    if port_ids:
        table = ip_allocation.c
        query = sa.select(table.port_id, table.subnet_id, table.ip_address).where(table.port_id.in_(list(port_ids)))
        for port_id, subnet_id, address in tx.execute(query.order_by(table.address_hex)):
            found.setdefault(port_id, []).append(FixedIp(subnet_id, address))
    return found


def _groups(tx: Transaction, port_ids: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    if port_ids:
        table = port_security_group.c
        query = sa.select(table.port_id, table.security_group_id).where(table.port_id.in_(list(port_ids)))
        for port_id, group_id in tx.execute(query.order_by(table.security_group_id)):
            found.setdefault(port_id, []).append(group_id)
    return found


def _port(
    row: Mapping[Any, Any], addresses: Mapping[str, Iterable[FixedIp]], groups: Mapping[str, Iterable[str]]
) -> Port:
    values = dict(row)
    values["allowed_address_pairs"] = tuple((address, mac) for address, mac in values["allowed_address_pairs"])
    return Port(
        **values,
        fixed_ips=tuple(addresses.get(row["id"], ())),
        security_group_ids=tuple(groups.get(row["id"], ())),
    )
