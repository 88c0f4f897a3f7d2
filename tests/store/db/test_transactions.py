"""Transactions, the same on each database: all or nothing, readers that see one state, writers one after the other."""

import datetime as dt
import enum
import threading

import pytest
import sqlalchemy as sa
from tests.support import trials

from stackspan.db import Database, Json, StringEnum, UtcDateTime, connect, is_collision, is_outage
from stackspan.db.clock import database_now
from stackspan.db.serving import AlreadyServed, serving


class Colour(enum.Enum):
    RED = "red"


_OWN = sa.MetaData()
item = sa.Table(
    "db_test_item",
    _OWN,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("count", sa.Integer),
    sa.Column("at", UtcDateTime),
    sa.Column("data", Json),
    sa.Column("colour", StringEnum(Colour)),
)


class Nonsense(Exception):
    """Rolls a test's transaction back."""


@pytest.fixture
def items(database: Database) -> Database:
    """A database with a table of the test's own and one row."""
    with database.write() as tx:
        _OWN.create_all(tx.connection)
        tx.execute(sa.insert(item).values(id=1, count=0))
    return database


def count_of(database: Database) -> int:
    with database.read() as tx:
        return int(tx.execute(sa.select(item.c.count)).scalar_one())


def test_all_or_nothing(items: Database) -> None:
    called: list[str] = []

    def fail() -> None:
        with items.write() as tx:
            tx.execute(sa.update(item).values(count=7))
            tx.after_commit(lambda: called.append("after"))
            tx.before_commit(lambda: called.append("before"))
            raise Nonsense

    with pytest.raises(Nonsense):
        fail()
    assert (count_of(items), called) == (0, [])
    with items.write() as tx:
        tx.after_commit(lambda: called.append(f"after {count_of(items)}"))
        tx.before_commit(lambda: called.append("before") or None)
        tx.before_commit(lambda: tx.execute(sa.update(item).values(count=8)) and None)
    assert called == ["before", "after 8"]


def test_what_fails_before_the_commit_rolls_back(items: Database) -> None:
    def fail() -> None:
        with items.write() as tx:
            tx.execute(sa.update(item).values(count=7))
            tx.before_commit(lambda: tx.execute(sa.insert(item).values(id=1)) and None)

    with pytest.raises(sa.exc.IntegrityError):
        fail()
    assert count_of(items) == 0
    with items.write(durable=False) as tx:
        tx.execute(sa.update(item).values(count=9))
    assert count_of(items) == 9


def test_a_reader_sees_one_state_and_changes_nothing(items: Database) -> None:
    with items.read() as tx:
        assert tx.execute(sa.select(item.c.count)).scalar_one() == 0
        writer = threading.Thread(target=_add_one, args=(items,))
        writer.start()
        writer.join(10)
        assert not writer.is_alive(), "a writer doesn't wait for readers"
        assert tx.execute(sa.select(item.c.count)).scalar_one() == 0
    assert count_of(items) == 1
    with items.read() as tx, pytest.raises(sa.exc.DBAPIError, match=r"read.?only"):
        tx.execute(sa.update(item).values(count=5))
    assert count_of(items) == 1


def _add_one(database: Database) -> None:
    with database.write(durable=False) as tx:
        tx.execute(sa.update(item).values(count=item.c.count + 1))


def test_many_writers_lose_nothing(items: Database) -> None:
    def work() -> None:
        for _ in range(10):
            _add_one(items)

    threads = [threading.Thread(target=work) for _ in range(30)]  # more than there are connections
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count_of(items) == 300


def test_a_write_within_a_write_is_refused(items: Database) -> None:
    with items.write(), pytest.raises(RuntimeError, match="pass it on"), items.write():
        pass
    with items.write() as tx:
        tx.after_commit(lambda: _add_one(items))  # after it, one may
    assert count_of(items) == 1


def test_statements_and_commits_are_counted(items: Database) -> None:
    statements, commits = items.statement_count, items.commit_count
    _add_one(items)
    count_of(items)
    assert (items.statement_count - statements, items.commit_count - commits) == (2, 1)


def test_values_come_back_as_they_went(items: Database) -> None:
    at = dt.datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=dt.UTC)
    with items.write() as tx:
        tx.execute(sa.update(item).values(at=at, data={"a": [1, None, "ü"]}, colour=Colour.RED))
    with items.read() as tx:
        row = tx.execute(sa.select(item)).one()
    assert (row.at, row.data, row.colour) == (at, {"a": [1, None, "ü"]}, Colour.RED)
    with items.write() as tx, pytest.raises(sa.exc.StatementError, match="without a zone"):
        tx.execute(sa.update(item).values(at=dt.datetime(2026, 11, 23)))
    with items.write() as tx:
        tx.execute(sa.text("UPDATE db_test_item SET colour = 'blue'"))
    with items.read() as tx, pytest.raises(ValueError, match="blue"):
        tx.execute(sa.select(item)).one()


def test_the_databases_clock_runs(database: Database) -> None:
    with database.read() as tx:
        first = tx.execute(sa.select(database_now())).scalar_one()
        threading.Event().wait(0.02)
        second = tx.execute(sa.select(database_now())).scalar_one()
    assert 15_000 <= second - first < 5_000_000
    assert abs(dt.datetime.fromtimestamp(first / 1e6, dt.UTC) - dt.datetime.now(dt.UTC)) < dt.timedelta(seconds=60)


def test_durability_is_what_was_asked_for(database: Database) -> None:
    asked = "PRAGMA synchronous" if database.dialect == "sqlite" else "SHOW synchronous_commit"
    seen = []
    for durable in (True, False, True):
        with database.write(durable=durable) as tx:
            seen.append(tx.execute(sa.text(asked)).scalar_one())
    assert seen == ([2, 1, 2] if database.dialect == "sqlite" else ["on", "off", "on"])


def test_a_collision_is_told_from_an_outage(postgresql_database: Database, items: Database) -> None:
    refused = connect("postgresql://nobody@/none?host=/nowhere")
    with pytest.raises(sa.exc.OperationalError) as caught, refused.read():
        pass
    assert is_outage(caught.value)
    assert not is_collision(caught.value)
    with items.write() as tx, pytest.raises(sa.exc.DBAPIError) as wrong:
        tx.execute(sa.text("SELECT nonsense FROM db_test_item"))
    assert not is_collision(wrong.value)


def test_only_files_and_postgresql_are_databases() -> None:
    with pytest.raises(ValueError, match="file"):
        connect("sqlite://")
    with pytest.raises(ValueError, match="mysql"):
        connect("mysql://root@localhost/x")


def test_the_probe_sees_other_connections_commits(sqlite_database: Database) -> None:
    probe = sqlite_database.probe()
    assert probe.changed()
    assert not probe.changed()
    with sqlite_database.write() as tx:
        tx.execute(sa.text("CREATE TABLE seen (id INTEGER)"))
    assert probe.changed()
    assert not probe.changed()
    probe.close()


def test_one_process_serves_a_file(sqlite_url: str) -> None:
    def serve() -> None:
        with serving(connect(sqlite_url)):
            pass

    database = connect(sqlite_url)
    with serving(database):
        assert trials.Child(serve).wait() == 1
        with pytest.raises(AlreadyServed, match="already served by process"), serving(database):
            pass
    assert trials.Child(serve).wait() == 0
    with serving(database):
        pass
    database.close()


def test_many_processes_serve_postgresql(postgresql_database: Database) -> None:
    with serving(postgresql_database), serving(postgresql_database):
        pass
