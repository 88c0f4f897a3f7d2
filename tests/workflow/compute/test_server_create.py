"""The trials of a boot."""

from __future__ import annotations

import contextlib
import io
import json
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pycdlib
import pytest
from tests.support import trials
from tests.support.databases import FreshDatabase
from tests.workflow.compute import lab

from stackspan.compute.model import PowerState
from stackspan.compute.store import servers as server_store
from stackspan.vsphere import datastores, faults, vms
from stackspan.workflow import Outcome, StepContext, Workflow


class TestServerCreate(trials.WorkflowTrials):
    @pytest.fixture
    def make_world(self, fresh_sqlite: FreshDatabase, site: lab.Site, tmp_path: pathlib.Path) -> trials.MakeWorld:
        @contextlib.contextmanager
        def make() -> Iterator[lab.ComputeWorld]:
            with fresh_sqlite() as database:
                yield lab.ComputeWorld(database, site, tmp_path)

        return make


@pytest.fixture
def world(fresh_sqlite: FreshDatabase, site: lab.Site, tmp_path: pathlib.Path) -> Iterator[lab.ComputeWorld]:
    with fresh_sqlite() as database:
        yield lab.ComputeWorld(database, site, tmp_path)


def test_a_booted_server_is_whole(world: lab.ComputeWorld) -> None:
    with trials.engine(world) as running:
        world.submit()
        running.drain()
    server = world.server()
    assert server.power_state is PowerState.RUNNING
    assert server.launched_at is not None
    assert server.vm_name == f"trial ({server.id})"
    state = vms.read(world.site.link.vc, world.vms()[0])
    assert state.extra_config["nvp.vm-uuid"] == server.id
    assert "guestinfo.metadata" in state.extra_config
    assert "guestinfo.userdata" in state.extra_config
    assert state.annotation.startswith("name:trial\n")
    assert world.events() == {
        "compute__do_build_and_run_instance": "Success",
        "compute_prepare_network": "Success",
        "compute_write_config_drive": "Success",
        "compute_create_vm": "Success",
        "compute_power_on": "Success",
    }
    (path,) = world.own_drives()
    chunks = datastores.get(world.site.link.vc, world.site.datacenter_path, *datastores.split(path))
    iso = pycdlib.PyCdlib()
    iso.open_fp(io.BytesIO(b"".join(chunks)))
    assert iso.pvd.volume_identifier.decode().strip() == "config-2"
    told = json.loads(_content(iso, "/openstack/latest/meta_data.json"))
    assert told["uuid"] == server.id
    assert told["meta"] == {"role": "test"}
    network = json.loads(_content(iso, "/openstack/latest/network_data.json"))
    assert network["networks"][0]["ip_address"] == "10.1.0.2"
    assert _content(iso, "/openstack/latest/user_data") == b"#!/bin/sh\n"


def _content(iso: pycdlib.PyCdlib, path: str) -> bytes:
    target = io.BytesIO()
    iso.get_file_from_iso_fp(target, rr_path=path)
    return target.getvalue()


def _refusing(times: int) -> Callable[[Workflow[Any]], Workflow[Any]]:
    """The first `times` power-ons find no host."""
    left = [times]

    def change(workflow: Workflow[Any]) -> Workflow[Any]:
        (step,) = [step for step in workflow.steps if step.name == "power_on"]

        def run(ctx: StepContext[Any]) -> Outcome:
            if left[0] > 0:
                left[0] -= 1
                raise faults.InsufficientResources(log_message="no host of the cluster can run it")
            return step.run(ctx)

        return trials.with_step(workflow, "power_on", run=run)

    return change


def test_where_a_cluster_can_not_run_it_the_next_one_does(world: lab.ComputeWorld) -> None:
    with trials.engine(world, _refusing(1)) as running:
        world.server_id = world.boot()
        first = world.server().cluster_uuid
        running.drain()
    world.assert_done()
    assert world.server().cluster_uuid != first
    with world.database.read() as tx:
        held = world.service.parts.placement.allocation_get(tx, world.server_id)
    assert first not in held


def test_where_none_can_there_is_no_valid_host(world: lab.ComputeWorld) -> None:
    with trials.engine(world, _refusing(9)) as running:
        world.server_id = world.boot()
        running.drain()
    world.assert_undone()
    with world.database.read() as tx:
        fault = server_store.faults_many(tx, [world.server_id])[world.server_id]
    assert fault.message.startswith("No valid host was found.")
    assert "cluster1" not in fault.message
    assert "no host of the cluster can run it" in fault.details
    assert world.events()["compute__do_build_and_run_instance"] == "Error"


WATCHING = frozenset(
    {"WaitForUpdatesEx", "ModifyListView", "CreateFilter", "CreateListView", "CreatePropertyCollector", "DestroyView"}
)
"""What waiting for tasks and watching take: shared by all that is under way, not counted for one boot."""


def _calls(world: lab.ComputeWorld, work: Callable[[], object]) -> dict[str, int]:
    """method → calls that `work` makes."""
    vc = world.site.link.vc
    before = vc.counts.snapshot()
    with trials.engine(world) as running:
        work()
        running.drain()
    after = vc.counts.snapshot()
    made = {name: count.calls - (before[name].calls if name in before else 0) for name, count in after.items()}
    return {name: count for name, count in made.items() if count and name not in WATCHING}


def test_boot_and_delete_make_few_calls(world: lab.ComputeWorld) -> None:
    with trials.engine(world) as running:
        first = world.boot()
        running.drain()
    made = _calls(world, world.boot)
    assert sum(made.values()) <= 4, made
    made = _calls(world, lambda: world.service.lifecycle.delete(world.context, first))
    assert sum(made.values()) <= 4, made
