"""The migrations make exactly the tables that the services define, on each database, and never half."""

from typing import Any

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from tests.support import trials

from stackspan.db import Database, metadata, migrate
from stackspan.db.engine import connect

MAKE = "run: python -m tests.support.make_initial_migration"


def described(database: Database) -> dict[str, Any]:
    """Everything about the tables that matters: columns, keys, indexes with their conditions, checks."""
    found: dict[str, Any] = {}
    with database.read() as tx:
        inspector = sa.inspect(tx.connection)
        for table in inspector.get_table_names():
            if table == "alembic_version":
                continue
            columns = {
                column["name"]: (str(column["type"]), column["nullable"], column.get("default"))
                for column in inspector.get_columns(table)
            }
            found[table] = {
                "columns": columns,
                "primary key": inspector.get_pk_constraint(table),
                "foreign keys": _sorted(inspector.get_foreign_keys(table)),
                "unique": _sorted(inspector.get_unique_constraints(table)),
                "indexes": _sorted(inspector.get_indexes(table)),
                "checks": _sorted(inspector.get_check_constraints(table)),
                "autoincrement": _autoincrement(tx.connection, table),
            }
    return found


def _sorted(items: Any) -> list[str]:
    return sorted(repr(_plain(item)) for item in items)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return sorted((key, _plain(inner)) for key, inner in value.items())
    return str(value) if isinstance(value, sa.TextClause) else value


def _autoincrement(connection: sa.Connection, table: str) -> bool:
    if connection.dialect.name != "sqlite":
        return False
    sql = connection.execute(sa.text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table}).scalar_one()
    return "AUTOINCREMENT" in sql


def test_migrations_make_what_the_tables_say(empty_database: Database, database_for: Any) -> None:
    migrate.upgrade(empty_database)
    migrated = described(empty_database)
    defined = described(database_for(empty_database.dialect))
    assert migrated.keys() == defined.keys(), MAKE
    for table, description in defined.items():
        assert migrated[table] == description, f"{table}: {MAKE}"
    assert set(defined) == set(metadata.tables)


@pytest.fixture
def database_for(request: pytest.FixtureRequest) -> Any:
    """A database made from the tables themselves, of the same kind as another."""
    opened: list[Database] = []

    def make(dialect: str) -> Database:
        opened.append(connect(request.getfixturevalue(f"{dialect}_url")))
        return opened[-1]

    yield make
    for database in opened:
        database.close()


def test_upgrade_twice_is_harmless(empty_database: Database) -> None:
    assert migrate.revision_get(empty_database) is None
    with pytest.raises(migrate.SchemaMismatch, match="stackspan db upgrade"):
        migrate.require_head(empty_database)
    migrate.upgrade(empty_database)
    before = described(empty_database)
    migrate.upgrade(empty_database)
    migrate.require_head(empty_database)
    assert described(empty_database) == before
    assert migrate.revision_get(empty_database) == migrate.HEAD


def test_two_upgrades_at_once_are_harmless(empty_database: Database) -> None:
    def upgrade() -> None:
        migrate.upgrade(connect(empty_database.url.render_as_string(hide_password=False)))

    children = [trials.Child(upgrade) for _ in range(3)]
    assert [child.wait() for child in children] == [0, 0, 0]
    migrate.require_head(empty_database)


def test_a_newer_schema_is_refused(empty_database: Database) -> None:
    migrate.upgrade(empty_database)
    with empty_database.write() as tx:
        tx.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(migrate.SchemaMismatch, match="newer release"):
        migrate.require_head(empty_database)
    with pytest.raises(migrate.SchemaMismatch, match="newer release"):
        migrate.upgrade(empty_database)


def test_an_older_schema_is_refused_with_the_remedy(empty_database: Database) -> None:
    migrate.upgrade(empty_database)
    with empty_database.write() as tx:
        tx.execute(sa.text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(migrate.SchemaMismatch, match="stackspan db upgrade"):
        migrate.require_head(empty_database)


def test_the_program_knows_its_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrate._MIGRATIONS))
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [migrate.HEAD]
    numbers = sorted(revision.revision for revision in script.walk_revisions())
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]


def test_a_failed_migration_leaves_nothing(empty_database: Database) -> None:
    class Nonsense(Exception):
        pass

    def migration() -> None:
        with empty_database.migrating() as connection:
            connection.execute(sa.text("CREATE TABLE half (id INTEGER)"))
            raise Nonsense

    with pytest.raises(Nonsense):
        migration()
    with empty_database.read() as tx:
        assert not sa.inspect(tx.connection).has_table("half")


def test_a_table_can_be_made_anew_without_losing_what_refers_to_it(empty_sqlite_url: str) -> None:
    database = connect(empty_sqlite_url)
    with database.write() as tx:
        tx.execute(sa.text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
        tx.execute(sa.text("CREATE TABLE child (id INTEGER REFERENCES parent (id) ON DELETE CASCADE)"))
        tx.execute(sa.text("INSERT INTO parent VALUES (1)"))
        tx.execute(sa.text("INSERT INTO child VALUES (1)"))
    with database.migrating() as connection:
        connection.execute(sa.text("CREATE TABLE new_parent (id INTEGER PRIMARY KEY, name TEXT)"))
        connection.execute(sa.text("INSERT INTO new_parent (id) SELECT id FROM parent"))
        connection.execute(sa.text("DROP TABLE parent"))
        connection.execute(sa.text("ALTER TABLE new_parent RENAME TO parent"))
    with database.read() as tx:
        assert tx.execute(sa.text("SELECT count(*) FROM child")).scalar_one() == 1

    def orphan() -> None:
        with database.migrating() as connection:
            connection.execute(sa.text("DELETE FROM parent"))

    with pytest.raises(RuntimeError, match="refer to nothing"):
        orphan()
    with database.write() as tx:
        assert tx.execute(sa.text("PRAGMA foreign_keys")).scalar_one() == 1
        tx.execute(sa.text("DELETE FROM parent"))
        assert tx.execute(sa.text("SELECT count(*) FROM child")).scalar_one() == 0
    database.close()
