"""Roles, which role implies which, and who holds them where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from stackspan.db import Transaction
from stackspan.identity import model, tables
from stackspan.identity.store import filters, writing

_R = tables.role
_I = tables.implied_role
_A = tables.assignment
_M = tables.membership


def _of(row: sa.Row[Any]) -> model.Role:
    return model.Role(
        id=row.id,
        name=row.name,
        domain_id=row.domain_id or None,
        description=row.description,
        options=row.options,
        extra=row.extra,
    )


def _values(role: model.Role) -> dict[str, Any]:
    return {
        "id": role.id,
        "name": role.name,
        "domain_id": role.domain_id or "",
        "description": role.description,
        "options": dict(role.options),
        "extra": dict(role.extra),
    }


def role_get(tx: Transaction, role_id: str) -> model.Role | None:
    """The role, or None."""
    row = tx.execute(sa.select(_R).where(_R.c.id == role_id)).first()
    return None if row is None else _of(row)


def role_get_by_name(tx: Transaction, name: str, domain_id: str | None = None) -> model.Role | None:
    """The role of that name, of all domains or of one, or None."""
    row = tx.execute(sa.select(_R).where(_R.c.name == name, _R.c.domain_id == (domain_id or ""))).first()
    return None if row is None else _of(row)


def role_list(tx: Transaction, options: filters.ListOptions = filters.ALL) -> list[model.Role]:
    """Roles, by id."""
    return [_of(row) for row in tx.execute(filters.apply(sa.select(_R), _R, options))]


def role_insert(tx: Transaction, role: model.Role) -> bool:
    """Write a new role; False where its name is taken."""
    return writing.insert_new(tx, _R, _values(role))


def role_update(tx: Transaction, role: model.Role) -> bool:
    """Write all of a role's columns; False where its name is taken."""
    return writing.update_unique(tx, _R.update().where(_R.c.id == role.id).values(_values(role)))


def role_delete(tx: Transaction, role_id: str) -> None:
    """Remove the role's row; assignments and implications go along."""
    tx.execute(_R.delete().where(_R.c.id == role_id))


def implication_list(tx: Transaction) -> dict[str, list[str]]:
    """Role id → ids of the roles it implies directly."""
    found: dict[str, list[str]] = {}
    for row in tx.execute(sa.select(_I).order_by(_I.c.prior_role_id, _I.c.implied_role_id)):
        found.setdefault(row.prior_role_id, []).append(row.implied_role_id)
    return found


def implication_insert(tx: Transaction, prior_role_id: str, implied_role_id: str) -> None:
    """Let the one imply the other; harmless where it does."""
    writing.insert_new(tx, _I, {"prior_role_id": prior_role_id, "implied_role_id": implied_role_id})


def implication_delete(tx: Transaction, prior_role_id: str, implied_role_id: str) -> bool:
    """End an implication; False where there was none."""
    statement = _I.delete().where(_I.c.prior_role_id == prior_role_id, _I.c.implied_role_id == implied_role_id)
    return tx.execute(statement).rowcount > 0


def assignment_list(
    tx: Transaction,
    *,
    actors: Sequence[model.Actor] | None = None,
    target: model.Target | None = None,
    target_kind: model.TargetKind | None = None,
    role_id: str | None = None,
) -> list[model.Assignment]:
    """Assignments that fit all that is given, in a stable order."""
    statement = sa.select(_A).order_by(_A.c.target_kind, _A.c.target_id, _A.c.actor_kind, _A.c.actor_id, _A.c.role_id)
    if actors is not None:
        fits = [sa.and_(_A.c.actor_kind == actor.kind.value, _A.c.actor_id == actor.id) for actor in actors]
        statement = statement.where(sa.or_(sa.false(), *fits))
    if target is not None:
        statement = statement.where(_A.c.target_kind == target.kind.value, _A.c.target_id == target.id)
    if target_kind is not None:
        statement = statement.where(_A.c.target_kind == target_kind.value)
    if role_id is not None:
        statement = statement.where(_A.c.role_id == role_id)
    return [
        model.Assignment(
            model.Actor(model.ActorKind(row.actor_kind), row.actor_id),
            model.Target(model.TargetKind(row.target_kind), row.target_id),
            row.role_id,
        )
        for row in tx.execute(statement)
    ]


def assignment_insert(tx: Transaction, assignment: model.Assignment) -> None:
    """Assign a role; harmless where it is assigned."""
    writing.insert_new(tx, _A, _key(assignment))


def assignment_get(tx: Transaction, assignment: model.Assignment) -> bool:
    """Whether the role is assigned."""
    statement = sa.select(_A.c.role_id).filter_by(**_key(assignment))
    return tx.execute(statement).first() is not None


def assignment_delete(tx: Transaction, assignment: model.Assignment) -> bool:
    """Take a role back; False where it wasn't assigned."""
    conditions = [_A.c[name] == value for name, value in _key(assignment).items()]
    return tx.execute(_A.delete().where(*conditions)).rowcount > 0


def assignments_of_actor_delete(tx: Transaction, actor: model.Actor) -> None:
    """Take all roles of an actor that goes."""
    tx.execute(_A.delete().where(_A.c.actor_kind == actor.kind.value, _A.c.actor_id == actor.id))


def assignments_on_target_delete(tx: Transaction, target: model.Target) -> None:
    """Take all roles on a target that goes."""
    tx.execute(_A.delete().where(_A.c.target_kind == target.kind.value, _A.c.target_id == target.id))


def targets_of_user(tx: Transaction, user_id: str, kind: model.TargetKind) -> list[str]:
    """Ids of the targets on which the user holds any role, also through groups."""
    groups = sa.select(_M.c.group_id).where(_M.c.user_id == user_id)
    statement = (
        sa.select(_A.c.target_id)
        .where(
            _A.c.target_kind == kind.value,
            sa.or_(
                sa.and_(_A.c.actor_kind == "user", _A.c.actor_id == user_id),
                sa.and_(_A.c.actor_kind == "group", _A.c.actor_id.in_(groups)),
            ),
        )
        .distinct()
        .order_by(_A.c.target_id)
    )
    return [row.target_id for row in tx.execute(statement)]


def _key(assignment: model.Assignment) -> dict[str, Any]:
    return {
        "target_kind": assignment.target.kind.value,
        "target_id": assignment.target.id,
        "actor_kind": assignment.actor.kind.value,
        "actor_id": assignment.actor.id,
        "role_id": assignment.role_id,
    }
