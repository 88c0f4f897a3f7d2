"""A job's way through its worker: which may be claimed, claiming, saving, ending, handing back.

Every change of a claimed job names the worker and the epoch of its claim; where that row isn't there any more, the claim
is lost and the caller's whole transaction rolls back (`LostClaim`).

The conditions of partial indexes are written as text: SQLite uses such an index only for literals, not for parameters.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from stackspan.core import errors
from stackspan.db import Transaction
from stackspan.db.clock import database_now
from stackspan.workflow import tables as t
from stackspan.workflow.records import Cancel, Claim, DoneStep, Failure, JobState, StepState

_MICRO = 1_000_000
_REASON_CHARACTERS = 500
_ADVISORY_KEY = 0x57AC5BA2  # any number of ours: one claimer at a time among all processes on a PostgreSQL database

_CLAIMABLE = "job.claimed_by IS NULL AND job.state IN ('queued', 'undoing')"
_ACTIVE = "('queued', 'running', 'undoing')"

# On each of its resources a job must be the oldest that hasn't ended, and nobody's may be running (a younger one can be: its
# transaction committed earlier). `head` is made once for all: asked job by job, PostgreSQL without fresh statistics took
# half a minute for 5,000 jobs on one resource; so it is 0.1 s at the worst, whatever it knows.
# A job that was asked to stop is claimed at once, whatever else it waits for: it only ends.
_CANDIDATES = sa.text(
    f"""
    WITH head AS (
      SELECT job_resource.resource, min(job_resource.job_seq) AS seq,
        max(CASE WHEN owner.claimed_by IS NULL THEN 0 ELSE 1 END) AS busy
      FROM job_resource JOIN job AS owner ON owner.seq = job_resource.job_seq
      WHERE owner.state IN {_ACTIVE}
      GROUP BY job_resource.resource)
    SELECT job.seq
    FROM job
    WHERE {_CLAIMABLE} AND job.seq > :beyond AND job.name || '/' || job.version IN :kinds
      AND (job.cancel_requested <> 0 OR (
        (job.not_before IS NULL OR job.not_before <= :now)
        AND NOT EXISTS (
          SELECT 1 FROM job_after JOIN job AS earlier ON earlier.id = job_after.after_id
          WHERE job_after.job_seq = job.seq AND earlier.state IN {_ACTIVE})
        AND NOT EXISTS (
          SELECT 1 FROM job_limit WHERE job_limit.job_seq = job.seq AND job_limit.key IN :full)))
      AND NOT EXISTS (
        SELECT 1 FROM job_resource AS mine JOIN head ON head.resource = mine.resource
        WHERE mine.job_seq = job.seq AND (head.seq <> job.seq OR head.busy = 1))
    ORDER BY job.seq
    LIMIT :count
    """
).bindparams(
    sa.bindparam("kinds", expanding=True, type_=sa.String()), sa.bindparam("full", expanding=True, type_=sa.String())
)

_COUNTS = sa.text(
    "SELECT job_limit.key, count(*) AS held FROM job JOIN job_limit ON job_limit.job_seq = job.seq"
    " WHERE job.claimed_by IS NOT NULL GROUP BY job_limit.key"
)
_NEXT_DUE = sa.text(f"SELECT min(job.not_before) FROM job WHERE {_CLAIMABLE} AND job.not_before > :now")
_NOW = sa.select(database_now())
_MINE = sa.text("SELECT seq, epoch, cancel_requested FROM job WHERE claimed_by = :worker AND claimed_by IS NOT NULL")


class LostClaim(Exception):
    """The job isn't this worker's any more, under this epoch: what it did since doesn't count."""


class CancelSeen(Exception):
    """The job's cancel flag isn't what its end supposed: decide again. Carries the flag."""

    def __init__(self, cancel: Cancel) -> None:
        super().__init__(cancel)
        self.cancel = cancel


def clock_read(tx: Transaction) -> int:
    """The database's clock, in microseconds since 1970."""
    return int(tx.execute(_NOW).scalar_one())


def claimers_lock(tx: Transaction) -> None:
    """Keep all other claimers out until this transaction ends. On SQLite there is only one process."""
    if tx.dialect == "postgresql":
        tx.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_KEY})


def candidates_list(
    tx: Transaction, *, kinds: Sequence[str], full: Collection[str], beyond: int, now: int, count: int
) -> list[int]:
    """Numbers of jobs that may run now, oldest first: known kind, due, nothing before them, no key in `full`."""
    rows = tx.execute(
        _CANDIDATES, {"kinds": list(kinds), "full": list(full), "beyond": beyond, "now": now, "count": count}
    )
    return [row.seq for row in rows]


def limits_held(tx: Transaction) -> dict[str, int]:
    """How many claimed jobs there are by limit key."""
    return {row.key: row.held for row in tx.execute(_COUNTS)}


def limits_of(tx: Transaction, seqs: Sequence[int]) -> dict[int, list[str]]:
    """The limit keys of jobs."""
    found: dict[int, list[str]] = {}
    for row in tx.execute(sa.select(t.job_limit).where(t.job_limit.c.job_seq.in_(seqs))):
        found.setdefault(row.job_seq, []).append(row.key)
    return found


def next_due(tx: Transaction, now: int) -> int | None:
    """When the next waiting job falls due, by the database's clock in microseconds."""
    return tx.execute(_NEXT_DUE, {"now": now}).scalar_one()  # type: ignore[no-any-return]


def jobs_claim(tx: Transaction, seqs: Sequence[int], worker_id: str, now: dt.datetime) -> list[Claim]:
    """Claim those of the jobs that are still claimable, each under its next epoch."""
    if tx.dialect == "postgresql":
        # Rows that a cancel holds just now are left for the next round: waiting for them could cross its own order.
        locked = sa.select(t.job.c.seq).where(t.job.c.seq.in_(seqs)).with_for_update(skip_locked=True)
        seqs = [row.seq for row in tx.execute(locked)]
    rows = tx.execute(
        sa.update(t.job)
        .where(t.job.c.seq.in_(seqs), sa.text(_CLAIMABLE))
        .values(
            claimed_by=worker_id,
            epoch=t.job.c.epoch + 1,
            state=sa.case((t.job.c.state == JobState.QUEUED, JobState.RUNNING.value), else_=t.job.c.state),
            started_at=sa.func.coalesce(t.job.c.started_at, sa.literal(now, t.job.c.started_at.type)),
            updated_at=now,
            not_before=None,
            reason=None,
        )
        .returning(t.job)
    ).all()
    begun = [row.seq for row in rows if row.epoch > 1]
    steps = _steps_of(tx, begun) if begun else {}
    return [_claim(row, steps.get(row.seq, ())) for row in sorted(rows, key=lambda row: row.seq)]


def _steps_of(tx: Transaction, seqs: Sequence[int]) -> dict[int, list[sa.Row[Any]]]:
    found: dict[int, list[sa.Row[Any]]] = {}
    columns = (t.job_step.c.job_seq, t.job_step.c.name, t.job_step.c.state, t.job_step.c.result)
    for row in tx.execute(sa.select(*columns).where(t.job_step.c.job_seq.in_(seqs))):
        found.setdefault(row.job_seq, []).append(row)
    return found


def _claim(row: sa.Row[Any], steps: Sequence[sa.Row[Any]]) -> Claim:
    return Claim(
        seq=row.seq,
        job_id=row.id,
        name=row.name,
        version=row.version,
        params=row.params,
        has_resources=bool(row.resources),
        state=row.state,
        worker_id=row.claimed_by,
        epoch=row.epoch,
        cancel=Cancel(row.cancel_requested),
        step=row.step,
        faults=row.faults,
        crashes=row.crashes,
        waiting_since=row.waiting_since,
        failure=None if row.failure is None else msgspec.convert(row.failure, Failure),
        request_id=row.request_id,
        project_id=row.project_id,
        user_id=row.user_id,
        results={step.name: step.result for step in steps if step.result is not None},
        undone=frozenset(step.name for step in steps if step.state is StepState.UNDONE),
    )


def claims_of(tx: Transaction, worker_id: str) -> list[tuple[int, int, Cancel]]:
    """Number, epoch and cancel flag of each job that the worker holds."""
    rows = tx.execute(_MINE, {"worker": worker_id})
    return [(row.seq, row.epoch, Cancel(row.cancel_requested)) for row in rows]


# ---- saves of a claimed job ----------------------------------------------------------------------------------------

_OURS = sa.and_(
    t.job.c.seq == sa.bindparam("b_seq"),
    t.job.c.claimed_by == sa.bindparam("b_worker"),
    t.job.c.epoch == sa.bindparam("b_epoch"),
)
_ADVANCE = (
    sa.update(t.job)
    .where(_OURS)
    .values(
        step=sa.bindparam("step"),
        faults=sa.bindparam("faults", type_=t.job.c.faults.type),
        crashes=0,
        waiting_since=None,
        reason=None,
        updated_at=sa.bindparam("now", type_=t.job.c.updated_at.type),
    )
    .returning(t.job.c.cancel_requested)
)
_END = (
    sa.update(t.job)
    .where(_OURS, t.job.c.cancel_requested == sa.bindparam("b_cancel"))
    .values(
        state=sa.bindparam("state", type_=t.job.c.state.type),
        claimed_by=None,
        params=None,
        reason=None,
        faults={},
        finished_at=sa.bindparam("now", type_=t.job.c.updated_at.type),
        updated_at=sa.bindparam("now", type_=t.job.c.updated_at.type),
    )
)
_DROP_RESULTS = sa.update(t.job_step).where(t.job_step.c.job_seq == sa.bindparam("b_seq")).values(result=None)
_DROP_RESOURCES = sa.delete(t.job_resource).where(t.job_resource.c.job_seq == sa.bindparam("b_seq"))
_INSERT_STEP = sa.insert(t.job_step)
_READ_CANCEL = sa.select(t.job.c.cancel_requested).where(_OURS)


def _ours(claim: Claim) -> dict[str, Any]:
    return {"b_seq": claim.seq, "b_worker": claim.worker_id, "b_epoch": claim.epoch}


def claim_holds(tx: Transaction, claim: Claim) -> bool:
    """Whether the job is still this worker's under this epoch."""
    return tx.execute(_READ_CANCEL, _ours(claim)).first() is not None


def steps_add(tx: Transaction, claim: Claim, steps: Sequence[DoneStep]) -> None:
    """Insert the rows of finished steps, in a transaction that has found the claim to hold."""
    if not steps:
        return
    rows = [
        {
            "job_seq": claim.seq,
            "name": step.name,
            "state": step.state,
            "result": step.result,
            "tasks": list(step.tasks),
            "attempts": step.attempts,
            "started_at": step.started_at,
            "finished_at": step.finished_at,
            "error": None if step.error is None else step.error[:_REASON_CHARACTERS],
        }
        for step in steps
    ]
    tx.execute(_INSERT_STEP, rows[0] if len(rows) == 1 else rows)


def step_mark_undone(tx: Transaction, claim: Claim, name: str) -> bool:
    """Mark a done step's row; False where it has none (it failed before it was saved)."""
    marked = tx.execute(
        sa.update(t.job_step)
        .where(t.job_step.c.job_seq == claim.seq, t.job_step.c.name == name)
        .values(state=StepState.UNDONE)  # its result stays: earlier undos and `on_failed` may look at it
    )
    return marked.rowcount == 1


def job_advance(tx: Transaction, claim: Claim, *, step: str | None, now: dt.datetime) -> Cancel:
    """The job has made progress; `step` is next. Returns the cancel flag. Raises LostClaim."""
    row = tx.execute(_ADVANCE, {**_ours(claim), "step": step, "faults": {}, "now": now}).first()
    if row is None:
        raise LostClaim
    return Cancel(row.cancel_requested)


def job_fail(tx: Transaction, claim: Claim, failure: Failure, now: dt.datetime) -> Cancel:
    """From running to undoing. Returns the cancel flag. Raises LostClaim."""
    row = tx.execute(
        sa.update(t.job)
        .where(_OURS)
        .values(
            state=JobState.UNDOING,
            step=failure.step,
            failure=msgspec.to_builtins(failure),
            faults={},
            crashes=0,
            waiting_since=None,
            updated_at=now,
        )
        .returning(t.job.c.cancel_requested),
        _ours(claim),
    ).first()
    if row is None:
        raise LostClaim
    return Cancel(row.cancel_requested)


def job_end(
    tx: Transaction,
    claim: Claim,
    state: JobState,
    *,
    expect: Cancel,
    now: dt.datetime,
    failure: Failure | None = None,
    has_results: bool,
) -> None:
    """End the job, if its cancel flag is still `expect`. Raises LostClaim, or CancelSeen with the flag as it is.

    `has_results`: whether results were saved before, which go now.
    """
    ended = tx.execute(_END, {**_ours(claim), "b_cancel": expect, "state": state, "now": now})
    if ended.rowcount == 0:
        _raise_cancel(tx, claim)
    if failure is not None:
        tx.execute(
            sa.update(t.job)
            .where(t.job.c.seq == claim.seq)
            .values(failure=msgspec.to_builtins(failure), step=failure.step)
        )
    if has_results:
        tx.execute(_DROP_RESULTS, {"b_seq": claim.seq})
    if claim.has_resources:
        tx.execute(_DROP_RESOURCES, {"b_seq": claim.seq})


def job_park(
    tx: Transaction, claim: Claim, state: JobState, *, expect: Cancel, failure: Failure, now: dt.datetime
) -> None:
    """Leave the job to an operator, parameters and results kept. Raises LostClaim or CancelSeen."""
    parked = tx.execute(
        sa.update(t.job)
        .where(_OURS, t.job.c.cancel_requested == sa.bindparam("b_cancel"))
        .values(
            state=state,
            claimed_by=None,
            failure=msgspec.to_builtins(failure),
            reason=failure.log_message[:_REASON_CHARACTERS],
            updated_at=now,
        ),
        {**_ours(claim), "b_cancel": expect},
    )
    if parked.rowcount == 0:
        _raise_cancel(tx, claim)


def _raise_cancel(tx: Transaction, claim: Claim) -> None:
    row = tx.execute(_READ_CANCEL, _ours(claim)).first()
    if row is None:
        raise LostClaim
    raise CancelSeen(Cancel(row.cancel_requested))


def job_hand_back(
    tx: Transaction,
    claim: Claim,
    *,
    reason: str | None,
    delay_seconds: float,
    faults: Mapping[str, int],
    now: dt.datetime,
    after: Sequence[str] = (),
    waiting_since: dt.datetime | None = None,
) -> None:
    """Give up the claim: to be claimed again after the delay and once the jobs `after` have ended.

    Raises LostClaim; Internal where one of `after` stands behind this job on one of its resources: both would wait for ever.
    """
    not_before = database_now() + round(delay_seconds * _MICRO) if delay_seconds > 0 else None
    handed = tx.execute(
        sa.update(t.job)
        .where(_OURS)
        .values(
            claimed_by=None,
            state=sa.case((t.job.c.state == JobState.RUNNING, JobState.QUEUED.value), else_=t.job.c.state),
            not_before=not_before,
            reason=None if reason is None else reason[:_REASON_CHARACTERS],
            faults=dict(faults),
            waiting_since=waiting_since,
            updated_at=now,
        ),
        _ours(claim),
    )
    if handed.rowcount == 0:
        raise LostClaim
    if after:
        _after_add(tx, claim, after)


def _after_add(tx: Transaction, claim: Claim, after: Sequence[str]) -> None:
    mine, theirs = t.job_resource.alias(), t.job_resource.alias()
    behind = tx.execute(
        sa.select(t.job.c.id)
        .join(theirs, theirs.c.job_seq == t.job.c.seq)
        .join(mine, mine.c.resource == theirs.c.resource)
        .where(mine.c.job_seq == claim.seq, t.job.c.id.in_(after), t.job.c.seq > claim.seq)
    ).first()
    if behind is not None:
        raise errors.Internal(log_message=f"the step waits for job {behind.id}, which waits for this one's resource")
    rows = tx.execute(sa.select(t.job_after.c.after_id).where(t.job_after.c.job_seq == claim.seq))
    known = {row.after_id for row in rows}
    new = [{"job_seq": claim.seq, "after_id": job_id} for job_id in dict.fromkeys(after) if job_id not in known]
    if new:
        tx.execute(sa.insert(t.job_after), new)


def stray_free(tx: Transaction, seq: int, epoch: int, worker_id: str, now: dt.datetime) -> bool:
    """Free a job that its worker holds without working on it; it counts as a crash. False where it isn't so any more."""
    freed = tx.execute(
        sa.update(t.job)
        .where(t.job.c.seq == seq, t.job.c.epoch == epoch, t.job.c.claimed_by == worker_id)
        .values(
            claimed_by=None,
            state=sa.case((t.job.c.state == JobState.RUNNING, JobState.QUEUED.value), else_=t.job.c.state),
            crashes=t.job.c.crashes + 1,
            not_before=database_now() + _MICRO,
            reason="its thread was lost",
            updated_at=now,
        )
    )
    return freed.rowcount == 1
