"""What a workflow is, as its authors see it: parameters, steps, undos, definition.

A *workflow* is the code of a multi-step operation, a *job* one run of it, a *step* its saved unit. The engine promises:

- a step runs at least once; its result, and what its `save` writes, are committed together, by step name, before the
  next step begins. A start is not saved alone: a crash re-runs the step from its beginning;
- steps of one job never run at the same time, nor do two jobs on one resource;
- on failure the undos of the steps that began run last first, each as often as needed, then `on_failed` in one
  transaction. An undo that can't be done, or a job under which workers keep dying, is parked for an operator: `on_failed`
  then runs with `ctx.undone` False, so that the resource shows an error while something of it may be left; after the
  operator's retry the end is told again. On cancel the current step settles and `on_cancelled` runs without undoing: the
  job queued behind (a delete) cleans up from any state;
- success (`on_done`) is saved only where no cancel is requested and the claim is still ours.

So every outside effect needs a key chosen before the call (a parameter or an earlier step's result), is looked for by
that key before it is made, and before it is undone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

from stackspan.core import errors
from stackspan.db import Transaction


class Params(msgspec.Struct, frozen=True, kw_only=True):
    """Base of a workflow's parameters: references and small values (≤ 16 KiB as JSON), no secret in clear."""


P = TypeVar("P", bound=Params)


@dataclass(frozen=True)
class Operation(Generic[P]):
    """The name by which a service starts a workflow without importing its code; stands in `operations.py`."""

    name: str  # "server.create"
    version: int
    params: type[P]


@dataclass(frozen=True)
class Outcome:
    """What a step hands back.

    Args:
        result: small JSON object, readable by later steps as `ctx.results[step name]`.
        save: writes resource rows in the transaction that saves the result.
        tasks: vCenter task ids this step ran, kept for tracing.
    """

    result: Mapping[str, Any] = field(default_factory=dict)
    save: Callable[[Transaction], None] | None = None
    tasks: Sequence[str] = ()


class Requeue(Exception):
    """Raised by a step that must wait: gives back thread and limits, and is run again later.

    Args:
        reason: what it waits for, as `stackspan jobs` shows it.
        after_seconds: not before that long.
        after_jobs: not before these jobs have ended.
    """

    def __init__(self, reason: str, *, after_seconds: float = 0.0, after_jobs: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after_seconds = after_seconds
        self.after_jobs = tuple(after_jobs)


class Cancelled(Exception):
    """The job's cancel was requested; raised by `StepContext.check_cancel` between outside effects."""


class StepFailed(errors.StackspanError):
    """A step gave up for a reason that is the user's to read.

    Also what `ctx.failure` is, whatever the step raised: it must read the same after a restart. `kind` is the class name
    of the error raised, `step` the step that raised it.
    """

    def __init__(
        self,
        user_message: str | None = None,
        log_message: str | None = None,
        *,
        kind: str = "StepFailed",
        step: str = "",
    ) -> None:
        super().__init__(user_message, log_message)
        self.kind = kind
        self.step = step


@dataclass(frozen=True)
class StepContext(Generic[P]):
    """What a step gets.

    `attempt` counts this step's runs from 1. `activation_id` is `<job id>/<step name>`; `op_id` begins with the request
    id. `failure` is set while undoing and in `on_failed`. `undone` is False in the `on_failed` of a job that is parked
    stuck: something of it may be left in vCenter. In hooks, `step` is the last step that ran, or empty.
    """

    job_id: str
    step: str
    attempt: int
    epoch: int
    params: P
    results: Mapping[str, Mapping[str, Any]]
    request_id: str
    project_id: str | None
    user_id: str | None
    failure: StepFailed | None
    cancel_requested: Callable[[], bool]
    undone: bool = True

    @property
    def activation_id(self) -> str:
        """The token that links a vCenter call with this step."""
        return f"{self.job_id}/{self.step}"

    @property
    def op_id(self) -> str:
        """The operation id for vCenter's logs."""
        return f"{self.request_id}-{self.job_id[:8]}-{self.step}"

    def check_cancel(self) -> None:
        """Raise Cancelled if the job's cancel was requested; call it before starting a long outside effect."""
        if self.cancel_requested():
            raise Cancelled


@dataclass(frozen=True)
class StepTimes:
    """When a step really began and ended, for the events of server actions; `error` is None on success."""

    step: str
    started_at: dt.datetime
    finished_at: dt.datetime
    error: str | None


@dataclass(frozen=True)
class Step(Generic[P]):
    """One function with one outside effect.

    Args:
        name: stable; results are saved under it.
        run: does it; raises a StackspanError (retried by its `retry` class, then failing the job) or Requeue.
        undo: takes it back; gets `ctx.results` possibly without this step's own result (it may have half-succeeded).
            Safe to run twice.
        deadline_seconds: a run longer than this is given up on and requeued under a new epoch; the third time it fails.
        saves: False folds this step's save into the next step's. Only for a step without outside effect whose result
            comes out the same when it runs again: it does so whenever the next one does.
    """

    name: str
    run: Callable[[StepContext[P]], Outcome]
    undo: Callable[[StepContext[P]], None] | None = None
    deadline_seconds: float = 600.0
    saves: bool = True


@dataclass(frozen=True)
class Workflow(Generic[P]):
    """A definition, registered in `app.py`.

    The hooks write rows in the engine's transaction, together with the job's end; they make no outside call.
    `on_step` writes what the service wants to show of each finished step (server action events) in the step's save.
    """

    operation: Operation[P]
    steps: Sequence[Step[P]]
    on_done: Callable[[Transaction, StepContext[P]], None] | None = None
    on_failed: Callable[[Transaction, StepContext[P]], None] | None = None
    on_cancelled: Callable[[Transaction, StepContext[P]], None] | None = None
    on_step: Callable[[Transaction, StepContext[P], StepTimes], None] | None = None
