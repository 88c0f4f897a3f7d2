"""The trials of a delete, and what it must leave alone."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from tests.support import trials
from tests.support.databases import FreshDatabase
from tests.workflow.compute import lab

from stackspan.compute.model import VmState
from stackspan.vsphere import datastores, disks, specs, vms
from stackspan.workflow import Workflow


class DeleteWorld(lab.ComputeWorld):
    """A server that runs."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        with trials.engine(self) as running:
            super().submit()
            running.drain()
        assert self.server().vm_state is VmState.ACTIVE

    def workflows(self) -> Sequence[Workflow[Any]]:
        create, delete, *others = super().workflows()
        return [delete, create, *others]

    def submit(self) -> str:
        super().delete()
        return self.job("server.delete")

    def assert_done(self) -> None:
        self.assert_deleted()
        with self.database.read() as tx:
            assert self.service.quotas.absolute(self.context)["instances"].in_use == 0
            assert tx

    def assert_undone(self) -> None:
        """A delete goes forward or stops: what failed can be asked for again."""
        server = self.server()
        assert server.vm_state is VmState.ERROR
        assert not server.deleted
        assert self.allocations() != {}


class TestServerDelete(trials.WorkflowTrials):
    @pytest.fixture
    def make_world(self, fresh_sqlite: FreshDatabase, site: lab.Site, tmp_path: pathlib.Path) -> trials.MakeWorld:
        @contextlib.contextmanager
        def make() -> Iterator[DeleteWorld]:
            with fresh_sqlite() as database:
                yield DeleteWorld(database, site, tmp_path)

        return make

    def test_delete_during_each_step(self, make_world: trials.MakeWorld) -> None:
        """A second delete while the first one runs is one delete: it changes nothing."""
        with make_world() as world, trials.engine(world) as running:
            world.submit()
            world.delete()
            running.drain()
            world.assert_deleted()


@pytest.fixture
def world(fresh_sqlite: FreshDatabase, site: lab.Site, tmp_path: pathlib.Path) -> Iterator[DeleteWorld]:
    with fresh_sqlite() as database:
        yield DeleteWorld(database, site, tmp_path)


def _delete(world: DeleteWorld) -> None:
    with trials.engine(world) as running:
        world.submit()
        running.drain()


def test_a_copy_with_our_marks_is_left_alone(world: DeleteWorld) -> None:
    copy = world.foreign_vm(world.server_id, f"trial ({world.server_id}) restored")
    _delete(world)
    assert world.server().deleted
    assert world.vms() == [copy]
    world.site.link.tasks.wait(vms.destroy(world.site.link.vc, copy))


def test_a_disk_that_is_not_the_servers_own_stays(world: DeleteWorld) -> None:
    link, name = world.site.link, world.site.datastore.name
    path = f"[{name}] volume-{world.server_id}.vmdk"
    link.tasks.wait(disks.create(link.vc, world.site.datacenter, path, lab.GIB))
    state = vms.read(link.vc, world.vms()[0])
    controller = state.hardware.disks[0].controller_key
    change = specs.disks.disk_spec(specs.ExistingDisk(path, capacity_bytes=lab.GIB), controller, 9)
    link.tasks.wait(vms.reconfigure(link.vc, state.moref, specs.reconfigure_spec(device_changes=[change])))
    _delete(world)
    world.assert_deleted()
    assert datastores.head(link.vc, world.site.datacenter_path, *datastores.split(path)) is not None


def test_a_parent_that_nobody_holds_is_left_alone(world: DeleteWorld) -> None:
    link = world.site.link
    directory = vms.read(link.vc, world.vms()[0]).directory
    world.service.parts.image.cache_keepers = lambda _tx, _server_id: []  # type: ignore[method-assign]
    _delete(world)
    world.assert_deleted()
    parent = datastores.split(world.site.parent_path)
    assert datastores.head(link.vc, world.site.datacenter_path, *parent) is not None
    assert datastores.search(link.vc, link.tasks, world.site.datastore.moref, directory) == []


def test_a_server_whose_vm_is_gone_is_deleted(world: DeleteWorld) -> None:
    link = world.site.link
    (moref,) = world.vms()
    link.tasks.wait(vms.power_off(link.vc, moref))
    vms.unregister(link.vc, moref)
    _delete(world)
    world.assert_deleted()


def test_deleted_servers_show_their_delete(world: DeleteWorld) -> None:
    _delete(world)
    assert world.events() == {
        "compute_terminate_instance": "Success",
        "compute_remove_vm": "Success",
        "compute_remove_config_drive": "Success",
    }
    assert dataclasses.asdict(world.server())["terminated_at"] is not None


def test_a_failed_delete_is_asked_for_again(world: DeleteWorld) -> None:
    for name in ("remove_vm", "remove_config_drive"):
        with trials.engine(world, lambda w, name=name: trials.failing_at(w, name)) as running:  # type: ignore[misc]
            world.submit()
            running.drain()
        world.assert_undone()
    _delete(world)
    world.assert_deleted()
