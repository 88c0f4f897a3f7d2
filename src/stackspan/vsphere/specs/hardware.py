"""Processors, memory, firmware, guest type, hardware version, video memory."""

from __future__ import annotations

from dataclasses import dataclass

from pyVmomi import vim

from stackspan.vsphere import faults

_FIRMWARE = {"bios": "bios", "uefi": "efi", "efi": "efi"}


@dataclass(frozen=True)
class Hardware:
    """The virtual machine without its devices.

    Args:
        cpus: virtual processors; must be a multiple of `cores_per_socket`.
        memory_mib: a multiple of 4, as vCenter demands.
        guest_id: vSphere's guest identifier, such as "otherLinux64Guest".
        firmware: "bios" or "uefi".
        secure_boot: with "uefi" only.
        hardware_version: "vmx-19"; None: the cluster's default.
        video_ram_kib: None: vCenter's default.
    """

    cpus: int
    memory_mib: int
    guest_id: str = "otherGuest64"
    firmware: str = "bios"
    secure_boot: bool = False
    cores_per_socket: int | None = None
    hardware_version: str | None = None
    video_ram_kib: int | None = None
    nested_hv: bool = False


def apply(spec: vim.vm.ConfigSpec, hardware: Hardware) -> None:
    """Add processors, memory, firmware and versions. Raises InvalidSpec for values that vCenter would refuse."""
    if hardware.memory_mib <= 0 or hardware.memory_mib % 4:
        raise faults.InvalidSpec(f"Memory must be a multiple of 4 MB, not {hardware.memory_mib} MB.")
    cores = hardware.cores_per_socket
    if cores and hardware.cpus % cores:
        raise faults.InvalidSpec(f"{hardware.cpus} virtual CPUs can't be split into sockets of {cores} cores.")
    firmware = _FIRMWARE.get(hardware.firmware)
    if firmware is None:
        raise faults.InvalidSpec(f"Firmware type {hardware.firmware} is not supported.")
    spec.numCPUs = hardware.cpus
    if cores:
        spec.numCoresPerSocket = cores
    spec.memoryMB = hardware.memory_mib
    spec.guestId = hardware.guest_id
    spec.firmware = firmware
    if hardware.hardware_version:
        spec.version = hardware.hardware_version
    if hardware.nested_hv:
        spec.nestedHVEnabled = True
    if hardware.secure_boot and firmware == "efi":
        spec.bootOptions = vim.vm.BootOptions(efiSecureBootEnabled=True)


def video_card(hardware: Hardware) -> list[vim.vm.device.VirtualDeviceSpec]:
    """The device change for video memory, if any is asked for."""
    if not hardware.video_ram_kib:
        return []
    card = vim.vm.device.VirtualVideoCard(key=500, videoRamSizeInKB=hardware.video_ram_kib, useAutoDetect=False)
    return [vim.vm.device.VirtualDeviceSpec(operation="add", device=card)]
