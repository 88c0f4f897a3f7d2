"""The plan of a VM, and the ConfigSpec that makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyVmomi import vim

from stackspan.vsphere import names
from stackspan.vsphere.specs import disks as disk_specs
from stackspan.vsphere.specs import guestinfo as guestinfo_specs
from stackspan.vsphere.specs import hardware as hardware_specs
from stackspan.vsphere.specs import limits as limit_specs
from stackspan.vsphere.specs import nics as nic_specs

MANAGED_BY_TYPE = "instance"


@dataclass(frozen=True)
class VmPlan:
    """All that CreateVM_Task is told.

    Args:
        name: exact, unescaped name in its folder: the key by which a repeated create finds it.
        instance_uuid: the server's id; vCenter may change it on conflict, so read it back.
        datastore: name of the datastore of the VM's own files.
        vmx_path: `[ds] dir/x.vmx` to choose the directory; None: vCenter names it after the VM.
        cdroms: ISO paths `[ds] dir/x.iso`.
        extra_config: more keys for the .vmx file.
        managed_by: extension key, or None.
    """

    name: str
    instance_uuid: str
    datastore: str
    hardware: hardware_specs.Hardware
    disks: Sequence[disk_specs.DiskPlan] = ()
    nics: Sequence[nic_specs.NicPlan] = ()
    cdroms: Sequence[str] = ()
    extra_config: Mapping[str, str] = field(default_factory=dict)
    guestinfo: guestinfo_specs.GuestInfo | None = None
    annotation: str = ""
    managed_by: str | None = None
    vmx_path: str | None = None
    limits: limit_specs.Limits = field(default_factory=limit_specs.Limits)
    storage_policy: str | None = None


def create_spec(plan: VmPlan) -> vim.vm.ConfigSpec:
    """The ConfigSpec for CreateVM_Task. Raises InvalidSpec for what vCenter would refuse."""
    spec = vim.vm.ConfigSpec(
        name=names.to_send(plan.name),
        instanceUuid=plan.instance_uuid,
        files=vim.vm.FileInfo(vmPathName=plan.vmx_path or f"[{plan.datastore}]"),
        annotation=plan.annotation,
    )
    if plan.managed_by:
        spec.managedBy = vim.ext.ManagedByInfo(extensionKey=plan.managed_by, type=MANAGED_BY_TYPE)
    if plan.storage_policy:
        spec.vmProfile = [vim.vm.DefinedProfileSpec(profileId=plan.storage_policy)]
    hardware_specs.apply(spec, plan.hardware)
    spec.deviceChange = [
        *hardware_specs.video_card(plan.hardware),
        *disk_specs.device_changes(plan.disks, plan.cdroms),
        *nic_specs.device_changes(plan.nics),
    ]
    extra = dict(plan.extra_config)
    if plan.guestinfo is not None:
        extra.update(guestinfo_specs.entries(plan.guestinfo))
    spec.extraConfig = guestinfo_specs.option_values(extra)
    limit_specs.apply(spec, plan.limits)
    return spec


def reconfigure_spec(
    *,
    change_version: str | None = None,
    hardware: hardware_specs.Hardware | None = None,
    extra_config: Mapping[str, str] | None = None,
    annotation: str | None = None,
    device_changes: Sequence[vim.vm.device.VirtualDeviceSpec] = (),
) -> vim.vm.ConfigSpec:
    """A ConfigSpec that changes only what is given; `change_version` makes vCenter refuse it if the VM changed since."""
    spec = vim.vm.ConfigSpec()
    if change_version:
        spec.changeVersion = change_version
    if hardware is not None:
        hardware_specs.apply(spec, hardware)
    if extra_config:
        spec.extraConfig = guestinfo_specs.option_values(extra_config)
    if annotation is not None:
        spec.annotation = annotation
    if device_changes:
        spec.deviceChange = list(device_changes)
    return spec
