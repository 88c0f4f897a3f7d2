"""Every transaction that a run makes on its way, each with the check that the claim still holds.

In each, what the workflow's authors write (`Outcome.save`, hooks) comes first and the job's own row last: services lock
in that order too (their rows, then jobs at the end of the transaction), so that the two never wait for each other.

What authors' code raises there comes out as `AuthorFault`; an outage of the database comes out as it is.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from stackspan.core.clock import Clock
from stackspan.db import Database, DatabaseError, Transaction, is_collision, is_outage
from stackspan.workflow.crash import CrashPoints
from stackspan.workflow.model import StepTimes
from stackspan.workflow.records import Cancel, DoneStep, Failure, JobState, StepState
from stackspan.workflow.run import Run, Unsaved, context
from stackspan.workflow.store import claims

_COLLISION_TRIES = 5

T = TypeVar("T")


class AuthorFault(Exception):
    """A save or hook of the workflow raised `error`."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


@contextlib.contextmanager
def _authors() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        if is_outage(error):
            raise
        raise AuthorFault(error) from error
    except Exception as error:
        raise AuthorFault(error) from error


class Saver:
    """Writes what becomes of runs. `still_ours` says without a look at the database whether the lease can still hold."""

    def __init__(self, database: Database, clock: Clock, crash: CrashPoints, still_ours: Callable[[], bool]) -> None:
        self._database = database
        self._clock = clock
        self._crash = crash
        self._still_ours = still_ours

    def save(self, run: Run, items: Sequence[Unsaved], next_step: str | None) -> None:
        """Save finished steps; `next_step` comes next. Notes a cancel in the run."""

        def work(tx: Transaction) -> Cancel:
            self._items(tx, run, items)
            cancel = claims.job_advance(tx, run.claim, step=next_step, now=self._clock.now())
            claims.steps_add(tx, run.claim, [item.row for item in items])
            return cancel

        run.cancel = self._commit(run, "save", items[-1].row.name, work)

    def done(self, run: Run, items: Sequence[Unsaved]) -> None:
        """Save the last steps and the success. Raises CancelSeen where a cancel came before."""

        def work(tx: Transaction) -> None:
            self._items(tx, run, items)
            self._hook(tx, run, run.workflow.on_done)
            self._end(tx, run, JobState.DONE, expect=Cancel.NO, items=items)

        self._commit(run, "save", items[-1].row.name if items else "", work)

    def cancelled(self, run: Run, items: Sequence[Unsaved], *, with_hook: bool = True) -> None:
        """End as cancelled: nothing is undone, the job behind cleans up."""

        def work(tx: Transaction) -> None:
            self._items(tx, run, items)
            if with_hook:
                self._hook(tx, run, run.workflow.on_cancelled)
            self._end(tx, run, JobState.CANCELLED, expect=Cancel.STOP, items=items)

        self._commit(run, "cancel", run.step, work)

    def undoing(self, run: Run, items: Sequence[Unsaved], times: StepTimes | None) -> None:
        """From now on the job is undone. `times` are those of the step that failed. Notes a cancel in the run."""
        failure = _failure(run)

        def work(tx: Transaction) -> Cancel:
            self._items(tx, run, items)
            self._step_told(tx, run, times)
            cancel = claims.job_fail(tx, run.claim, failure, self._clock.now())
            claims.steps_add(tx, run.claim, [item.row for item in items])
            return cancel

        run.cancel = self._commit(run, "fail", failure.step, work)

    def undone(self, run: Run, step: str, times: StepTimes, next_step: str) -> None:
        """Save that a step has been taken back. Notes a cancel in the run."""

        def work(tx: Transaction) -> Cancel:
            cancel = claims.job_advance(tx, run.claim, step=next_step, now=self._clock.now())
            self._mark_undone(tx, run, step, times)
            return cancel

        run.cancel = self._commit(run, "undo_save", step, work)

    def failed(
        self,
        run: Run,
        *,
        items: Sequence[Unsaved] = (),
        failed_step: StepTimes | None = None,
        undone_step: StepTimes | None = None,
    ) -> None:
        """End as failed, with whatever step failed or was taken back last. Raises CancelSeen."""

        def work(tx: Transaction) -> None:
            self._items(tx, run, items)
            self._step_told(tx, run, failed_step)
            self._hook(tx, run, run.workflow.on_failed)
            self._end(tx, run, JobState.FAILED, expect=run.cancel, items=items, failure=_failure(run))
            if undone_step is not None:
                self._mark_undone(tx, run, undone_step.step, undone_step)

        place = "undo_save" if undone_step is not None else "fail"
        self._commit(run, place, run.step, work)

    def parked(self, run: Run, state: JobState, *, with_hook: bool = True) -> None:
        """Leave it to an operator. Raises CancelSeen."""

        def work(tx: Transaction) -> None:
            if with_hook:
                self._hook(tx, run, run.workflow.on_failed, undone=False)
            failure = _failure(run)
            claims.job_park(tx, run.claim, state, expect=run.cancel, failure=failure, now=self._clock.now())

        self._commit(run, "undo_save" if run.undoing else "fail", run.step, work)

    def handed_back(self, run: Run, reason: str | None, delay_seconds: float = 0.0, after: Sequence[str] = ()) -> None:
        """Give the job back, to be claimed again after the delay and the jobs `after`."""
        with self._database.write(durable=False) as tx:
            claims.job_hand_back(
                tx,
                run.claim,
                reason=reason,
                delay_seconds=delay_seconds,
                faults=run.faults,
                now=self._clock.now(),
                after=after,
                waiting_since=run.waiting_since,
            )

    # ---- parts of those transactions -------------------------------------------------------------------------------

    def _commit(self, run: Run, place: str, step: str, work: Callable[[Transaction], T]) -> T:
        self._crash.at(f"before_{place}", run.name, step)
        tries = 0
        while True:
            if run.lost:
                raise claims.LostClaim
            try:
                with self._database.write(durable=False) as tx:
                    result = work(tx)
                    tx.flush()
                    self._crash.at(f"in_{place}", run.name, step)
                break
            except AuthorFault:
                # Another worker may have done the same meanwhile: then that is why, and nobody's fault.
                if self._has_claim(run):
                    raise
                raise claims.LostClaim from None
            except DatabaseError as error:
                tries += 1
                if not is_collision(error) or tries == _COLLISION_TRIES:
                    raise
                time.sleep(0.02 * tries)
        self._crash.at(f"after_{place}", run.name, step)
        return result

    def _items(self, tx: Transaction, run: Run, items: Sequence[Unsaved]) -> None:
        with _authors():
            for item in items:
                if item.save is not None:
                    item.save(tx)
                row = item.row
                self._step_told(tx, run, StepTimes(row.name, row.started_at, row.finished_at, row.error))

    def _step_told(self, tx: Transaction, run: Run, times: StepTimes | None) -> None:
        if times is not None and run.workflow.on_step is not None:
            with _authors():
                run.workflow.on_step(tx, context(run, times.step, self._still_ours), times)

    def _hook(
        self, tx: Transaction, run: Run, hook: Callable[[Transaction, Any], None] | None, *, undone: bool = True
    ) -> None:
        if hook is not None and run.params is not None:
            with _authors():
                hook(tx, context(run, run.step, self._still_ours, undone=undone))

    def _mark_undone(self, tx: Transaction, run: Run, step: str, times: StepTimes) -> None:
        if not claims.step_mark_undone(tx, run.claim, step):
            row = DoneStep(step, StepState.UNDONE, None, (), 0, times.started_at, times.finished_at, times.error)
            claims.steps_add(tx, run.claim, [row])

    def _end(
        self,
        tx: Transaction,
        run: Run,
        state: JobState,
        *,
        expect: Cancel,
        items: Sequence[Unsaved],
        failure: Failure | None = None,
    ) -> None:
        saved_before = len(run.results) > len(items)
        claims.job_end(
            tx, run.claim, state, expect=expect, now=self._clock.now(), failure=failure, has_results=saved_before
        )
        claims.steps_add(tx, run.claim, [dataclasses.replace(item.row, result=None) for item in items])

    def _has_claim(self, run: Run) -> bool:
        with self._database.read() as tx:
            return claims.claim_holds(tx, run.claim)


def _failure(run: Run) -> Failure:
    if run.failure is None:
        raise RuntimeError("a job fails without a reason")
    return run.failure
