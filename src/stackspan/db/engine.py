"""Connections and transactions.

SQLite runs in WAL mode. `read()` is a deferred transaction on a `query_only` connection and never waits for a writer;
`write()` takes a process-wide lock and then `BEGIN IMMEDIATE`, so that writers queue in Python (fair, cheap) and not in
SQLite's busy handler (unfair, sleeping). On PostgreSQL both are plain READ COMMITTED transactions.

A write is `durable` (default: survives power loss once committed) or not (a step's save: losing the tail at a power loss
only runs those steps again). Nothing here is held over a call to vCenter: transactions are opened by services around SQL.
"""

from __future__ import annotations

import contextlib
import pathlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, CursorResult, Engine
from sqlalchemy.pool import ConnectionPoolEntry

from stackspan.core import log

_LOG = log.get(__name__)
_BUSY_TIMEOUT_MS = 30_000


@dataclass
class Transaction:
    """One open transaction; what stores and façades take as their first argument."""

    connection: Connection
    writable: bool
    dialect: str  # "sqlite" or "postgresql"
    statements: int = 0
    notes: dict[str, Any] = field(default_factory=dict)  # what a part wants to remember until the commit
    _before_commit: list[Callable[[], None]] = field(default_factory=list)
    _after_commit: list[Callable[[], None]] = field(default_factory=list)

    def execute(
        self, statement: sa.Executable, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[*tuple[Any, ...]]:
        """Run one statement."""
        self.statements += 1
        if parameters is None:
            return self.connection.execute(statement)
        return self.connection.execute(statement, parameters)

    def before_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` as the last thing inside this transaction; what it raises rolls the transaction back."""
        self._before_commit.append(callback)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` once this transaction has been committed; never if it is rolled back. It must not raise."""
        self._after_commit.append(callback)

    def flush(self) -> None:
        """Do now what waits for the commit."""
        while self._before_commit:
            self._before_commit.pop(0)()


def is_outage(error: sa.exc.DBAPIError) -> bool:
    """Whether the database couldn't be reached or didn't manage, as opposed to a statement that it refused."""
    return isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError)


def is_collision(error: sa.exc.DBAPIError) -> bool:
    """Whether PostgreSQL gave up this transaction in favour of another (deadlock, serialization): run it again."""
    return getattr(error.orig, "sqlstate", None) in ("40P01", "40001")


class Probe:
    """Tells whether the database may have changed since it was last asked."""

    def changed(self) -> bool:
        """Always, where there is no cheap way to know."""
        return True

    def close(self) -> None:
        """Give back what it holds."""


class SqliteProbe(Probe):
    """Watches the file's change counter, which costs no transaction; it sees other processes' commits too."""

    def __init__(self, engine: Engine) -> None:
        self._connection = engine.raw_connection()
        self._version = -1

    def changed(self) -> bool:
        """Whether another connection has committed since the last call; True at the first."""
        cursor = self._connection.cursor()
        cursor.execute("PRAGMA data_version")
        row = cursor.fetchone()
        cursor.close()
        before, self._version = self._version, int(row[0]) if row else -1
        return self._version != before

    def close(self) -> None:
        """Give back the connection."""
        self._connection.close()


class Database:
    """The database of one process."""

    def __init__(self, read_engine: Engine, write_engine: Engine) -> None:
        self._read_engine = read_engine
        self._write_engine = write_engine
        self._write_lock = threading.Lock()
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
                self.statement_count += tx.statements

    @contextlib.contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Transaction]:
        """A transaction that commits when the block ends and rolls back when it raises.

        Callbacks given to `Transaction.after_commit` run after the commit, outside the lock.
        """
        lock: contextlib.AbstractContextManager[Any] = (
            self._write_lock if self.dialect == "sqlite" else contextlib.nullcontext()
        )
        with lock, self._write_engine.connect() as connection:
            self._before_begin(connection, durable)
            with connection.begin():
                if self.dialect != "sqlite" and not durable:
                    connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
                tx = Transaction(connection, writable=True, dialect=self.dialect)
                yield tx
                tx.flush()
            self.statement_count += tx.statements
            self.commit_count += 1
        for callback in tx._after_commit:
            callback()

    def _before_begin(self, connection: Connection, durable: bool) -> None:
        # SQLite takes this pragma only outside a transaction, so it goes to the driver's own connection.
        if self.dialect == "sqlite":
            cursor = connection.connection.cursor()
            cursor.execute("PRAGMA synchronous=" + ("FULL" if durable else "NORMAL"))
            cursor.close()

    def probe(self) -> Probe:
        """A cheap way for one thread to see whether anything was committed."""
        return SqliteProbe(self._read_engine) if self.dialect == "sqlite" else Probe()

    def close(self) -> None:
        """Give back all connections."""
        self._read_engine.dispose()
        self._write_engine.dispose()


def _sqlite_engine(url: sa.URL, *, readonly: bool, pool_size: int) -> Engine:
    engine = sa.create_engine(
        url,
        pool_size=pool_size,
        max_overflow=256,
        connect_args={"timeout": _BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # we send BEGIN ourselves
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA cache_size=-8000")
        if readonly:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    begin = "BEGIN DEFERRED" if readonly else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


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
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = sa.create_engine(parsed, pool_size=pool_size, max_overflow=256, pool_pre_ping=True)
    return Database(engine, engine)
