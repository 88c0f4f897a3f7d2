"""The simulated vCenter's own gate: many threads clone under an open container view, and nothing hangs."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from pyVmomi import vim
from tests.driver.conftest import Place, place, tasks, vc
from tests.support.vcsim import vcsim

from stackspan.vsphere import faults, properties
from stackspan.vsphere.collector import Collector

__all__ = ["place", "tasks", "vc", "vcsim"]

_THREADS, _CLONES = 32, 300
_RUNS = int(os.environ.get("STACKSPAN_GATE_RUNS", "2"))
_PATHS = ["name", "runtime.powerState", "summary.config.numCpu", "config.hardware.device"]


class Watching:
    """A container view of all VMs, waited on in a thread."""

    def __init__(self, place: Place) -> None:
        self._collector = Collector(place.vc)
        view = self._collector.container_view([vim.VirtualMachine])
        self._collector.add_filter(view, [(vim.VirtualMachine, _PATHS)])
        self.seen: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._collector.interrupt()
        self._thread.join(10)
        assert not self._thread.is_alive()
        self._collector.close()

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                updates, _truncated = self._collector.wait()
            except faults.VCenterError:
                assert self._stop.is_set()
                return
            for update in updates:
                (self.seen.discard if update.kind == "leave" else self.seen.add)(str(update.obj._moId))


def clone_all(place: Place, source: str) -> float:
    """Clone from many threads; seconds."""
    folder = place.vc.object(vim.Folder, place.folder)

    def one(number: int) -> None:
        spec = vim.vm.CloneSpec(location=vim.vm.RelocateSpec(pool=place.vc.object(vim.ResourcePool, pool)))
        name = f"clone-{number}-{place.name}"
        task = place.vc.call(
            place.vc.object(vim.VirtualMachine, source), "CloneVM_Task", folder=folder, name=name, spec=spec
        )
        place.tasks.wait(task._moId, timeout=120)

    pool = place.cluster.resource_pool
    begun = time.perf_counter()
    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(one, range(_CLONES)))
    return time.perf_counter() - begun


@pytest.mark.timeout(600)
def test_many_clones_under_a_container_view(place: Place) -> None:
    source = place.make("source")
    for run in range(_RUNS):
        watching = Watching(place)
        took = clone_all(place, source)
        clones = {ref for ref in _children(place) if ref != source}
        assert len(clones) == _CLONES
        deadline = time.monotonic() + 10
        while not clones <= watching.seen and time.monotonic() < deadline:
            time.sleep(0.01)
        assert clones <= watching.seen
        _destroy(place, clones)
        while clones & watching.seen and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not clones & watching.seen
        watching.close()
        print(f"run {run}: {took:.2f} s watched")  # noqa: T201  seen with -s
    if _RUNS > 2:
        alone = clone_all(place, source)
        print(f"{alone:.2f} s unwatched")  # noqa: T201


def _children(place: Place) -> list[str]:
    found = properties.read_one(place.vc, vim.Folder, place.folder, ["childEntity"])
    return [str(child._moId) for child in found["childEntity"]]


def _destroy(place: Place, refs: set[str]) -> None:
    started = [place.vc.call(place.vc.object(vim.VirtualMachine, ref), "Destroy_Task")._moId for ref in refs]
    place.tasks.outcomes(started)
