"""Hears PostgreSQL's NOTIFY: only a hint to look earlier than the next poll. On SQLite it does nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable

import sqlalchemy as sa

from stackspan.core import log
from stackspan.db import Database
from stackspan.workflow.store.queueing import CHANNEL

_LOG = log.get(__name__)
_RECONNECT_SECONDS = 5.0
_LOOK_SECONDS = 1.0  # how soon a stop is noticed


class Listener:
    """A connection of its own, in a thread of its own, that calls `wake`."""

    def __init__(self, database: Database, url: str | None, wake: Callable[[], None]) -> None:
        self._url = sa.make_url(url) if url else database.url
        self._wanted = database.dialect == "postgresql"
        self._wake = wake
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to listen."""
        if self._wanted:
            self._thread = threading.Thread(target=self._run, name="job-listener", daemon=True)
            self._thread.start()

    def abandon(self) -> None:
        """Stop without waiting."""
        self._stop.set()

    def stop(self) -> None:
        """Stop; the connection closes within a second."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        import psycopg

        conninfo = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        while not self._stop.is_set():
            try:
                with psycopg.connect(conninfo, autocommit=True, application_name="stackspan-listen") as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._wake()  # for what came while nobody listened
                    while not self._stop.is_set():
                        for _ in connection.notifies(timeout=_LOOK_SECONDS, stop_after=1):
                            self._wake()
            except psycopg.Error as error:
                _LOG.warning("can't listen for new jobs: they are found by polling", error=str(error))
                self._stop.wait(_RECONNECT_SECONDS)
