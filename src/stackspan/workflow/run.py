"""One claimed job in this process, while a thread works on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from stackspan.core import errors
from stackspan.db import Transaction
from stackspan.workflow.model import Requeue, Step, StepContext, StepFailed, Workflow
from stackspan.workflow.queue import MAX_JSON_BYTES
from stackspan.workflow.records import Cancel, Claim, DoneStep, Failure, JobState
from stackspan.workflow.retry import Fault


@dataclass(frozen=True)
class Unsaved:
    """A finished step that waits for the next save."""

    row: DoneStep
    save: Callable[[Transaction], None] | None


@dataclass
class Run:
    """Belongs to its thread, save `cancel`, `lost` and `deadline`, which the claimer touches too."""

    claim: Claim
    workflow: Workflow[Any]
    params: Any  # None where they can't be read
    results: dict[str, Mapping[str, Any]]
    faults: dict[str, int]
    cancel: Cancel
    failure: Failure | None
    undoing: bool
    undone: set[str]
    waiting_since: dt.datetime | None
    unsaved: list[Unsaved] = field(default_factory=list)  # steps with saves=False
    step: str = ""
    begun: bool = False  # some step may have had an outside effect
    lost: bool = False
    deadline: float | None = None  # of the step that runs, monotonic

    @property
    def name(self) -> str:
        """The workflow's name."""
        return self.claim.name

    def failed_runs(self) -> int:
        """How often the current step has failed, of whatever class."""
        return sum(self.faults.values())

    def progressed(self) -> None:
        """A step has been saved: what was counted against it is void."""
        self.faults = {}
        self.waiting_since = None


def begin(claim: Claim, workflow: Workflow[Any]) -> Run:
    """The run of a fresh claim."""
    try:
        params = msgspec.convert(claim.params, workflow.operation.params)
    except msgspec.ValidationError:
        params = None
    return Run(
        claim=claim,
        workflow=workflow,
        params=params,
        results=dict(claim.results),
        faults=dict(claim.faults),
        cancel=claim.cancel,
        failure=claim.failure,
        undoing=claim.state is JobState.UNDOING,
        undone=set(claim.undone),
        waiting_since=claim.waiting_since,
        begun=claim.epoch > 1,
    )


def context(run: Run, step: str, still_ours: Callable[[], bool], *, undone: bool = True) -> StepContext[Any]:
    """What a step or hook gets."""

    def cancel_requested() -> bool:
        if run.lost or not still_ours():
            return True
        return run.cancel is Cancel.STOP or (run.cancel is Cancel.UNDO and not run.undoing)

    claim, failure = run.claim, run.failure
    return StepContext(
        job_id=claim.job_id,
        step=step,
        attempt=run.failed_runs() + 1,
        epoch=claim.epoch,
        params=run.params,
        results=run.results,
        request_id=claim.request_id,
        project_id=claim.project_id,
        user_id=claim.user_id,
        failure=None
        if failure is None
        else StepFailed(failure.user_message, failure.log_message, kind=failure.kind, step=failure.step),
        cancel_requested=cancel_requested,
        undone=undone,
    )


def checked_result(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """The result as later steps will read it, JSON and back. Raises Internal where it is no small JSON object."""
    try:
        encoded = msgspec.json.encode(result)
    except TypeError as error:
        raise errors.Internal(log_message=f"the step's result isn't JSON: {error}") from error
    if len(encoded) > MAX_JSON_BYTES:
        raise errors.Internal(log_message=f"the step's result takes {len(encoded)} bytes; {MAX_JSON_BYTES} are allowed")
    decoded: Mapping[str, Any] = msgspec.json.decode(encoded)
    return decoded


def failure_of(error: BaseException, step: str) -> Failure:
    """How an error is saved. What isn't of our error tree tells the user nothing of itself."""
    if isinstance(error, errors.StackspanError):
        user, log = error.user_message, error.log_message
        if isinstance(error, errors.Internal):
            user = errors.Internal.default_message
    else:
        user, log = errors.Internal.default_message, f"{type(error).__name__}: {error}"
    return Failure(
        kind=type(error).__name__, step=step, user_message=storable(user)[:1000], log_message=storable(log)[:2000]
    )


def storable(text: str) -> str:
    """The text without what a database refuses: PostgreSQL takes no NUL, and neither takes half a surrogate pair."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def to_undo(run: Run) -> Sequence[Step[Any]]:
    """The steps to take back, last first: from the one that failed to the first, without those taken back already.

    A step whose save is folded into the next one's may hide that the next one had begun in an earlier life of the job:
    then that one is taken back too. Undos look for what is there, so that one too many does no harm.
    """
    if not run.begun:
        return ()
    steps = run.workflow.steps
    names = [step.name for step in steps]
    failed = run.failure.step if run.failure else ""
    last = names.index(failed) if failed in names else len(steps) - 1
    if run.claim.epoch > 1:
        while last + 1 < len(steps) and not steps[last].saves:
            last += 1
    return [step for step in reversed(steps[: last + 1]) if step.undo is not None and step.name not in run.undone]


# ---- how one call of a step or undo went ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Finished:
    """It returned."""

    value: Any
    started_at: dt.datetime
    finished_at: dt.datetime


@dataclass(frozen=True)
class Waits:
    """It asked to be run again later."""

    requeue: Requeue


@dataclass(frozen=True)
class Stopped:
    """It noticed that a cancel was requested."""


@dataclass(frozen=True)
class Faulted:
    """It raised."""

    error: BaseException
    fault: Fault
    started_at: dt.datetime
    finished_at: dt.datetime


Verdict = Finished | Waits | Stopped | Faulted
