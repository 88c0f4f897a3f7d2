"""Disks as vCenter treats them: chains, parents, and what a Destroy takes along."""

from __future__ import annotations

import uuid

import pytest
from pyVmomi import vim
from tests.driver.conftest import GIB, Place

from stackspan.vsphere import datastores, faults, specs, vms


def child(place: Place, parent: str, name: str = "child", size: int = GIB) -> str:
    return place.make(name, disks=[specs.ChildDisk(parent, size, place.datastore.name)])


def there(place: Place, path: str) -> bool:
    return datastores.head(place.vc, place.datacenter.path, *datastores.split(path)) is not None


def test_destroy_takes_a_parent_that_nobody_else_uses(place: Place) -> None:
    parent = place.parent()
    first, second = child(place, parent, "first"), child(place, parent, "second")
    place.tasks.wait(vms.destroy(place.vc, first))
    assert there(place, parent)
    place.tasks.wait(vms.destroy(place.vc, second))
    assert not there(place, parent)


def test_destroy_takes_an_attached_disk_along(place: Place) -> None:
    foreign = place.parent()
    moref = place.make(disks=[specs.ExistingDisk(foreign)])
    place.tasks.wait(vms.destroy(place.vc, moref))
    assert not there(place, foreign)


def test_unregister_deletes_nothing(place: Place) -> None:
    parent = place.parent()
    moref = child(place, parent)
    own = vms.read(place.vc, moref).hardware.disks[0].path
    vms.unregister(place.vc, moref)
    assert there(place, parent)
    assert there(place, own)


def test_a_child_has_its_parents_size_and_keeps_it(place: Place) -> None:
    parent = place.parent()
    moref = child(place, parent)
    disk = vms.read(place.vc, moref).hardware.disks[0]
    assert disk.parent_paths == (parent,)
    with pytest.raises(faults.VCenterError):
        child(place, parent, "larger", 2 * GIB)
    spec = vim.vm.ConfigSpec(deviceChange=[_resized(place, moref, 2 * GIB)])
    with pytest.raises(faults.VCenterError):
        place.tasks.wait(vms.reconfigure(place.vc, moref, spec))


def test_an_instance_uuid_that_is_taken_is_replaced(place: Place) -> None:
    taken = str(uuid.uuid4())
    first = place.make("first", instance_uuid=taken)
    second = place.make("second", instance_uuid=taken)
    assert vms.read(place.vc, first).instance_uuid == taken
    assert vms.read(place.vc, second).instance_uuid != taken


def test_two_running_vms_cannot_have_one_disk(place: Place) -> None:
    disk = place.parent()
    first = place.make("first", disks=[specs.ExistingDisk(disk)])
    second = place.make("second", disks=[specs.ExistingDisk(disk)])
    for moref, allowed in ((first, True), (second, False)):
        task = place.vc.call(place.vc.object(vim.VirtualMachine, moref), "PowerOnVM_Task")._moId
        if allowed:
            place.tasks.wait(task)
        else:
            with pytest.raises(faults.VCenterError):
                place.tasks.wait(task)


def _resized(place: Place, moref: str, size: int) -> vim.vm.device.VirtualDeviceSpec:
    key = vms.read(place.vc, moref).hardware.disks[0].key
    vm = place.vc.object(vim.VirtualMachine, moref)
    disk = next(device for device in vm.config.hardware.device if device.key == key)
    disk.capacityInBytes, disk.capacityInKB = size, size // 1024
    return vim.vm.device.VirtualDeviceSpec(operation="edit", device=disk)
