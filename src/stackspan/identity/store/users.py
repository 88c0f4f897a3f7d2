"""Users, groups and who is in which."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import sqlalchemy as sa

from stackspan.db import Transaction
from stackspan.identity import model, tables
from stackspan.identity.store import filters, writing

_U = tables.user
_G = tables.group
_M = tables.membership


def _user_of(row: sa.Row[Any]) -> model.User:
    return model.User(**row._mapping)


def _group_of(row: sa.Row[Any]) -> model.Group:
    return model.Group(**row._mapping)


def _values(entity: model.User | model.Group) -> dict[str, Any]:
    values = {field.name: getattr(entity, field.name) for field in dataclasses.fields(entity)}
    values["extra"] = dict(values["extra"])
    return values


def user_get(tx: Transaction, user_id: str) -> model.User | None:
    """The user, or None."""
    row = tx.execute(sa.select(_U).where(_U.c.id == user_id)).first()
    return None if row is None else _user_of(row)


def user_get_by_name(tx: Transaction, domain_id: str, name: str) -> model.User | None:
    """The domain's user of that name, or None."""
    row = tx.execute(sa.select(_U).where(_U.c.domain_id == domain_id, _U.c.name == name)).first()
    return None if row is None else _user_of(row)


def user_list(
    tx: Transaction, options: filters.ListOptions = filters.ALL, group_id: str | None = None
) -> list[model.User]:
    """Users, by id; only a group's members where `group_id` is given."""
    statement = filters.apply(sa.select(_U), _U, options)
    if group_id is not None:
        statement = statement.join(_M, _M.c.user_id == _U.c.id).where(_M.c.group_id == group_id)
    return [_user_of(row) for row in tx.execute(statement)]


def user_insert(tx: Transaction, user: model.User) -> bool:
    """Write a new user; False where its name is taken in the domain."""
    return writing.insert_new(tx, _U, _values(user))


def user_update(tx: Transaction, user: model.User) -> bool:
    """Write all of a user's columns but those of failed log-ins, which `user_login_*` count; False: name taken."""
    values = _values(user)
    del values["failed_logins"], values["failed_login_at"]
    return writing.update_unique(tx, _U.update().where(_U.c.id == user.id).values(values))


def user_delete(tx: Transaction, user_id: str) -> None:
    """Remove the user's row; memberships, application credentials, trusts and credentials go along."""
    tx.execute(_U.delete().where(_U.c.id == user_id))


def user_login_failed(tx: Transaction, user_id: str, now: dt.datetime, *, first: bool) -> None:
    """Count a failed log-in; `first`: earlier ones are too old to count."""
    count: Any = 1 if first else _U.c.failed_logins + 1
    tx.execute(_U.update().where(_U.c.id == user_id).values(failed_logins=count, failed_login_at=now))


def user_login_succeeded(tx: Transaction, user_id: str) -> None:
    """Forget failed log-ins."""
    tx.execute(_U.update().where(_U.c.id == user_id).values(failed_logins=0, failed_login_at=None))


def user_rehash(tx: Transaction, user_id: str, old_hash: str, new_hash: str) -> None:
    """Replace a password's hash by one of today's cost, unless the password was changed meanwhile."""
    tx.execute(_U.update().where(_U.c.id == user_id, _U.c.password_hash == old_hash).values(password_hash=new_hash))


def user_epochs_raise(tx: Transaction, domain_id: str) -> None:
    """Cut all tokens of the domain's users."""
    tx.execute(_U.update().where(_U.c.domain_id == domain_id).values(token_epoch=_U.c.token_epoch + 1))


def default_project_forget(tx: Transaction, project_id: str) -> None:
    """Take a project that goes from the users whose default it is."""
    tx.execute(_U.update().where(_U.c.default_project_id == project_id).values(default_project_id=None))


def group_get(tx: Transaction, group_id: str) -> model.Group | None:
    """The group, or None."""
    row = tx.execute(sa.select(_G).where(_G.c.id == group_id)).first()
    return None if row is None else _group_of(row)


def group_get_by_name(tx: Transaction, domain_id: str, name: str) -> model.Group | None:
    """The domain's group of that name, or None."""
    row = tx.execute(sa.select(_G).where(_G.c.domain_id == domain_id, _G.c.name == name)).first()
    return None if row is None else _group_of(row)


def group_list(
    tx: Transaction, options: filters.ListOptions = filters.ALL, user_id: str | None = None
) -> list[model.Group]:
    """Groups, by id; only those with the user in them where `user_id` is given."""
    statement = filters.apply(sa.select(_G), _G, options)
    if user_id is not None:
        statement = statement.join(_M, _M.c.group_id == _G.c.id).where(_M.c.user_id == user_id)
    return [_group_of(row) for row in tx.execute(statement)]


def group_insert(tx: Transaction, group: model.Group) -> bool:
    """Write a new group; False where its name is taken in the domain."""
    return writing.insert_new(tx, _G, _values(group))


def group_update(tx: Transaction, group: model.Group) -> bool:
    """Write all of a group's columns; False where its name is taken in the domain."""
    return writing.update_unique(tx, _G.update().where(_G.c.id == group.id).values(_values(group)))


def group_delete(tx: Transaction, group_id: str) -> None:
    """Remove the group's row; memberships go along."""
    tx.execute(_G.delete().where(_G.c.id == group_id))


def membership_get(tx: Transaction, user_id: str, group_id: str) -> bool:
    """Whether the user is in the group."""
    statement = sa.select(_M.c.user_id).where(_M.c.user_id == user_id, _M.c.group_id == group_id)
    return tx.execute(statement).first() is not None


def membership_insert(tx: Transaction, user_id: str, group_id: str) -> None:
    """Put the user into the group; harmless where it is there."""
    writing.insert_new(tx, _M, {"user_id": user_id, "group_id": group_id})


def membership_delete(tx: Transaction, user_id: str, group_id: str) -> bool:
    """Take the user out of the group; False where it wasn't there."""
    return tx.execute(_M.delete().where(_M.c.user_id == user_id, _M.c.group_id == group_id)).rowcount > 0
