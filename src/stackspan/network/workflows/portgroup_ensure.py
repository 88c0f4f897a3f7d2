"""Give a network its port group in a vCenter: find the one with exactly its VLAN, or make one.

Which one, where several fit (documented in docs/compat/network.md): the one with the name that ours gets, else the first
by name. Only groups of the mapped distributed switch count; trunks, uplinks, private VLANs and NSX-backed groups never do.
The key of the make is the port group's exact name, chosen when the job was queued; it contains the network's id.
"""

from __future__ import annotations

from dataclasses import dataclass

from stackspan.db import Transaction
from stackspan.network import operations
from stackspan.network.model import NetworkOptions, PortGroupState
from stackspan.network.operations import PortGroupEnsure
from stackspan.network.store import port_groups as store
from stackspan.vsphere import faults, inventory, networks
from stackspan.vsphere.fleet import Fleet, Link
from stackspan.vsphere.types import DvSwitchInfo, PortGroupInfo
from stackspan.workflow import Outcome, Step, StepContext, StepFailed, Workflow


@dataclass(frozen=True)
class _Steps:
    fleet: Fleet
    options: NetworkOptions

    def find_or_make(self, ctx: StepContext[PortGroupEnsure]) -> Outcome:
        params = ctx.params
        link = self.fleet.get(params.vcenter_uuid, "network")
        link.tasks.settle(activation_id=ctx.activation_id)
        switch = self._switch(link, params.physical_network)
        group = _pick(networks.find_by_vlan(link.vc, switch.moref, params.segmentation_id), params.name)
        tasks = []
        if group is None:
            tasks.append(self._make(link, switch, ctx))
            group = networks.find_by_name(link.vc, switch.moref, params.name)
        if group is None or group.vlan != params.segmentation_id:
            raise StepFailed(
                "The network could not be set up.",
                f"port group '{params.name}' of switch {switch.name} isn't there with VLAN {params.segmentation_id}",
            )
        result = {"moref": group.moref, "key": group.key, "dvs_uuid": switch.uuid, "owned": group.name == params.name}
        return Outcome(result=result, tasks=[task for task in tasks if task])

    def take_back(self, ctx: StepContext[PortGroupEnsure]) -> None:
        link = self.fleet.get(ctx.params.vcenter_uuid, "network")
        link.tasks.settle(activation_id=ctx.activation_id)
        switch = self._switch(link, ctx.params.physical_network)
        group = networks.find_by_name(link.vc, switch.moref, ctx.params.name)
        if group is not None:
            remove(link, group.moref, ctx.op_id)

    def _make(self, link: Link, switch: DvSwitchInfo, ctx: StepContext[PortGroupEnsure]) -> str | None:
        params = ctx.params
        try:
            task = networks.port_group_create(
                link.vc,
                switch.moref,
                params.name,
                params.segmentation_id,
                description=f"OpenStack network {params.network_id}",
                op_id=ctx.op_id,
                activation_id=ctx.activation_id,
            )
            link.tasks.wait(task)
        except (faults.DuplicateName, faults.TaskUnknown):
            return None  # made by an earlier run of this step: judged by the object
        return task

    def _switch(self, link: Link, physical_network: str) -> DvSwitchInfo:
        switches = inventory.dvswitches(link.vc)
        wanted = self.options.network_maps.get(physical_network)
        if wanted is None and not self.options.network_maps and len(switches) == 1:
            return switches[0]
        for switch in switches:
            if switch.name == wanted:
                return switch
        names = ", ".join(switch.name for switch in switches) or "none"
        raise StepFailed(
            "The network could not be set up: its physical network has no distributed switch.",
            f"physical network {physical_network} is mapped to switch {wanted!r}; vCenter has: {names}. "
            "Set [ML2_VMWARE] network_maps.",
        )


def remove(link: Link, moref: str, op_id: str) -> None:
    """Delete a port group of ours; one that is gone is fine. Raises HeldByOther where something is plugged into it."""
    try:
        link.tasks.wait(networks.port_group_delete(link.vc, moref, op_id=op_id))
    except (faults.ObjectGone, faults.TaskUnknown):
        return


def _pick(candidates: list[PortGroupInfo], own_name: str) -> PortGroupInfo | None:
    ordered = sorted(candidates, key=lambda group: (group.name != own_name, group.name, group.moref))
    return ordered[0] if ordered else None


def _done(tx: Transaction, ctx: StepContext[PortGroupEnsure]) -> None:
    found = dict(ctx.results["find_or_make"])
    store.port_group_move(tx, ctx.params.network_id, ctx.params.vcenter_uuid, PortGroupState.READY, found)


def _failed(tx: Transaction, ctx: StepContext[PortGroupEnsure]) -> None:
    reason = ctx.failure.log_message[:1000] if ctx.failure else "cancelled"
    changes = {"reason": reason}
    store.port_group_move(tx, ctx.params.network_id, ctx.params.vcenter_uuid, PortGroupState.ERROR, changes)


def workflow(fleet: Fleet, options: NetworkOptions) -> Workflow[PortGroupEnsure]:
    """The definition."""
    steps = _Steps(fleet, options)
    return Workflow(
        operation=operations.PORT_GROUP_ENSURE,
        steps=[Step("find_or_make", steps.find_or_make, steps.take_back)],
        on_done=_done,
        on_failed=_failed,
        on_cancelled=_failed,
    )
