"""One leader among several processes for work that only one may do, such as watching a vCenter.

The holder renews by calling `lead` more often than the lease lasts, and has each of its writes check the lease in the same
transaction (`check`): so a leader that was frozen writes nothing after another has taken over.
"""

from __future__ import annotations

from stackspan.core import errors, ids
from stackspan.db import Database, Transaction
from stackspan.workflow.store import leases


class NotLeader(errors.Stale):
    """Another process leads now."""


class Leader:
    """This process's candidacy for `name` (`watcher:<vCenter uuid>`)."""

    def __init__(self, database: Database, name: str, *, seconds: float = 10.0) -> None:
        self._database = database
        self._name = name
        self._seconds = seconds
        self._holder = ids.new_uuid()
        self._epoch: int | None = None

    @property
    def epoch(self) -> int | None:
        """The epoch under which this process leads, None while another does."""
        return self._epoch

    def lead(self) -> bool:
        """Become or stay the leader for the lease's time; call it every third of that. False while another leads."""
        with self._database.write(durable=False) as tx:
            self._epoch = leases.leader_acquire(tx, self._name, self._holder, self._seconds)
        return self._epoch is not None

    def check(self, tx: Transaction) -> None:
        """Raise NotLeader unless this process leads until `tx` ends; to be called in each transaction of a leader's."""
        if self._epoch is None or not leases.leader_holds(tx, self._name, self._holder, self._epoch):
            self._epoch = None
            raise NotLeader(log_message=f"another process leads for {self._name}")

    def resign(self) -> None:
        """Let another lead at once."""
        self._epoch = None
        with self._database.write(durable=False) as tx:
            leases.leader_resign(tx, self._name, self._holder)
