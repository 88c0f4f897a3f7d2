"""What a thread does with a claimed job: its steps in order, or their undos, until it ends or is handed back.

Nothing is caught here that the step's author should know of, save at one place: whatever a step or undo raises becomes a
verdict (`_call`), for the engine is the outermost ring around it.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable
from typing import Any

from structlog import contextvars

from stackspan.core import errors, log
from stackspan.core.clock import Clock
from stackspan.db import DatabaseError, is_outage
from stackspan.workflow import retry
from stackspan.workflow.crash import CrashPoints
from stackspan.workflow.model import Cancelled, Outcome, Requeue, Step, StepFailed, StepTimes
from stackspan.workflow.records import Cancel, DoneStep, Failure, JobState, StepState
from stackspan.workflow.run import (
    Faulted,
    Finished,
    Run,
    Stopped,
    Unsaved,
    Verdict,
    Waits,
    checked_result,
    context,
    failure_of,
    storable,
    to_undo,
)
from stackspan.workflow.saver import AuthorFault, Saver
from stackspan.workflow.settings import EngineSettings
from stackspan.workflow.store.claims import CancelSeen, LostClaim

_LOG = log.get(__name__)
_SHORT_SECONDS = 1.0  # a retry this soon keeps its thread; for a later one the job is handed back
_LEAST_WAIT_SECONDS = 0.2  # of a Requeue that names nothing to wait for


class _Next(enum.Enum):
    AGAIN = enum.auto()
    GONE = enum.auto()  # ended, or handed back
    GIVE_UP = enum.auto()


class Runner:
    """Runs jobs; one object for all threads of an engine."""

    def __init__(
        self,
        saver: Saver,
        settings: EngineSettings,
        clock: Clock,
        crash: CrashPoints,
        still_ours: Callable[[], bool],
    ) -> None:
        self._saver = saver
        self._settings = settings
        self._clock = clock
        self._crash = crash
        self._still_ours = still_ours
        self.stopping = threading.Event()

    def execute(self, run: Run) -> bool:
        """Work on a job until it ends, must wait, or is no longer ours. False where it may still be claimed by us."""
        with contextvars.bound_contextvars(
            request_id=run.claim.request_id, job_id=run.claim.job_id, workflow=run.claim.name
        ):
            try:
                self._execute(run)
            except LostClaim:
                _LOG.warning("lost a job to another worker or its deadline", epoch=run.claim.epoch)
            except DatabaseError as error:
                if not is_outage(error):
                    raise
                # Whether the last commit came through is unknown. The claimer finds the job without a thread and
                # hands it back; whoever claims it next reads what was saved.
                _LOG.warning("dropped a job: the database is not there", error=str(getattr(error, "orig", error)))
                return False
        return True

    def _execute(self, run: Run) -> None:
        self._crash.at("after_claim", run.name, run.claim.step or "")
        if run.params is None:
            run.failure = Failure(
                kind="Unreadable", step="", user_message=errors.Internal.default_message,
                log_message="the job's parameters don't fit its workflow's",
            )  # fmt: skip
            self._park(run)
        elif run.claim.crashes >= retry.MAX_CRASHES and run.cancel is not Cancel.STOP:
            run.failure = run.failure or Failure(
                kind="Crashed", step=run.claim.step or "", user_message=errors.Internal.default_message,
                log_message=f"{run.claim.crashes} workers died while they ran this step",
            )  # fmt: skip
            self._park(run)
        elif run.undoing:
            self._undo(run)
        else:
            self._forward(run)

    # ---- forward ---------------------------------------------------------------------------------------------------

    def _forward(self, run: Run) -> None:
        for step in run.workflow.steps:
            if step.name not in run.results:
                run.step = step.name
                if not self._step(run, step):
                    return
        # Only where the definition has lost its last steps since: they are done, the job hasn't ended.
        try:
            self._finish(run, [])
        except AuthorFault as fault:
            if not self._hook_again(run, fault):
                self._fail(run, failure_of(fault.error, run.step), None)

    def _step(self, run: Run, step: Step[Any]) -> bool:
        """Run one step until it is done. False where the job's way forward ends here."""
        while True:
            if not self._may_begin(run):
                return False
            if run.faults.get(retry.Fault.TIMEOUT, 0) >= retry.RULES[retry.Fault.TIMEOUT].runs:
                self._fail(run, _timed_out(step.name), None)
                return False
            verdict: Verdict | None = self._call(run, step, step.run)
            if isinstance(verdict, Finished):
                settled = self._settle(run, step, verdict)
                if isinstance(settled, bool):
                    return settled
                verdict = settled
            if isinstance(verdict, Waits):
                verdict = self._wait(run, verdict.requeue)
            if isinstance(verdict, Stopped):
                continue  # `_may_begin` ends it
            next_ = _Next.GONE if verdict is None else self._judge(run, step.name, verdict)
            if next_ is _Next.GIVE_UP:
                assert isinstance(verdict, Faulted)
                times = StepTimes(step.name, verdict.started_at, verdict.finished_at, storable(str(verdict.error)))
                self._fail(run, failure_of(verdict.error, step.name), times)
            if next_ is not _Next.AGAIN:
                return False

    def _settle(self, run: Run, step: Step[Any], done: Finished) -> bool | Faulted:
        """Save a step that returned: True to go on, False where the job has ended, Faulted where the save was refused."""
        attempts = run.failed_runs() + 1
        try:
            outcome = done.value
            if not isinstance(outcome, Outcome):
                raise errors.Internal(log_message=f"the step returned {type(outcome).__name__}, not an Outcome")
            result = checked_result(outcome.result)
            row = DoneStep(
                step.name, StepState.DONE, result, outcome.tasks, attempts, done.started_at, done.finished_at
            )
            run.results[step.name] = result
            run.unsaved.append(Unsaved(row, outcome.save))
            following = run.workflow.steps[run.workflow.steps.index(step) + 1 :]
            if not following:
                return self._finish(run, run.unsaved)
            if step.saves:
                self._saver.save(run, run.unsaved, following[0].name)
                run.unsaved = []
                run.progressed()
            return True
        except errors.Internal as error:
            return Faulted(error, retry.Fault.BUG, done.started_at, done.finished_at)
        except AuthorFault as fault:
            # The step runs again, so it isn't done; earlier ones that wait for the same save stay.
            run.results.pop(step.name, None)
            run.unsaved = [item for item in run.unsaved if item.row.name != step.name]
            return Faulted(fault.error, retry.classify(fault.error), done.started_at, done.finished_at)

    def _finish(self, run: Run, items: list[Unsaved]) -> bool:
        """All steps are done: end the job. Always False."""
        if run.cancel is Cancel.NO:
            try:
                self._saver.done(run, items)
                self._ended(run, JobState.DONE)
                return False
            except CancelSeen as seen:
                run.cancel = seen.cancel
        if run.cancel is Cancel.STOP:
            self._end_cancelled(run, items)
        else:
            self._fail(run, _cancelled_by_operator(run.step), None)
        return False

    def _fail(self, run: Run, failure: Failure, times: StepTimes | None) -> None:
        """The job fails at `failure.step`: undo what began, or end where there is nothing to undo."""
        run.failure = failure
        items, run.unsaved = run.unsaved, []
        _LOG.warning("job failed", step=failure.step, kind=failure.kind, error=failure.log_message)
        if not to_undo(run):
            self._end_failed(run, items=items, failed_step=times)
            return
        try:
            self._saver.undoing(run, items, times)
        except AuthorFault as fault:
            _LOG.error("a workflow's hook failed", step=failure.step, exc_info=fault.error)
            self._saver.undoing(run, [], None)
        run.undoing = True
        run.progressed()
        self._undo(run)

    # ---- back ------------------------------------------------------------------------------------------------------

    def _undo(self, run: Run) -> None:
        todo = list(to_undo(run))
        if not todo:
            self._end_failed(run)
        for number, step in enumerate(todo, start=1):
            run.step = step.name
            following = todo[number].name if number < len(todo) else None
            if not self._undo_step(run, step, following):
                return

    def _undo_step(self, run: Run, step: Step[Any], following: str | None) -> bool:
        assert step.undo is not None
        while True:
            if not self._may_begin(run):
                return False
            if run.faults.get(retry.Fault.TIMEOUT, 0) >= retry.RULES[retry.Fault.TIMEOUT].runs:
                self._park(run, "the undo overran its deadline again and again")
                return False
            verdict: Verdict | None = self._call(run, step, step.undo)
            if isinstance(verdict, Finished):
                times = StepTimes(step.name, verdict.started_at, verdict.finished_at, None)
                if following is None:
                    self._end_failed(run, undone_step=times)
                    return False
                self._saver.undone(run, step.name, times, following)
                run.undone.add(step.name)
                run.progressed()
                return True
            if isinstance(verdict, Waits):
                verdict = self._wait(run, verdict.requeue)
            if isinstance(verdict, Stopped):
                continue
            next_ = _Next.GONE if verdict is None else self._judge(run, step.name, verdict)
            if next_ is _Next.GIVE_UP:
                assert isinstance(verdict, Faulted)
                self._park(run, f"undo of {step.name}: {failure_of(verdict.error, step.name).log_message}")
            if next_ is not _Next.AGAIN:
                return False

    # ---- both ways -------------------------------------------------------------------------------------------------

    def _may_begin(self, run: Run) -> bool:
        """Whether the next outside effect may begin; where not, the job has been ended or handed back."""
        if run.lost or not self._still_ours():
            raise LostClaim
        if run.cancel is Cancel.STOP:
            self._end_cancelled(run, run.unsaved)
            return False
        if run.cancel is Cancel.UNDO and not run.undoing:
            self._fail(run, _cancelled_by_operator(run.step), None)
            return False
        if self.stopping.is_set():
            self._saver.handed_back(run, "its worker was stopped")
            return False
        return True

    def _call(self, run: Run, step: Step[Any], function: Callable[[Any], Any]) -> Verdict:
        way = "undo" if run.undoing else "step"
        self._crash.at(f"before_{way}", run.name, step.name)
        ctx = context(run, step.name, self._still_ours)
        run.begun = True
        started = self._clock.now()
        run.deadline = self._clock.monotonic() + step.deadline_seconds
        try:
            value = function(ctx)
            verdict: Verdict = Finished(value, started, self._clock.now())
        except Requeue as requeue:
            verdict = Waits(requeue)
        except Cancelled as error:
            asked = ctx.cancel_requested()
            verdict = Stopped() if asked else Faulted(error, retry.Fault.BUG, started, self._clock.now())
        except Exception as error:  # noqa: BLE001 - a step's bug is counted and ends in the job's failure, never lost
            verdict = Faulted(error, retry.classify(error), started, self._clock.now())
        finally:
            run.deadline = None
        self._crash.at(f"after_{way}", run.name, step.name)
        if run.lost:
            raise LostClaim
        return verdict

    def _judge(self, run: Run, step: str, verdict: Faulted) -> _Next:
        """What to do about a step or undo that raised."""
        failed = run.faults[verdict.fault] = run.faults.get(verdict.fault, 0) + 1
        reason = failure_of(verdict.error, step).log_message
        first_bug = verdict.fault is retry.Fault.BUG and failed == 1
        _LOG.warning(
            "step failed", step=step, undo=run.undoing, fault=verdict.fault.value, attempt=failed, error=reason,
            exc_info=verdict.error if first_bug else None,
        )  # fmt: skip
        if run.cancel is Cancel.STOP:
            return _Next.AGAIN
        delay = retry.delay_after(verdict.fault, failed)
        if delay is None:
            return _Next.GIVE_UP
        delay *= self._settings.delay_factor
        if delay <= _SHORT_SECONDS:
            self.stopping.wait(delay)
            return _Next.AGAIN
        self._saver.handed_back(run, reason, delay)
        return _Next.GONE

    def _wait(self, run: Run, requeue: Requeue) -> Stopped | Faulted | None:
        """Hand the job back until it may go on (None); where it has waited too long already, that is a fault."""
        if run.cancel is Cancel.STOP:
            return Stopped()
        now = self._clock.now()
        run.waiting_since = run.waiting_since or now
        if (now - run.waiting_since).total_seconds() > self._settings.max_wait_seconds:
            return Faulted(_waited_too_long(requeue), retry.Fault.NEVER, run.waiting_since, now)
        least = 0.0 if requeue.after_jobs else _LEAST_WAIT_SECONDS
        try:
            delay = max(requeue.after_seconds, least)
            self._saver.handed_back(run, storable(requeue.reason), delay, requeue.after_jobs)
        except errors.Internal as error:
            return Faulted(error, retry.Fault.BUG, now, now)
        return None

    # ---- ends ------------------------------------------------------------------------------------------------------

    def _ended(self, run: Run, state: JobState) -> None:
        _LOG.info("job ended", state=state.value)

    def _end_cancelled(self, run: Run, items: list[Unsaved]) -> None:
        try:
            self._saver.cancelled(run, items)
        except AuthorFault as fault:
            if self._hook_again(run, fault):
                return
            self._saver.cancelled(run, [], with_hook=False)  # the delete behind must get on, whatever the hook says
        self._ended(run, JobState.CANCELLED)

    def _end_failed(
        self,
        run: Run,
        *,
        items: list[Unsaved] | None = None,
        failed_step: StepTimes | None = None,
        undone_step: StepTimes | None = None,
    ) -> None:
        if run.cancel is Cancel.STOP:
            self._end_cancelled(run, items or [])
            return
        try:
            self._saver.failed(run, items=items or [], failed_step=failed_step, undone_step=undone_step)
            self._ended(run, JobState.FAILED)
        except CancelSeen as seen:
            run.cancel = seen.cancel
            self._end_failed(run, items=items, failed_step=failed_step, undone_step=undone_step)
        except AuthorFault as fault:
            if not run.undoing:  # or it would be claimed to go forward again
                self._saver.undoing(run, [], None)
                run.undoing = True
            if not self._hook_again(run, fault):
                self._park(run, storable(f"a hook of the workflow failed: {fault.error}"), with_hook=False)

    def _park(self, run: Run, reason: str | None = None, *, with_hook: bool = True) -> None:
        """Leave the job visibly stuck."""
        if reason is not None and run.failure is not None:
            old = run.failure
            run.failure = Failure(
                kind=old.kind, step=old.step, user_message=old.user_message,
                log_message=f"{old.log_message.partition(' | ')[0]} | {reason}"[:2000],
            )  # fmt: skip
        state = JobState.UNDO_STUCK if run.undoing else JobState.STUCK
        try:
            self._saver.parked(run, state, with_hook=with_hook)
        except CancelSeen as seen:
            run.cancel = seen.cancel
            if run.cancel is Cancel.STOP:
                self._end_cancelled(run, [])
            else:
                self._park(run, with_hook=with_hook)
            return
        except AuthorFault as fault:
            _LOG.error("a workflow's hook failed", exc_info=fault.error)
            self._saver.parked(run, state, with_hook=False)
        _LOG.error("job is stuck", state=state.value, error=run.failure.log_message if run.failure else None)

    def _hook_again(self, run: Run, fault: AuthorFault) -> bool:
        """Whether a hook that raised is tried again: then the job has been handed back."""
        failed = run.faults[retry.Fault.BUG] = run.faults.get(retry.Fault.BUG, 0) + 1
        _LOG.error("a workflow's hook failed", attempt=failed, exc_info=fault.error)
        delay = retry.delay_after(retry.Fault.BUG, failed)
        if delay is None:
            return False
        self._saver.handed_back(run, storable(f"a hook failed: {fault.error}"), delay * self._settings.delay_factor)
        return True


def _timed_out(step: str) -> Failure:
    return Failure(
        kind="TimedOut",
        step=step,
        user_message="The operation took too long and was given up.",
        log_message=f"step {step} overran its deadline again and again",
    )


def _cancelled_by_operator(step: str) -> Failure:
    return Failure(
        kind="CancelledByOperator",
        step=step,
        user_message="The operation was cancelled by an operator.",
        log_message="cancelled by an operator",
    )


def _waited_too_long(requeue: Requeue) -> StepFailed:
    return StepFailed("The operation waited too long and was given up.", f"waited too long: {requeue.reason}")
