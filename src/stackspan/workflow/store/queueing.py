"""Putting jobs in, asking them to stop, and what holds a resource."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa

from stackspan.db import Transaction
from stackspan.workflow import tables as t
from stackspan.workflow.records import ACTIVE, PARKED, Cancel, JobState, NewJob

CHANNEL = "stackspan_jobs"  # of PostgreSQL's NOTIFY

_INSERT = sa.insert(t.job).returning(t.job.c.seq)


def jobs_add(tx: Transaction, jobs: Sequence[NewJob]) -> None:
    """Insert jobs in the order given."""
    for new in jobs:
        row = {
            "id": new.id,
            "name": new.name,
            "version": new.version,
            "params": new.params,
            "resources": list(new.resources),
            "state": JobState.QUEUED,
            "epoch": 0,
            "cancel_requested": Cancel.NO,
            "faults": {},
            "crashes": 0,
            "request_id": new.request_id,
            "project_id": new.project_id,
            "user_id": new.user_id,
            "created_at": new.created_at,
            "updated_at": new.created_at,
        }
        seq = tx.execute(_INSERT, row).scalar_one()
        if new.resources:
            tx.execute(sa.insert(t.job_resource), [{"job_seq": seq, "resource": name} for name in new.resources])
        if new.after:
            tx.execute(sa.insert(t.job_after), [{"job_seq": seq, "after_id": job_id} for job_id in new.after])
        if new.limits:
            tx.execute(sa.insert(t.job_limit), [{"job_seq": seq, "key": key} for key in new.limits])


def jobs_notify(tx: Transaction) -> None:
    """Hint to other processes that there is something to look at; nothing on SQLite, where they see the file change."""
    if tx.dialect == "postgresql":
        tx.execute(sa.text(f"NOTIFY {CHANNEL}"))


def jobs_cancel_by_resource(tx: Transaction, resource: str, now: dt.datetime) -> None:
    """Ask what runs or waits for `resource` to stop, without undoing; what is parked there has ended: it is superseded."""
    seqs = sa.select(t.job_resource.c.job_seq).where(t.job_resource.c.resource == resource)
    # In order and locked first: two transactions that cancel several jobs must not meet crosswise.
    rows = tx.execute(
        sa.select(t.job.c.seq, t.job.c.state).where(t.job.c.seq.in_(seqs)).order_by(t.job.c.seq).with_for_update()
    ).all()
    active = [row.seq for row in rows if row.state in ACTIVE]
    parked = [row.seq for row in rows if row.state in PARKED]
    if active:
        tx.execute(
            sa.update(t.job)
            .where(t.job.c.seq.in_(active))
            .values(cancel_requested=Cancel.STOP, updated_at=now, not_before=None)
        )
    for seq in parked:
        job_close(tx, seq, JobState.CANCELLED, now)


def job_close(tx: Transaction, seq: int, state: JobState, now: dt.datetime) -> None:
    """End a parked job as it is: no hook, no undo. Parameters and results go."""
    tx.execute(
        sa.update(t.job)
        .where(t.job.c.seq == seq)
        .values(state=state, params=None, claimed_by=None, updated_at=now, finished_at=now)
    )
    tx.execute(sa.update(t.job_step).where(t.job_step.c.job_seq == seq).values(result=None))
    tx.execute(sa.delete(t.job_resource).where(t.job_resource.c.job_seq == seq))


def resource_busy(tx: Transaction, resource: str) -> bool:
    """Whether a job runs on the resource or waits for it. Parked jobs don't count."""
    found = tx.execute(
        sa.select(sa.literal(1))
        .select_from(t.job_resource.join(t.job))
        .where(t.job_resource.c.resource == resource, t.job.c.state.in_(ACTIVE))
        .limit(1)
    ).first()
    return found is not None


def resources_busy(tx: Transaction, resources: Sequence[str]) -> set[str]:
    """Those of `resources` on which a job runs or for which one waits; one statement for many."""
    if not resources:
        return set()
    rows = tx.execute(
        sa.select(t.job_resource.c.resource)
        .select_from(t.job_resource.join(t.job))
        .where(t.job_resource.c.resource.in_(resources), t.job.c.state.in_(ACTIVE))
    )
    return {row.resource for row in rows}
