"""Limits of projects, users and quota classes."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from stackspan.compute.tables import compute_quota, compute_quota_class
from stackspan.db import Transaction


def quota_get(tx: Transaction, project_id: str, user_id: str = "") -> dict[str, int]:
    """resource → limit, only those set for the project (or its user)."""
    query = sa.select(compute_quota.c.resource, compute_quota.c.hard_limit).where(
        compute_quota.c.project_id == project_id, compute_quota.c.user_id == user_id
    )
    return {row[0]: row[1] for row in tx.execute(query)}


def quota_set(tx: Transaction, project_id: str, limits: Mapping[str, int], user_id: str = "") -> None:
    """Set limits."""
    for resource, limit in limits.items():
        clause = (
            (compute_quota.c.project_id == project_id)
            & (compute_quota.c.user_id == user_id)
            & (compute_quota.c.resource == resource)
        )
        if tx.execute(sa.update(compute_quota).where(clause).values(hard_limit=limit)).rowcount == 0:
            row = {"project_id": project_id, "user_id": user_id, "resource": resource, "hard_limit": limit}
            tx.execute(sa.insert(compute_quota).values(**row))


def quota_delete(tx: Transaction, project_id: str, user_id: str | None = None) -> None:
    """Back to the defaults: a user's limits, or all of the project's (None)."""
    query = sa.delete(compute_quota).where(compute_quota.c.project_id == project_id)
    tx.execute(query if user_id is None else query.where(compute_quota.c.user_id == user_id))


def class_get(tx: Transaction, name: str) -> dict[str, int]:
    """resource → limit set for a quota class; the class "default" overrides the configured defaults."""
    query = sa.select(compute_quota_class.c.resource, compute_quota_class.c.hard_limit).where(
        compute_quota_class.c.class_name == name
    )
    return {row[0]: row[1] for row in tx.execute(query)}


def class_set(tx: Transaction, name: str, limits: Mapping[str, int]) -> None:
    """Set limits of a quota class."""
    for resource, limit in limits.items():
        clause = (compute_quota_class.c.class_name == name) & (compute_quota_class.c.resource == resource)
        if tx.execute(sa.update(compute_quota_class).where(clause).values(hard_limit=limit)).rowcount == 0:
            tx.execute(sa.insert(compute_quota_class).values(class_name=name, resource=resource, hard_limit=limit))
