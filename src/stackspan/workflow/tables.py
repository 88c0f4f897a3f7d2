"""The engine's tables. They live in the services' own database, so that rows and jobs commit together.

`job.seq` orders jobs; `job.id` is what the rest of the program knows. A job is *claimable* when no worker holds it
(`claimed_by` is NULL) and its state is queued or undoing. `epoch` rises with each claim; every save checks it.

`job_resource` holds rows only for jobs that haven't ended: it is what the claimer looks through. The names stay readable
in `job.resources`. Rows of `job_after` and `job_limit` are looked up by job alone and stay until the job is purged.
"""

from __future__ import annotations

import sqlalchemy as sa

from stackspan.db import Json, StringEnum, UtcDateTime, metadata
from stackspan.workflow.records import JobState, StepState

# SQLite makes a rowid of INTEGER PRIMARY KEY only.
_SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

job = sa.Table(
    "job",
    metadata,
    sa.Column("seq", _SEQ, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(36), nullable=False, unique=True),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("params", Json),  # NULL once the job has ended
    sa.Column("resources", Json, nullable=False),
    sa.Column("state", StringEnum(JobState), nullable=False),
    sa.Column("claimed_by", sa.String(36)),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("cancel_requested", sa.SmallInteger, nullable=False),  # records.Cancel
    sa.Column("step", sa.String(64)),  # that is next, or runs, or failed
    sa.Column("faults", Json, nullable=False),  # per class, how often the current step failed
    sa.Column("crashes", sa.Integer, nullable=False),  # workers lost under it since the last save
    sa.Column("not_before", UtcDateTime),  # by the database's clock
    sa.Column("waiting_since", UtcDateTime),  # first Requeue of the current step
    sa.Column("reason", sa.String(500)),  # why it waits, or the last fault
    sa.Column("failure", Json),  # records.Failure, from the moment it fails
    sa.Column("request_id", sa.String(64), nullable=False),
    sa.Column("project_id", sa.String(64)),
    sa.Column("user_id", sa.String(64)),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("started_at", UtcDateTime),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("finished_at", UtcDateTime),
    # The engine looks only at unfinished jobs, however many ended ones are kept.
    sa.Index(
        "ix_job_claimable",
        "seq",
        sqlite_where=sa.text("claimed_by IS NULL AND state IN ('queued', 'undoing')"),
        postgresql_where=sa.text("claimed_by IS NULL AND state IN ('queued', 'undoing')"),
    ),
    sa.Index(
        "ix_job_claimed_by",
        "claimed_by",
        sqlite_where=sa.text("claimed_by IS NOT NULL"),
        postgresql_where=sa.text("claimed_by IS NOT NULL"),
    ),
    sa.Index(
        "ix_job_unfinished",
        "state",
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    ),
    sa.Index("ix_job_finished_at", "finished_at"),
    sa.Index("ix_job_request_id", "request_id"),
    sqlite_autoincrement=True,  # a purged job's number is never given again
)


def _job_seq() -> sa.Column[int]:
    return sa.Column("job_seq", _SEQ, sa.ForeignKey("job.seq", ondelete="CASCADE"), primary_key=True)


job_step = sa.Table(
    "job_step",
    metadata,
    _job_seq(),
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("state", StringEnum(StepState), nullable=False),
    sa.Column("result", Json),  # NULL once the job has ended
    sa.Column("tasks", Json, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("finished_at", UtcDateTime, nullable=False),
    sa.Column("error", sa.String(500)),
)

job_resource = sa.Table(
    "job_resource",
    metadata,
    _job_seq(),
    sa.Column("resource", sa.String(128), primary_key=True),
    sa.Index("ix_job_resource_resource", "resource", "job_seq"),
)

job_after = sa.Table(
    "job_after",
    metadata,
    _job_seq(),
    sa.Column("after_id", sa.String(36), primary_key=True),  # no foreign key: a purged job counts as ended
)

job_limit = sa.Table(
    "job_limit",
    metadata,
    _job_seq(),
    sa.Column("key", sa.String(128), primary_key=True),
)

worker = sa.Table(
    "worker",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("workflows", Json, nullable=False),  # ["server.create/1", …]
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),  # by the database's clock
)

leader = sa.Table(
    "leader",
    metadata,
    sa.Column("name", sa.String(128), primary_key=True),
    sa.Column("holder", sa.String(64), nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),  # by the database's clock
)
