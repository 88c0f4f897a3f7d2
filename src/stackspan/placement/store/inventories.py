"""What providers have."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from stackspan.db import Transaction
from stackspan.placement.model import Inventory
from stackspan.placement.store.room import INVENTORY_FIELDS, Room, used_of
from stackspan.placement.tables import inventory


def inventory_list(tx: Transaction, provider_uuid: str) -> tuple[dict[str, Inventory], dt.datetime | None]:
    """resource class → inventory of a provider, and when the newest of them was changed."""
    query = sa.select(inventory).where(inventory.c.provider_uuid == provider_uuid).order_by(inventory.c.resource_class)
    rows = tx.execute(query).mappings().all()
    newest = max((row["updated_at"] for row in rows), default=None)
    return {row["resource_class"]: _inventory(row) for row in rows}, newest


def room_list(tx: Transaction, provider_uuids: Collection[str] | None = None) -> dict[str, dict[str, Room]]:
    """provider uuid → resource class → inventory and use, of some providers or all. One statement."""
    query = sa.select(inventory, used_of().label("used")).order_by(inventory.c.resource_class)
    if provider_uuids is not None:
        query = query.where(inventory.c.provider_uuid.in_(list(provider_uuids)))
    found: dict[str, dict[str, Room]] = {}
    for row in tx.execute(query).mappings():
        found.setdefault(row["provider_uuid"], {})[row["resource_class"]] = Room(_inventory(row), int(row["used"]))
    return found


def inventory_put(tx: Transaction, provider_uuid: str, wanted: Inventory, now: dt.datetime, *, new: bool) -> None:
    """Add or change one inventory."""
    values = {name: getattr(wanted, name) for name in INVENTORY_FIELDS}
    if new:
        tx.execute(sa.insert(inventory).values(provider_uuid=provider_uuid, updated_at=now, **values))
        return
    matches = (inventory.c.provider_uuid == provider_uuid) & (inventory.c.resource_class == wanted.resource_class)
    del values["resource_class"]
    tx.execute(sa.update(inventory).where(matches).values(updated_at=now, **values))


def inventory_delete(tx: Transaction, provider_uuid: str, resource_classes: Iterable[str]) -> None:
    """Remove inventories of a provider."""
    names = list(resource_classes)
    if names:
        matches = (inventory.c.provider_uuid == provider_uuid) & inventory.c.resource_class.in_(names)
        tx.execute(sa.delete(inventory).where(matches))


def class_in_inventory(tx: Transaction, resource_class: str) -> bool:
    """Whether any provider has an inventory of the class."""
    query = sa.select(inventory.c.provider_uuid).where(inventory.c.resource_class == resource_class).limit(1)
    return tx.execute(query).first() is not None


def _inventory(row: Mapping[Any, Any]) -> Inventory:
    return Inventory(**{name: row[name] for name in INVENTORY_FIELDS})
