"""The schema's revision: reading it (cheap, for `serve`) and raising it (Alembic, for `stackspan db upgrade`)."""

from __future__ import annotations

import pathlib

import sqlalchemy as sa

from stackspan.core import errors
from stackspan.db.engine import Database

_MIGRATIONS = pathlib.Path(__file__).parent / "migrations"
HEAD = "0001"  # the newest revision under migrations/versions; a gate test keeps it true


class SchemaMismatch(errors.StackspanError):
    """The database's schema isn't the one this program knows."""


def _revision_of(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    row = connection.execute(sa.text("SELECT version_num FROM alembic_version")).first()
    return None if row is None else str(row[0])


def _refuse_newer(revision: str | None) -> None:
    if revision is not None and revision > HEAD:
        raise SchemaMismatch(
            f"The database has schema {revision}; this release knows up to {HEAD}: run a newer release of Stackspan."
        )


def revision_get(database: Database) -> str | None:
    """The schema revision of the database, or None where there is no schema yet."""
    with database.read() as tx:
        return _revision_of(tx.connection)


def require_head(database: Database) -> None:
    """Raise SchemaMismatch, with the remedy, unless the schema is exactly the one this program knows."""
    revision = revision_get(database)
    if revision == HEAD:
        return
    if revision is None:
        raise SchemaMismatch("The database is empty: run 'stackspan db upgrade', then 'stackspan bootstrap'.")
    _refuse_newer(revision)
    raise SchemaMismatch(f"The database has schema {revision}; this release needs {HEAD}: run 'stackspan db upgrade'.")


def upgrade(database: Database, revision: str = "head") -> None:
    """Raise the schema to `revision`, all or nothing; harmless where it is there already.

    Two at once are no harm: the second waits. Raises SchemaMismatch where the schema is newer than this program's.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with database.migrating() as connection:
        config.attributes["connection"] = connection
        _refuse_newer(_revision_of(connection))
        command.upgrade(config, revision)
