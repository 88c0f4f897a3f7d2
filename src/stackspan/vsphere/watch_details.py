"""Devices and guest addresses of our own VMs: a ListView on a collector of its own, asked at most every 5 s.

`guest.net` of everything would be a relentless stream, so only our VMs are in the view, and between two answers the
thread rests while vCenter gathers what comes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from pyVmomi import vim

from stackspan.core import log
from stackspan.vsphere import changes, devices, faults
from stackspan.vsphere.collector import Collector
from stackspan.vsphere.session import VCenter
from stackspan.vsphere.types import GuestNic, VmHardware

_log = log.get(__name__)

_REST = 5.0  # seconds between two answers
_GATHER = 0.2  # seconds in which changes of the view are gathered into one call
_PATHS = ("config.hardware.device", "guest.net")
_PAUSES = (1.0, 2.0, 5.0, 15.0, 30.0)  # seconds between attempts to reconnect


class DetailWatcher:
    """Follows the tracked VMs while it runs; `sink` gets the changes in this object's thread."""

    def __init__(self, vc: VCenter, sink: Callable[[list[changes.Change]], None]) -> None:
        self._vc = vc
        self._sink = sink
        self._lock = threading.Condition()
        self._tracked: set[str] = set()
        self._add: set[str] = set()
        self._remove: set[str] = set()
        self._hardware: dict[str, VmHardware] = {}
        self._guest: dict[str, tuple[GuestNic, ...]] = {}
        self._collector: Collector | None = None
        self._view: Any = None
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def track(self, morefs: Iterable[str]) -> None:
        """Follow these VMs too."""
        with self._lock:
            new = set(morefs) - self._tracked
            self._tracked |= new
            self._add |= new
            self._remove -= new
            self._lock.notify_all()

    def untrack(self, morefs: Iterable[str]) -> None:
        """No longer follow these."""
        with self._lock:
            old = set(morefs) & self._tracked
            self._tracked -= old
            self._remove |= old - self._add
            self._add -= old
            for ref in old:
                self._hardware.pop(ref, None)
                self._guest.pop(ref, None)
            self._lock.notify_all()

    def start(self) -> None:
        """Start the threads."""
        self._stop.clear()
        self._threads = [
            threading.Thread(target=target, name=f"{name}-{self._vc.label}", daemon=True)
            for target, name in ((self._watch_loop, "vms-wait"), (self._change_loop, "vms-change"))
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float) -> None:
        """Stop the threads and wait for them."""
        self._stop.set()
        with self._lock:
            self._lock.notify_all()
        deadline = time.monotonic() + timeout
        for thread in self._threads:
            while thread.is_alive() and time.monotonic() < deadline:
                # Again and again: the thread may have been about to wait when it was interrupted.
                collector = self._collector
                if collector is not None:
                    collector.interrupt()
                thread.join(0.1)

    def start_over(self) -> None:
        """Send everything again: the receiver begins a full view."""
        with self._lock:
            collector = self._collector
            self._hardware.clear()
            self._guest.clear()
        if collector is not None:
            self._drop()
            collector.interrupt()

    def _watch_loop(self) -> None:
        attempt = 0
        while not self._stop.is_set():
            try:
                collector = self._open()
                if collector is None:
                    break
                updates, truncated = collector.wait()
                attempt = 0
                found = list(self._take(updates))
                if found:
                    self._sink(found)
                if updates and not truncated:
                    self._stop.wait(_REST)
            except faults.VCenterError as error:
                self._drop()
                if not self._stop.is_set():
                    _log.info("vm_details_lost", vcenter=self._vc.label, reason=error.log_message)
                    self._stop.wait(_PAUSES[min(attempt, len(_PAUSES) - 1)])
                    attempt += 1
        self._drop()

    def _open(self) -> Collector | None:
        with self._lock:
            while not self._tracked and not self._stop.is_set():
                self._lock.wait()
            if self._stop.is_set() or self._collector is not None:
                return self._collector if not self._stop.is_set() else None
        collector = Collector(self._vc)
        view = collector.list_view()
        collector.add_filter(view, [(vim.VirtualMachine, _PATHS)])
        with self._lock:
            self._collector, self._view = collector, view
            self._add, self._remove = set(self._tracked), set()
            self._hardware.clear()
            self._guest.clear()
            self._lock.notify_all()
        return collector

    def _drop(self) -> None:
        with self._lock:
            collector, self._collector, self._view = self._collector, None, None
        if collector is not None:
            collector.close()

    def _take(self, updates: Iterable[Any]) -> Iterable[changes.Change]:
        for update in updates:
            ref = str(update.obj._moId)
            if update.kind == "leave" or ref not in self._tracked:
                continue
            for change in update.changeSet or ():
                value = change.val if change.op in ("assign", "add") else None
                if change.name == "config.hardware.device":
                    hardware = devices.hardware(value)
                    if self._hardware.get(ref) != hardware:
                        self._hardware[ref] = hardware
                        yield changes.VmHardwareChange(ref, hardware)
                elif change.name == "guest.net":
                    nics = devices.guest_nics(value)
                    if self._guest.get(ref, ()) != nics:
                        self._guest[ref] = nics
                        yield changes.VmGuestChange(ref, nics)

    def _change_loop(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                while not self._stop.is_set() and (self._view is None or not (self._add or self._remove)):
                    self._lock.wait()
            if self._stop.wait(_GATHER):
                return
            with self._lock:
                collector, view = self._collector, self._view
                add, remove = self._add, self._remove
                if collector is None:
                    continue
                self._add, self._remove = set(), set()
            try:
                unknown = collector.modify(view, vim.VirtualMachine, add, remove)
            except faults.VCenterError as error:
                # The waiting thread meets the same trouble and opens a new view of all tracked VMs.
                _log.info("vm_view_change_failed", vcenter=self._vc.label, reason=error.log_message)
                continue
            if unknown:
                _log.info("vms_unknown", vcenter=self._vc.label, vms=sorted(unknown))
