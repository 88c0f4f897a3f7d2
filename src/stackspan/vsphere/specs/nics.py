"""Network cards on distributed port groups, with MAC addresses from us."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyVmomi import vim

from stackspan.vsphere import faults

# OpenStack's `hw_vif_model` in its new and old spellings.
_MODELS: Mapping[str, Any] = {
    "vmxnet3": vim.vm.device.VirtualVmxnet3,
    "vmxnet": vim.vm.device.VirtualVmxnet,
    "e1000": vim.vm.device.VirtualE1000,
    "e1000e": vim.vm.device.VirtualE1000e,
    "pcnet": vim.vm.device.VirtualPCNet32,
    "sriov": vim.vm.device.VirtualSriovEthernetCard,
    "virtualvmxnet3": vim.vm.device.VirtualVmxnet3,
    "virtualvmxnet": vim.vm.device.VirtualVmxnet,
    "virtuale1000": vim.vm.device.VirtualE1000,
    "virtuale1000e": vim.vm.device.VirtualE1000e,
    "virtualpcnet32": vim.vm.device.VirtualPCNet32,
    "virtualsriovethernetcard": vim.vm.device.VirtualSriovEthernetCard,
}
MODELS = frozenset(_MODELS)
_MAC = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}\Z", re.I)


@dataclass(frozen=True)
class NicPlan:
    """A card on a distributed port group.

    Args:
        mac: its address, chosen by us.
        portgroup_key: the group's key (`dvportgroup-12`).
        dvs_uuid: the switch's uuid.
        model: see `MODELS`.
        port_key: a certain port of the group; None: the switch picks one.
        limit_mbps: upper bound of its bandwidth, None: none.
    """

    mac: str
    portgroup_key: str
    dvs_uuid: str
    model: str = "vmxnet3"
    port_key: str | None = None
    limit_mbps: int | None = None


def device_changes(nics: Sequence[NicPlan]) -> list[vim.vm.device.VirtualDeviceSpec]:
    """The changes that add the cards in order. Raises InvalidSpec for an unknown model or a malformed MAC."""
    return [
        vim.vm.device.VirtualDeviceSpec(operation="add", device=_card(plan, -4001 - number))
        for number, plan in enumerate(nics)
    ]


def _card(plan: NicPlan, key: int) -> vim.vm.device.VirtualEthernetCard:
    cls = _MODELS.get(plan.model.lower())
    if cls is None:
        raise faults.InvalidSpec(f"Network card model {plan.model} is not supported.")
    if not _MAC.match(plan.mac):
        raise faults.InvalidSpec(f"{plan.mac} is not a MAC address.")
    port = vim.dvs.PortConnection(switchUuid=plan.dvs_uuid, portgroupKey=plan.portgroup_key)
    if plan.port_key:
        port.portKey = plan.port_key
    card: vim.vm.device.VirtualEthernetCard = cls(
        key=key,
        addressType="manual",
        macAddress=plan.mac,
        wakeOnLanEnabled=True,
        backing=vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(port=port),
        connectable=vim.vm.device.VirtualDevice.ConnectInfo(
            startConnected=True, connected=True, allowGuestControl=True
        ),
    )
    if plan.limit_mbps:
        card.resourceAllocation = vim.vm.device.VirtualEthernetCard.ResourceAllocation(
            limit=plan.limit_mbps, reservation=0, share=vim.SharesInfo(level="normal", shares=50)
        )
    return card
