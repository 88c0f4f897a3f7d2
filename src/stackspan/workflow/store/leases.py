"""Who works, and until when that is believed: workers' leases and the taking over of what expired ones held."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from stackspan.db import Transaction
from stackspan.db.clock import database_now
from stackspan.workflow import tables as t
from stackspan.workflow.records import JobState

_MICRO = 1_000_000
_ORPHANED = (
    "job.claimed_by IS NOT NULL AND job.claimed_by NOT IN (SELECT worker.id FROM worker WHERE worker.expires_at > :now)"
)


@dataclass(frozen=True)
class WorkerRow:
    """A worker as it announces itself."""

    id: str
    host: str
    pid: int
    kinds: Sequence[str]


def worker_add(tx: Transaction, worker: WorkerRow, seconds: float, now: dt.datetime) -> None:
    """Announce a worker, alive for `seconds`."""
    tx.execute(
        sa.insert(t.worker).values(
            id=worker.id,
            host=worker.host[:255],
            pid=worker.pid,
            workflows=list(worker.kinds),
            started_at=now,
            expires_at=database_now() + round(seconds * _MICRO),
        )
    )


def worker_renew(tx: Transaction, worker_id: str, seconds: float) -> bool:
    """Prolong a lease that hasn't expired; False where it has: the worker has lost all it held."""
    renewed = tx.execute(
        sa.update(t.worker)
        .where(t.worker.c.id == worker_id, t.worker.c.expires_at > database_now())
        .values(expires_at=database_now() + round(seconds * _MICRO))
    )
    return renewed.rowcount == 1


def worker_remove(tx: Transaction, worker_id: str) -> None:
    """A worker goes. What it still holds can be taken over at once."""
    tx.execute(sa.delete(t.worker).where(t.worker.c.id == worker_id))


def workers_remove_all(tx: Transaction) -> None:
    """SQLite at start: whoever was there has gone, for only one process serves a file."""
    tx.execute(sa.delete(t.worker))


def orphans_exist(tx: Transaction) -> bool:
    """Whether a lease has run out, or a job is held by a worker that isn't there."""
    now = tx.execute(sa.select(database_now())).scalar_one()
    expired = sa.select(sa.literal(1)).where(t.worker.c.expires_at <= sa.literal(now, sa.BigInteger())).exists()
    orphaned = sa.select(sa.literal(1)).select_from(t.job).where(sa.text(_ORPHANED).bindparams(now=now)).exists()
    return bool(tx.execute(sa.select(sa.or_(expired, orphaned))).scalar_one())


def jobs_take_over(tx: Transaction, now: dt.datetime, delay_factor: float = 1.0) -> list[str]:
    """Free what dead workers held and return the ids of those jobs.

    Each counts one crash more. From the second on it waits a little, longer each time: if one of the jobs is what kills
    the workers, the others get on without it.
    """
    clock = tx.execute(sa.select(database_now())).scalar_one()
    tx.execute(sa.delete(t.worker).where(t.worker.c.expires_at <= sa.literal(clock, sa.BigInteger())))
    rows = tx.execute(
        sa.select(t.job.c.seq, t.job.c.id, t.job.c.crashes, t.job.c.state)
        .where(sa.text(_ORPHANED).bindparams(now=clock))
        .order_by(t.job.c.seq)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        delay = 0 if row.crashes == 0 else min(30.0, 0.5 * 2**row.crashes) * delay_factor
        tx.execute(
            sa.update(t.job)
            .where(t.job.c.seq == row.seq)
            .values(
                claimed_by=None,
                state=JobState.QUEUED if row.state is JobState.RUNNING else row.state,
                crashes=row.crashes + 1,
                not_before=None if not delay else database_now() + round(delay * _MICRO),
                reason="taken over from a worker that is gone",
                updated_at=now,
            )
        )
    return [row.id for row in rows]


# ---- leaders -------------------------------------------------------------------------------------------------------


def leader_acquire(tx: Transaction, name: str, holder: str, seconds: float) -> int | None:
    """Become or stay the leader for `name`; returns the epoch (new with each change of holder), None if another leads."""
    until = database_now() + round(seconds * _MICRO)
    kept = tx.execute(
        sa.update(t.leader)
        .where(t.leader.c.name == name, t.leader.c.holder == holder, t.leader.c.expires_at > database_now())
        .values(expires_at=until)
        .returning(t.leader.c.epoch)
    ).scalar()
    if kept is not None:
        return int(kept)
    taken = tx.execute(
        sa.update(t.leader)
        .where(t.leader.c.name == name, t.leader.c.expires_at <= database_now())
        .values(holder=holder, epoch=t.leader.c.epoch + 1, expires_at=until)
        .returning(t.leader.c.epoch)
    ).scalar()
    if taken is not None:
        return int(taken)
    return _leader_add(tx, name, holder, until)


def _leader_add(tx: Transaction, name: str, holder: str, until: sa.ColumnElement[int]) -> int | None:
    from sqlalchemy.dialects import postgresql, sqlite

    insert = postgresql.insert(t.leader) if tx.dialect == "postgresql" else sqlite.insert(t.leader)
    added = tx.execute(
        insert.values(name=name, holder=holder, epoch=1, expires_at=until)
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(t.leader.c.epoch)
    ).scalar()
    return None if added is None else int(added)


def leader_holds(tx: Transaction, name: str, holder: str, epoch: int) -> bool:
    """Whether the holder still leads, under this epoch. On PostgreSQL nobody else can take it until `tx` ends."""
    found = tx.execute(
        sa.select(t.leader.c.epoch)
        .where(
            t.leader.c.name == name,
            t.leader.c.holder == holder,
            t.leader.c.epoch == epoch,
            t.leader.c.expires_at > database_now(),
        )
        .with_for_update(read=True)
    ).scalar()
    return found is not None


def leader_resign(tx: Transaction, name: str, holder: str) -> None:
    """Let another lead at once. The row stays: epochs never repeat."""
    tx.execute(
        sa.update(t.leader)
        .where(t.leader.c.name == name, t.leader.c.holder == holder)
        .values(expires_at=database_now())
    )
