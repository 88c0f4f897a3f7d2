"""Allocations: who uses how much of what.

Room is taken by one conditional INSERT that puts all rows of a consumer or none, after the providers' rows were locked
by raising their generations. On PostgreSQL that order is what makes it right: a statement sees what was committed before
it began, so the sums must be taken by a later statement than the one that waited for the lock. Providers are locked in
the order of their uuids, so that two requests for the same two can't wait for each other; and who is refused gives its
locks back at once (a savepoint), so that it may try elsewhere in the same transaction.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from stackspan.db import Transaction
from stackspan.placement.model import Allocation, Consumer, Resources
from stackspan.placement.tables import allocation, inventory, resource_provider

_TAKEN = ("provider_uuid", "resource_class", "used")
_WANTED: tuple[tuple[str, sa.types.TypeEngine[Any]], ...] = (
    ("provider_uuid", sa.String()),
    ("resource_class", sa.String()),
    ("amount", sa.Integer()),
    ("floor", sa.BigInteger()),
)


def allocation_take(
    tx: Transaction,
    consumer: Consumer,
    resources: Resources,
    now: dt.datetime,
    floors: Mapping[tuple[str, str], int] = MappingProxyType({}),
    *,
    locked: bool = False,
) -> bool:
    """Allocate all of `resources` (positive amounts) to a consumer that has nothing of them yet; False: nothing was.

    Two statements, on PostgreSQL three.

    Args:
        floors: (provider, resource class) → use up to which it fits even where capacity has shrunk below: what was in
            use before this consumer gave its own back, so that a change for the better isn't refused.
        locked: `providers_touch` was called for these providers.
    """
    savepoint = tx.dialect == "postgresql" and not locked
    if savepoint:
        tx.execute(sa.text("SAVEPOINT placement_take"))
    if not locked:
        providers_touch(tx, resources, now)
    wanted = [(uuid, name, amount) for uuid, classes in resources.items() for name, amount in classes.items()]
    values = {f"the_{name}": value for name, value in _row(consumer, "", "", 0, now).items() if name not in _TAKEN}
    for index, (uuid, name, amount) in enumerate(wanted):
        row = (uuid, name, amount, floors.get((uuid, name), 0))
        values |= {f"{column}_{index}": value for (column, _type), value in zip(_WANTED, row, strict=True)}
    taken = len(tx.execute(_take_statement(tx.dialect, len(wanted)), values).all()) == len(wanted)
    if savepoint and not taken:
        tx.execute(sa.text("ROLLBACK TO SAVEPOINT placement_take"))
    return taken


def allocation_put(tx: Transaction, consumer: Consumer, resources: Resources, now: dt.datetime) -> None:
    """Write allocations without asking for room: use that is there already."""
    rows = [
        _row(consumer, uuid, name, amount, now)
        for uuid, classes in resources.items()
        for name, amount in classes.items()
    ]
    if rows:
        tx.execute(sa.insert(allocation), rows)


def allocation_delete(tx: Transaction, consumer_uuid: str) -> int:
    """Take a consumer's allocations away; how many there were."""
    return tx.execute(sa.delete(allocation).where(allocation.c.consumer_uuid == consumer_uuid)).rowcount


def allocation_list(
    tx: Transaction, *, consumers: Collection[str] | None = None, provider_uuid: str | None = None
) -> list[Allocation]:
    """Allocations of consumers or of a provider."""
    query = sa.select(allocation).order_by(
        allocation.c.consumer_uuid, allocation.c.provider_uuid, allocation.c.resource_class
    )
    if consumers is not None:
        query = query.where(allocation.c.consumer_uuid.in_(list(consumers)))
    if provider_uuid is not None:
        query = query.where(allocation.c.provider_uuid == provider_uuid)
    return [_allocation(row) for row in tx.execute(query).mappings()]


def consumers_lock(tx: Transaction, consumers: Iterable[str]) -> None:
    """Until the transaction ends, nobody else changes these consumers' allocations through the API."""
    if tx.dialect != "postgresql":
        return  # there the whole database is ours
    for uuid in sorted(consumers):
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(uuid, 0))))


def providers_touch(tx: Transaction, uuids: Iterable[str], now: dt.datetime) -> None:
    """Raise the generations of providers and lock them until the transaction ends."""
    columns = resource_provider.c
    ordered = sorted(uuids)
    statement = sa.update(resource_provider).values(generation=columns.generation + 1, updated_at=now)
    if tx.dialect == "postgresql" and len(ordered) > 1:
        locked = sa.select(columns.uuid).where(columns.uuid.in_(ordered)).order_by(columns.uuid).with_for_update()
        statement = statement.where(columns.uuid.in_(locked.cte("locked").select()))
    else:
        statement = statement.where(columns.uuid.in_(ordered))
    tx.execute(statement)


def usage_by_project(tx: Transaction, project_id: str, user_id: str | None = None) -> dict[str, int]:
    """resource class → what a project (or one user of it) uses."""
    query = sa.select(allocation.c.resource_class, sa.func.sum(allocation.c.used))
    query = query.where(allocation.c.project_id == project_id)
    if user_id is not None:
        query = query.where(allocation.c.user_id == user_id)
    rows = tx.execute(query.group_by(allocation.c.resource_class).order_by(allocation.c.resource_class))
    return {name: int(used) for name, used in rows}


def provider_in_use(tx: Transaction, provider_uuid: str, resource_classes: Collection[str] | None = None) -> set[str]:
    """Which resource classes of the provider (among those given) are allocated."""
    query = sa.select(allocation.c.resource_class).where(allocation.c.provider_uuid == provider_uuid).distinct()
    if resource_classes is not None:
        query = query.where(allocation.c.resource_class.in_(list(resource_classes)))
    return {row[0] for row in tx.execute(query)}


@functools.cache  # building it costs more than running it
def _take_statement(dialect: str, count: int) -> sa.Executable:
    """INSERT of the `count` wanted rows where each of them fits, else of none."""
    wanted = sa.union_all(
        *(
            sa.select(*(sa.bindparam(f"{name}_{index}", type_=kind).label(name) for name, kind in _WANTED))
            for index in range(count)
        )
    ).cte("wanted")
    of_it = (inventory.c.provider_uuid == wanted.c.provider_uuid) & (
        inventory.c.resource_class == wanted.c.resource_class
    )
    used = (
        sa.select(sa.func.coalesce(sa.func.sum(allocation.c.used), 0))
        .where(
            allocation.c.provider_uuid == wanted.c.provider_uuid,
            allocation.c.resource_class == wanted.c.resource_class,
        )
        .correlate(wanted)
        .scalar_subquery()
    )
    capacity = (inventory.c.total - inventory.c.reserved) * inventory.c.allocation_ratio
    fitting = (
        sa.select(wanted)
        .join(inventory, of_it)
        .where(
            wanted.c.amount.between(inventory.c.min_unit, inventory.c.max_unit),
            wanted.c.amount % inventory.c.step_size == 0,
            sa.or_(used + wanted.c.amount <= capacity, used + wanted.c.amount <= wanted.c.floor),
        )
        .cte("fitting")
    )
    taken = dict(zip(_TAKEN, (fitting.c.provider_uuid, fitting.c.resource_class, fitting.c.amount), strict=True))
    columns = [
        taken[column.name] if column.name in taken else sa.bindparam(f"the_{column.name}", type_=column.type)
        for column in allocation.c
    ]
    fit = sa.select(sa.func.count()).select_from(fitting).scalar_subquery()
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(allocation)
    statement = insert.from_select([c.name for c in allocation.c], sa.select(*columns).where(fit == count))
    return statement.on_conflict_do_nothing().returning(allocation.c.resource_class)


def _row(consumer: Consumer, provider_uuid: str, name: str, amount: int, now: dt.datetime) -> dict[str, Any]:
    return {
        "consumer_uuid": consumer.uuid,
        "provider_uuid": provider_uuid,
        "resource_class": name,
        "used": amount,
        "project_id": consumer.project_id,
        "user_id": consumer.user_id,
        "consumer_type": consumer.type,
        "consumer_generation": consumer.generation,
        "updated_at": now,
    }


def _allocation(row: Mapping[Any, Any]) -> Allocation:
    consumer = Consumer(
        row["consumer_uuid"], row["project_id"], row["user_id"], row["consumer_type"], row["consumer_generation"]
    )
    return Allocation(consumer, row["provider_uuid"], row["resource_class"], row["used"], row["updated_at"])
