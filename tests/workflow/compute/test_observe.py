"""What becomes of a server when its VM is changed in vCenter, seen through the real watcher."""

from __future__ import annotations

import datetime as dt
import pathlib
import time
from collections.abc import Callable, Iterator

import pytest
from tests.support import trials
from tests.support.databases import FreshDatabase
from tests.support.vcsim import Vcsim
from tests.workflow.compute import lab

from stackspan.compute.model import PowerState, VmState
from stackspan.compute.observe import ServerObserver
from stackspan.vsphere import vms
from stackspan.vsphere.fleet import Link
from stackspan.vsphere.watcher import Watcher


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


@pytest.fixture
def world(fresh_sqlite: FreshDatabase, site: lab.Site, tmp_path: pathlib.Path) -> Iterator[lab.ComputeWorld]:
    with fresh_sqlite() as database:
        found = lab.ComputeWorld(database, site, tmp_path)
        with trials.engine(found) as running:
            found.submit()
            running.drain()
        yield found
        with trials.engine(found) as running:
            found.delete()
            running.drain()


@pytest.fixture
def observed(world: lab.ComputeWorld, vcsim: Vcsim) -> Iterator[ServerObserver]:
    assert vcsim
    link = world.site.link
    watcher = Watcher(link.vc)
    watched = Link(link.vcenter_uuid, link.label, link.vc, link.tasks, link.power, watcher)
    observer = ServerObserver(world.service, watched, sure_seconds=0.1)
    watcher.start(observer.on_changes)
    assert watcher.wait_ready(20)
    yield observer
    watcher.stop()


def test_power_off_by_an_operator_shows_as_stopped(world: lab.ComputeWorld, observed: ServerObserver) -> None:
    assert observed
    link, (moref,) = world.site.link, world.vms()
    eventually(lambda: world.server().esxi_host is not None)
    link.tasks.wait(vms.power_off(link.vc, moref))
    eventually(lambda: world.server().vm_state is VmState.STOPPED)
    assert world.server().power_state is PowerState.SHUTDOWN
    link.power.power_on(world.site.datacenter, moref)
    eventually(lambda: world.server().vm_state is VmState.ACTIVE)
    assert world.server().task_state is None


def test_the_ports_of_nics_are_learned(world: lab.ComputeWorld, observed: ServerObserver) -> None:
    assert observed

    def keys() -> list[str | None]:
        return [nic.port_key for nic in world.service.servers.nics(world.server_id)]

    (device,) = vms.read(world.site.link.vc, world.vms()[0]).hardware.nics
    eventually(lambda: keys() == [device.port_key])


def test_a_vanished_vm_is_an_error_only_after_ten_minutes(
    world: lab.ComputeWorld, observed: ServerObserver, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, (moref,) = world.site.link, world.vms()
    link.tasks.wait(vms.power_off(link.vc, moref))
    eventually(lambda: world.server().vm_state is VmState.STOPPED)
    link.tasks.wait(vms.destroy(link.vc, moref))
    eventually(lambda: world.server().vanished_at is not None)
    observed.settle()
    assert world.server().vm_state is VmState.STOPPED
    clock = world.service.parts.clock
    later = clock.now() + dt.timedelta(minutes=11)
    monkeypatch.setattr(type(clock), "now", lambda _self: later)
    observed.settle()
    assert world.server().vm_state is VmState.ERROR


def test_a_held_server_does_not_follow(world: lab.ComputeWorld, observed: ServerObserver) -> None:
    link, (moref,) = world.site.link, world.vms()
    world.service.lifecycle.power(world.context, world.server_id, "reboot_hard")  # no engine takes it
    link.tasks.wait(vms.power_off(link.vc, moref))
    eventually(lambda: world.server().power_state is PowerState.SHUTDOWN)
    time.sleep(0.5)
    assert world.server().vm_state is VmState.ACTIVE
    assert isinstance(observed, ServerObserver)
