"""Databases for tests: SQLite files, and a PostgreSQL that the tests start themselves, once a session.

`database` runs a test on both; `sqlite_database` and `postgresql_database` on one. Each test gets a fresh database with the
whole schema, copied from a template. `database_url` is for tests that open it several times.

Where the PostgreSQL server programs are not installed, those tests are skipped and say so; `.ci/run` installs them.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any

import psycopg
import pytest

import stackspan.schema  # noqa: F401 - fills the metadata
from stackspan.db import Database, connect, metadata

_MISSING = "the PostgreSQL server programs (initdb, postgres) are not installed: apt-get install postgresql"
_PR_SET_PDEATHSIG = 1


class PostgresMissing(Exception):
    """The server programs aren't there."""


def _programs() -> pathlib.Path:
    folders = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    found = shutil.which("initdb")
    if found:
        folders.append(pathlib.Path(found).resolve().parent)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise PostgresMissing(_MISSING)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


class Postgres:
    """A server in a folder of its own, reached by a socket there; it dies with this process."""

    def __init__(self) -> None:
        programs = _programs()
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="stackspan-postgres-"))
        # PostgreSQL refuses to run as root.
        self._user = None if os.geteuid() != 0 else self._other_user()
        if self._user is not None:
            os.chown(self._folder, self._user.pw_uid, self._user.pw_gid)
        data = self._folder / "data"
        self._run(
            [programs / "initdb", "-D", data, "-U", "stackspan", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        )
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": self._folder,
            "fsync": "off",
            "full_page_writes": "off",
            "shared_buffers": "64MB",
            "max_connections": "400",
            "log_min_messages": "fatal",
        }
        options = [text for name, value in settings.items() for text in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [str(programs / "postgres"), "-D", str(data), *options],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - no other thread runs when the session begins
                **self._as_user(),
            )
        self._numbers = itertools.count(1)
        self._free: list[str] = []
        self._admin = self._connect_when_ready()

    def url(self, name: str) -> str:
        """Where the database `name` is."""
        return f"postgresql://stackspan@/{name}?host={self._folder}"

    def create(self, template: str | None = None) -> str:
        """A new database, empty or a copy of `template`; its name."""
        name = f"test_{next(self._numbers)}"
        self._admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template or "template0"}"')
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self._admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def cut(self, name: str) -> None:
        """Break all connections to a database, as an outage does."""
        self._admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))

    def borrow(self, template: str) -> str:
        """A database with the template's schema and no rows: one that was given back, emptied, or a new one."""
        return self._free.pop() if self._free else self.create(template)

    def give_back(self, name: str, tables: Collection[str]) -> None:
        """End all connections and empty it, which takes a tenth of the time of making one; `tables` are the template's."""
        self.cut(name)
        with psycopg.connect(self.url(name)) as connection:
            connection.execute("SET session_replication_role = replica")  # foreign keys don't matter when all goes
            found = [
                str(row[0]) for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            ]
            for table in found:
                connection.execute(f'DELETE FROM "{table}"' if table in tables else f'DROP TABLE "{table}" CASCADE')
            connection.execute(
                "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) FROM pg_sequences"
            )
        self._free.append(name)

    def close(self) -> None:
        """Stop the server and remove its folder."""
        self._admin.close()
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)
        shutil.rmtree(self._folder)

    @staticmethod
    def _other_user() -> pwd.struct_passwd:
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                return pwd.getpwnam(name)
        raise PostgresMissing("PostgreSQL refuses to run as root, and there is no user to run it as")

    def _as_user(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def _run(self, command: list[object]) -> None:
        done = subprocess.run(
            [str(word) for word in command],
            check=False,
            capture_output=True,
            text=True,
            cwd=self._folder,
            **self._as_user(),
        )
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} failed: {done.stderr}")

    def _connect_when_ready(self) -> psycopg.Connection[object]:
        deadline = time.monotonic() + 60
        while True:
            try:
                return psycopg.connect(self.url("postgres"), autocommit=True)
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self._folder / "log").read_text()) from None
                time.sleep(0.05)


def _create_all(url: str) -> None:
    database = connect(url)
    with database.write() as tx:
        metadata.create_all(tx.connection)
    database.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The session's PostgreSQL; skips where it can't be had."""
    try:
        server = Postgres()
    except PostgresMissing as missing:
        pytest.skip(str(missing))
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    """The name of a database with the whole schema, to be copied."""
    name = postgres.create()
    _create_all(postgres.url(name))
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A file with the whole schema, to be copied."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    _create_all(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: pathlib.Path, tmp_path: pathlib.Path) -> str:
    """A fresh SQLite database with the whole schema."""
    path = tmp_path / "stackspan.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(postgres: Postgres, postgres_template: str) -> Iterator[str]:
    """A fresh PostgreSQL database with the whole schema."""
    name = postgres.borrow(postgres_template)
    yield postgres.url(name)
    postgres.give_back(name, metadata.tables)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database with the whole schema, on each kind of database."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@contextlib.contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = connect(url)
    yield database
    database.close()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh database, on each kind; the test runs once on SQLite and once on PostgreSQL."""
    with _opened(database_url) as database:
        yield database


@pytest.fixture
def empty_sqlite_url(tmp_path: pathlib.Path) -> str:
    """Where a SQLite database can be made; there is none yet."""
    return f"sqlite:///{tmp_path / 'empty.db'}"


@pytest.fixture
def empty_postgresql_url(postgres: Postgres) -> Iterator[str]:
    """A PostgreSQL database without any table."""
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty_database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database without any table, on each kind."""
    with _opened(request.getfixturevalue(f"empty_{request.param}_url")) as database:
        yield database


FreshDatabase = Callable[[], contextlib.AbstractContextManager[Database]]


@pytest.fixture
def fresh_sqlite(sqlite_template: pathlib.Path, tmp_path: pathlib.Path) -> FreshDatabase:
    """Makes as many fresh SQLite databases as a test wants: `with fresh_sqlite() as database:`."""
    numbers = itertools.count(1)

    @contextlib.contextmanager
    def make() -> Iterator[Database]:
        path = tmp_path / f"fresh-{next(numbers)}.db"
        shutil.copyfile(sqlite_template, path)
        with _opened(f"sqlite:///{path}") as database:
            yield database

    return make


@pytest.fixture
def fresh_postgresql(postgres: Postgres, postgres_template: str) -> FreshDatabase:
    """Makes as many fresh PostgreSQL databases as a test wants."""

    @contextlib.contextmanager
    def make() -> Iterator[Database]:
        name = postgres.borrow(postgres_template)
        with _opened(postgres.url(name)) as database:
            yield database
        postgres.give_back(name, metadata.tables)

    return make


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def fresh_database(request: pytest.FixtureRequest) -> FreshDatabase:
    """Makes fresh databases, on each kind."""
    make: FreshDatabase = request.getfixturevalue(f"fresh_{request.param}")
    return make


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    """A fresh database on SQLite only."""
    with _opened(sqlite_url) as database:
        yield database


@pytest.fixture
def postgresql_database(postgresql_url: str) -> Iterator[Database]:
    """A fresh database on PostgreSQL only."""
    with _opened(postgresql_url) as database:
        yield database
