"""Connections and transactions.

SQLite runs in WAL mode. `read()` is a deferred transaction on a `query_only` connection and never waits for a writer;
`write()` takes a process-wide lock and then `BEGIN IMMEDIATE`, so that writers queue in Python (cheap) and not in SQLite's
busy handler (sleeping, unfair). On PostgreSQL `write()` is a READ COMMITTED transaction and `read()` a REPEATABLE READ
one that is read-only: a consistent view on both, and a write in a read fails in tests on either.

PostgreSQL gives a process no more than `pool_size` + 8 connections, however many threads it has: those that find none
free wait. So don't open a second transaction inside one; inside a `write()` a second one is refused.

A write is `durable` (default: survives power loss once committed) or not (a step's save: losing the tail at a power loss
only runs those steps again). Nothing here is held over a call to vCenter: transactions are opened by services around SQL.
"""

from __future__ import annotations

import contextlib
import pathlib
import threading
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import ConnectionPoolEntry

from stackspan.db.probe import Probe, SqliteProbe
from stackspan.db.transaction import Transaction

_BUSY_TIMEOUT_MS = 30_000
_POOL_SECONDS = 30.0
_POSTGRESQL_OVERFLOW = 8
_SYNCHRONOUS = "stackspan_synchronous"


class Database:
    """The database of one process.

    `statement_count` and `commit_count` (write transactions) count from the start, for benchmarks and metrics.
    """

    def __init__(self, read_engine: Engine, write_engine: Engine) -> None:
        self._read_engine = read_engine
        self._write_engine = write_engine
        self._write_lock = threading.Lock()
        self._writing = threading.local()
        self._count_lock = threading.Lock()
        self.dialect = write_engine.dialect.name
        self.url = write_engine.url
        self.statement_count = 0
        self.commit_count = 0

    @contextlib.contextmanager
    def read(self) -> Iterator[Transaction]:
        """A consistent view that changes nothing."""
        with self._read_engine.connect() as connection, connection.begin():
            tx = Transaction(connection, writable=False, dialect=self.dialect)
            try:
                yield tx
            finally:
                self._count(tx.statements, 0)

    @contextlib.contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Transaction]:
        """A transaction that commits when the block ends and rolls back when it raises.

        Callbacks given to `Transaction.after_commit` run after the commit, outside the lock. RuntimeError inside another
        `write()` of the same thread: it would wait for itself.
        """
        if getattr(self._writing, "open", False):
            raise RuntimeError("this thread has a write transaction open already: pass it on")
        lock: contextlib.AbstractContextManager[Any] = (
            self._write_lock if self.dialect == "sqlite" else contextlib.nullcontext()
        )
        self._writing.open = True
        try:
            with lock, self._write_engine.connect() as connection:
                tx = self._transact(connection, durable)
                with connection.begin():
                    if self.dialect == "postgresql" and not durable:
                        # In the transaction, not on the connection: a pooler in between would give that to others.
                        connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
                    yield tx
                    tx.flush()
        finally:
            self._writing.open = False
        self._count(tx.statements, 1)
        tx.committed()

    def _transact(self, connection: Connection, durable: bool) -> Transaction:
        if self.dialect == "sqlite":
            # This pragma counts only outside a transaction, so it goes to the driver's own connection before BEGIN.
            wanted = "FULL" if durable else "NORMAL"
            if connection.info.get(_SYNCHRONOUS) != wanted:
                cursor = connection.connection.cursor()
                cursor.execute(f"PRAGMA synchronous={wanted}")
                cursor.close()
                connection.info[_SYNCHRONOUS] = wanted
        return Transaction(connection, writable=True, dialect=self.dialect)

    @contextlib.contextmanager
    def migrating(self) -> Iterator[Connection]:
        """A transaction for changing the schema: alone, and on SQLite with foreign keys off until its end.

        SQLite changes a table by making it anew and dropping the old one, which would take along what refers to it. What
        refers to nothing at the end raises RuntimeError, and all is rolled back.
        """
        with self._write_lock, self._write_engine.connect() as connection:
            sqlite = self.dialect == "sqlite"
            if sqlite:
                connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
                connection.connection.cursor().execute("PRAGMA synchronous=FULL")
            try:
                with connection.begin():
                    if not sqlite:
                        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(1471528866)")
                    yield connection
                    if sqlite:
                        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                        if broken:
                            raise RuntimeError(f"the migration left rows that refer to nothing: {broken[:5]}")
            finally:
                connection.invalidate()  # its pragmas go with it

    def reserved(self) -> Database:
        """The same database by one connection of its own, for what must not wait until others' are free. Close it."""
        return connect(self.url.render_as_string(hide_password=False), pool_size=1)

    def probe(self) -> Probe:
        """A cheap way for one thread to see whether anything was committed."""
        return SqliteProbe(self._read_engine) if self.dialect == "sqlite" else Probe()

    def close(self) -> None:
        """Give back all connections."""
        self._read_engine.dispose()
        self._write_engine.dispose()

    def _count(self, statements: int, commits: int) -> None:
        with self._count_lock:
            self.statement_count += statements
            self.commit_count += commits


def _sqlite_engine(url: sa.URL, *, readonly: bool, pool_size: int) -> Engine:
    engine = sa.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=256,
        pool_use_lifo=True,
        connect_args={"timeout": _BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # we send BEGIN ourselves
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA cache_size=-4000")
        cursor.execute("PRAGMA journal_size_limit=67108864")
        if readonly:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    begin = "BEGIN DEFERRED" if readonly else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        # Straight to the driver: through SQLAlchemy it would cost a tenth of a short transaction.
        cursor = connection.connection.cursor()
        cursor.execute(begin)
        cursor.close()

    return engine


def _postgresql_engine(url: sa.URL, pool_size: int) -> Engine:
    return sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=_POSTGRESQL_OVERFLOW,
        pool_timeout=_POOL_SECONDS,
        pool_use_lifo=True,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 10,
            "application_name": "stackspan",
            "prepare_threshold": None,  # a pooler that shares connections knows no prepared statements
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
        },
    )


def connect(url: str, *, pool_size: int = 16) -> Database:
    """Open the database at `url` (SQLAlchemy form: `sqlite:////path/file.db` or `postgresql://user@host/name`).

    Makes the folder of a SQLite file where it is missing. The schema is `db.migrate`'s business.
    """
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise ValueError("an in-memory database can't be shared by threads: give a file")
        pathlib.Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        return Database(
            _sqlite_engine(parsed, readonly=True, pool_size=pool_size),
            _sqlite_engine(parsed, readonly=False, pool_size=1),
        )
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise ValueError(f"{parsed.get_backend_name()} is no database for Stackspan: sqlite and postgresql are")
    engine = _postgresql_engine(parsed, pool_size)
    return Database(engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True), engine)
