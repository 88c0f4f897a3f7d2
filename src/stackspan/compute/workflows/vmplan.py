"""From a server's rows to the plan of its VM. Pure: the same rows give the same plan."""

from __future__ import annotations

from collections.abc import Mapping

from stackspan.compute import guestdata
from stackspan.compute.model import Flavor, Server
from stackspan.compute.workflows.scene import MARKER, Scene
from stackspan.image.model import CacheEntry
from stackspan.vsphere import specs
from stackspan.vsphere.faults import InvalidSpec
from stackspan.workflow import StepFailed

_GIB, _MIB = 1 << 30, 1 << 20
_BUSES = {"lsilogicsas": "lsisas"}  # Image's word → the bus of `specs.disks`
_GUEST_VMDK, _GUEST_OTHER = "otherGuest", "otherGuest64"
_NIC_VMDK, _NIC_OTHER = "e1000", "vmxnet3"


def vm_plan(scene: Scene, vm_name: str, dhcp_domain: str) -> specs.VmPlan:
    """All that CreateVM_Task is told. Raises StepFailed, InvalidSpec for what vCenter would refuse."""
    server, build, entry = scene.server, scene.build, scene.entry
    if entry is None or entry.vmdk_path is None:
        raise StepFailed("The image is not available on the storage.", f"server {server.id} has no ready copy")
    properties = {key.lower(): value for key, value in build.image_properties.items()}
    cdroms = [path for path in (entry.vmdk_path if build.iso else None, build.config_drive_path) if path]
    return specs.VmPlan(
        name=vm_name,
        instance_uuid=server.id,
        datastore=scene.datastore.name,
        hardware=_hardware(server.flavor, properties, entry),
        disks=_disks(scene, entry),
        nics=_nics(scene, properties, entry),
        cdroms=cdroms,
        extra_config=_extra_config(scene),
        guestinfo=specs.GuestInfo(
            metadata=guestdata.guestinfo_metadata(server, scene.nics, build.key_public, dhcp_domain),
            user_data=guestdata.user_data(build.user_data),
        ),
        annotation=_annotation(server),
        limits=specs.limits_from_extra_specs(server.flavor.extra_specs),
    )


def bus(entry: CacheEntry) -> str:
    """The disk bus the image asks for."""
    return _BUSES.get(entry.adapter_type, entry.adapter_type)


def _hardware(flavor: Flavor, properties: Mapping[str, str], entry: CacheEntry) -> specs.Hardware:
    cores = properties.get("hw_cpu_cores") or flavor.extra_specs.get("hw:cpu_cores")
    guest = properties.get("vmware_ostype") or (_GUEST_VMDK if entry.disk_format == "vmdk" else _GUEST_OTHER)
    return specs.Hardware(
        cpus=flavor.vcpus,
        memory_mib=flavor.memory_mib,
        guest_id=guest,
        firmware=properties.get("hw_firmware_type", "bios"),
        secure_boot=properties.get("os_secure_boot") == "required",
        cores_per_socket=_whole(cores, "hw_cpu_cores"),
        hardware_version=flavor.extra_specs.get("vmware:hw_version"),
        video_ram_kib=_video_ram(flavor, properties),
    )


def _video_ram(flavor: Flavor, properties: Mapping[str, str]) -> int | None:
    wanted = _whole(properties.get("hw_video_ram"), "hw_video_ram")
    if wanted is None:
        return None
    most = _whole(flavor.extra_specs.get("hw_video:ram_max_mb"), "hw_video:ram_max_mb") or 0
    if wanted > most:
        raise InvalidSpec(f"Requested video ram {wanted} is higher than the maximum allowed by flavor {most}.")
    return wanted * 1024


def _disks(scene: Scene, entry: CacheEntry) -> list[specs.DiskPlan]:
    flavor, datastore, kind = scene.server.flavor, scene.datastore.name, bus(entry)
    disks: list[specs.DiskPlan] = []
    if scene.build.iso:
        if flavor.root_gib:
            disks.append(specs.BlankDisk(flavor.root_gib * _GIB, datastore, kind))
    else:
        assert entry.vmdk_path is not None
        assert entry.capacity_bytes is not None
        disks.append(specs.ChildDisk(entry.vmdk_path, entry.capacity_bytes, datastore, kind))
    if flavor.ephemeral_gib:
        disks.append(specs.BlankDisk(flavor.ephemeral_gib * _GIB, datastore, kind))
    if flavor.swap_mib:
        disks.append(specs.BlankDisk(flavor.swap_mib * _MIB, datastore, kind))
    return disks


def _nics(scene: Scene, properties: Mapping[str, str], entry: CacheEntry) -> list[specs.NicPlan]:
    model = properties.get("hw_vif_model") or (_NIC_VMDK if entry.disk_format == "vmdk" else _NIC_OTHER)
    plans = []
    for nic in scene.nics:
        if nic.portgroup_key is None or nic.dvs_uuid is None:
            raise StepFailed(
                f"The network {nic.network_id} is not available for the server.",
                f"network {nic.network_id} has no port group in vCenter {scene.link.label}",
            )
        plans.append(specs.NicPlan(nic.mac, nic.portgroup_key, nic.dvs_uuid, model))
    return plans


def _extra_config(scene: Scene) -> dict[str, str]:
    # The keys that stock nova writes, so that its tools and ours read each other's VMs; then our own mark.
    found = {"nvp.vm-uuid": scene.server.id, "disk.EnableUUID": "TRUE", MARKER: scene.server.id}
    found.update({f"nvp.iface-id.{nic.index}": nic.port_id for nic in scene.nics})
    return found


def _annotation(server: Server) -> str:
    """The notes that administrators read in vCenter, in stock nova's form."""
    flavor = server.flavor
    lines = {
        "name": server.name,
        "userid": server.user_id,
        "projectid": server.project_id,
        "flavor:name": flavor.name,
        "flavor:memory_mb": flavor.memory_mib,
        "flavor:vcpus": flavor.vcpus,
        "flavor:ephemeral_gb": flavor.ephemeral_gib,
        "flavor:root_gb": flavor.root_gib,
        "flavor:swap": flavor.swap_mib,
        "imageid": server.image_id,
    }
    return "".join(f"{key}:{value}\n" for key, value in lines.items())


def _whole(text: str | None, name: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise InvalidSpec(f"{name} must be a whole number, not {text[:64]}.")
    return int(text)
