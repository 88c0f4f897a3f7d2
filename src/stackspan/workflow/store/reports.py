"""Jobs as operators see them: listing, why one waits, retrying, giving up, purging, counting."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from stackspan.db import Transaction
from stackspan.db.clock import database_now
from stackspan.workflow import tables as t
from stackspan.workflow.records import (
    ACTIVE,
    PARKED,
    Cancel,
    Failure,
    JobReport,
    JobState,
    StepReport,
)
from stackspan.workflow.store import queueing

_PURGE_BATCH = 1000


def _report(row: sa.Row[Any]) -> JobReport:
    return JobReport(
        id=row.id,
        name=row.name,
        version=row.version,
        state=row.state,
        resources=tuple(row.resources),
        step=row.step,
        claimed_by=row.claimed_by,
        epoch=row.epoch,
        cancel=Cancel(row.cancel_requested),
        faults=row.faults,
        crashes=row.crashes,
        reason=row.reason,
        failure=None if row.failure is None else msgspec.convert(row.failure, Failure),
        request_id=row.request_id,
        project_id=row.project_id,
        user_id=row.user_id,
        created_at=row.created_at,
        started_at=row.started_at,
        updated_at=row.updated_at,
        finished_at=row.finished_at,
    )


def job_get(tx: Transaction, job_id: str) -> JobReport | None:
    """One job, without `waits_for`; None where there is none of this id."""
    row = tx.execute(sa.select(t.job).where(t.job.c.id == job_id)).first()
    return None if row is None else _report(row)


def job_steps(tx: Transaction, job_id: str) -> list[StepReport]:
    """The saved steps of a job, in the order in which they finished."""
    rows = tx.execute(
        sa.select(t.job_step)
        .join(t.job)
        .where(t.job.c.id == job_id)
        .order_by(t.job_step.c.finished_at, t.job_step.c.started_at)
    )
    return [
        StepReport(
            name=row.name,
            state=row.state,
            tasks=tuple(row.tasks),
            attempts=row.attempts,
            started_at=row.started_at,
            finished_at=row.finished_at,
            error=row.error,
        )
        for row in rows
    ]


def job_list(
    tx: Transaction,
    *,
    states: Sequence[JobState] = (),
    unfinished: bool = False,
    resource: str | None = None,
    request_id: str | None = None,
    limit: int = 1000,
) -> list[JobReport]:
    """Jobs, newest first."""
    query = sa.select(t.job).order_by(t.job.c.seq.desc()).limit(limit)
    if states:
        query = query.where(t.job.c.state.in_(states))
    if unfinished:
        query = query.where(t.job.c.finished_at.is_(None))
    if request_id is not None:
        query = query.where(t.job.c.request_id == request_id)
    if resource is not None:
        # Ended jobs have no rows in job_resource; operators ask seldom, so a scan will do.
        quoted = msgspec.json.encode(resource).decode()
        query = query.where(sa.cast(t.job.c.resources, sa.Text).contains(quoted, autoescape=True))
    return [_report(row) for row in tx.execute(query)]


def jobs_active(tx: Transaction) -> list[str]:
    """`name id state step reason` of jobs that wait or run."""
    rows = tx.execute(sa.select(t.job).where(t.job.c.finished_at.is_(None), t.job.c.state.in_(ACTIVE)))
    return [f"{row.name} {row.id} {row.state.value} {row.step or ''} {row.reason or ''}".strip() for row in rows]


def waiting_reasons(tx: Transaction, bounds: Mapping[str, int]) -> dict[str, str]:
    """For each waiting job, by id, what it waits for."""
    waiting = tx.execute(
        sa.select(t.job).where(t.job.c.finished_at.is_(None), t.job.c.claimed_by.is_(None), t.job.c.state.in_(ACTIVE))
    ).all()
    known = {kind for row in tx.execute(sa.select(t.worker.c.workflows)) for kind in row.workflows}
    before = _earlier(tx)
    prerequisites = _prerequisites(tx)
    limits = _limits(tx, bounds)
    now = tx.execute(sa.select(database_now())).scalar_one()
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    found: dict[str, str] = {}
    for row in waiting:
        if f"{row.name}/{row.version}" not in known:
            found[row.id] = f"a worker that knows {row.name} version {row.version}"
        elif row.seq in before:
            found[row.id] = before[row.seq]
        elif row.seq in prerequisites:
            found[row.id] = prerequisites[row.seq]
        elif row.not_before is not None and (row.not_before - epoch) / dt.timedelta(microseconds=1) > now:
            found[row.id] = f"{row.reason or 'its time'} (again at {row.not_before:%H:%M:%S} UTC)"
        elif row.seq in limits:
            found[row.id] = limits[row.seq]
        else:
            found[row.id] = "a worker with a free thread"
    return found


def _earlier(tx: Transaction) -> dict[int, str]:
    mine, theirs = t.job_resource.alias(), t.job_resource.alias()
    other, own = t.job.alias(), t.job.alias()
    rows = tx.execute(
        sa.select(mine.c.job_seq, mine.c.resource, other.c.id, other.c.name)
        .join(theirs, sa.and_(theirs.c.resource == mine.c.resource, theirs.c.job_seq != mine.c.job_seq))
        .join(other, other.c.seq == theirs.c.job_seq)
        .join(own, own.c.seq == mine.c.job_seq)
        .where(
            own.c.claimed_by.is_(None),
            other.c.state.in_(ACTIVE),
            sa.or_(other.c.seq < mine.c.job_seq, other.c.claimed_by.is_not(None)),
        )
        .order_by(other.c.seq.desc())
    )
    return {row.job_seq: f"{row.resource}, held by {row.name} {row.id}" for row in rows}


def _prerequisites(tx: Transaction) -> dict[int, str]:
    other = t.job.alias()
    rows = tx.execute(
        sa.select(t.job_after.c.job_seq, other.c.id, other.c.name)
        .join(other, other.c.id == t.job_after.c.after_id)
        .where(other.c.state.in_(ACTIVE))
        .order_by(other.c.seq.desc())
    )
    return {row.job_seq: f"{row.name} {row.id}" for row in rows}


def _limits(tx: Transaction, bounds: Mapping[str, int]) -> dict[int, str]:
    rows = tx.execute(
        sa.select(t.job_limit.c.job_seq, t.job_limit.c.key, t.job.c.claimed_by)
        .join(t.job)
        .where(t.job.c.finished_at.is_(None), t.job.c.state.in_(ACTIVE))
    ).all()
    held: dict[str, int] = {}
    for row in rows:
        if row.claimed_by is not None:
            held[row.key] = held.get(row.key, 0) + 1
    found: dict[int, str] = {}
    for row in rows:
        bound = bounds.get(row.key, bounds.get(row.key.partition(":")[0]))
        if row.claimed_by is None and bound is not None and held.get(row.key, 0) >= bound:
            found[row.job_seq] = f"limit {row.key}, {bound} at a time"
    return found


def job_retry(tx: Transaction, job_id: str, now: dt.datetime) -> bool:
    """Let a stuck job go on where it stands, all counts cleared; False where it isn't stuck."""
    row = tx.execute(sa.select(t.job.c.seq, t.job.c.state).where(t.job.c.id == job_id).with_for_update()).first()
    if row is None or row.state not in PARKED:
        return False
    values: dict[str, Any] = {"state": JobState.UNDOING}
    if row.state is JobState.STUCK:
        values = {"state": JobState.QUEUED, "failure": None}
    tx.execute(
        sa.update(t.job)
        .where(t.job.c.seq == row.seq)
        .values(faults={}, crashes=0, not_before=None, waiting_since=None, reason=None, updated_at=now, **values)
    )
    queueing.jobs_notify(tx)
    return True


def job_cancel(tx: Transaction, job_id: str, now: dt.datetime) -> bool:
    """Give a job up: what waits or runs fails and is undone, what is stuck ends as it is. False where it has ended."""
    row = tx.execute(
        sa.select(t.job.c.seq, t.job.c.state, t.job.c.cancel_requested).where(t.job.c.id == job_id).with_for_update()
    ).first()
    if row is None or row.state not in (*ACTIVE, *PARKED):
        return False
    if row.state in PARKED:
        queueing.job_close(tx, row.seq, JobState.CANCELLED, now)
    elif row.cancel_requested == Cancel.NO:
        tx.execute(
            sa.update(t.job)
            .where(t.job.c.seq == row.seq)
            .values(cancel_requested=Cancel.UNDO, not_before=None, updated_at=now)
        )
    queueing.jobs_notify(tx)
    return True


def job_counts(tx: Transaction) -> list[tuple[str, JobState, int, float]]:
    """Unfinished jobs by workflow and state: name, state, how many, age in seconds of the oldest."""
    now = tx.execute(sa.select(database_now())).scalar_one()
    rows = tx.execute(
        sa.select(
            t.job.c.name,
            t.job.c.state,
            sa.func.count().label("number"),
            sa.type_coerce(sa.func.min(t.job.c.created_at), sa.BigInteger).label("oldest"),
        )
        .where(t.job.c.finished_at.is_(None))
        .group_by(t.job.c.name, t.job.c.state)
    )
    return [(row.name, row.state, row.number, max(0.0, (now - row.oldest) / 1e6)) for row in rows]


def jobs_purge(tx: Transaction, before: dt.datetime) -> int:
    """Remove up to a batch of jobs that ended before that time, with their steps; returns how many. Call until 0."""
    seqs = [
        row.seq for row in tx.execute(sa.select(t.job.c.seq).where(t.job.c.finished_at < before).limit(_PURGE_BATCH))
    ]
    if seqs:
        tx.execute(sa.delete(t.job).where(t.job.c.seq.in_(seqs)))
    return len(seqs)
