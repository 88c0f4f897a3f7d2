"""The least that any client could do: bare pyVmomi that makes, starts and deletes the same VMs the same way.

    python -m bench.floor --port 8989 --ca ca.pem --parent '[ds1] …/parent.vmdk' --capacity 1073741824 --number 50

One thread a VM, a connection each; one ListView for all tasks; the power-ons of whatever is ready go out in one call; the
watcher's filters are open and drained meanwhile. No database, no queue, no second look. Prints one line of JSON, in seconds.
"""

from __future__ import annotations

import argparse
import json
import queue
import ssl
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pyVim.connect import SmartConnect
from pyVmomi import SoapStubAdapter, vim, vmodl

from bench.lab import VCENTER_PASSWORD, VCENTER_USER
from stackspan.vsphere import specs
from stackspan.vsphere.watch_inventory import KINDS

_Query = vmodl.query.PropertyCollector
_GATHER = 0.005  # seconds in which power-ons join one call


class Floor:
    """A session at vCenter, and what is needed to make VMs in it."""

    def __init__(self, said: argparse.Namespace) -> None:
        self._said = said
        context = ssl.create_default_context(cafile=said.ca)
        self._instance = SmartConnect(
            host="127.0.0.1", port=said.port, user=VCENTER_USER, pwd=VCENTER_PASSWORD, sslContext=context,
            connectionPoolTimeout=-1,
        )  # fmt: skip
        main = self._instance._stub
        self._stub = SoapStubAdapter(
            "127.0.0.1", said.port, version=main.version, path="/sdk", sslContext=context, poolSize=said.number + 8
        )
        self._stub.cookie = main.cookie
        content = self._at(self._instance).RetrieveContent()
        self._content = content
        self._datacenter = content.rootFolder.childEntity[0]
        self._clusters = list(self._datacenter.hostFolder.childEntity)
        self._pools = [cluster.resourcePool for cluster in self._clusters]
        group = next(g for g in self._datacenter.networkFolder.childEntity if g.name == "br-int")
        self._group, self._switch = group.key, group.config.distributedVirtualSwitch.uuid
        self._folder = self._datacenter.vmFolder.CreateFolder(f"floor-{uuid.uuid4().hex[:8]}")
        self._waiters: dict[str, queue.SimpleQueue[Any]] = {}
        self._lock = threading.Lock()
        self._ready: queue.SimpleQueue[tuple[Any, queue.SimpleQueue[None]] | None] = queue.SimpleQueue()
        self._view = content.viewManager.CreateListView()
        self._background(self._drain_watch)
        self._background(self._wait_tasks)
        self._background(self._start_ready)

    def boot(self, number: int) -> tuple[list[Any], float]:
        """Make and start VMs at once; (VMs, seconds)."""
        begun = time.perf_counter()
        with ThreadPoolExecutor(number) as pool:
            vms = list(pool.map(self._boot_one, range(number)))
        return vms, time.perf_counter() - begun

    def delete(self, vms: list[Any]) -> float:
        """Stop and destroy VMs at once; seconds."""
        begun = time.perf_counter()

        def one(vm: Any) -> None:
            self._done(vm.PowerOffVM_Task())
            self._done(vm.Destroy_Task())

        with ThreadPoolExecutor(len(vms)) as pool:
            list(pool.map(one, vms))
        return time.perf_counter() - begun

    def _boot_one(self, index: int) -> Any:
        said, vm_id = self._said, str(uuid.uuid4())
        datastore = said.parent[1:].partition("]")[0]
        disk = specs.ChildDisk(said.parent, said.capacity, datastore, "pvscsi")
        mac = "fa:16:3e:" + ":".join(f"{byte:02x}" for byte in uuid.uuid4().bytes[:3])
        plan = specs.VmPlan(
            name=f"floor ({vm_id})",
            instance_uuid=vm_id,
            datastore=datastore,
            hardware=specs.Hardware(1, 128, "otherGuest64"),
            disks=[disk],
            nics=[specs.NicPlan(mac, self._group, self._switch)],
            guestinfo=specs.GuestInfo(metadata=f"instance-id: {vm_id}\n" * 20, user_data=None),
        )
        spec = specs.create_spec(plan)
        vm = self._done(self._at(self._folder).CreateVM_Task(spec, self._pools[index % len(self._pools)]))
        started: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._ready.put((vm, started))
        started.get(timeout=300)
        return self._at(vm)

    def _start_ready(self) -> None:
        while (first := self._ready.get()) is not None:
            time.sleep(_GATHER)
            batch = [first]
            while not self._ready.empty():
                if (more := self._ready.get()) is not None:
                    batch.append(more)
            threading.Thread(target=self._start, args=(batch,), daemon=True).start()

    def _start(self, batch: list[tuple[Any, queue.SimpleQueue[None]]]) -> None:
        option = vim.option.OptionValue(key="OverrideAutomationLevel", value="fullyAutomated")
        result = self._done(self._at(self._datacenter).PowerOnMultiVM_Task([vm for vm, _ in batch], [option]))
        for info in result.attempted:
            self._done(info.task)
        for _vm, started in batch:
            started.put(None)

    def _done(self, task: Any) -> Any:
        """Wait for a task; its result."""
        mine: queue.SimpleQueue[Any] = queue.SimpleQueue()
        with self._lock:
            self._waiters[task._moId] = mine
        self._at(self._view).ModifyListView(add=[task])
        state, result, error = mine.get(timeout=300)
        if state != "success":
            raise RuntimeError(f"a task failed: {error}")
        return result

    def _wait_tasks(self) -> None:
        collector = self._collector()
        spec = self._filter(self._view, [(vim.Task, ["info.state", "info.result", "info.error"])])
        collector.CreateFilter(spec, False)

        def take(update: Any) -> None:
            values = {change.name: change.val for change in update.changeSet}
            if values.get("info.state") in ("success", "error"):
                with self._lock:
                    waiter = self._waiters.pop(update.obj._moId, None)
                if waiter is not None:
                    waiter.put((values["info.state"], values.get("info.result"), values.get("info.error")))

        self._follow(collector, take)

    def _drain_watch(self) -> None:
        collector = self._collector()
        kinds = [cls for _kind, cls, _paths in KINDS]
        view = self._content.viewManager.CreateContainerView(self._content.rootFolder, kinds, True)
        collector.CreateFilter(self._filter(view, [(cls, list(paths)) for _kind, cls, paths in KINDS]), False)
        self._follow(collector, lambda _update: None)

    def _follow(self, collector: Any, take: Callable[[Any], None]) -> None:
        version = ""
        options = _Query.WaitOptions(maxWaitSeconds=50, maxObjectUpdates=500)
        while True:
            found = collector.WaitForUpdatesEx(version, options)
            if found is None:
                continue
            version = found.version
            for filtered in found.filterSet:
                for update in filtered.objectSet:
                    take(update)

    def _collector(self) -> Any:
        return self._at(self._content.propertyCollector).CreatePropertyCollector()

    def _filter(self, view: Any, paths: list[tuple[Any, list[str]]]) -> Any:
        traverse = _Query.TraversalSpec(name="view", path="view", skip=False, type=type(view))
        return _Query.FilterSpec(
            objectSet=[_Query.ObjectSpec(obj=view, skip=True, selectSet=[traverse])],
            propSet=[_Query.PropertySpec(type=cls, pathSet=names, all=False) for cls, names in paths],
        )

    def _at(self, managed_object: Any) -> Any:
        """The same object, on the stub that has a connection for every thread."""
        return type(managed_object)(managed_object._moId, self._stub)

    def _background(self, target: Callable[[], None]) -> None:
        threading.Thread(target=target, daemon=True).start()


def main() -> None:
    """Boot one, then `number` at once, delete 20 at once, then the rest."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--ca", required=True)
    parser.add_argument("--parent", required=True)
    parser.add_argument("--capacity", type=int, required=True)
    parser.add_argument("--number", type=int, default=50)
    said = parser.parse_args()
    floor = Floor(said)
    singles = []
    for _ in range(5):
        vms, took = floor.boot(1)
        singles.append(took)
        floor.delete(vms)
    vms, boot = floor.boot(said.number)
    twenty = floor.delete(vms[:20])
    if vms[20:]:
        floor.delete(vms[20:])
    print(json.dumps({"one": sorted(singles)[2], "boot": boot, "delete": twenty, "number": said.number}), flush=True)


if __name__ == "__main__":
    main()
