"""The trials of a boot."""

from __future__ import annotations

import contextlib
import io
import json
import pathlib
from collections.abc import Iterator

import pycdlib
import pytest
from tests.support import trials
from tests.support.databases import FreshDatabase
from tests.workflow.compute import lab

from stackspan.compute.model import PowerState
from stackspan.vsphere import datastores, vms


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
