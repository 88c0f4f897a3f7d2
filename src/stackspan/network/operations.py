"""Names and parameters of Network's workflows."""

from __future__ import annotations

from stackspan.workflow import Operation, Params


class PortGroupEnsure(Params, frozen=True, kw_only=True):
    """Find the port group of a network's VLAN, or make it. `name` is the one ours gets, chosen beforehand."""

    network_id: str
    vcenter_uuid: str
    physical_network: str
    segmentation_id: int
    name: str
    mtu: int


class PortGroupRemove(Params, frozen=True, kw_only=True):
    """Remove a port group of ours that no server needs any more."""

    network_id: str
    vcenter_uuid: str


PORT_GROUP_ENSURE = Operation("network.portgroup_ensure", 1, PortGroupEnsure)
PORT_GROUP_REMOVE = Operation("network.portgroup_remove", 1, PortGroupRemove)
