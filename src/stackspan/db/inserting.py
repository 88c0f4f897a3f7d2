"""Writing rows that must be unique, also when two processes write them at the same moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from stackspan.db.transaction import Transaction


def insert_into(tx: Transaction, table: sa.Table) -> Any:
    """An INSERT of this database's dialect, which knows ON CONFLICT."""
    return (postgresql.insert if tx.dialect == "postgresql" else sqlite.insert)(table)


def insert_new(
    tx: Transaction, table: sa.Table, values: Mapping[str, Any], index_elements: Sequence[str] | None = None
) -> bool:
    """Write a row; False, and nothing written, where one with that key is there already.

    Args:
        index_elements: columns of the unique key that may clash; None: any.

    On PostgreSQL a clash with a transaction under way waits for its end. The row's key is asked back, because a driver's
    row count isn't reliable for such an insert.
    """
    statement = insert_into(tx, table).values(dict(values)).on_conflict_do_nothing(index_elements=index_elements)
    return tx.execute(statement.returning(*table.primary_key.columns)).first() is not None
