"""Hypervisors with their services, aggregates, server groups."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from stackspan.compute.model import Aggregate, ComputeNode, ServerGroup
from stackspan.compute.store import rows
from stackspan.compute.tables import (
    compute_node,
    host_aggregate,
    host_aggregate_host,
    host_aggregate_metadata,
    server_group,
    server_group_member,
)
from stackspan.db import Transaction


def node_insert(tx: Transaction, values: Mapping[str, Any]) -> None:
    """Add a hypervisor."""
    tx.execute(sa.insert(compute_node).values(disabled=False, forced_down=False, **values))


def node_list(tx: Transaction) -> list[ComputeNode]:
    """All hypervisors by number."""
    return [ComputeNode(**row) for row in rows.rows(tx, sa.select(compute_node).order_by(compute_node.c.number))]


def node_update(tx: Transaction, number: int, now: dt.datetime, **values: Any) -> None:
    """Change a hypervisor's service."""
    tx.execute(sa.update(compute_node).where(compute_node.c.number == number).values(updated_at=now, **values))


def node_delete(tx: Transaction, number: int) -> None:
    """Remove a hypervisor that is gone for good, with its name."""
    tx.execute(sa.delete(compute_node).where(compute_node.c.number == number))


def aggregate_insert(tx: Transaction, uuid: str, name: str, now: dt.datetime) -> int:
    """Add an aggregate; its number."""
    return rows.insert(tx, host_aggregate, {"uuid": uuid, "name": name, "created_at": now})


def aggregate_update(tx: Transaction, number: int, now: dt.datetime, **values: Any) -> None:
    """Change an aggregate."""
    tx.execute(sa.update(host_aggregate).where(host_aggregate.c.number == number).values(updated_at=now, **values))


def aggregate_delete(tx: Transaction, number: int) -> None:
    """Remove an aggregate."""
    tx.execute(sa.delete(host_aggregate).where(host_aggregate.c.number == number))


def aggregate_list(tx: Transaction) -> list[Aggregate]:
    """All aggregates by number."""
    hosts: dict[int, list[str]] = {}
    for number, host in tx.execute(sa.select(host_aggregate_host).order_by(host_aggregate_host.c.host)):
        hosts.setdefault(number, []).append(host)
    metadata: dict[int, dict[str, str]] = {}
    for number, key, value in tx.execute(sa.select(host_aggregate_metadata).order_by(host_aggregate_metadata.c.key)):
        metadata.setdefault(number, {})[key] = value
    found = rows.rows(tx, sa.select(host_aggregate).order_by(host_aggregate.c.number))
    return [
        Aggregate(**row, hosts=tuple(hosts.get(row["number"], ())), metadata=metadata.get(row["number"], {}))
        for row in found
    ]


def aggregate_host_insert(tx: Transaction, number: int, host: str) -> None:
    """Put a hypervisor into an aggregate."""
    tx.execute(sa.insert(host_aggregate_host).values(aggregate_number=number, host=host))


def aggregate_host_delete(tx: Transaction, number: int, host: str) -> bool:
    """Take it out; whether it was in."""
    clause = (host_aggregate_host.c.aggregate_number == number) & (host_aggregate_host.c.host == host)
    return tx.execute(sa.delete(host_aggregate_host).where(clause)).rowcount > 0


def aggregate_metadata_set(tx: Transaction, number: int, items: Mapping[str, str | None]) -> None:
    """Add or change metadata; None removes a key."""
    clause = (host_aggregate_metadata.c.aggregate_number == number) & host_aggregate_metadata.c.key.in_(list(items))
    tx.execute(sa.delete(host_aggregate_metadata).where(clause))
    added = [{"aggregate_number": number, "key": k, "value": v} for k, v in items.items() if v is not None]
    if added:
        tx.execute(sa.insert(host_aggregate_metadata), added)


def group_insert(tx: Transaction, group: ServerGroup, now: dt.datetime) -> None:
    """Add a server group."""
    values = {
        "id": group.id,
        "project_id": group.project_id,
        "user_id": group.user_id,
        "name": group.name,
        "policy": group.policy,
        "rules": dict(group.rules),
        "created_at": now,
    }
    tx.execute(sa.insert(server_group).values(**values))


def group_list(
    tx: Transaction, *, project_id: str | None = None, ids: Collection[str] | None = None
) -> list[ServerGroup]:
    """Server groups in the order they were made, with their members."""
    query = sa.select(*[column for column in server_group.c if column.name != "created_at"])
    if project_id is not None:
        query = query.where(server_group.c.project_id == project_id)
    if ids is not None:
        query = query.where(server_group.c.id.in_(list(ids)))
    found = rows.rows(tx, query.order_by(server_group.c.created_at, server_group.c.id))
    members: dict[str, list[str]] = {}
    inside = sa.select(server_group_member).where(server_group_member.c.group_id.in_([row["id"] for row in found]))
    for group_id, server_id in tx.execute(inside.order_by(server_group_member.c.server_id)):
        members.setdefault(group_id, []).append(server_id)
    return [ServerGroup(**row, members=tuple(members.get(row["id"], ()))) for row in found]


def group_count(tx: Transaction, project_id: str) -> int:
    """How many the project has."""
    query = sa.select(sa.func.count()).select_from(server_group).where(server_group.c.project_id == project_id)
    return int(tx.execute(query).scalar_one())


def group_delete(tx: Transaction, group_id: str) -> None:
    """Remove a server group; its servers stay."""
    tx.execute(sa.delete(server_group).where(server_group.c.id == group_id))


def group_member_insert(tx: Transaction, group_id: str, server_id: str) -> None:
    """Put a server into a group."""
    tx.execute(sa.insert(server_group_member).values(group_id=group_id, server_id=server_id))
