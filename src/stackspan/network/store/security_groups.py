"""Security groups and their rules."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from stackspan.db import Transaction, insert_new
from stackspan.network.model import SecurityGroup, SecurityGroupRule
from stackspan.network.tables import port_security_group, security_group, security_group_rule


def group_list(
    tx: Transaction, *, project_id: str | None = None, ids: Collection[str] | None = None, names: Collection[str] = ()
) -> list[SecurityGroup]:
    """Groups with their rules, oldest first. Two statements."""
    query = sa.select(security_group).order_by(security_group.c.created_at, security_group.c.id)
    if project_id is not None:
        query = query.where(security_group.c.project_id == project_id)
    if ids is not None:
        query = query.where(security_group.c.id.in_(list(ids)))
    if names:
        query = query.where(security_group.c.name.in_(list(names)))
    rows = tx.execute(query).mappings().all()
    rules: dict[str, list[SecurityGroupRule]] = {}
    for rule in rule_list(tx, group_ids=[row["id"] for row in rows]) if rows else []:
        rules.setdefault(rule.security_group_id, []).append(rule)
    return [SecurityGroup(**row, rules=tuple(rules.get(row["id"], ()))) for row in rows]


def group_get(tx: Transaction, group_id: str) -> SecurityGroup | None:
    """One group with its rules, or None."""
    found = group_list(tx, ids=[group_id])
    return found[0] if found else None


def group_insert(tx: Transaction, row: SecurityGroup) -> bool:
    """Add a group and its rules; False where the project has a default group already and this is another."""
    values = {key: value for key, value in dataclasses.asdict(row).items() if key != "rules"}
    if not insert_new(tx, security_group, values):
        return False
    if row.rules:
        tx.execute(sa.insert(security_group_rule), [dataclasses.asdict(rule) for rule in row.rules])
    return True


def group_update(tx: Transaction, group_id: str, changes: Mapping[str, Any]) -> None:
    """Change columns and raise the revision."""
    statement = sa.update(security_group).where(security_group.c.id == group_id)
    tx.execute(statement.values(revision=security_group.c.revision + 1, **changes))


def group_delete(tx: Transaction, group_id: str) -> bool:
    """Remove a group with its rules; False where it was gone."""
    return tx.execute(sa.delete(security_group).where(security_group.c.id == group_id)).rowcount == 1


def group_in_use(tx: Transaction, group_id: str) -> bool:
    """Whether a port has the group."""
    query = sa.select(port_security_group.c.port_id).where(port_security_group.c.security_group_id == group_id)
    return tx.execute(query.limit(1)).first() is not None


def rule_list(
    tx: Transaction,
    *,
    group_ids: Collection[str] | None = None,
    ids: Collection[str] | None = None,
    project_id: str | None = None,
) -> list[SecurityGroupRule]:
    """Rules, oldest first."""
    query = sa.select(security_group_rule).order_by(security_group_rule.c.created_at, security_group_rule.c.id)
    if group_ids is not None:
        query = query.where(security_group_rule.c.security_group_id.in_(list(group_ids)))
    if ids is not None:
        query = query.where(security_group_rule.c.id.in_(list(ids)))
    if project_id is not None:
        query = query.where(security_group_rule.c.project_id == project_id)
    return [SecurityGroupRule(**row) for row in tx.execute(query).mappings()]


def rule_insert(tx: Transaction, row: SecurityGroupRule) -> None:
    """Add a rule."""
    tx.execute(sa.insert(security_group_rule).values(dataclasses.asdict(row)))


def rule_delete(tx: Transaction, rule_id: str) -> bool:
    """Remove a rule; False where it was gone."""
    return tx.execute(sa.delete(security_group_rule).where(security_group_rule.c.id == rule_id)).rowcount == 1
