"""Distributed port groups: made, deleted, found by name or by exact VLAN. Never matched by part of a name."""

from __future__ import annotations

from collections.abc import Iterator

from pyVmomi import vim

from stackspan.vsphere import faults, inventory, names, parse, properties
from stackspan.vsphere.session import VCenter
from stackspan.vsphere.types import DvSwitchInfo, PortGroupInfo

_Vmware = vim.dvs.VmwareDistributedVirtualSwitch


def port_group_create(
    vc: VCenter,
    dvs: str,
    name: str,
    vlan: int,
    *,
    description: str = "",
    ports: int = 8,
    op_id: str | None = None,
    activation_id: str | None = None,
) -> str:
    """Start making a port group on the switch (moref); the task's moref. Find the group by name when it is done.

    Early binding (a card keeps its port while the VM is off), ports added as needed, traffic filters per port allowed.
    VLAN 0 is untagged. DuplicateName, here or from the task, when the name is taken.
    """
    if not 0 <= vlan <= 4094:
        raise faults.InvalidSpec(f"{vlan} is not a VLAN id.")
    setting = _Vmware.VmwarePortConfigPolicy(vlan=_Vmware.VlanIdSpec(vlanId=vlan, inherited=False))
    policy = _Vmware.VMwarePortgroupPolicy(
        blockOverrideAllowed=True,
        shapingOverrideAllowed=True,
        vendorConfigOverrideAllowed=False,
        livePortMovingAllowed=False,
        portConfigResetAtDisconnect=True,
        trafficFilterOverrideAllowed=True,
        vlanOverrideAllowed=False,
        uplinkTeamingOverrideAllowed=False,
        securityPolicyOverrideAllowed=True,
        macManagementOverrideAllowed=True,
        ipfixOverrideAllowed=False,
    )
    spec = vim.dvs.DistributedVirtualPortgroup.ConfigSpec(
        name=names.to_send(name),
        type="earlyBinding",
        numPorts=ports,
        autoExpand=True,
        description=description,
        defaultPortConfig=setting,
        policy=policy,
    )
    switch = vc.object(vim.DistributedVirtualSwitch, dvs)
    task = vc.call(switch, "AddDVPortgroup_Task", spec=[spec], op_id=op_id, activation_id=activation_id)
    return str(task._moId)


def port_group_delete(vc: VCenter, moref: str, *, op_id: str | None = None, activation_id: str | None = None) -> str:
    """Start deleting a port group; HeldByOther (a card is on it), here or from the task."""
    group = vc.object(vim.dvs.DistributedVirtualPortgroup, moref)
    return str(vc.call(group, "Destroy_Task", op_id=op_id, activation_id=activation_id)._moId)


def port_group_read(vc: VCenter, moref: str) -> PortGroupInfo:
    """One port group. Raises ObjectGone."""
    values = properties.read_one(vc, vim.dvs.DistributedVirtualPortgroup, moref, parse.PORT_GROUP_PATHS)
    group = parse.port_group(moref, values)
    return inventory.with_switch(group, [_switch(vc, group.dvs_moref)])


def find_by_name(vc: VCenter, dvs: str, name: str) -> PortGroupInfo | None:
    """The port group of exactly that (unescaped) name on the switch."""
    return next((group for group in _groups(vc, dvs) if group.name == name), None)


def find_by_vlan(vc: VCenter, dvs: str, vlan: int) -> list[PortGroupInfo]:
    """Port groups of the switch with exactly that VLAN, by name; never uplinks, trunks, private VLANs or NSX's."""
    found = [group for group in _groups(vc, dvs) if group.vlan == vlan and not group.uplink and not group.nsx]
    return sorted(found, key=lambda group: (group.name, group.moref))


def _switch(vc: VCenter, dvs: str) -> DvSwitchInfo:
    values = properties.read_one(vc, vim.DistributedVirtualSwitch, dvs, parse.DVS_PATHS)
    return parse.dvs(dvs, values, lambda _ref: ("", ""))


def _groups(vc: VCenter, dvs: str) -> Iterator[PortGroupInfo]:
    values = properties.read_one(vc, vim.DistributedVirtualSwitch, dvs, [*parse.DVS_PATHS, "portgroup"])
    switch = parse.dvs(dvs, values, lambda _ref: ("", ""))
    refs = [group._moId for group in values.get("portgroup") or ()]
    found = properties.read(vc, vim.dvs.DistributedVirtualPortgroup, refs, parse.PORT_GROUP_PATHS)
    for ref, group in found.items():
        if group.get("config") is not None:
            yield inventory.with_switch(parse.port_group(ref, group), [switch])
