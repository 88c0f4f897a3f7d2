"""What the engine keeps of jobs, as values."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec


class JobState(enum.StrEnum):
    """Where a job stands.

    queued ⇄ running → done
                ├────→ cancelled
                ├────→ undoing → failed
                │         └────→ undo_stuck ⇢ undoing   (⇢ by an operator's retry)
                └────→ stuck ⇢ queued
    """

    QUEUED = "queued"
    RUNNING = "running"
    UNDOING = "undoing"  # with or without a worker
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    STUCK = "stuck"
    UNDO_STUCK = "undo_stuck"


ACTIVE = (JobState.QUEUED, JobState.RUNNING, JobState.UNDOING)  # hold their resources, hold back who waits for them
PARKED = (JobState.STUCK, JobState.UNDO_STUCK)  # wait for an operator and hold nothing


class StepState(enum.StrEnum):
    """What is saved of a step."""

    DONE = "done"
    UNDONE = "undone"


class Cancel(enum.IntEnum):
    """What was asked of a running job."""

    NO = 0
    STOP = 1  # settle the current step and stop: the job queued behind cleans up
    UNDO = 2  # an operator gave up on it: fail and undo


class Origin(Protocol):
    """Whose request a job is: a RequestContext, or the StepContext of a job that queues another."""

    @property
    def request_id(self) -> str: ...
    @property
    def project_id(self) -> str | None: ...
    @property
    def user_id(self) -> str | None: ...


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why a job fails, as it is saved. `kind` is the error's class name."""

    kind: str
    step: str
    user_message: str
    log_message: str


@dataclass(frozen=True)
class NewJob:
    """A job about to be queued."""

    id: str
    name: str
    version: int
    params: Any
    resources: tuple[str, ...]
    after: tuple[str, ...]
    limits: tuple[str, ...]
    request_id: str
    project_id: str | None
    user_id: str | None
    created_at: dt.datetime


@dataclass(frozen=True)
class DoneStep:
    """A finished step: its row."""

    name: str
    state: StepState
    result: Mapping[str, Any] | None  # None: it was undone without ever having finished
    tasks: Sequence[str]
    attempts: int
    started_at: dt.datetime
    finished_at: dt.datetime
    error: str | None = None


@dataclass(frozen=True)
class Claim:
    """A job as its worker gets it."""

    seq: int
    job_id: str
    name: str
    version: int
    params: Any
    has_resources: bool
    state: JobState
    worker_id: str
    epoch: int
    cancel: Cancel
    step: str | None
    faults: Mapping[str, int]
    crashes: int
    waiting_since: dt.datetime | None
    failure: Failure | None
    request_id: str
    project_id: str | None
    user_id: str | None
    results: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # by step name, undone ones included
    undone: frozenset[str] = frozenset()


@dataclass(frozen=True)
class JobReport:
    """A job as operators see it. `waits_for` says why it doesn't run, None where it does or has ended."""

    id: str
    name: str
    version: int
    state: JobState
    resources: tuple[str, ...]
    step: str | None
    claimed_by: str | None
    epoch: int
    cancel: Cancel
    faults: Mapping[str, int]
    crashes: int
    reason: str | None
    failure: Failure | None
    request_id: str
    project_id: str | None
    user_id: str | None
    created_at: dt.datetime
    started_at: dt.datetime | None
    updated_at: dt.datetime
    finished_at: dt.datetime | None
    waits_for: str | None = None


@dataclass(frozen=True)
class StepReport:
    """A saved step as operators see it."""

    name: str
    state: StepState
    tasks: tuple[str, ...]
    attempts: int
    started_at: dt.datetime
    finished_at: dt.datetime
    error: str | None
