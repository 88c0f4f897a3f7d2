"""Fixtures of the engine's tests."""

from collections.abc import Iterator

import pytest
from tests.workflow.engine.lab import Lab

from stackspan.db import Database


@pytest.fixture
def lab(database: Database) -> Iterator[Lab]:
    """A lab on each kind of database."""
    lab = Lab(database)
    yield lab
    lab.close()


@pytest.fixture
def sqlite_lab(sqlite_database: Database) -> Iterator[Lab]:
    """A lab on SQLite, for what doesn't depend on the database."""
    lab = Lab(sqlite_database)
    yield lab
    lab.close()


@pytest.fixture
def postgresql_lab(postgresql_database: Database) -> Iterator[Lab]:
    """A lab on PostgreSQL."""
    lab = Lab(postgresql_database)
    yield lab
    lab.close()
