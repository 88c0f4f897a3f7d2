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


def revision_get(database: Database) -> str | None:
    """The schema revision of the database, or None where there is no schema yet."""
    with database.read() as tx:
        if not sa.inspect(tx.connection).has_table("alembic_version"):
            return None
        row = tx.execute(sa.text("SELECT version_num FROM alembic_version")).first()
        return None if row is None else str(row[0])


def require_head(database: Database) -> None:
    """Raise SchemaMismatch, with the remedy, unless the schema is exactly the one this program knows."""
    revision = revision_get(database)
    if revision == HEAD:
        return
    if revision is None:
        raise SchemaMismatch("The database is empty: run 'stackspan db upgrade', then 'stackspan bootstrap'.")
    if revision > HEAD:
        raise SchemaMismatch(
            f"The database has schema {revision}; this release knows up to {HEAD}: run a newer release of Stackspan."
        )
    raise SchemaMismatch(f"The database has schema {revision}; this release needs {HEAD}: run 'stackspan db upgrade'.")


def upgrade(database: Database, revision: str = "head") -> None:
    """Raise the schema to `revision`; harmless where it is there already."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with database.migrating() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
