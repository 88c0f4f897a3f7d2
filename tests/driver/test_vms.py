"""Making, finding, reading, changing and deleting VMs."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.driver.conftest import GIB, MIB, Place

from stackspan.vsphere import datastores, faults, folders, specs, vms
from stackspan.vsphere.types import ConnectionState, PowerState


def test_a_server_as_it_was_asked_for(place: Place) -> None:
    parent = place.parent()
    iso = f"{place.name}/c.iso"
    datastores.put(place.vc, place.datacenter.path, place.datastore.name, iso, b"iso", 3)
    nic = place.nic()
    plan = place.plan(
        disks=[specs.ChildDisk(parent, GIB, place.datastore.name), specs.BlankDisk(64 * MIB, place.datastore.name)],
        nics=[nic],
        cdroms=[datastores.join(place.datastore.name, iso)],
        guestinfo=specs.GuestInfo({"instance-id": "i-1"}, b"#cloud-config"),
        annotation="name:web",
        managed_by="org.openstack.compute",
    )
    task = vms.create(place.vc, place.folder, place.cluster.resource_pool, specs.create_spec(plan))
    moref = str(place.tasks.wait(task).result)
    state = vms.read(place.vc, moref)
    assert (state.name, state.instance_uuid, state.folder) == (plan.name, plan.instance_uuid, place.folder)
    assert (state.power_state, state.connection, state.template) == (PowerState.OFF, ConnectionState.CONNECTED, False)
    assert (state.cpus, state.memory_mib, state.guest_id) == (1, 64, "otherLinux64Guest")
    assert state.host in place.cluster.hosts
    root, blank = state.hardware.disks
    assert (root.capacity_bytes, root.parent_path) == (GIB, parent)
    assert root.path != parent
    assert root.path.startswith(state.directory)
    assert (blank.capacity_bytes, blank.parent_path) == (64 * MIB, None)
    (card,) = state.hardware.nics
    assert (card.mac, card.portgroup_key, card.dvs_uuid) == (nic.mac, nic.portgroup_key, nic.dvs_uuid)
    assert [drive.path for drive in state.hardware.cdroms] == [datastores.join(place.datastore.name, iso)]
    assert state.extra_config["guestinfo.userdata.encoding"] == "gzip+base64"
    assert state.managed_by == ("org.openstack.compute", "instance")
    assert state.annotation == "name:web"


def test_it_is_found_by_exact_name_and_by_uuid(place: Place) -> None:
    plan = place.plan("web")
    place.tasks.wait(vms.create(place.vc, place.folder, place.cluster.resource_pool, specs.create_spec(plan)))
    moref = vms.find_by_name(place.vc, place.folder, plan.name)
    assert moref is not None
    assert vms.find_by_instance_uuid(place.vc, plan.instance_uuid) == [moref]
    assert vms.find_by_instance_uuid(place.vc, plan.instance_uuid, place.datacenter.moref) == [moref]
    assert vms.find_by_name(place.vc, place.folder, plan.name[:-1]) is None
    assert vms.find_by_name(place.vc, "group-v999999", plan.name) is None


def test_power_states(place: Place) -> None:
    moref = place.make()
    with pytest.raises(faults.InvalidPowerState):
        place.tasks.wait(vms.power_off(place.vc, moref))
    with pytest.raises(faults.InvalidPowerState):
        place.tasks.wait(vms.reset(place.vc, moref))
    with pytest.raises(faults.VCenterError):
        vms.shutdown_guest(place.vc, moref)


def test_deleting_a_server_never_takes_the_parent(place: Place) -> None:
    parent = place.parent()
    keeper = place.make("keeper", disks=[specs.ExistingDisk(parent)])
    child = specs.ChildDisk(parent, GIB, place.datastore.name)
    server = place.make("server", disks=[child])
    state = vms.read(place.vc, server)
    assert vms.parents_held(place.vc, state, [keeper]) is True
    assert vms.parents_held(place.vc, state, []) is False
    assert vms.parents_held(place.vc, state, [server, "vm-999999"]) is False
    place.tasks.wait(vms.destroy(place.vc, server))
    files = {info.path for info in datastores.search(place.vc, place.tasks, place.datastore.moref, place.directory())}
    assert parent in files
    assert [disk.path for disk in vms.read(place.vc, keeper).hardware.disks] == [parent]
    again = place.make("again", disks=[child])
    assert vms.read(place.vc, again).hardware.disks[0].parent_path == parent


def test_volumes_are_taken_off_before_a_server_is_destroyed(place: Place) -> None:
    volume = f"{place.directory()}/volume.vmdk"
    place.parent()
    from stackspan.vsphere import disks

    place.tasks.wait(disks.create(place.vc, place.datacenter.moref, volume, 64 * MIB))
    own = specs.BlankDisk(64 * MIB, place.datastore.name)
    server = place.make("server", disks=[own, specs.ExistingDisk(volume, mode="independent_persistent")])
    state = vms.read(place.vc, server)
    task = vms.detach_disks_keep_files(place.vc, state, lambda disk: not disk.path.startswith(state.directory))
    assert task is not None
    place.tasks.wait(task)
    left = vms.read(place.vc, server)
    assert [disk.path for disk in left.hardware.disks] == [state.hardware.disks[0].path]
    assert vms.detach_disks_keep_files(place.vc, left, lambda disk: disk.path == volume) is None
    place.tasks.wait(vms.destroy(place.vc, server))
    files = {info.path for info in datastores.search(place.vc, place.tasks, place.datastore.moref, place.directory())}
    assert volume in files
    with pytest.raises(faults.ObjectGone):
        vms.read(place.vc, server)


def test_unregister_leaves_the_files_and_is_safe_to_repeat(place: Place) -> None:
    moref = place.make(disks=[specs.BlankDisk(MIB, place.datastore.name)])
    directory = vms.read(place.vc, moref).directory
    vms.unregister(place.vc, moref)
    vms.unregister(place.vc, moref)
    assert datastores.search(place.vc, place.tasks, place.datastore.moref, directory)
    place.tasks.wait(datastores.delete_file(place.vc, place.datacenter.moref, directory))
    assert datastores.search(place.vc, place.tasks, place.datastore.moref, directory) == []


def test_folders_are_made_once_however_many_want_them(place: Place) -> None:
    path = ("tests", place.name, "Project (p/1%)", "Instances")
    barrier = threading.Barrier(8)

    def ensure(_number: int) -> str:
        barrier.wait()
        place.vc.memory.pop("folders", None)
        return folders.ensure_path(place.vc, place.datacenter.moref, path)

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(ensure, range(8)))) == 1
    assert list(folders.children(place.vc, place.folder).values()) == ["Project (p/1%)"]


def test_a_vanished_folder_is_forgotten(place: Place) -> None:
    path = ("tests", place.name, "gone")
    folder = folders.ensure_path(place.vc, place.datacenter.moref, path)
    task = folders.delete_if_empty(place.vc, folder)
    assert task is not None
    place.tasks.wait(task)
    fresh = folders.ensure_path(place.vc, place.datacenter.moref, path)
    assert fresh != folder
    assert folders.delete_if_empty(place.vc, place.folder) is None
    place.vc.memory.pop("folders")
    spec = specs.create_spec(place.plan())
    with pytest.raises((faults.ConcurrentAccess, faults.ObjectGone)):
        place.tasks.wait(vms.create(place.vc, folder, place.cluster.resource_pool, spec))
