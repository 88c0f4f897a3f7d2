"""ConfigSpecs from pure functions: a plan (frozen dataclasses) in, `vim.vm.ConfigSpec` out.

`create_spec` lets each concern add its part in this order, because later parts need the device keys of earlier ones:
identity and hardware, controllers and disks, CD-ROMs, network cards, extra configuration and guestinfo, limits.
"""

from stackspan.vsphere.specs.build import VmPlan, create_spec, reconfigure_spec
from stackspan.vsphere.specs.disks import BlankDisk, ChildDisk, DiskPlan, ExistingDisk
from stackspan.vsphere.specs.guestinfo import GuestInfo
from stackspan.vsphere.specs.hardware import Hardware
from stackspan.vsphere.specs.limits import Allocation, Limits, limits_from_extra_specs
from stackspan.vsphere.specs.nics import NicPlan

__all__ = [
    "Allocation",
    "BlankDisk",
    "ChildDisk",
    "DiskPlan",
    "ExistingDisk",
    "GuestInfo",
    "Hardware",
    "Limits",
    "NicPlan",
    "VmPlan",
    "create_spec",
    "limits_from_extra_specs",
    "reconfigure_spec",
]
