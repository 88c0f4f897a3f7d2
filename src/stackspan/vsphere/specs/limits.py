"""Limits, reservations and shares from a flavor's `quota:` extra specs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyVmomi import vim

from stackspan.vsphere import faults

_LEVELS = ("low", "normal", "high", "custom")


@dataclass(frozen=True)
class Allocation:
    """One resource's settings: CPU in MHz, memory in MB, disk in IOPS, network in Mbit/s. None: vCenter's default."""

    limit: int | None = None
    reservation: int | None = None
    shares_level: str | None = None
    shares: int | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing is asked for."""
        return self == Allocation()


@dataclass(frozen=True)
class Limits:
    """The allocations of a VM and its devices."""

    cpu: Allocation = Allocation()
    memory: Allocation = Allocation()
    disk_io: Allocation = Allocation()
    vif: Allocation = Allocation()


def limits_from_extra_specs(extra_specs: Mapping[str, str]) -> Limits:
    """Read `quota:{cpu,memory,disk_io,vif}_{limit,reservation,shares_level,shares_share}`.

    A limit of 0 means unlimited. Raises InvalidSpec for a value that isn't a number, an unknown level, or
    `shares_share` without the level "custom".
    """
    return Limits(**{name: _allocation(extra_specs, name) for name in ("cpu", "memory", "disk_io", "vif")})


def _allocation(extra_specs: Mapping[str, str], resource: str) -> Allocation:
    level = extra_specs.get(f"quota:{resource}_shares_level") or None
    if level is not None and level not in _LEVELS:
        raise faults.InvalidSpec(f"quota:{resource}_shares_level must be one of {', '.join(_LEVELS)}, not {level}.")
    shares = _number(extra_specs, f"quota:{resource}_shares_share")
    if shares and level != "custom":
        raise faults.InvalidSpec(f"quota:{resource}_shares_share needs quota:{resource}_shares_level=custom.")
    return Allocation(
        limit=_number(extra_specs, f"quota:{resource}_limit") or None,
        reservation=_number(extra_specs, f"quota:{resource}_reservation") or None,
        shares_level=level,
        shares=shares,
    )


def _number(extra_specs: Mapping[str, str], key: str) -> int | None:
    text = extra_specs.get(key)
    if text is None or text == "":
        return None
    if not (text.isascii() and text.isdigit()):
        raise faults.InvalidSpec(f"{key} must be a whole number, not {text}.")
    return int(text)


def _shares(allocation: Allocation) -> vim.SharesInfo | None:
    if allocation.shares_level is None:
        return None
    return vim.SharesInfo(level=allocation.shares_level, shares=allocation.shares or 0)


def resource_allocation(allocation: Allocation) -> vim.ResourceAllocationInfo | None:
    """vCenter's form for CPU or memory; None when nothing is asked for."""
    if allocation.empty:
        return None
    info = vim.ResourceAllocationInfo(limit=allocation.limit if allocation.limit is not None else -1)
    if allocation.reservation is not None:
        info.reservation = allocation.reservation
    shares = _shares(allocation)
    if shares is not None:
        info.shares = shares
    return info


def apply(spec: vim.vm.ConfigSpec, limits: Limits) -> None:
    """Add CPU and memory allocations, and those of every disk and card that the spec adds."""
    for attribute, allocation in (("cpuAllocation", limits.cpu), ("memoryAllocation", limits.memory)):
        info = resource_allocation(allocation)
        if info is not None:
            setattr(spec, attribute, info)
    for change in spec.deviceChange or []:
        device = change.device
        if isinstance(device, vim.vm.device.VirtualDisk) and not limits.disk_io.empty:
            device.storageIOAllocation = _io_allocation(limits.disk_io)
        elif isinstance(device, vim.vm.device.VirtualEthernetCard) and not limits.vif.empty:
            device.resourceAllocation = _vif_allocation(limits.vif)


def _io_allocation(allocation: Allocation) -> vim.StorageResourceManager.IOAllocationInfo:
    info = vim.StorageResourceManager.IOAllocationInfo(limit=allocation.limit if allocation.limit is not None else -1)
    if allocation.reservation is not None:
        info.reservation = allocation.reservation
    shares = _shares(allocation)
    if shares is not None:
        info.shares = shares
    return info


def _vif_allocation(allocation: Allocation) -> vim.vm.device.VirtualEthernetCard.ResourceAllocation:
    # `share` is mandatory in vCenter's type: normal (50) where the flavor says nothing.
    return vim.vm.device.VirtualEthernetCard.ResourceAllocation(
        limit=allocation.limit if allocation.limit is not None else -1,
        reservation=allocation.reservation or 0,
        share=_shares(allocation) or vim.SharesInfo(level="normal", shares=50),
    )
