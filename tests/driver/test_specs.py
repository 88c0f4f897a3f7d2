"""Builders of ConfigSpecs: pure, so no vCenter here."""

import base64
import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyVmomi import vim

from stackspan.vsphere import faults, names, specs
from stackspan.vsphere.specs import disks as disk_specs
from stackspan.vsphere.types import DiskDevice

GIB = 1 << 30


def plan(**changes: object) -> specs.VmPlan:
    fields: dict[str, object] = {
        "name": "web (1)",
        "instance_uuid": "c05248be-e01e-41e4-ba2a-b7691e32f3a3",
        "datastore": "ds1",
        "hardware": specs.Hardware(2, 512),
        **changes,
    }
    return specs.VmPlan(**fields)  # type: ignore[arg-type]


def devices(spec: vim.vm.ConfigSpec, cls: type) -> list[object]:
    return [change.device for change in spec.deviceChange if isinstance(change.device, cls)]


def test_identity_hardware_and_place() -> None:
    spec = specs.create_spec(
        plan(
            hardware=specs.Hardware(4, 2048, "ubuntu64Guest", "uefi", True, 2, "vmx-19"),
            annotation="name:web",
            managed_by="org.openstack.compute",
        )
    )
    assert (spec.name, spec.instanceUuid) == ("web (1)", "c05248be-e01e-41e4-ba2a-b7691e32f3a3")
    assert (spec.numCPUs, spec.numCoresPerSocket, spec.memoryMB) == (4, 2, 2048)
    assert (spec.guestId, spec.firmware, spec.version) == ("ubuntu64Guest", "efi", "vmx-19")
    assert spec.bootOptions.efiSecureBootEnabled is True
    assert spec.files.vmPathName == "[ds1]"
    assert (spec.managedBy.extensionKey, spec.managedBy.type) == ("org.openstack.compute", "instance")


@pytest.mark.parametrize(
    "hardware",
    [
        specs.Hardware(1, 511),
        specs.Hardware(1, 0),
        specs.Hardware(3, 512, cores_per_socket=2),
        specs.Hardware(1, 512, firmware="coreboot"),
    ],
)
def test_impossible_hardware_is_refused(hardware: specs.Hardware) -> None:
    with pytest.raises(faults.InvalidSpec):
        specs.create_spec(plan(hardware=hardware))


def test_root_disk_is_a_child_of_the_cached_parent() -> None:
    spec = specs.create_spec(plan(disks=[specs.ChildDisk("[ds1] cache/p.vmdk", GIB, "ds1")]))
    (change,) = [c for c in spec.deviceChange if isinstance(c.device, vim.vm.device.VirtualDisk)]
    assert change.fileOperation == "create"
    assert change.device.backing.parent.fileName == "[ds1] cache/p.vmdk"
    assert change.device.backing.fileName == "[ds1]"
    assert change.device.capacityInKB == GIB // 1024
    (controller,) = devices(spec, vim.vm.device.VirtualSCSIController)
    assert isinstance(controller, vim.vm.device.ParaVirtualSCSIController)
    assert change.device.controllerKey == controller.key


def test_an_existing_disk_is_never_created_or_resized() -> None:
    spec = specs.create_spec(plan(disks=[specs.ExistingDisk("[ds1] v/v.vmdk", mode="independent_persistent")]))
    (change,) = [c for c in spec.deviceChange if isinstance(c.device, vim.vm.device.VirtualDisk)]
    assert change.fileOperation is None
    assert change.device.backing.diskMode == "independent_persistent"


def test_scsi_skips_the_unit_of_the_controller_and_opens_a_second_one() -> None:
    blanks = [specs.BlankDisk(GIB, "ds1") for _ in range(16)]
    spec = specs.create_spec(plan(disks=blanks))
    controllers = devices(spec, vim.vm.device.ParaVirtualSCSIController)
    assert [c.busNumber for c in controllers] == [0, 1]  # type: ignore[attr-defined]
    places = [(d.controllerKey, d.unitNumber) for d in devices(spec, vim.vm.device.VirtualDisk)]  # type: ignore[attr-defined]
    assert len(set(places)) == 16
    assert 7 not in [unit for _key, unit in places]


def test_too_many_disks_are_refused() -> None:
    with pytest.raises(faults.InvalidSpec):
        specs.create_spec(plan(disks=[specs.BlankDisk(GIB, "ds1") for _ in range(61)]))
    with pytest.raises(faults.InvalidSpec):
        specs.create_spec(plan(disks=[specs.BlankDisk(GIB, "ds1", bus="ide") for _ in range(5)]))


def test_ide_disk_and_cdrom_share_the_ide_controllers() -> None:
    spec = specs.create_spec(plan(disks=[specs.BlankDisk(GIB, "ds1", bus="ide")], cdroms=["[ds1] a/b.iso"]))
    (disk,) = devices(spec, vim.vm.device.VirtualDisk)
    (drive,) = devices(spec, vim.vm.device.VirtualCdrom)
    assert (disk.controllerKey, disk.unitNumber) == (200, 0)  # type: ignore[attr-defined]
    assert (drive.controllerKey, drive.unitNumber) == (200, 1)  # type: ignore[attr-defined]
    assert drive.backing.fileName == "[ds1] a/b.iso"  # type: ignore[attr-defined]


@given(st.lists(st.sampled_from(sorted(disk_specs.BUSES)), max_size=12))
def test_no_two_disks_ever_get_one_place(buses: list[str]) -> None:
    try:
        changes = disk_specs.device_changes([specs.BlankDisk(GIB, "ds1", bus=bus) for bus in buses], ["[ds1] x.iso"])
    except faults.InvalidSpec:
        return
    places = [
        (c.device.controllerKey, c.device.unitNumber)
        for c in changes
        if not isinstance(c.device, vim.vm.device.VirtualController)
    ]
    keys = [c.device.key for c in changes]
    assert len(set(places)) == len(places) == len(buses) + 1
    assert len(set(keys)) == len(keys)


def test_a_child_or_a_smaller_size_is_never_resized() -> None:
    disk = DiskDevice(2000, 1000, 0, "[ds1] a.vmdk", "datastore-1", GIB)
    assert disk_specs.resize(disk, 2 * GIB).device.capacityInBytes == 2 * GIB
    with pytest.raises(faults.InvalidSpec):
        disk_specs.resize(disk, GIB // 2)
    child = DiskDevice(2000, 1000, 0, "[ds1] a.vmdk", "datastore-1", GIB, parent_paths=("[ds1] p.vmdk",))
    with pytest.raises(faults.InvalidSpec):
        disk_specs.resize(child, 2 * GIB)


def test_nic_keeps_our_mac_on_the_port_group() -> None:
    spec = specs.create_spec(plan(nics=[specs.NicPlan("fa:16:3e:00:00:01", "dvportgroup-7", "50 2a", "VirtualE1000e")]))
    (card,) = devices(spec, vim.vm.device.VirtualEthernetCard)
    assert isinstance(card, vim.vm.device.VirtualE1000e)
    assert (card.addressType, card.macAddress) == ("manual", "fa:16:3e:00:00:01")
    assert (card.backing.port.portgroupKey, card.backing.port.switchUuid) == ("dvportgroup-7", "50 2a")
    assert card.connectable.startConnected is True


@pytest.mark.parametrize(
    "nic", [specs.NicPlan("fa:16:3e", "k", "u"), specs.NicPlan("fa:16:3e:00:00:01", "k", "u", "ne2k")]
)
def test_impossible_nics_are_refused(nic: specs.NicPlan) -> None:
    with pytest.raises(faults.InvalidSpec):
        specs.create_spec(plan(nics=[nic]))


def test_guestinfo_is_what_cloud_init_reads() -> None:
    info = specs.GuestInfo({"instance-id": "i-1", "local-hostname": "web"}, b"#cloud-config\n")
    spec = specs.create_spec(plan(guestinfo=info, extra_config={"disk.EnableUUID": "TRUE"}))
    options = {option.key: option.value for option in spec.extraConfig}
    assert options["disk.EnableUUID"] == "TRUE"
    assert options["guestinfo.userdata.encoding"] == options["guestinfo.metadata.encoding"] == "gzip+base64"
    metadata = gzip.decompress(base64.b64decode(options["guestinfo.metadata"]))
    assert json.loads(metadata) == {"instance-id": "i-1", "local-hostname": "web"}
    assert gzip.decompress(base64.b64decode(options["guestinfo.userdata"])) == b"#cloud-config\n"
    again = {option.key: option.value for option in specs.create_spec(plan(guestinfo=info)).extraConfig}
    assert again.items() <= options.items()


def test_oversized_guestinfo_is_refused() -> None:
    with pytest.raises(faults.InvalidSpec):
        specs.create_spec(plan(guestinfo=specs.GuestInfo({}, b"x" * 65536)))
    with pytest.raises(faults.InvalidSpec):
        specs.create_spec(plan(extra_config={"a": "x" * 600_000}))


def test_limits_reach_cpu_memory_disks_and_cards() -> None:
    limits = specs.limits_from_extra_specs(
        {
            "quota:cpu_limit": "2000",
            "quota:cpu_shares_level": "custom",
            "quota:cpu_shares_share": "77",
            "quota:memory_reservation": "256",
            "quota:memory_limit": "0",
            "quota:disk_io_limit": "500",
            "quota:vif_limit": "100",
            "hw:cpu_cores": "2",
        }
    )
    spec = specs.create_spec(
        plan(limits=limits, disks=[specs.BlankDisk(GIB, "ds1")], nics=[specs.NicPlan("fa:16:3e:00:00:01", "k", "u")])
    )
    assert (spec.cpuAllocation.limit, spec.cpuAllocation.shares.shares) == (2000, 77)
    assert (spec.memoryAllocation.limit, spec.memoryAllocation.reservation) == (-1, 256)
    (disk,) = devices(spec, vim.vm.device.VirtualDisk)
    (card,) = devices(spec, vim.vm.device.VirtualEthernetCard)
    assert disk.storageIOAllocation.limit == 500  # type: ignore[attr-defined]
    assert (card.resourceAllocation.limit, card.resourceAllocation.share.level) == (100, "normal")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "extra_specs",
    [
        {"quota:cpu_limit": "-1"},
        {"quota:cpu_limit": "many"},
        {"quota:vif_shares_level": "most"},
        {"quota:cpu_shares_share": "5"},
    ],
)
def test_wrong_limits_are_refused(extra_specs: dict[str, str]) -> None:
    with pytest.raises(faults.InvalidSpec):
        specs.limits_from_extra_specs(extra_specs)


def test_reconfigure_changes_only_what_is_given() -> None:
    spec = specs.reconfigure_spec(change_version="7", annotation="")
    assert (spec.changeVersion, spec.annotation, spec.numCPUs, spec.extraConfig) == ("7", "", None, [])


@given(st.text())
def test_names_survive_escaping(name: str) -> None:
    assert names.unescape(names.escape(name)) == name
    assert names.same(names.escape(name), name)


@given(st.text(max_size=60))
def test_vm_names_fit_and_end_with_the_id(display_name: str) -> None:
    server_id = "c05248be-e01e-41e4-ba2a-b7691e32f3a3"
    name = names.vm_name(display_name, server_id)
    assert len(names.escape(name)) <= names.MAX_NAME
    assert name.endswith(f" ({server_id})")
    assert names.vm_name("web-1", server_id) == f"web-1 ({server_id})"
