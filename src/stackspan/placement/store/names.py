"""Resource classes and traits that operators made; the standard ones are in libraries, not in the database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from stackspan.db import Transaction
from stackspan.placement.tables import custom_resource_class, custom_trait


def class_list(tx: Transaction, names: Collection[str] | None = None) -> dict[str, dt.datetime]:
    """name → when it was last changed, all or those among `names`."""
    query = sa.select(custom_resource_class.c.name, custom_resource_class.c.updated_at)
    if names is not None:
        query = query.where(custom_resource_class.c.name.in_(list(names)))
    return {row[0]: row[1] for row in tx.execute(query.order_by(custom_resource_class.c.name))}


def class_insert(tx: Transaction, name: str, now: dt.datetime) -> bool:
    """Add a class; False where it is there."""
    return _insert(tx, custom_resource_class, {"name": name, "created_at": now, "updated_at": now})


def class_rename(tx: Transaction, name: str, new: str, now: dt.datetime) -> None:
    """Rename a class that nothing uses by its old name; the new one must be free."""
    matches = custom_resource_class.c.name == name
    tx.execute(sa.update(custom_resource_class).where(matches).values(name=new, updated_at=now))


def class_delete(tx: Transaction, name: str) -> None:
    """Remove a class."""
    tx.execute(sa.delete(custom_resource_class).where(custom_resource_class.c.name == name))


def trait_list(tx: Transaction, names: Collection[str] | None = None) -> dict[str, dt.datetime]:
    """name → when it was made, all or those among `names`."""
    query = sa.select(custom_trait.c.name, custom_trait.c.created_at)
    if names is not None:
        query = query.where(custom_trait.c.name.in_(list(names)))
    return {row[0]: row[1] for row in tx.execute(query.order_by(custom_trait.c.name))}


def trait_insert(tx: Transaction, name: str, now: dt.datetime) -> bool:
    """Add a trait; False where it is there."""
    return _insert(tx, custom_trait, {"name": name, "created_at": now})


def trait_delete(tx: Transaction, name: str) -> None:
    """Remove a trait."""
    tx.execute(sa.delete(custom_trait).where(custom_trait.c.name == name))


def _insert(tx: Transaction, table: sa.Table, values: dict[str, object]) -> bool:
    insert = (postgresql.insert if tx.dialect == "postgresql" else sqlite.insert)(table)
    statement = insert.values(values).on_conflict_do_nothing(index_elements=["name"])
    return tx.execute(statement.returning(table.c.name)).first() is not None
