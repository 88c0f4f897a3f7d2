"""Networks and their VLANs."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from stackspan.db import Transaction, insert_new
from stackspan.network.model import Network
from stackspan.network.tables import network, subnet

_COLUMNS = list(network.columns)


def network_list(
    tx: Transaction, *, visible_to: str | None = None, ids: Collection[str] | None = None
) -> list[Network]:
    """Networks by name; with `visible_to` only that project's own and shared ones. Two statements."""
    query = sa.select(*_COLUMNS).order_by(network.c.created_at, network.c.id)
    if visible_to is not None:
        query = query.where(sa.or_(network.c.project_id == visible_to, network.c.shared))
    if ids is not None:
        query = query.where(network.c.id.in_(list(ids)))
    rows = tx.execute(query).mappings().all()
    subnets = _subnet_ids(tx, [row["id"] for row in rows])
    return [_network(row, subnets) for row in rows]


def network_get(tx: Transaction, network_id: str) -> Network | None:
    """One network, or None."""
    found = network_list(tx, ids=[network_id])
    return found[0] if found else None


def network_insert(tx: Transaction, row: Network) -> bool:
    """Add a network; False where its VLAN is taken."""
    values = {key: value for key, value in dataclasses.asdict(row).items() if key != "subnet_ids"}
    return insert_new(tx, network, values, ["physical_network", "segmentation_id"])


def network_update(tx: Transaction, network_id: str, changes: Mapping[str, Any]) -> None:
    """Change columns and raise the revision."""
    statement = sa.update(network).where(network.c.id == network_id)
    tx.execute(statement.values(revision=network.c.revision + 1, **changes))


def network_delete(tx: Transaction, network_id: str) -> bool:
    """Remove a network (its subnets go along); False where it was gone."""
    return tx.execute(sa.delete(network).where(network.c.id == network_id)).rowcount == 1


def vlans_used(tx: Transaction, physical_network: str) -> set[int]:
    """The VLAN ids that networks on `physical_network` have."""
    query = sa.select(network.c.segmentation_id).where(network.c.physical_network == physical_network)
    return set(tx.execute(query).scalars())


def _subnet_ids(tx: Transaction, network_ids: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    if network_ids:
        query = sa.select(subnet.c.network_id, subnet.c.id).where(subnet.c.network_id.in_(network_ids))
        for network_id, subnet_id in tx.execute(query.order_by(subnet.c.created_at, subnet.c.id)):
            found.setdefault(network_id, []).append(subnet_id)
    return found


def _network(row: Mapping[Any, Any], subnets: Mapping[str, Iterable[str]]) -> Network:
    return Network(**dict(row), subnet_ids=tuple(subnets.get(row["id"], ())))
