"""pyVmomi's devices as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pyVmomi import vim

from stackspan.vsphere.types import (
    CdromDevice,
    ControllerDevice,
    DiskDevice,
    GuestNic,
    NicDevice,
    VmHardware,
)

_vd = vim.vm.device

# The first class that fits counts: LsiLogicSAS before the plain SCSI base class.
_CONTROLLER_KINDS: tuple[tuple[str, Any], ...] = (
    ("pvscsi", _vd.ParaVirtualSCSIController),
    ("lsisas", _vd.VirtualLsiLogicSASController),
    ("lsilogic", _vd.VirtualLsiLogicController),
    ("buslogic", _vd.VirtualBusLogicController),
    ("ide", _vd.VirtualIDEController),
    ("sata", _vd.VirtualSATAController),
    ("nvme", _vd.VirtualNVMEController),
)
_NIC_KINDS: tuple[tuple[str, Any], ...] = (
    ("vmxnet3", _vd.VirtualVmxnet3),
    ("vmxnet", _vd.VirtualVmxnet),
    ("e1000e", _vd.VirtualE1000e),
    ("e1000", _vd.VirtualE1000),
    ("pcnet", _vd.VirtualPCNet32),
    ("sriov", _vd.VirtualSriovEthernetCard),
)


def hardware(devices: Iterable[Any] | None) -> VmHardware:
    """`config.hardware.device` as our types, each kind ordered by device key."""
    controllers: list[ControllerDevice] = []
    disks: list[DiskDevice] = []
    nics: list[NicDevice] = []
    cdroms: list[CdromDevice] = []
    for device in devices or ():
        if isinstance(device, _vd.VirtualDisk):
            disks.append(disk(device))
        elif isinstance(device, _vd.VirtualEthernetCard):
            nics.append(nic(device))
        elif isinstance(device, _vd.VirtualCdrom):
            cdroms.append(_cdrom(device))
        elif isinstance(device, _vd.VirtualController):
            controllers.append(ControllerDevice(device.key, _kind(device, _CONTROLLER_KINDS), device.busNumber or 0))
    return VmHardware(
        controllers=tuple(sorted(controllers, key=lambda c: c.key)),
        disks=tuple(sorted(disks, key=lambda d: d.key)),
        nics=tuple(sorted(nics, key=lambda n: n.key)),
        cdroms=tuple(sorted(cdroms, key=lambda c: c.key)),
    )


def _kind(device: Any, kinds: tuple[tuple[str, Any], ...]) -> str:
    return next((name for name, cls in kinds if isinstance(device, cls)), "other")


def disk(device: Any) -> DiskDevice:
    """A VirtualDisk; raw devices have the path of their mapping file."""
    backing = device.backing
    datastore = getattr(backing, "datastore", None)
    identity = getattr(device, "vDiskId", None)
    # pyVmomi gives integers of a type of its own, which is no JSON number.
    capacity = int(device.capacityInBytes or (device.capacityInKB or 0) * 1024)
    return DiskDevice(
        key=device.key,
        controller_key=device.controllerKey or 0,
        unit=device.unitNumber or 0,
        path=getattr(backing, "fileName", None) or "",
        datastore=datastore._moId if datastore is not None else None,
        capacity_bytes=capacity,
        uuid=(getattr(backing, "uuid", None) or "").lower(),
        mode=getattr(backing, "diskMode", None) or "persistent",
        thin=bool(getattr(backing, "thinProvisioned", False)),
        parent_paths=_parents(backing),
        fcd_id=identity.id if identity is not None else None,
    )


def _parents(backing: Any) -> tuple[str, ...]:
    found = []
    parent = getattr(backing, "parent", None)
    while parent is not None:
        found.append(parent.fileName or "")
        parent = getattr(parent, "parent", None)
    return tuple(found)


def nic(device: Any) -> NicDevice:
    """A network card on whatever backing."""
    backing = device.backing
    portgroup_key = port_key = dvs_uuid = network_name = None
    if isinstance(backing, _vd.VirtualEthernetCard.DistributedVirtualPortBackingInfo):
        port = backing.port
        portgroup_key, port_key, dvs_uuid = port.portgroupKey, port.portKey, port.switchUuid
    else:
        network_name = getattr(backing, "deviceName", None)
    return NicDevice(
        key=device.key,
        mac=(device.macAddress or "").lower(),
        kind=_kind(device, _NIC_KINDS),
        portgroup_key=portgroup_key,
        port_key=port_key,
        dvs_uuid=dvs_uuid,
        network_name=network_name,
        connected=bool(device.connectable and device.connectable.connected),
    )


def _cdrom(device: Any) -> CdromDevice:
    backing = device.backing
    path = backing.fileName if isinstance(backing, _vd.VirtualCdrom.IsoBackingInfo) else None
    return CdromDevice(device.key, path or None, bool(device.connectable and device.connectable.connected))


def guest_nics(nics: Iterable[Any] | None) -> tuple[GuestNic, ...]:
    """`guest.net`, ordered by MAC; cards without a device of ours (a guest's bridges) are left out."""
    found = [
        GuestNic((n.macAddress or "").lower(), tuple(sorted(n.ipAddress or ())), bool(n.connected))
        for n in nics or ()
        if n.macAddress and n.deviceConfigId != -1
    ]
    return tuple(sorted(found, key=lambda n: n.mac))


def extra_config(options: Iterable[Any] | None) -> Mapping[str, str]:
    """`config.extraConfig` as a mapping."""
    return {option.key: "" if option.value is None else str(option.value) for option in options or ()}
