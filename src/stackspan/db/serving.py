"""Only one process serves a SQLite file: a lock beside it, held while the process lives."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
from collections.abc import Iterator

from stackspan.core import errors
from stackspan.db.engine import Database


class AlreadyServed(errors.StackspanError):
    """Another process serves this database."""


@contextlib.contextmanager
def serving(database: Database) -> Iterator[None]:
    """Hold the right to serve `database` inside the block. Nothing on PostgreSQL, which many may serve.

    The kernel frees the lock when the process ends, however it ends; the file stays and means nothing. A child that is
    forked shares the lock. Raises AlreadyServed, with the holder's process id.
    """
    if database.dialect != "sqlite" or not database.url.database:
        yield
        return
    path = pathlib.Path(database.url.database + ".lock")
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read(20).strip() or "unknown"
            raise AlreadyServed(
                f"The database {database.url.database} is already served by process {holder}; SQLite can be served by one "
                "process only. Stop that one, or use PostgreSQL."
            ) from None
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
