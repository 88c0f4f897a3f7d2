"""Quota limits of projects, and what they use."""

from __future__ import annotations

import sqlalchemy as sa

from stackspan.db import Transaction, insert_into
from stackspan.network.tables import network, network_quota, port, security_group, security_group_rule, subnet

_TABLES = {
    "network": network,
    "subnet": subnet,
    "port": port,
    "security_group": security_group,
    "security_group_rule": security_group_rule,
}


def quota_get(tx: Transaction, project_id: str) -> dict[str, int]:
    """The limits that were set for the project."""
    query = sa.select(network_quota.c.resource, network_quota.c.hard_limit)
    return {row[0]: row[1] for row in tx.execute(query.where(network_quota.c.project_id == project_id))}


def quota_list(tx: Transaction) -> dict[str, dict[str, int]]:
    """project id → its limits, for the projects that have any."""
    found: dict[str, dict[str, int]] = {}
    for row in tx.execute(sa.select(network_quota)).mappings():
        found.setdefault(row["project_id"], {})[row["resource"]] = row["hard_limit"]
    return found


def quota_set(tx: Transaction, project_id: str, resource: str, limit: int) -> None:
    """Set a limit; -1 is none."""
    insert = insert_into(tx, network_quota)
    statement = insert.values(project_id=project_id, resource=resource, hard_limit=limit)
    tx.execute(statement.on_conflict_do_update(index_elements=["project_id", "resource"], set_={"hard_limit": limit}))


def quota_delete(tx: Transaction, project_id: str) -> None:
    """Back to the defaults."""
    tx.execute(sa.delete(network_quota).where(network_quota.c.project_id == project_id))


def quota_used(tx: Transaction, project_id: str, resource: str) -> int:
    """How many the project has. On PostgreSQL takes the project's quota lock first, so that counts and inserts of
    parallel requests don't cross; SQLite has one writer anyway."""
    if tx.writable and tx.dialect == "postgresql":
        key = f"network-quota:{project_id}:{resource}"
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(key, 0))))
    table = _TABLES[resource]
    query = sa.select(sa.func.count()).select_from(table).where(table.c.project_id == project_id)
    return int(tx.execute(query).scalar_one())
