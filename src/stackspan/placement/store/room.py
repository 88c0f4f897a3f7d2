"""How much room clusters and datastores have: two statements for a scheduling decision."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from stackspan.db import Transaction
from stackspan.placement.model import DISK_GB, MEMORY_MB, VCPU, Cluster, Datastore, Inventory
from stackspan.placement.store import observed
from stackspan.placement.tables import (
    allocation,
    cluster,
    datastore,
    datastore_mount,
    inventory,
    provider_aggregate,
    provider_trait,
)

INVENTORY_FIELDS = tuple(Inventory.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Room:
    """An inventory and what is allocated of it."""

    inventory: Inventory
    used: int

    @property
    def free(self) -> int:
        """What may still be allocated; negative where capacity shrank below what is in use."""
        return int(self.inventory.capacity - self.used)

    def refuses(self, amount: int) -> bool:
        """Whether `amount` can't be taken."""
        return self.inventory.refuses(amount, self.used) is not None


@dataclass(frozen=True, slots=True)
class ClusterRoom:
    """A cluster with its room; None where it has no inventory of the class."""

    cluster: Cluster
    vcpu: Room | None
    memory: Room | None
    traits: frozenset[str]
    aggregates: frozenset[str]


@dataclass(frozen=True, slots=True)
class DatastoreRoom:
    """A datastore with its room."""

    datastore: Datastore
    disk: Room | None


def used_of() -> sa.ColumnElement[int]:
    """For a statement on `inventory`: what is allocated of it."""
    return sa.func.coalesce(
        sa.select(sa.func.sum(allocation.c.used))
        .where(
            allocation.c.provider_uuid == inventory.c.provider_uuid,
            allocation.c.resource_class == inventory.c.resource_class,
        )
        .correlate(inventory)
        .scalar_subquery(),
        0,
    )


def cluster_rooms(tx: Transaction) -> list[ClusterRoom]:
    """Every cluster that is alive, by name. One statement."""
    grouped: dict[str, list[Mapping[Any, Any]]] = {}
    for row in tx.execute(_cluster_query()).mappings():
        grouped.setdefault(row["uuid"], []).append(row)
    return [_cluster_room(rows) for rows in grouped.values()]


def datastore_rooms(tx: Transaction) -> list[DatastoreRoom]:
    """Every datastore that servers may use, by name. One statement."""
    return [
        DatastoreRoom(observed.datastore_of(row, row["mounted"]), _room(row))
        for row in tx.execute(_datastore_query()).mappings().all()
    ]


def usage_by_provider(tx: Transaction) -> dict[str, dict[str, tuple[int, int]]]:
    """provider uuid → resource class → (total, allocated, foreign use included). One statement."""
    query = sa.select(inventory.c.provider_uuid, inventory.c.resource_class, inventory.c.total, used_of().label("used"))
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for provider, resource_class, total, used in tx.execute(query):
        found.setdefault(provider, {})[resource_class] = (total, used)
    return found


def mounts(tx: Transaction) -> list[tuple[str, str]]:
    """(datastore uuid, cluster uuid) of all that servers may use."""
    query = sa.select(datastore_mount.c.datastore_uuid, datastore_mount.c.cluster_uuid).join(
        datastore, datastore.c.uuid == datastore_mount.c.datastore_uuid
    )
    return [(row[0], row[1]) for row in tx.execute(query.where(datastore.c.alive, datastore.c.offered))]


@functools.cache  # building it costs more than running it
def _cluster_query() -> sa.Executable:
    inventories = sa.and_(
        inventory.c.provider_uuid == cluster.c.uuid, inventory.c.resource_class.in_((VCPU, MEMORY_MB))
    )
    return (
        sa.select(
            *observed.CLUSTER_COLUMNS,
            *(inventory.c[name] for name in INVENTORY_FIELDS),
            used_of().label("used"),
            _joined(provider_trait.c.trait, provider_trait.c.provider_uuid).label("traits"),
            _joined(provider_aggregate.c.aggregate_uuid, provider_aggregate.c.provider_uuid).label("aggregates"),
        )
        .select_from(cluster.outerjoin(inventory, inventories))
        .where(cluster.c.alive)
        .order_by(cluster.c.name, cluster.c.uuid)
    )


@functools.cache
def _datastore_query() -> sa.Executable:
    inventories = sa.and_(inventory.c.provider_uuid == datastore.c.uuid, inventory.c.resource_class == DISK_GB)
    return (
        sa.select(
            *observed.DATASTORE_COLUMNS,
            *(inventory.c[name] for name in INVENTORY_FIELDS),
            used_of().label("used"),
            observed.mounting_clusters().label("mounted"),
        )
        .select_from(datastore.outerjoin(inventory, inventories))
        .where(datastore.c.alive, datastore.c.offered)
        .order_by(datastore.c.name, datastore.c.uuid)
    )


def _joined(column: sa.Column[Any], key: sa.Column[Any]) -> sa.ScalarSelect[str]:
    query = sa.select(sa.func.aggregate_strings(column, ",")).where(key == cluster.c.uuid)
    return query.correlate(cluster).scalar_subquery()


def _cluster_room(rows: list[Mapping[Any, Any]]) -> ClusterRoom:
    rooms = {row["resource_class"]: _room(row) for row in rows}
    first = rows[0]
    return ClusterRoom(
        cluster=observed.cluster_of(first),
        vcpu=rooms.get(VCPU),
        memory=rooms.get(MEMORY_MB),
        traits=_split(first["traits"]),
        aggregates=_split(first["aggregates"]),
    )


def _room(row: Mapping[Any, Any]) -> Room | None:
    if row["total"] is None:
        return None
    return Room(Inventory(**{name: row[name] for name in INVENTORY_FIELDS}), int(row["used"]))


def _split(text: str | None) -> frozenset[str]:
    return frozenset(text.split(",")) if text else frozenset()
