"""Writing rows that must be unique, also when two processes write them at the same moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from stackspan.db import Transaction, inserting


def insert_new(tx: Transaction, table: sa.Table, values: Mapping[str, Any]) -> bool:
    """Write a row; False, and nothing written, where a row with that key or unique name is there already."""
    return inserting.insert_new(tx, table, values)


def update_unique(tx: Transaction, statement: sa.Update) -> bool:
    """Run an update; False, and nothing written, where it would give two rows the same unique name."""
    try:
        with tx.connection.begin_nested():
            tx.execute(statement)
    except sa.exc.IntegrityError:
        return False
    return True
