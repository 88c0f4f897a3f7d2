"""Flavors, their extra specs and who may use the private ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from stackspan.compute.model import Flavor
from stackspan.compute.store import rows
from stackspan.compute.tables import flavor, flavor_access, flavor_extra_spec
from stackspan.db import Transaction

_COLUMNS = [column for column in flavor.c if column.name not in ("created_at", "updated_at")]
_SORTABLE: Mapping[str, Any] = {
    "created_at": flavor.c.created_at,
    "description": flavor.c.description,
    "disabled": flavor.c.disabled,
    "ephemeral_gb": flavor.c.ephemeral_gib,
    "flavorid": flavor.c.id,
    "id": flavor.c.number,
    "is_public": flavor.c.is_public,
    "memory_mb": flavor.c.memory_mib,
    "name": flavor.c.name,
    "root_gb": flavor.c.root_gib,
    "rxtx_factor": flavor.c.rxtx_factor,
    "swap": flavor.c.swap_mib,
    "updated_at": flavor.c.updated_at,
    "vcpus": flavor.c.vcpus,
    "vcpu_weight": flavor.c.number,
}
SORT_KEYS = frozenset(_SORTABLE)


def flavor_insert(tx: Transaction, values: Mapping[str, Any]) -> int:
    """Add a flavor; its number."""
    return rows.insert(tx, flavor, dict(values))


def flavor_update(tx: Transaction, number: int, values: Mapping[str, Any]) -> None:
    """Change columns of a flavor."""
    tx.execute(sa.update(flavor).where(flavor.c.number == number).values(**values))


def flavor_delete(tx: Transaction, number: int) -> None:
    """Remove a flavor with its extra specs and access; servers keep their copy."""
    tx.execute(sa.delete(flavor).where(flavor.c.number == number))


def flavor_get(tx: Transaction, flavor_id: str) -> Flavor | None:
    """The flavor of that id."""
    row = rows.first(tx, sa.select(*_COLUMNS).where(flavor.c.id == flavor_id))
    return None if row is None else _with_specs(tx, [row])[0]


def flavor_taken(tx: Transaction, *, flavor_id: str | None = None, name: str | None = None) -> bool:
    """Whether a flavor has that id or name."""
    clause = flavor.c.id == flavor_id if flavor_id is not None else flavor.c.name == name
    return tx.execute(sa.select(flavor.c.number).where(clause)).first() is not None


def flavor_list(
    tx: Transaction,
    *,
    is_public: bool | None,
    project_id: str | None,
    min_memory_mib: int = 0,
    min_root_gib: int = 0,
    sort_key: str = "flavorid",
    ascending: bool = True,
    limit: int = 1000,
    after: Flavor | None = None,
    with_specs: bool = False,
) -> list[Flavor]:
    """Flavors in order.

    Args:
        is_public: None: all.
        project_id: also the private ones this project may use (with `is_public` True).
        after: the flavor after which the page starts.
    """
    query = sa.select(*_COLUMNS)
    allowed = sa.select(flavor_access.c.flavor_number).where(flavor_access.c.project_id == project_id)
    if is_public is not None:
        clause = flavor.c.is_public == is_public
        query = query.where(sa.or_(clause, flavor.c.number.in_(allowed)) if is_public and project_id else clause)
    if min_memory_mib:
        query = query.where(flavor.c.memory_mib >= min_memory_mib)
    if min_root_gib:
        query = query.where(flavor.c.root_gib >= min_root_gib)
    column = _SORTABLE[sort_key]
    if after is not None:
        query = query.where(_beyond(tx, column, ascending, after))
    tie = flavor.c.number
    order = (column.asc(), tie.asc()) if ascending else (column.desc(), tie.desc())
    found = rows.rows(tx, query.order_by(*order).limit(limit))
    return _with_specs(tx, found) if with_specs else [Flavor(**row) for row in found]


def extra_specs_set(tx: Transaction, number: int, specs: Mapping[str, str]) -> None:
    """Add or change extra specs."""
    extra_specs_delete(tx, number, specs.keys())
    if specs:
        added = [{"flavor_number": number, "key": key, "value": value} for key, value in specs.items()]
        tx.execute(sa.insert(flavor_extra_spec), added)


def extra_specs_delete(tx: Transaction, number: int, keys: Collection[str]) -> int:
    """Remove extra specs; how many there were."""
    clause = (flavor_extra_spec.c.flavor_number == number) & flavor_extra_spec.c.key.in_(list(keys))
    return tx.execute(sa.delete(flavor_extra_spec).where(clause)).rowcount


def access_list(tx: Transaction, number: int) -> list[str]:
    """The projects that may use a private flavor."""
    query = sa.select(flavor_access.c.project_id).where(flavor_access.c.flavor_number == number)
    return [row[0] for row in tx.execute(query.order_by(flavor_access.c.project_id))]


def access_insert(tx: Transaction, number: int, project_id: str) -> None:
    """Let a project use a private flavor."""
    tx.execute(sa.insert(flavor_access).values(flavor_number=number, project_id=project_id))


def access_delete(tx: Transaction, number: int, project_id: str) -> bool:
    """Take that away; whether there was anything to take."""
    clause = (flavor_access.c.flavor_number == number) & (flavor_access.c.project_id == project_id)
    return tx.execute(sa.delete(flavor_access).where(clause)).rowcount > 0


def flavor_touch(tx: Transaction, number: int, now: dt.datetime) -> None:
    """Note that a flavor changed."""
    flavor_update(tx, number, {"updated_at": now})


def _beyond(tx: Transaction, column: Any, ascending: bool, after: Flavor) -> Any:
    value = sa.select(column).where(flavor.c.number == after.number).scalar_subquery()
    if ascending:
        return sa.or_(column > value, sa.and_(column == value, flavor.c.number > after.number))
    return sa.or_(column < value, sa.and_(column == value, flavor.c.number < after.number))


def _with_specs(tx: Transaction, found: Collection[dict[str, Any]]) -> list[Flavor]:
    numbers = [row["number"] for row in found]
    specs: dict[int, dict[str, str]] = {}
    if numbers:
        query = sa.select(flavor_extra_spec).where(flavor_extra_spec.c.flavor_number.in_(numbers))
        for number, key, value in tx.execute(query):
            specs.setdefault(number, {})[key] = value
    return [Flavor(**row, extra_specs=specs.get(row["number"], {})) for row in found]
