"""Resource providers with their traits and aggregates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from stackspan.db import Transaction
from stackspan.placement.model import Provider
from stackspan.placement.tables import provider_aggregate, provider_trait, resource_provider

_COLUMNS = tuple(resource_provider.c[name] for name in Provider.__dataclass_fields__)


def provider_list(
    tx: Transaction, *, uuids: Collection[str] | None = None, root_uuid: str | None = None
) -> list[Provider]:
    """Providers in the order they were made: all, some, or a tree."""
    query = sa.select(*_COLUMNS).order_by(resource_provider.c.created_at, resource_provider.c.uuid)
    if uuids is not None:
        query = query.where(resource_provider.c.uuid.in_(list(uuids)))
    if root_uuid is not None:
        query = query.where(resource_provider.c.root_uuid == root_uuid)
    return [_provider(row) for row in tx.execute(query).mappings()]


def provider_get(tx: Transaction, uuid: str) -> Provider | None:
    """One provider, or None."""
    found = provider_list(tx, uuids=[uuid])
    return found[0] if found else None


def provider_by_name(tx: Transaction, name: str) -> Provider | None:
    """The provider of that name, or None."""
    row = tx.execute(sa.select(*_COLUMNS).where(resource_provider.c.name == name)).mappings().first()
    return None if row is None else _provider(row)


def provider_insert(tx: Transaction, row: Provider) -> bool:
    """Add a provider; False where its name or uuid is taken."""
    values = {name: getattr(row, name) for name in Provider.__dataclass_fields__}
    insert = (postgresql.insert if tx.dialect == "postgresql" else sqlite.insert)(resource_provider)
    statement = insert.values(**values).on_conflict_do_nothing()
    return tx.execute(statement.returning(resource_provider.c.uuid)).first() is not None


def provider_update(tx: Transaction, uuid: str, now: dt.datetime, **values: Any) -> bool:
    """Change a provider's name or place in its tree; False where the name is taken (the transaction is lost then)."""
    statement = sa.update(resource_provider).where(resource_provider.c.uuid == uuid)
    try:
        tx.execute(statement.values(updated_at=now, **values))
    except sa.exc.IntegrityError:
        return False
    return True


def subtree_root_set(tx: Transaction, uuids: Collection[str], root_uuid: str) -> None:
    """The root of all these is now `root_uuid`."""
    tx.execute(
        sa.update(resource_provider).where(resource_provider.c.uuid.in_(list(uuids))).values(root_uuid=root_uuid)
    )


def provider_claim(tx: Transaction, uuid: str, generation: int, now: dt.datetime) -> bool:
    """Raise the generation from exactly `generation`; False where somebody else has raised it."""
    statement = sa.update(resource_provider).where(
        resource_provider.c.uuid == uuid, resource_provider.c.generation == generation
    )
    return tx.execute(statement.values(generation=generation + 1, updated_at=now)).rowcount == 1


def provider_children(tx: Transaction, uuid: str) -> bool:
    """Whether it is the parent of others."""
    query = sa.select(resource_provider.c.uuid).where(resource_provider.c.parent_uuid == uuid).limit(1)
    return tx.execute(query).first() is not None


def provider_delete(tx: Transaction, uuid: str) -> None:
    """Remove a provider; inventories, traits and aggregates go along. Nothing may be allocated of it."""
    tx.execute(sa.delete(resource_provider).where(resource_provider.c.uuid == uuid))


def trait_list(tx: Transaction, uuids: Collection[str] | None = None) -> dict[str, set[str]]:
    """provider uuid → its traits, of some providers or all."""
    return _pairs(tx, provider_trait.c.provider_uuid, provider_trait.c.trait, uuids)


def aggregate_list(tx: Transaction, uuids: Collection[str] | None = None) -> dict[str, set[str]]:
    """provider uuid → its aggregates, of some providers or all."""
    return _pairs(tx, provider_aggregate.c.provider_uuid, provider_aggregate.c.aggregate_uuid, uuids)


def traits_change(tx: Transaction, uuid: str, add: Iterable[str], remove: Iterable[str] = ()) -> None:
    """Add and take away traits of a provider."""
    _change(tx, provider_trait, provider_trait.c.trait, uuid, add, remove)


def aggregates_change(tx: Transaction, uuid: str, add: Iterable[str], remove: Iterable[str] = ()) -> None:
    """Put a provider into aggregates and take it out of others."""
    _change(tx, provider_aggregate, provider_aggregate.c.aggregate_uuid, uuid, add, remove)


def trait_in_use(tx: Transaction, trait: str) -> bool:
    """Whether any provider has the trait."""
    query = sa.select(provider_trait.c.provider_uuid).where(provider_trait.c.trait == trait).limit(1)
    return tx.execute(query).first() is not None


def traits_used(tx: Transaction) -> set[str]:
    """Traits that some provider has."""
    return set(tx.execute(sa.select(provider_trait.c.trait).distinct()).scalars())


def _pairs(
    tx: Transaction, key: sa.Column[Any], value: sa.Column[Any], uuids: Collection[str] | None
) -> dict[str, set[str]]:
    query = sa.select(key, value)
    if uuids is not None:
        query = query.where(key.in_(list(uuids)))
    found: dict[str, set[str]] = {}
    for row in tx.execute(query):
        found.setdefault(row[0], set()).add(row[1])
    return found


def _change(
    tx: Transaction, table: sa.Table, column: sa.Column[Any], uuid: str, add: Iterable[str], remove: Iterable[str]
) -> None:
    gone, new = sorted(remove), sorted(add)
    if gone:
        tx.execute(sa.delete(table).where(table.c.provider_uuid == uuid, column.in_(gone)))
    if new:
        insert = (postgresql.insert if tx.dialect == "postgresql" else sqlite.insert)(table)
        rows = [{"provider_uuid": uuid, column.name: value} for value in new]
        tx.execute(insert.on_conflict_do_nothing(), rows)


def _provider(row: Mapping[Any, Any]) -> Provider:
    return Provider(**dict(row))
