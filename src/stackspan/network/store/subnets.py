"""Subnets and the addresses handed out of them."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from stackspan.db import Transaction, insert_new
from stackspan.network.model import Subnet
from stackspan.network.tables import ip_allocation, subnet


def subnet_list(
    tx: Transaction, *, network_ids: Collection[str] | None = None, ids: Collection[str] | None = None
) -> list[Subnet]:
    """Subnets, oldest first."""
    query = sa.select(subnet).order_by(subnet.c.created_at, subnet.c.id)
    if network_ids is not None:
        query = query.where(subnet.c.network_id.in_(list(network_ids)))
    if ids is not None:
        query = query.where(subnet.c.id.in_(list(ids)))
    return [_subnet(row) for row in tx.execute(query).mappings()]


def subnet_get(tx: Transaction, subnet_id: str) -> Subnet | None:
    """One subnet, or None."""
    found = subnet_list(tx, ids=[subnet_id])
    return found[0] if found else None


def subnet_insert(tx: Transaction, row: Subnet) -> None:
    """Add a subnet."""
    tx.execute(sa.insert(subnet).values(dataclasses.asdict(row)))


def subnet_update(tx: Transaction, subnet_id: str, changes: Mapping[str, Any]) -> None:
    """Change columns and raise the revision."""
    tx.execute(sa.update(subnet).where(subnet.c.id == subnet_id).values(revision=subnet.c.revision + 1, **changes))


def subnet_delete(tx: Transaction, subnet_id: str) -> bool:
    """Remove a subnet; False where it was gone."""
    return tx.execute(sa.delete(subnet).where(subnet.c.id == subnet_id)).rowcount == 1


def subnet_in_use(tx: Transaction, subnet_id: str) -> bool:
    """Whether a port has an address of it."""
    query = sa.select(ip_allocation.c.port_id).where(ip_allocation.c.subnet_id == subnet_id).limit(1)
    return tx.execute(query).first() is not None


def address_take(tx: Transaction, subnet_id: str, address: str, port_id: str) -> bool:
    """Give `address` to the port; False where another has it."""
    values = {"subnet_id": subnet_id, "address_hex": _hex(address), "port_id": port_id, "ip_address": address}
    return insert_new(tx, ip_allocation, values, ["subnet_id", "address_hex"])


def address_take_free(tx: Transaction, row: Subnet, port_id: str) -> str | None:
    """Give the port a free address of the subnet's pools; None where they are used up.

    Takes the one behind the highest in use, so that an address isn't given again soon; once a pool's end is reached, the
    lowest gap. A collision with another writer (PostgreSQL) moves on to the next.
    """
    for first, last in row.pools:
        for address in _free_addresses(tx, row.id, first, last):
            if address_take(tx, row.id, address, port_id):
                return address
    return None


def addresses_release(tx: Transaction, port_id: str) -> None:
    """Take back all addresses of a port."""
    tx.execute(sa.delete(ip_allocation).where(ip_allocation.c.port_id == port_id))


def _free_addresses(tx: Transaction, subnet_id: str, first: str, last: str) -> Iterator[str]:
    low, high = ipaddress.ip_address(first), ipaddress.ip_address(last)
    in_pool = sa.and_(
        ip_allocation.c.subnet_id == subnet_id, ip_allocation.c.address_hex.between(_hex(first), _hex(last))
    )
    top = tx.execute(sa.select(sa.func.max(ip_allocation.c.address_hex)).where(in_pool)).scalar()
    number = int(top, 16) + 1 if top else int(low)
    while number <= int(high):
        yield str(type(low)(number))
        number += 1
    taken = tx.execute(sa.select(ip_allocation.c.address_hex).where(in_pool).order_by(ip_allocation.c.address_hex))
    number = int(low)
    for address_hex in taken.scalars().all():
        while number < int(address_hex, 16):
            yield str(type(low)(number))
            number += 1
        number = int(address_hex, 16) + 1


def _hex(address: str) -> str:
    return f"{int(ipaddress.ip_address(address)):032x}"


def _subnet(row: Mapping[Any, Any]) -> Subnet:
    values = dict(row)
    values["pools"] = tuple((first, last) for first, last in values["pools"])
    values["dns_nameservers"] = tuple(values["dns_nameservers"])
    values["host_routes"] = tuple((destination, hop) for destination, hop in values["host_routes"])
    return Subnet(**values)
