"""Key pairs of users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from stackspan.compute.model import KeyPair
from stackspan.compute.tables import key_pair
from stackspan.db import Transaction


def key_pair_insert(tx: Transaction, values: Mapping[str, Any]) -> None:
    """Add a key pair."""
    tx.execute(sa.insert(key_pair).values(**values))


def key_pair_get(tx: Transaction, user_id: str, name: str) -> KeyPair | None:
    """The user's key pair of that name."""
    query = sa.select(key_pair).where(key_pair.c.user_id == user_id, key_pair.c.name == name)
    row = tx.execute(query).mappings().first()
    return None if row is None else KeyPair(**row)


def key_pair_list(
    tx: Transaction, user_id: str, *, limit: int | None = None, after: KeyPair | None = None
) -> list[KeyPair]:
    """The user's key pairs by name, from after a marker on."""
    query = sa.select(key_pair).where(key_pair.c.user_id == user_id).order_by(key_pair.c.name)
    if after is not None:
        query = query.where(key_pair.c.name > after.name)
    return [KeyPair(**row) for row in tx.execute(query.limit(limit)).mappings()]


def key_pair_count(tx: Transaction, user_id: str) -> int:
    """How many the user has."""
    query = sa.select(sa.func.count()).select_from(key_pair).where(key_pair.c.user_id == user_id)
    return int(tx.execute(query).scalar_one())


def key_pair_delete(tx: Transaction, user_id: str, name: str) -> bool:
    """Remove it; whether it was there."""
    clause = (key_pair.c.user_id == user_id) & (key_pair.c.name == name)
    return tx.execute(sa.delete(key_pair).where(clause)).rowcount > 0
