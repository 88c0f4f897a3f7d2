"""Clusters, hosts and datastores as last observed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from stackspan.db import Transaction
from stackspan.placement.model import Cluster, Datastore, Host
from stackspan.placement.tables import cluster, datastore, datastore_mount, host

_CLUSTER_FIELDS = tuple(Cluster.__dataclass_fields__)
_DATASTORE_FIELDS = tuple(name for name in Datastore.__dataclass_fields__ if name != "cluster_uuids")
CLUSTER_COLUMNS = tuple(cluster.c[name] for name in _CLUSTER_FIELDS)
DATASTORE_COLUMNS = tuple(datastore.c[name] for name in _DATASTORE_FIELDS)


def mounting_clusters() -> sa.ScalarSelect[str]:
    """For a statement on `datastore`: the uuids of the clusters that mount it, with commas between."""
    return (
        sa.select(sa.func.aggregate_strings(datastore_mount.c.cluster_uuid, ","))
        .where(datastore_mount.c.datastore_uuid == datastore.c.uuid)
        .correlate(datastore)
        .scalar_subquery()
    )


def cluster_of(row: Mapping[Any, Any]) -> Cluster:
    """A cluster from a row that has its columns."""
    return Cluster(**{name: row[name] for name in _CLUSTER_FIELDS})


def datastore_of(row: Mapping[Any, Any], cluster_uuids: str | None) -> Datastore:
    """A datastore from a row that has its columns."""
    mounted = tuple(sorted(cluster_uuids.split(","))) if cluster_uuids else ()
    return Datastore(**{name: row[name] for name in _DATASTORE_FIELDS}, cluster_uuids=mounted)


def cluster_list(tx: Transaction) -> list[Cluster]:
    """All clusters that are or were configured, by name."""
    query = sa.select(*CLUSTER_COLUMNS).order_by(cluster.c.name, cluster.c.uuid)
    return [cluster_of(row) for row in tx.execute(query).mappings()]


def cluster_get(tx: Transaction, uuid: str) -> Cluster | None:
    """One cluster, or None."""
    row = tx.execute(sa.select(*CLUSTER_COLUMNS).where(cluster.c.uuid == uuid)).mappings().first()
    return None if row is None else cluster_of(row)


def host_list(tx: Transaction, cluster_uuid: str | None = None) -> list[Host]:
    """All hosts, or a cluster's, by name."""
    query = sa.select(*host.c).order_by(host.c.name, host.c.moref)
    if cluster_uuid is not None:
        query = query.where(host.c.cluster_uuid == cluster_uuid)
    return [Host(**row) for row in tx.execute(query).mappings()]


def datastore_list(
    tx: Transaction, vcenter_uuid: str | None = None, uuid: str | None = None, *, gone: bool = False
) -> list[Datastore]:
    """Datastores by name. `gone`: also those that vCenter no longer has."""
    query = sa.select(*DATASTORE_COLUMNS, mounting_clusters().label("mounted"))
    query = query.order_by(datastore.c.name, datastore.c.uuid)
    if not gone:
        query = query.where(datastore.c.alive)
    if vcenter_uuid is not None:
        query = query.where(datastore.c.vcenter_uuid == vcenter_uuid)
    if uuid is not None:
        query = query.where(datastore.c.uuid == uuid)
    return [datastore_of(row, row["mounted"]) for row in tx.execute(query).mappings().all()]


# -- for the observer: whole rows, as it compares and writes them ------------------------------------------------------


def cluster_rows(tx: Transaction, vcenter_uuid: str) -> list[dict[str, Any]]:
    """A vCenter's cluster rows, those that are gone included."""
    return _rows(tx, sa.select(cluster).where(cluster.c.vcenter_uuid == vcenter_uuid))


def host_rows(tx: Transaction, vcenter_uuid: str) -> list[dict[str, Any]]:
    """A vCenter's host rows."""
    return _rows(tx, sa.select(host).where(host.c.vcenter_uuid == vcenter_uuid))


def datastore_rows(tx: Transaction, vcenter_uuid: str) -> list[dict[str, Any]]:
    """A vCenter's datastore rows, those that are gone included."""
    return _rows(tx, sa.select(datastore).where(datastore.c.vcenter_uuid == vcenter_uuid))


def mount_rows(tx: Transaction, vcenter_uuid: str) -> list[tuple[str, str]]:
    """(datastore uuid, cluster uuid) of a vCenter."""
    query = sa.select(datastore_mount.c.datastore_uuid, datastore_mount.c.cluster_uuid)
    query = query.join(datastore, datastore.c.uuid == datastore_mount.c.datastore_uuid)
    return [(row[0], row[1]) for row in tx.execute(query.where(datastore.c.vcenter_uuid == vcenter_uuid))]


def cluster_save(tx: Transaction, rows: Sequence[Mapping[str, Any]], *, new: bool) -> None:
    """Write whole rows of clusters."""
    _write(tx, cluster, rows, ("uuid",), new)


def datastore_save(tx: Transaction, rows: Sequence[Mapping[str, Any]], *, new: bool) -> None:
    """Write whole rows of datastores."""
    _write(tx, datastore, rows, ("uuid",), new)


def host_save(tx: Transaction, rows: Sequence[Mapping[str, Any]], *, new: bool) -> None:
    """Write whole rows of hosts."""
    _write(tx, host, rows, ("vcenter_uuid", "moref"), new)


def host_delete(tx: Transaction, vcenter_uuid: str, morefs: Sequence[str]) -> None:
    """Remove hosts that vCenter no longer has."""
    tx.execute(sa.delete(host).where(host.c.vcenter_uuid == vcenter_uuid, host.c.moref.in_(list(morefs))))


def mount_insert(tx: Transaction, pairs: Sequence[tuple[str, str]]) -> None:
    """Add (datastore uuid, cluster uuid)."""
    tx.execute(sa.insert(datastore_mount), [{"datastore_uuid": ds, "cluster_uuid": cl} for ds, cl in pairs])


def mount_delete(tx: Transaction, pairs: Sequence[tuple[str, str]]) -> None:
    """Remove (datastore uuid, cluster uuid)."""
    for ds, cl in pairs:
        matches = (datastore_mount.c.datastore_uuid == ds) & (datastore_mount.c.cluster_uuid == cl)
        tx.execute(sa.delete(datastore_mount).where(matches))


def _rows(tx: Transaction, query: sa.Select[*tuple[Any, ...]]) -> list[dict[str, Any]]:
    return [dict(row) for row in tx.execute(query).mappings()]


def _write(tx: Transaction, table: sa.Table, rows: Sequence[Mapping[str, Any]], key: Sequence[str], new: bool) -> None:
    if new:
        tx.execute(sa.insert(table), [dict(row) for row in rows])
        return
    for row in rows:
        matches = sa.and_(*(table.c[name] == row[name] for name in key))
        tx.execute(sa.update(table).where(matches).values({name: v for name, v in row.items() if name not in key}))
