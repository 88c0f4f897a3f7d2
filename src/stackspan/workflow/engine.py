"""The engine of one process: it claims jobs and runs each in a thread until it ends.

    Queue ──commit──▶ job ◀──claims── Claimer ──▶ Runner (a thread a job) ──▶ Saver ──commit──▶ job, job_step, rows
                       ▲                 ▲
            Lease ─────┘ frees           └── woken by: commits here, NOTIFY (Listener), job ends, the clock

Several processes on one PostgreSQL database share the queue; each may die at any moment. `model.py` says what is promised
to workflows, `store/claims.py` what a claim is, `lease.py` who is alive.
"""

from __future__ import annotations

import threading
import time
from typing import Self

from stackspan.core import log
from stackspan.core.clock import Clock, SystemClock
from stackspan.db import Database, DatabaseError
from stackspan.workflow.claimer import Board, Claimer
from stackspan.workflow.crash import Crash, CrashPoints
from stackspan.workflow.lease import Lease
from stackspan.workflow.listener import Listener
from stackspan.workflow.queue import Queue
from stackspan.workflow.registry import Registry
from stackspan.workflow.run import Run
from stackspan.workflow.runner import Runner
from stackspan.workflow.saver import Saver
from stackspan.workflow.settings import EngineSettings
from stackspan.workflow.store import claims, reports
from stackspan.workflow.threads import Threads

_LOG = log.get(__name__)


class EngineCrashed(Exception):
    """A crash point has killed this engine."""


class Engine:
    """Runs the jobs whose workflows the registry knows. To be started once; a new one takes up what an old one left."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        queue: Queue,
        settings: EngineSettings | None = None,
        clock: Clock | None = None,
        crash: CrashPoints | None = None,
    ) -> None:
        self._database = database
        self._registry = registry
        self._settings = settings or EngineSettings()
        self._clock = clock or SystemClock()
        self._board = Board()
        self._changed = threading.Condition(self._board.lock)  # a job has ended or been handed back
        self._dead = False
        crash = crash or CrashPoints()
        self._lease = Lease(
            database,
            self._settings,
            self._clock,
            registry.kinds(),
            on_lost=self._lose_all,
            on_freed=self.wake,
        )
        self._saver = Saver(database, self._clock, crash, self._lease.valid)
        self._runner = Runner(self._saver, self._settings, self._clock, crash, self._lease.valid)
        self._claimer = Claimer(
            database, registry, self._settings, self._clock, self._lease, self._board, self._start_run
        )
        self._listener = Listener(database, self._settings.listen_url, self.wake)
        self._threads = Threads("job")
        queue.listen(self.wake)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    @property
    def worker_id(self) -> str:
        """This worker's id, as `stackspan jobs` shows it."""
        return self._lease.worker_id

    def start(self) -> None:
        """Take up what was left and begin to claim. Raises what the database raises."""
        self._lease.start()
        self._listener.start()
        self._claimer.start()

    def wake(self) -> None:
        """Look at the queue now."""
        self._claimer.wake()

    @property
    def crashed(self) -> bool:
        """Whether a crash point has killed this engine."""
        return self._dead

    def running(self) -> int:
        """How many jobs run in this process."""
        return len(self._board.running())

    def stop(self, timeout: float = 30.0) -> None:
        """Claim nothing more, let running steps finish for `timeout` seconds, hand all jobs back."""
        if self._dead:
            return
        self._runner.stopping.set()
        self._claimer.stop()
        self._listener.stop()
        deadline = time.monotonic() + timeout
        with self._changed:
            while self._board.by_seq and time.monotonic() < deadline:
                self._changed.wait(deadline - time.monotonic())
        for run in self._board.running():
            self._hand_back_unfinished(run)
        self._lease.stop()
        self._threads.close()

    def drain(self, timeout: float = 30.0) -> None:
        """Wait until no job waits or runs, those that wait for a time included. For tests.

        Raises TimeoutError, which names what is left, and EngineCrashed where a crash point was met.
        """
        deadline = time.monotonic() + timeout
        while True:
            if self._dead:
                raise EngineCrashed
            with self._database.read() as tx:
                left = reports.jobs_active(tx)
            if not left and not self.running():
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(left)} unfinished jobs: {left[:10]}")
            with self._changed:
                self._changed.wait(0.02)

    def join_crashed(self, timeout: float = 30.0) -> None:
        """After a Crash: wait until all threads have noticed, so that nothing of this engine acts any more. For tests."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while (not self._dead or self._board.threads) and time.monotonic() < deadline:
                self._changed.wait(0.02)
            if not self._dead or self._board.threads:
                raise TimeoutError("the engine has not crashed" if not self._dead else "a step of it goes on")
        self._claimer.stop()
        self._lease.stop(resign=False)
        self._listener.stop()

    # ---- threads ---------------------------------------------------------------------------------------------------

    def _start_run(self, run: Run) -> None:
        with self._board.lock:
            self._board.by_seq[run.claim.seq] = run
            self._board.threads += 1
        try:
            self._threads.submit(lambda: self._work(run))
        except RuntimeError as error:
            # The machine has no thread left. The job is found without one and handed back.
            _LOG.error("can't start a thread", error=str(error))
            with self._board.lock:
                del self._board.by_seq[run.claim.seq]
                self._board.threads -= 1
            self._claimer.dropped()

    def _work(self, run: Run) -> None:
        settled = False
        try:
            settled = self._runner.execute(run)
        except Crash:
            self._die()
            settled = True  # the dead look after nothing
        except Exception:  # noqa: BLE001 - the thread's outermost ring
            # The engine's own bug. The claimer finds the job without a thread and counts a crash.
            _LOG.exception("the job engine failed", job_id=run.claim.job_id)
        finally:
            with self._changed:
                if self._board.by_seq.get(run.claim.seq) is run:
                    del self._board.by_seq[run.claim.seq]
                self._board.threads -= 1
                self._changed.notify_all()
            if settled:
                self._claimer.wake()
            else:
                self._claimer.dropped()

    def _die(self) -> None:
        """What a killed process does: nothing any more."""
        with self._changed:
            self._dead = True
            for run in self._board.by_seq.values():
                run.lost = True
            self._changed.notify_all()
        self._claimer.abandon()
        self._listener.abandon()
        self._lease.abandon()

    def _lose_all(self) -> None:
        """The lease is gone: what runs isn't ours any more."""
        with self._changed:
            for run in self._board.by_seq.values():
                run.lost = True
            self._board.by_seq.clear()
            self._changed.notify_all()

    def _hand_back_unfinished(self, run: Run) -> None:
        run.lost = True
        try:
            self._saver.handed_back(run, "its worker was stopped")
        except claims.LostClaim:
            return
        except DatabaseError as error:
            _LOG.warning("can't hand a job back", job_id=run.claim.job_id, error=str(getattr(error, "orig", error)))
            return
        _LOG.warning("handed back a job whose step didn't finish in time", job_id=run.claim.job_id, step=run.step)
