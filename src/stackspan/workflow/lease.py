"""A worker's lease: the promise, by the database's clock, that this process is alive and holds its claims.

On PostgreSQL a thread renews it; who doesn't renew in time loses all claims, and any other worker's thread frees them.
A worker that finds its lease gone (it was frozen, or cut off) forgets what it ran and goes on under a new id.

On SQLite only one process serves a file: at its start, whatever is claimed is its own, and nothing expires.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable

from stackspan.core import ids, log
from stackspan.core.clock import Clock
from stackspan.db import Database, DatabaseError, Transaction
from stackspan.workflow.settings import EngineSettings
from stackspan.workflow.store import claims, leases

_LOG = log.get(__name__)
_FOREVER_SECONDS = 100 * 365 * 86_400.0


class Lease:
    """This process's lease. `on_lost` is called when it turns out to be gone, `on_freed` when jobs became free."""

    def __init__(
        self,
        database: Database,
        settings: EngineSettings,
        clock: Clock,
        kinds: list[str],
        *,
        on_lost: Callable[[], None],
        on_freed: Callable[[], None],
    ) -> None:
        self._shared = database.dialect == "postgresql"
        # A connection of its own: a renewal that waits behind 256 threads for a free one may come too late.
        self._database = database.reserved() if self._shared else database
        self._settings = settings
        self._clock = clock
        self._kinds = kinds
        self._on_lost = on_lost
        self._on_freed = on_freed
        self._valid_until = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.worker_id = ""

    def valid(self) -> bool:
        """Whether the lease can still hold, as far as one knows without asking. Cheap: asked before each step."""
        return self._clock.monotonic() < self._valid_until

    def start(self) -> None:
        """Announce this worker and free what dead ones left. Raises what the database raises."""
        with self._database.write(durable=False) as tx:
            claims.claimers_lock(tx)
            if not self._shared:
                leases.workers_remove_all(tx)
            self._announce(tx)
            freed = leases.jobs_take_over(tx, self._clock.now(), self._settings.delay_factor)
        if freed:
            _LOG.info("took over jobs", count=len(freed), jobs=freed[:20])
        if self._shared:
            self._thread = threading.Thread(target=self._run, name="job-lease", daemon=True)
            self._thread.start()

    def stop(self, *, resign: bool = True) -> None:
        """Stop renewing; with `resign`, what is still claimed can be taken over at once."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=self._settings.lease_seconds)
        self._valid_until = 0.0
        if resign:
            try:
                with self._database.write(durable=False) as tx:
                    leases.worker_remove(tx, self.worker_id)
            except DatabaseError as error:
                _LOG.warning("can't end the lease: it will run out", error=str(getattr(error, "orig", error)))
        if self._shared:
            self._database.close()

    def abandon(self) -> None:
        """Stop without waiting or writing."""
        self._stop.set()
        self._valid_until = 0.0

    def _announce(self, tx: Transaction) -> None:
        seconds = self._settings.lease_seconds if self._shared else _FOREVER_SECONDS
        worker = leases.WorkerRow(id=ids.new_uuid(), host=socket.gethostname(), pid=os.getpid(), kinds=self._kinds)
        valid_until = self._clock.monotonic() + seconds  # measured before the database does: never later than there
        leases.worker_add(tx, worker, seconds, self._clock.now())
        self.worker_id = worker.id
        self._valid_until = valid_until

    def _run(self) -> None:
        failing = False
        while not self._stop.wait(self._settings.renew_seconds):
            try:
                self._renew()
                self._take_over()
                failing = False
            except DatabaseError as error:
                if not failing:
                    _LOG.warning(
                        "can't renew the lease: the database is not there", error=str(getattr(error, "orig", error))
                    )
                failing = True

    def _renew(self) -> None:
        valid_until = self._clock.monotonic() + self._settings.lease_seconds
        with self._database.write(durable=False) as tx:
            renewed = leases.worker_renew(tx, self.worker_id, self._settings.lease_seconds)
        if renewed:
            self._valid_until = valid_until
            return
        _LOG.warning("the lease has run out: starting over as a new worker")
        self._valid_until = 0.0
        self._on_lost()
        with self._database.write(durable=False) as tx:
            self._announce(tx)

    def _take_over(self) -> None:
        with self._database.read() as tx:
            if not leases.orphans_exist(tx):
                return
        with self._database.write(durable=False) as tx:
            claims.claimers_lock(tx)
            freed = leases.jobs_take_over(tx, self._clock.now(), self._settings.delay_factor)
        if freed:
            _LOG.info("took over jobs", count=len(freed), jobs=freed[:20])
            self._on_freed()
