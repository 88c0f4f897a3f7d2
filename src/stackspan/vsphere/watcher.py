"""Pushed changes of one vCenter: inventory and VM state, no tasks.

A collector of its own watches few scalar paths of all VMs, and hosts, clusters, datastores, switches and port groups;
a second one (`watch_details`) follows the devices and guest addresses of our VMs. Changes are taken into memory and
compared there; what differs is handed over in batches. After a lost session, a bad collector or a receiver that failed,
the watcher starts over with a full view.
"""

from __future__ import annotations

import collections
import threading
import time
from collections.abc import Iterable

from stackspan.core import log
from stackspan.vsphere import faults, inventory
from stackspan.vsphere.changes import (
    Change,
    ClusterChange,
    DatastoreChange,
    DvSwitchChange,
    FullView,
    HostChange,
    OnChanges,
    PortGroupChange,
    Removed,
    VmChange,
    VmGuestChange,
    VmHardwareChange,
)
from stackspan.vsphere.collector import Collector
from stackspan.vsphere.session import VCenter
from stackspan.vsphere.watch_details import DetailWatcher
from stackspan.vsphere.watch_inventory import KINDS, InventoryState

__all__ = [
    "Change",
    "ClusterChange",
    "DatastoreChange",
    "DvSwitchChange",
    "FullView",
    "HostChange",
    "OnChanges",
    "PortGroupChange",
    "Removed",
    "VmChange",
    "VmGuestChange",
    "VmHardwareChange",
    "Watcher",
]

_log = log.get(__name__)

_BATCH = 200  # changes handed over at once
_BATCH_AGE = 0.2  # seconds that a change may wait for company
_MAX_PENDING = 20_000  # changes in memory before the collector waits for the receiver
_PAUSES = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)  # seconds between attempts to reconnect
_JOIN = 30.0  # seconds to wait for a thread to end


class _Queue:
    """Changes on their way to the receiver, with the time each was received."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._items: collections.deque[tuple[float, Change]] = collections.deque()
        self._oldest_in_hand: float | None = None
        self._closed = False

    def put(self, changes: Iterable[Change]) -> None:
        now = time.monotonic()
        with self._lock:
            while len(self._items) >= _MAX_PENDING and not self._closed:
                self._lock.wait()
            self._items.extend((now, change) for change in changes)
            self._lock.notify_all()

    def take(self) -> list[Change]:
        """The next batch, once it is full or its first change is old enough; empty when closed."""
        with self._lock:
            while not self._items and not self._closed:
                self._lock.wait()
            while self._items and len(self._items) < _BATCH and not self._closed:
                left = self._items[0][0] + _BATCH_AGE - time.monotonic()
                if left <= 0:
                    break
                self._lock.wait(left)
            if self._closed or not self._items:
                return []
            self._oldest_in_hand = self._items[0][0]
            batch = [self._items.popleft()[1] for _ in range(min(_BATCH, len(self._items)))]
            self._lock.notify_all()
            return batch

    def done(self) -> None:
        """The batch was handed over."""
        with self._lock:
            self._oldest_in_hand = None

    def age(self) -> float:
        with self._lock:
            oldest = self._oldest_in_hand
            if oldest is None:
                oldest = self._items[0][0] if self._items else None
            return 0.0 if oldest is None else time.monotonic() - oldest

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._items.clear()
            self._lock.notify_all()


class Watcher:
    """Watches one vCenter; one per vCenter in the process that leads.

    `on_changes` gets batches (at most 200 changes, at most 200 ms old) in order, in one thread. If it raises, the batch
    counts as lost and the watcher starts over with a full view.
    """

    def __init__(self, vc: VCenter, on_changes: OnChanges | None = None) -> None:
        self._vc = vc
        self._on_changes = on_changes
        self._queue = _Queue()
        self._details = DetailWatcher(vc, self._put)
        self._stop = threading.Event()
        self._restart = threading.Event()
        self._ready = threading.Event()
        self._threads: list[threading.Thread] = []
        self._collector: Collector | None = None
        self._number = 0
        self._skipping = False
        self._failed_number = 0
        self.connected = False

    # ---- for its owner

    def start(self, on_changes: OnChanges | None = None) -> None:
        """Begin watching in threads of its own; a full view comes first. May be called again after `stop`."""
        if on_changes is not None:
            self._on_changes = on_changes
        assert self._on_changes is not None
        self._queue = _Queue()
        self._stop.clear()
        self._restart.clear()
        self._ready.clear()
        self._skipping = False
        self._threads = [
            threading.Thread(target=target, name=f"{name}-{self._vc.label}", daemon=True)
            for target, name in ((self._watch_loop, "watch"), (self._hand_over_loop, "watch-out"))
        ]
        for thread in self._threads:
            thread.start()
        self._details.start()

    def stop(self) -> None:
        """Stop; returns when no call of `on_changes` is under way any more."""
        self._stop.set()
        self._queue.close()
        self._details.stop(_JOIN)
        deadline = time.monotonic() + _JOIN
        for thread in self._threads:
            while thread.is_alive() and time.monotonic() < deadline:
                # Again and again: the thread may have been about to wait when it was interrupted.
                collector = self._collector
                if collector is not None:
                    collector.interrupt()
                thread.join(0.1)
        self._threads = []
        self.connected = False

    def track(self, morefs: Iterable[str]) -> None:
        """From now on these VMs are ours: their devices and guest addresses are watched too. Before or after start."""
        self._details.track(morefs)

    def untrack(self, morefs: Iterable[str]) -> None:
        """These VMs are no longer ours."""
        self._details.untrack(morefs)

    def wait_ready(self, timeout: float) -> bool:
        """Wait until a full view was handed over whole. False: not within `timeout` seconds."""
        return self._ready.wait(timeout)

    @property
    def lag_seconds(self) -> float:
        """Age of the oldest change that was received and not yet handed over; 0 when none."""
        return self._queue.age()

    @property
    def full_views(self) -> int:
        """How many full views were begun."""
        return self._number

    # ---- the thread that waits

    def _put(self, found: list[Change]) -> None:
        self._queue.put(found)

    def _watch_loop(self) -> None:
        attempt = 0
        while not self._stop.is_set():
            try:
                self._watch_once()
                attempt = 0
            except faults.VCenterError as error:
                if self._stop.is_set():
                    break
                attempt = 0 if self.connected else attempt + 1
                _log.warning("watch_lost", vcenter=self._vc.label, reason=error.log_message)
            finally:
                self.connected = False
                collector, self._collector = self._collector, None
                if collector is not None:
                    collector.close()
            self._stop.wait(_PAUSES[min(attempt, len(_PAUSES) - 1)])

    def _watch_once(self) -> None:
        """A full view, then changes until something breaks or the receiver asks to start over."""
        self._restart.clear()
        state = InventoryState(inventory.Places(self._vc))
        collector = self._collector = Collector(self._vc)
        view = collector.container_view([cls for _kind, cls, _paths in KINDS])
        collector.add_filter(view, [(cls, paths) for _kind, cls, paths in KINDS])
        self._number += 1
        begun = time.monotonic()
        self._queue.put([FullView(True, self._number)])
        self._details.start_over()
        whole = False
        while not self._stop.is_set() and not self._restart.is_set():
            updates, truncated = collector.wait()
            found = list(state.apply(updates))
            if found:
                self._queue.put(found)
            if not whole and not truncated:
                whole = self.connected = True
                self._queue.put([FullView(False, self._number, state.present())])
                _log.info(
                    "watch_full_view",
                    vcenter=self._vc.label,
                    seconds=round(time.monotonic() - begun, 3),
                    vms=len(state.present()["vm"]),
                )

    # ---- the thread that hands over

    def _hand_over_loop(self) -> None:
        failures = 0
        while not self._stop.is_set():
            batch = self._queue.take()
            if self._skipping:
                batch = self._after_begin(batch)
            if not batch:
                continue
            try:
                assert self._on_changes is not None
                self._on_changes(batch)
                failures = 0
            except Exception:  # noqa: BLE001  the receiver is others' code: whatever it raises, watching goes on
                _log.exception("watch_receiver_failed", vcenter=self._vc.label, changes=len(batch))
                self._stop.wait(_PAUSES[min(failures, len(_PAUSES) - 1)])
                failures += 1
                self._start_over()
                continue
            finally:
                self._queue.done()
            if any(isinstance(change, FullView) and not change.begin for change in batch):
                self._ready.set()

    def _start_over(self) -> None:
        self._skipping = True
        self._failed_number = self._number
        self._restart.set()
        collector = self._collector
        if collector is not None:
            collector.interrupt()

    def _after_begin(self, batch: list[Change]) -> list[Change]:
        """Drop what belongs to the view that failed; from the next view's begin on, everything counts again."""
        for position, change in enumerate(batch):
            if isinstance(change, FullView) and change.begin and change.number > self._failed_number:
                self._skipping = False
                return batch[position:]
        return []
