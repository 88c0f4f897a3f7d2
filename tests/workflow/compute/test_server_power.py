"""The trials of power changes."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from tests.support import trials
from tests.support.databases import FreshDatabase
from tests.workflow.compute import lab

from stackspan.compute.model import PowerState, VmState
from stackspan.vsphere import names, vms
from stackspan.workflow import Workflow


class PowerWorld(lab.ComputeWorld):
    """A server that runs, to be stopped."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        with trials.engine(self) as running:
            super().submit()
            running.drain()

    def workflows(self) -> Sequence[Workflow[Any]]:
        create, delete, power, *others = super().workflows()
        return [power, create, delete, *others]

    def submit(self) -> str:
        self.service.lifecycle.power(self.context, self.server_id, "stop")
        return self.job("server.power")

    def power_of_vm(self) -> str:
        """vCenter's word."""
        return vms.read(self.site.link.vc, self.vms()[0]).power_state.value

    def change(self, change: str) -> None:
        """Ask for it and wait."""
        with trials.engine(self) as running:
            self.service.lifecycle.power(self.context, self.server_id, change)
            running.drain()

    def assert_done(self) -> None:
        server = self.server()
        assert (server.vm_state, server.task_state) == (VmState.STOPPED, None)
        assert server.power_state is PowerState.SHUTDOWN
        assert self.power_of_vm() == "poweredOff"

    def assert_undone(self) -> None:
        server = self.server()
        assert (server.vm_state, server.task_state) == (VmState.ACTIVE, None)
        assert self.events()["compute_stop_instance"] == "Error"


class TestServerPower(trials.WorkflowTrials):
    @pytest.fixture
    def make_world(self, fresh_sqlite: FreshDatabase, site: lab.Site, tmp_path: pathlib.Path) -> trials.MakeWorld:
        @contextlib.contextmanager
        def make() -> Iterator[PowerWorld]:
            with fresh_sqlite() as database:
                yield PowerWorld(database, site, tmp_path)

        return make


@pytest.fixture
def world(fresh_sqlite: FreshDatabase, site: lab.Site, tmp_path: pathlib.Path) -> Iterator[PowerWorld]:
    with fresh_sqlite() as database:
        yield PowerWorld(database, site, tmp_path)


def test_stop_start_suspend_resume_reboot(world: PowerWorld) -> None:
    wanted = [
        ("stop", VmState.STOPPED, "poweredOff"),
        ("start", VmState.ACTIVE, "poweredOn"),
        ("reboot_soft", VmState.ACTIVE, "poweredOn"),
        ("suspend", VmState.SUSPENDED, "suspended"),
        ("resume", VmState.ACTIVE, "poweredOn"),
        ("reboot_hard", VmState.ACTIVE, "poweredOn"),
        ("stop", VmState.STOPPED, "poweredOff"),
        ("reboot_hard", VmState.ACTIVE, "poweredOn"),
    ]
    for change, vm_state, power in wanted:
        world.change(change)
        server = world.server()
        assert (change, server.vm_state, server.task_state) == (change, vm_state, None)
        assert world.power_of_vm() == power


def test_the_vm_follows_a_new_name(world: PowerWorld) -> None:
    with trials.engine(world) as running:
        world.service.servers.update(world.context, world.server_id, {"name": "a/b%c"})
        running.drain()
    wanted = names.vm_name("a/b%c", world.server_id)
    assert list(world.site.children(world.folder()).values()) == [wanted]
    assert world.server().vm_name == wanted
    with trials.engine(world) as running:
        world.delete()
        running.drain()
    world.assert_deleted()
