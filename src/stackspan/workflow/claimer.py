"""The one thread of a process that claims jobs.

It looks when it is woken (a commit in this process that touched the queue, a job's end, a NOTIFY), when a waiting job
falls due, and once a second as a net. On SQLite that net costs nothing while the file doesn't change.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from stackspan.core import log
from stackspan.core.clock import Clock
from stackspan.db import Database, DatabaseError, Transaction, is_outage
from stackspan.workflow import retry
from stackspan.workflow import run as runs
from stackspan.workflow.lease import Lease
from stackspan.workflow.records import Cancel
from stackspan.workflow.registry import Registry
from stackspan.workflow.run import Run
from stackspan.workflow.settings import EngineSettings
from stackspan.workflow.store import claims

_LOG = log.get(__name__)
_LOOK_SECONDS = 0.1  # at most this often for cancels, however often one is woken
_PAGES = 50
_MICRO = 1_000_000


@dataclass
class Board:
    """The jobs that threads of this process work on."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    by_seq: dict[int, Run] = field(default_factory=dict)
    threads: int = 0  # at work, those included whose job has been given up on

    def running(self) -> list[Run]:
        """The runs that are still ours, as of now."""
        with self.lock:
            return list(self.by_seq.values())


class Claimer:
    """Claims jobs and gives each to `start`."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        settings: EngineSettings,
        clock: Clock,
        lease: Lease,
        board: Board,
        start: Callable[[Run], None],
    ) -> None:
        self._database = database
        self._registry = registry
        self._settings = settings
        self._clock = clock
        self._lease = lease
        self._board = board
        self._start = start
        self._kinds = registry.kinds()
        self._limited = bool(settings.bounds)
        self._woken = threading.Event()
        self._stop = threading.Event()
        self._look_wanted = threading.Event()
        self._due_at = 0.0  # monotonic: when a waiting job falls due
        self._looked_at = 0.0
        self._thread = threading.Thread(target=self._run, name="job-claimer", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Claim nothing more."""
        self._stop.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()

    def abandon(self) -> None:
        """Stop without waiting."""
        self._stop.set()
        self._woken.set()

    def wake(self) -> None:
        """Look now."""
        self._woken.set()

    def dropped(self) -> None:
        """A thread has gone without settling its job: look for it."""
        self._look_wanted.set()
        self._woken.set()

    def _run(self) -> None:
        probe = self._database.probe()
        failing = False
        pause = 0.0
        while not self._stop.is_set():
            woken = self._woken.wait(pause)
            self._woken.clear()
            if self._stop.is_set():
                break
            try:
                self._tick(woken, woken or probe.changed())
                failing = False
            except DatabaseError as error:
                if not failing:
                    _LOG.error(
                        "can't claim jobs",
                        error=str(getattr(error, "orig", error)),
                        exc_info=None if is_outage(error) else error,
                    )
                failing = True
                self._due_at = 0.0
                self._stop.wait(self._settings.poll_seconds)
            pause = min(self._settings.poll_seconds, max(0.001, self._due_at - self._clock.monotonic()))
        probe.close()

    def _tick(self, woken: bool, changed: bool) -> None:
        now = self._clock.monotonic()
        if changed or now >= self._due_at:
            self._claim()
        if changed and self._board.threads:
            self._look_wanted.set()
        if self._look_wanted.is_set():
            if now - self._looked_at >= _LOOK_SECONDS:
                self._looked_at = now
                self._look()
            else:
                self._due_at = min(self._due_at, self._looked_at + _LOOK_SECONDS)
        self._give_up_overdue(now)

    # ---- claiming --------------------------------------------------------------------------------------------------

    def _claim(self) -> None:
        """Claim as much as there are threads for."""
        room = self._settings.max_threads - self._board.threads
        self._due_at = self._clock.monotonic() + 3600.0
        if room <= 0 or not self._lease.valid():
            self._due_at = self._clock.monotonic() + self._settings.poll_seconds
            return
        with self._database.read() as tx:
            now = claims.clock_read(tx)
            seqs = self._choose(tx, room, now)
            due = None if len(seqs) == room else claims.next_due(tx, now)
        if due is not None:
            self._due_at = self._clock.monotonic() + (due - now) / _MICRO
        if not seqs:
            return
        worker_id = self._lease.worker_id
        with self._database.write(durable=False) as tx:
            if self._database.dialect == "postgresql":
                # What was read may be outdated by another process's claimer: choose again, alone.
                claims.claimers_lock(tx)
                seqs = self._choose(tx, room, claims.clock_read(tx))
            claimed = claims.jobs_claim(tx, seqs, worker_id, self._clock.now()) if seqs else []
        for claim in claimed:
            self._start(runs.begin(claim, self._registry.get(claim.name, claim.version)))

    def _choose(self, tx: Transaction, room: int, now: int) -> list[int]:
        """The oldest jobs that may run, as many as there is room for, no limit exceeded."""
        held = claims.limits_held(tx) if self._limited else {}
        full = {key for key, count in held.items() if self._is_full(key, count)}
        chosen: list[int] = []
        beyond = 0
        for _ in range(_PAGES):
            page = claims.candidates_list(
                tx, kinds=self._kinds, full=full, beyond=beyond, now=now, count=room - len(chosen)
            )
            if not self._limited:
                return page
            keys = claims.limits_of(tx, page)
            for seq in page:
                wanted = keys.get(seq, [])
                if any(key in full for key in wanted):
                    continue
                chosen.append(seq)
                for key in wanted:
                    held[key] = held.get(key, 0) + 1
                    if self._is_full(key, held[key]):
                        full.add(key)
            if len(chosen) >= room or not page:
                break
            beyond = page[-1]
        return chosen

    def _is_full(self, key: str, count: int) -> bool:
        bound = self._settings.bound(key)
        return bound is not None and count >= bound

    # ---- looking after what runs -----------------------------------------------------------------------------------

    def _look(self) -> None:
        """See which running jobs were asked to stop, and hand back claims that have no thread."""
        self._look_wanted.clear()
        try:
            self._compare()
        except DatabaseError:
            self._look_wanted.set()
            raise

    def _compare(self) -> None:
        ours = {run.claim.seq: run for run in self._board.running()}
        with self._database.read() as tx:
            held = claims.claims_of(tx, self._lease.worker_id)
        stray = []
        for seq, epoch, cancel in held:
            run = ours.get(seq)
            if run is None or run.claim.epoch != epoch:
                stray.append((seq, epoch))
            elif cancel is not Cancel.NO:  # never back to NO: the thread may have read a newer state than this
                run.cancel = cancel
        for seq, epoch in stray:
            with self._board.lock:
                at_work = seq in self._board.by_seq
            if at_work or self._stop.is_set():
                continue
            with self._database.write(durable=False) as tx:
                freed = claims.stray_free(tx, seq, epoch, self._lease.worker_id, self._clock.now())
            if freed:
                _LOG.warning("handed back a job that had lost its thread", seq=seq)
                self._woken.set()

    def _give_up_overdue(self, now: float) -> None:
        for run in self._board.running():
            deadline = run.deadline
            if deadline is None or now < deadline or run.lost:
                continue
            failed = run.faults.get(retry.Fault.TIMEOUT, 0) + 1
            faults = {**run.faults, retry.Fault.TIMEOUT: failed}
            delay = retry.RULES[retry.Fault.TIMEOUT].delay(failed) * self._settings.delay_factor
            run.lost = True  # first: the thread must not save beside us
            reason = f"step {run.step} overran its deadline"
            try:
                with self._database.write(durable=False) as tx:
                    claims.job_hand_back(
                        tx, run.claim, reason=reason, delay_seconds=delay, faults=faults, now=self._clock.now()
                    )
            except claims.LostClaim:
                continue
            finally:
                with self._board.lock:
                    self._board.by_seq.pop(run.claim.seq, None)
            _LOG.warning(reason, job_id=run.claim.job_id, attempt=failed)
            self._woken.set()
