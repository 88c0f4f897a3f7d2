"""The database: one file or server, one schema, short transactions."""

from stackspan.db.engine import Database, connect
from stackspan.db.faults import DatabaseError, is_collision, is_outage
from stackspan.db.inserting import insert_into, insert_new
from stackspan.db.metadata import metadata
from stackspan.db.transaction import Transaction
from stackspan.db.types import Json, StringEnum, UtcDateTime

__all__ = [
    "Database",
    "DatabaseError",
    "Json",
    "StringEnum",
    "Transaction",
    "UtcDateTime",
    "connect",
    "insert_into",
    "insert_new",
    "is_collision",
    "is_outage",
    "metadata",
]
