"""The queue as services see it: jobs go in with the rows they belong to, in one transaction.

Whatever is asked of the queue in a transaction is written at its end, just before the commit: cancels first, then new jobs.
So a job's place in the order is drawn after the service has locked its own rows, rows and jobs are always locked in that
order (PostgreSQL would find a deadlock otherwise), and a delete that cancels what runs never cancels itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from stackspan.core import ids
from stackspan.core.clock import Clock, SystemClock
from stackspan.core.facts import Fact
from stackspan.db import Transaction
from stackspan.workflow.model import Operation, P
from stackspan.workflow.records import JobReport, JobState, NewJob, Origin, StepReport
from stackspan.workflow.registry import Subscriptions
from stackspan.workflow.store import queueing, reports

MAX_JSON_BYTES = 16 * 1024
_NOTE = "workflow.queue"


@dataclass
class _Pending:
    cancels: list[str] = field(default_factory=list)
    jobs: list[NewJob] = field(default_factory=list)


class Queue:
    """Where services put jobs."""

    def __init__(self, subscriptions: Subscriptions | None = None, clock: Clock | None = None) -> None:
        self._subscriptions = subscriptions or Subscriptions()
        self._clock = clock or SystemClock()
        self._listeners: list[Callable[[], None]] = []

    def listen(self, callback: Callable[[], None]) -> None:
        """Have `callback` called after each commit that changed the queue. It must be quick and must not raise."""
        self._listeners.append(callback)

    def enqueue(
        self,
        tx: Transaction,
        operation: Operation[P],
        params: P,
        *,
        context: Origin | None,
        project_id: str | None = None,
        resources: Sequence[str] = (),
        after: Sequence[str] = (),
        limits: Sequence[str] = (),
    ) -> str:
        """Queue a job in the open transaction and return its id. The job's row is there from the commit on.

        Args:
            context: whose request it is; a StepContext where a job queues another; None for the service's own.
            project_id: instead of the context's.
            resources: `server:<id>`; jobs on one resource run one after the other, in the order of their commits.
            after: ids of jobs that must have ended first, however they ended: the job's own steps look what is there.
            limits: `vcenter:<uuid>`; how many jobs with the same key may run at a time is configured.
        """
        if not isinstance(params, operation.params):
            raise TypeError(f"{operation.name} takes {operation.params.__name__}, not {type(params).__name__}")
        encoded = msgspec.json.encode(params)
        if len(encoded) > MAX_JSON_BYTES:
            raise ValueError(
                f"the parameters of {operation.name} take {len(encoded)} bytes; {MAX_JSON_BYTES} are allowed"
            )
        new = NewJob(
            id=ids.new_uuid(),
            name=operation.name,
            version=operation.version,
            params=msgspec.json.decode(encoded),
            resources=tuple(dict.fromkeys(resources)),
            after=tuple(dict.fromkeys(after)),
            limits=tuple(dict.fromkeys(limits)),
            request_id=context.request_id if context else ids.new_request_id(),
            project_id=project_id or (context.project_id if context else None),
            user_id=(context.user_id or None) if context else None,
            created_at=self._clock.now(),
        )
        self._pending(tx).jobs.append(new)
        return new.id

    def cancel(self, tx: Transaction, resource: str) -> None:
        """Ask every job that runs or waits on `resource` to stop without undoing.

        For a delete, which is queued behind in the same transaction and cleans up from any state.
        """
        self._pending(tx).cancels.append(resource)

    def publish(self, tx: Transaction, fact: Fact, *, context: Origin | None = None) -> None:
        """Queue a job for each subscriber to this fact."""
        for subscription in self._subscriptions.of(fact):
            params = subscription.build(fact)
            if params is not None:
                resources = subscription.resources(fact)
                self.enqueue(tx, subscription.operation, params, context=context, resources=resources)

    def busy(self, tx: Transaction, resource: str) -> bool:
        """Whether a job runs on `resource` or waits for it (stuck ones don't count), this transaction's own included."""
        tx.flush()
        return queueing.resource_busy(tx, resource)

    def busy_many(self, tx: Transaction, resources: Sequence[str]) -> set[str]:
        """Those of `resources` that are busy."""
        tx.flush()
        return queueing.resources_busy(tx, resources)

    # ---- for operators ---------------------------------------------------------------------------------------------

    def job_get(self, tx: Transaction, job_id: str) -> JobReport | None:
        """One job; None where there is none of this id."""
        return reports.job_get(tx, job_id)

    def job_steps(self, tx: Transaction, job_id: str) -> list[StepReport]:
        """The saved steps of a job, in their order."""
        return reports.job_steps(tx, job_id)

    def job_list(
        self,
        tx: Transaction,
        *,
        states: Sequence[JobState] = (),
        unfinished: bool = False,
        resource: str | None = None,
        request_id: str | None = None,
        limit: int = 1000,
        bounds: Mapping[str, int] | None = None,
    ) -> list[JobReport]:
        """Jobs, newest first, each with what it waits for; `bounds` are the engine's, to name a limit as the reason."""
        found = reports.job_list(
            tx, states=states, unfinished=unfinished, resource=resource, request_id=request_id, limit=limit
        )
        reasons = reports.waiting_reasons(tx, bounds or {})
        return [dataclasses.replace(job, waits_for=reasons.get(job.id)) for job in found]

    def job_retry(self, tx: Transaction, job_id: str) -> bool:
        """Let a stuck job go on; False where it isn't stuck."""
        tx.after_commit(self.wake)
        return reports.job_retry(tx, job_id, self._clock.now())

    def job_cancel(self, tx: Transaction, job_id: str) -> bool:
        """Give a job up: one that waits or runs fails and is undone, a stuck one ends as it is. False where it has ended."""
        tx.after_commit(self.wake)
        return reports.job_cancel(tx, job_id, self._clock.now())

    def _pending(self, tx: Transaction) -> _Pending:
        pending: _Pending | None = tx.notes.get(_NOTE)
        if pending is None:
            if not tx.writable:
                raise RuntimeError("jobs can be queued in a write transaction only")
            pending = tx.notes[_NOTE] = _Pending()
            tx.before_commit(lambda: self._write(tx))
            tx.after_commit(self.wake)
        return pending

    def _write(self, tx: Transaction) -> None:
        pending: _Pending = tx.notes.pop(_NOTE)
        for resource in dict.fromkeys(pending.cancels):
            queueing.jobs_cancel_by_resource(tx, resource, self._clock.now())
        queueing.jobs_add(tx, pending.jobs)
        queueing.jobs_notify(tx)

    def wake(self) -> None:
        """Have the listeners look at the queue now."""
        for listener in self._listeners:
            listener()
