"""A client, a task tracker and a folder of its own for each test, on the run's one simulator."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from tests.support.vcsim import Vcsim, vcsim

from stackspan.vsphere import datastores, disks, folders, inventory, specs, vms
from stackspan.vsphere.session import VCenter
from stackspan.vsphere.tasks import TaskTracker
from stackspan.vsphere.types import ClusterInfo, DatacenterInfo, DatastoreInfo, PortGroupInfo

__all__ = ["vcsim"]

MIB = 1 << 20
GIB = 1 << 30


@pytest.fixture
def vc(vcsim: Vcsim) -> Iterator[VCenter]:
    """A client with a session of its own."""
    client = VCenter(vcsim.settings())
    yield client
    client.close()


@pytest.fixture
def tasks(vc: VCenter) -> Iterator[TaskTracker]:
    """Waits for tasks of `vc`."""
    tracker = TaskTracker(vc)
    yield tracker
    tracker.close()


@dataclass
class Place:
    """Where a test puts its things: unique names, so that tests don't see each other."""

    vc: VCenter
    tasks: TaskTracker
    name: str
    datacenter: DatacenterInfo
    clusters: list[ClusterInfo]
    datastores: list[DatastoreInfo]
    port_group: PortGroupInfo
    folder: str

    @property
    def cluster(self) -> ClusterInfo:
        return self.clusters[0]

    @property
    def datastore(self) -> DatastoreInfo:
        return self.datastores[0]

    def directory(self) -> str:
        """A fresh directory of the test's, `[ds] name`."""
        path = f"[{self.datastore.name}] {self.name}"
        datastores.make_directory(self.vc, self.datacenter.moref, path)
        return path

    def parent(self, size: int = GIB) -> str:
        """A disk that servers can be children of."""
        path = f"{self.directory()}/parent.vmdk"
        self.tasks.wait(disks.create(self.vc, self.datacenter.moref, path, size))
        return path

    def plan(self, name: str = "vm", **changes: object) -> specs.VmPlan:
        fields: dict[str, object] = {
            "name": f"{name}-{self.name}",
            "instance_uuid": str(uuid.uuid4()),
            "datastore": self.datastore.name,
            "hardware": specs.Hardware(1, 64, "otherLinux64Guest"),
            **changes,
        }
        return specs.VmPlan(**fields)  # type: ignore[arg-type]

    def nic(self) -> specs.NicPlan:
        tail = uuid.uuid4().bytes[:3]
        mac = "fa:16:3e:" + ":".join(f"{byte:02x}" for byte in tail)
        return specs.NicPlan(mac, self.port_group.key, self.port_group.dvs_uuid)

    def make(self, name: str = "vm", cluster: int = 0, **changes: object) -> str:
        """A VM, made; its moref."""
        spec = specs.create_spec(self.plan(name, **changes))
        pool = self.clusters[cluster].resource_pool
        return str(self.tasks.wait(vms.create(self.vc, self.folder, pool, spec)).result)


@pytest.fixture
def place(vc: VCenter, tasks: TaskTracker) -> Iterator[Place]:
    """A folder, and what the simulated vCenter has; everything made in the folder is removed at the end."""
    name = uuid.uuid4().hex[:12]
    datacenter = inventory.datacenters(vc)[0]
    folder = folders.ensure_path(vc, datacenter.moref, ("tests", name))
    found = Place(
        vc=vc,
        tasks=tasks,
        name=name,
        datacenter=datacenter,
        clusters=inventory.clusters(vc),
        datastores=inventory.datastores(vc),
        port_group=next(g for g in inventory.port_groups(vc) if g.vlan is not None and not g.uplink),
        folder=folder,
    )
    yield found
    _clear(vc, folder)


def _clear(vc: VCenter, folder: str) -> None:
    tracker = TaskTracker(vc)
    started = []
    for moref, state in vms.read_many(
        vc, [ref for ref in folders.children(vc, folder) if ref.startswith("vm-")]
    ).items():
        if state.power_state.value != "poweredOff":
            tracker.outcome(vms.power_off(vc, moref))
        started.append(vms.destroy(vc, moref))
    tracker.outcomes(started)
    tracker.close()


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Waits for a condition, never for a time."""
    import time

    def wait(condition: Callable[[], object], timeout: float = 10.0) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true"
            time.sleep(0.01)

    return wait
