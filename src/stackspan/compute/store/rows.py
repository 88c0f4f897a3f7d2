"""Reading rows as plain mappings, and the key a row was given."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from stackspan.db import Transaction


def rows(tx: Transaction, query: sa.Executable) -> list[dict[str, Any]]:
    """All rows, by column name."""
    return [dict(row) for row in tx.execute(query).mappings()]


def first(tx: Transaction, query: sa.Executable) -> dict[str, Any] | None:
    """The first row, or None."""
    row = tx.execute(query).mappings().first()
    return None if row is None else dict(row)


def insert(tx: Transaction, table: sa.Table, values: dict[str, Any]) -> int:
    """Add a row to a table with an integer key; the key."""
    key = tx.execute(sa.insert(table).values(**values)).inserted_primary_key
    assert key is not None
    return int(key[0])
