"""Hears PostgreSQL's NOTIFY: only a hint to look earlier than the next poll. On SQLite it does nothing."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable

import sqlalchemy as sa

from stackspan.core import log
from stackspan.db import Database
from stackspan.workflow.store.queueing import CHANNEL

_LOG = log.get(__name__)
_RECONNECT_SECONDS = 5.0


class Listener:
    """A connection of its own, in a thread of its own, that calls `wake`."""

    def __init__(self, database: Database, url: str | None, wake: Callable[[], None]) -> None:
        self._url = sa.make_url(url) if url else database.url
        self._wanted = database.dialect == "postgresql"
        self._wake = wake
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._stop_reader, self._stop_writer = -1, -1

    def start(self) -> None:
        """Begin to listen."""
        if self._wanted:
            self._stop_reader, self._stop_writer = os.pipe()
            self._thread = threading.Thread(target=self._run, name="job-listener", daemon=True)
            self._thread.start()

    def abandon(self) -> None:
        """Stop without waiting."""
        self._stop.set()
        if self._stop_writer >= 0:
            os.write(self._stop_writer, b"x")

    def stop(self) -> None:
        """Stop, and wait until the connection is closed."""
        self.abandon()
        if self._thread is not None:
            self._thread.join()
            os.close(self._stop_reader)
            os.close(self._stop_writer)
            self._thread, self._stop_writer = None, -1

    def _run(self) -> None:
        import psycopg

        conninfo = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        while not self._stop.is_set():
            try:
                with psycopg.connect(conninfo, autocommit=True, application_name="stackspan-listen") as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._wake()  # for what came while nobody listened
                    while not self._stop.is_set():
                        select.select([connection.fileno(), self._stop_reader], [], [])
                        if any(True for _ in connection.notifies(timeout=0)):
                            self._wake()
            except psycopg.Error as error:
                if not self._stop.is_set():
                    _LOG.warning("can't listen for new jobs: they are found by polling", error=str(error))
                self._stop.wait(_RECONNECT_SECONDS)
