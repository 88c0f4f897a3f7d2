"""Fixtures for all tests. What they do stands in `tests/support`."""

import structlog
from tests.support.databases import (
    database,
    database_url,
    empty_database,
    empty_postgresql_url,
    empty_sqlite_url,
    fresh_database,
    fresh_postgresql,
    fresh_sqlite,
    postgres,
    postgres_template,
    postgresql_database,
    postgresql_url,
    sqlite_database,
    sqlite_template,
    sqlite_url,
)

# Our events go where pytest collects those of other libraries: shown with a test that fails, without locals.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(key_order=["event"]),
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
)

__all__ = [
    "database",
    "database_url",
    "empty_database",
    "empty_postgresql_url",
    "empty_sqlite_url",
    "fresh_database",
    "fresh_postgresql",
    "fresh_sqlite",
    "postgres",
    "postgres_template",
    "postgresql_database",
    "postgresql_url",
    "sqlite_database",
    "sqlite_template",
    "sqlite_url",
]
