"""Fixtures for all tests. What they do stands in `tests/support`."""

from tests.support.databases import (
    database,
    database_url,
    postgres,
    postgres_template,
    postgresql_database,
    postgresql_url,
    sqlite_database,
    sqlite_template,
    sqlite_url,
)

__all__ = [
    "database",
    "database_url",
    "postgres",
    "postgres_template",
    "postgresql_database",
    "postgresql_url",
    "sqlite_database",
    "sqlite_template",
    "sqlite_url",
]
