"""Waiting for tasks: hundreds at once with one pending call.

Each process waits for its own tasks through one ListView on a collector of its own; tasks join and leave it in batches,
at most one change every 20 ms. `recentTask` is never watched. A task that was silent for 30 s is read once, in bulk,
so that a lost update costs half a minute and not a hang. A task that vCenter no longer knows (it forgets finished ones)
is *unknown*, never failed: the caller looks at the object.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pyVmomi import vim, vmodl
from pyVmomi.VmomiSupport import ManagedObject

from stackspan.core import log
from stackspan.vsphere import faults, properties
from stackspan.vsphere.collector import Collector
from stackspan.vsphere.session import VCenter
from stackspan.vsphere.types import TaskResult

_log = log.get(__name__)

_BATCH = 0.02  # seconds between two changes of the ListView
_SILENT = 30.0  # seconds after which a task is read
_CHECK = 5.0  # seconds between two looks for silent tasks
_UNREACHABLE = 90.0  # seconds without vCenter after which waiters are told
_PAUSES = (0.2, 1.0, 2.0, 5.0)  # seconds between attempts to reconnect
_LINGER = 1.0  # seconds for which finished tasks stay in the view, so that their removal rides on the next change
_LINGER_MAX = 100  # finished tasks in the view

# Leaf paths: the whole `info` would come again with every step of a progress bar.
_PATHS = (
    "info.state",
    "info.result",
    "info.error",
    "info.queueTime",
    "info.startTime",
    "info.completeTime",
    "info.cancelable",
    "info.eventChainId",
)
_READ_PATHS = (*_PATHS, "info.activationId", "info.entity", "info.descriptionId")


class _Waiter:
    """One task somebody waits for."""

    def __init__(self, task: str) -> None:
        self.task = task
        self.values: dict[str, Any] = {}
        self.done = threading.Event()
        self.error: faults.VCenterError | None = None
        self.heard = time.monotonic()
        self.running_since: float | None = None
        self.users = 0


def _result(task: str, values: Mapping[str, Any]) -> TaskResult:
    error = values.get("info.error")
    if error is None and str(values.get("info.state")) == "error":
        error = faults.VCenterError(log_message=f"{task} failed without saying why")
    return TaskResult(
        moref=task,
        state=str(values.get("info.state", "queued")),
        result=_plain(values.get("info.result")),
        error=faults.translate(error, task) if error is not None else None,
        queued=_utc(values.get("info.queueTime")),
        started=_utc(values.get("info.startTime")),
        finished=_utc(values.get("info.completeTime")),
        cancelable=bool(values.get("info.cancelable", False)),
        activation_id=values.get("info.activationId"),
        entity=properties.moref(values.get("info.entity")),
        event_chain_id=values.get("info.eventChainId"),
        description_id=values.get("info.descriptionId") or "",
    )


def _utc(moment: dt.datetime | None) -> dt.datetime | None:
    return None if moment is None else moment.astimezone(dt.UTC)


def _plain(value: Any) -> Any:
    return value._moId if isinstance(value, ManagedObject) else value


class TaskTracker:
    """Waits for tasks of one vCenter. Thread-safe; its threads start at the first `wait` and end with `close`."""

    def __init__(self, vc: VCenter) -> None:
        self._vc = vc
        self._lock = threading.Condition()
        self._waiters: dict[str, _Waiter] = {}
        self._add: set[str] = set()
        self._remove: dict[str, float] = {}  # task → when it ended
        self._collector: Collector | None = None
        self._view: Any = None
        self._in_view: set[str] = set()
        self._started = False
        self._closed = False
        self._look_now = False
        self._lost_since: float | None = None

    # ---- waiting

    def wait(self, task: str, timeout: float = 3600.0) -> TaskResult:
        """Wait for the task's end and return its result.

        Args:
            task: the task's moref.
            timeout: seconds from the task's *start* (a queued task hasn't started, and may wait as long again).

        Raises: the task's own fault, translated; TaskUnknown when vCenter no longer knows it (judge by the object);
            TaskTimeout; VCenterUnavailable when vCenter stays unreachable.
        """
        result = self.outcome(task, timeout)
        if result.error is not None:
            raise result.error
        return result

    def outcome(self, task: str, timeout: float = 3600.0) -> TaskResult:
        """As `wait`, but a task that failed is returned with its `error` instead of being raised."""
        return self._await(self._join(task), timeout)

    def outcomes(self, tasks: Sequence[str], timeout: float = 3600.0) -> dict[str, TaskResult | faults.VCenterError]:
        """As `outcome` for many at once; what `outcome` would raise stands in the result instead."""
        waiters = [self._join(task) for task in dict.fromkeys(tasks)]
        found: dict[str, TaskResult | faults.VCenterError] = {}
        for waiter in waiters:
            try:
                found[waiter.task] = self._await(waiter, timeout)
            except faults.VCenterError as error:
                found[waiter.task] = error
        return found

    def read(self, tasks: Sequence[str]) -> dict[str, TaskResult]:
        """What vCenter says of these tasks now, in one call; those it no longer knows are missing."""
        found = properties.read(self._vc, vim.Task, list(tasks), _READ_PATHS)
        return {task: _result(task, values) for task, values in found.items()}

    def find_running(self, *, entity: str | None = None, activation_id: str | None = None) -> list[TaskResult]:
        """Tasks queued or running on the object `entity` ("vm-12", "group-v3") or started under `activation_id`.

        With both, tasks that match either are found. An entity that is gone has none.
        """
        candidates: dict[str, None] = {}
        if entity is not None:
            found = properties.read(self._vc, properties.type_of(entity), [entity], ["recentTask"])
            candidates.update((t._moId, None) for t in found.get(entity, {}).get("recentTask") or ())
        if activation_id is not None:
            manager = self._vc.content.taskManager._moId
            found = properties.read(self._vc, vim.TaskManager, [manager], ["recentTask"])
            candidates.update((t._moId, None) for t in found.get(manager, {}).get("recentTask") or ())
        return [
            info
            for info in self.read(list(candidates)).values()
            if not info.done
            and (
                (entity is not None and info.entity == entity)
                or (activation_id is not None and info.activation_id == activation_id)
            )
        ]

    def settle(
        self,
        *,
        entity: str | None = None,
        activation_id: str | None = None,
        cancel: bool = False,
        timeout: float = 3600.0,
        op_id: str | None = None,
    ) -> list[TaskResult]:
        """Bring what `find_running` finds to its end: cancelled where asked and possible, else waited for.

        Returns how they ended; their own faults are in `.error`. Tasks that vanish meanwhile are left out.
        Raises TaskTimeout, VCenterUnavailable.
        """
        ended: list[TaskResult] = []
        for info in self.find_running(entity=entity, activation_id=activation_id):
            if cancel and info.cancelable:
                self._cancel(info.moref, op_id)
            try:
                ended.append(self.outcome(info.moref, timeout))
            except faults.TaskUnknown:
                continue
        return ended

    def cancel_or_wait(self, task: str, timeout: float = 3600.0, *, op_id: str | None = None) -> TaskResult | None:
        """Cancel the task where it can be cancelled, then wait for its end either way.

        Returns how it ended (its own fault in `.error`), None when vCenter no longer knows it.
        Raises TaskTimeout, VCenterUnavailable.
        """
        info = self.read([task]).get(task)
        if info is None or info.done:
            return info
        if info.cancelable:
            self._cancel(task, op_id)
        try:
            return self.outcome(task, timeout)
        except faults.TaskUnknown:
            return None

    @property
    def watched(self) -> frozenset[str]:
        """The tasks in vCenter's view now; ended ones leave it within a second or two."""
        with self._lock:
            return frozenset(self._in_view)

    def close(self) -> None:
        """Stop the threads; waiters get VCenterUnavailable."""
        with self._lock:
            self._closed = True
            self._lock.notify_all()
            collector = self._collector
        self._fail_all(faults.VCenterUnavailable(log_message="the program stops waiting for tasks"))
        if collector is not None:
            collector.interrupt()

    # ---- waiters

    def _await(self, waiter: _Waiter, timeout: float) -> TaskResult:
        try:
            begun = time.monotonic()
            while True:
                since = waiter.running_since
                left = (since + timeout if since is not None else begun + 2 * timeout) - time.monotonic()
                if waiter.done.wait(timeout=min(max(left, 0.0), 30.0)):
                    break
                if left <= 0:
                    raise faults.TaskTimeout(log_message=f"{waiter.task} still runs after {timeout:.0f} s")
        finally:
            self._leave(waiter)
        if waiter.error is not None:
            raise waiter.error
        return _result(waiter.task, waiter.values)

    def _join(self, task: str) -> _Waiter:
        with self._lock:
            if self._closed:
                raise faults.VCenterUnavailable(log_message="the program stops waiting for tasks")
            waiter = self._waiters.get(task)
            if waiter is None:
                waiter = self._waiters[task] = _Waiter(task)
                if self._remove.pop(task, None) is not None:
                    waiter.heard -= _SILENT  # still in the view, which says nothing twice: read it now
                    self._look_now = True
                else:
                    self._add.add(task)
            waiter.users += 1
            if not self._started:
                self._started = True
                for target, name in ((self._watch_loop, "tasks-wait"), (self._change_loop, "tasks-change")):
                    threading.Thread(target=target, name=f"{name}-{self._vc.label}", daemon=True).start()
            self._lock.notify_all()
            return waiter

    def _leave(self, waiter: _Waiter) -> None:
        with self._lock:
            waiter.users -= 1
            if waiter.users == 0 and self._waiters.get(waiter.task) is waiter:
                del self._waiters[waiter.task]
                if waiter.task in self._add:
                    self._add.discard(waiter.task)
                else:
                    self._remove[waiter.task] = time.monotonic()
                    self._lock.notify_all()

    def _fail_all(self, error: faults.VCenterError) -> None:
        with self._lock:
            waiters = list(self._waiters.values())
        for waiter in waiters:
            waiter.error = error
            waiter.done.set()

    def _unknown(self, tasks: Iterable[str]) -> None:
        with self._lock:
            waiters = [self._waiters[t] for t in tasks if t in self._waiters]
        for waiter in waiters:
            if not waiter.done.is_set():
                waiter.error = faults.TaskUnknown(log_message=f"vCenter no longer knows {waiter.task}")
                waiter.done.set()

    def _cancel(self, task: str, op_id: str | None) -> None:
        try:
            self._vc.call(self._vc.object(vim.Task, task), "CancelTask", op_id=op_id)
        except (faults.ObjectGone, faults.InvalidState, faults.NotSupported) as error:
            _log.info("task_not_cancelled", task=task, reason=error.log_message)

    # ---- the thread that waits

    def _watch_loop(self) -> None:
        attempt = 0
        while not self._closed:
            try:
                if self._collector is None:
                    self._open()
                    attempt = 0
                self._rest_while_idle()
                if self._closed:
                    break
                assert self._collector is not None
                updates, _truncated = self._collector.wait()
                self._take(updates)
            except faults.VCenterError as error:
                if self._closed:
                    break
                self._drop(error)
                time.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
                attempt += 1
        self._drop(None)

    def _open(self) -> None:
        collector = Collector(self._vc)
        view = collector.list_view()
        collector.add_filter(view, [(vim.Task, _PATHS)])
        with self._lock:
            self._collector, self._view = collector, view
            self._add = set(self._waiters)
            self._remove.clear()
            self._in_view.clear()
            self._lost_since = None
            self._lock.notify_all()

    def _drop(self, error: faults.VCenterError | None) -> None:
        with self._lock:
            collector, self._collector, self._view = self._collector, None, None
            if error is not None and self._lost_since is None:
                self._lost_since = time.monotonic()
            lost_since = self._lost_since
        if collector is not None:
            collector.close()
        if error is None or lost_since is None:
            return
        _log.info("task_collector_lost", vcenter=self._vc.label, reason=error.log_message)
        if isinstance(error, faults.WrongCredentials) or time.monotonic() - lost_since > _UNREACHABLE:
            self._fail_all(error)

    def _rest_while_idle(self) -> None:
        # Nobody waits: no call is pending, so an idle program asks vCenter nothing here.
        with self._lock:
            while not self._waiters and not self._closed:
                self._lock.wait(timeout=60.0)

    def _take(self, updates: Iterable[Any]) -> None:
        now = time.monotonic()
        for update in updates:
            with self._lock:
                waiter = self._waiters.get(update.obj._moId)
            if waiter is None:
                continue
            if update.kind == "leave" or _missing(update):
                self._unknown([waiter.task])
                continue
            waiter.heard = now
            for change in update.changeSet or ():
                waiter.values[change.name] = change.val if change.op in ("assign", "add") else None
            self._settle(waiter, now)

    @staticmethod
    def _settle(waiter: _Waiter, now: float) -> None:
        state = waiter.values.get("info.state")
        if state != "queued" and waiter.running_since is None:
            waiter.running_since = now
        if state in ("success", "error"):
            waiter.done.set()

    # ---- the thread that changes the view and looks after silent tasks

    def _change_loop(self) -> None:
        checked = time.monotonic()
        while True:
            with self._lock:
                if self._closed:
                    return
                if not self._due() and not self._look_now:
                    self._lock.wait(timeout=self._patience())
                look_now, self._look_now = self._look_now, False
                if self._closed:
                    return
            try:
                self._flush()
                if look_now or time.monotonic() - checked >= _CHECK:
                    checked = time.monotonic()
                    self._read_silent()
            except faults.VCenterError as error:
                # The waiting thread notices the same trouble and opens a new collector, which takes every waiter again.
                _log.info("task_view_change_failed", vcenter=self._vc.label, reason=error.log_message)
                time.sleep(_PAUSES[0])
            time.sleep(_BATCH)

    def _patience(self) -> float | None:
        if self._remove:
            return _LINGER
        return _CHECK if self._waiters else None

    def _due(self) -> bool:
        if self._view is None:
            return False
        if self._add or len(self._remove) >= _LINGER_MAX:
            return True
        return bool(self._remove) and time.monotonic() - min(self._remove.values()) >= _LINGER

    def _flush(self) -> None:
        with self._lock:
            collector, view = self._collector, self._view
            if collector is None or not self._due():
                return
            add, remove = self._add, set(self._remove)
            self._add, self._remove = set(), {}
        try:
            unknown = collector.modify(view, vim.Task, add, remove)
            with self._lock:
                if self._collector is collector:
                    self._in_view = (self._in_view | add) - remove - unknown
            self._unknown(unknown)
        except faults.VCenterError:
            with self._lock:
                if self._collector is collector:
                    self._add |= add & set(self._waiters)
            raise

    def _read_silent(self) -> None:
        now = time.monotonic()
        with self._lock:
            silent = [w for w in self._waiters.values() if not w.done.is_set() and now - w.heard >= _SILENT]
        if not silent:
            return
        found = properties.read(self._vc, vim.Task, [w.task for w in silent], _PATHS)
        for waiter in silent:
            values = found.get(waiter.task)
            if values is None:
                self._unknown([waiter.task])
                continue
            waiter.heard = now
            waiter.values.update(values)
            self._settle(waiter, now)


def _missing(update: Any) -> bool:
    return any(isinstance(m.fault, vmodl.fault.ManagedObjectNotFound) for m in update.missingSet or ())
