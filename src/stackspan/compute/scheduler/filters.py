"""The stock filters, each by its stock name: None where a target passes, else why it doesn't."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from stackspan.compute.scheduler.request import BootRequest, Target
from stackspan.placement.model import Candidate

_HYPERVISOR_TYPE = "VMware vCenter Server"
_ARCHITECTURES = frozenset({"x86_64", "amd64", "x86", "i386", "i686"})
_HYPERVISOR_TYPES = frozenset({"vmware", "vmware vcenter server"})
_VM_MODE = "hvm"
_AGGREGATE_SCOPE = "aggregate_instance_extra_specs"

Filter = Callable[[Target, BootRequest], str | None]


def matches(value: str, wanted: str) -> bool:
    """Whether an extra spec's `wanted`, such as `>= 4` or `<or> a <or> b`, fits `value`."""
    words = wanted.split()
    name = words.pop(0) if words else ""
    if name == "<or>":
        return value in words[::2]
    compare = _OPERATORS.get(name)
    if compare is None:
        return value == wanted
    if not words:
        return False
    if name == "<all-in>":
        return all(word in value for word in words)
    try:
        return compare(value, words[0])
    except ValueError:  # a number was wanted
        return False


def _numbers(compare: Callable[[Any, Any], bool]) -> Callable[[str, str], bool]:
    return lambda value, wanted: compare(float(value), float(wanted))


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "=": _numbers(operator.ge),  # "at least", in the stock service too
    "==": _numbers(operator.eq),
    "!=": _numbers(operator.ne),
    ">=": _numbers(operator.ge),
    "<=": _numbers(operator.le),
    "<in>": operator.contains,
    "<all-in>": operator.contains,
    "s==": operator.eq,
    "s!=": operator.ne,
    "s<": operator.lt,
    "s<=": operator.le,
    "s>": operator.gt,
    "s>=": operator.ge,
}


def _compute(target: Target, _request: BootRequest) -> str | None:
    if target.disabled:
        return "its compute service is disabled"
    return None


def _zone(target: Target, request: BootRequest) -> str | None:
    if request.zone is not None and request.zone != target.zone:
        return f"it is in availability zone {target.zone}"
    return None


def _capabilities(target: Target, request: BootRequest) -> str | None:
    """Extra specs `capabilities:…`, and unscoped ones that name a capability."""
    known = _capabilities_of(target.candidate)
    for key, wanted in request.extra_specs.items():
        scope = key.split(":")
        if len(scope) == 1:
            if key not in known:
                continue
        elif scope[0] == "capabilities":
            scope = scope[1:]
        else:
            continue
        value = known.get(scope[0]) if len(scope) == 1 else None
        if value is None or not matches(str(value), wanted):
            return f"extra spec {key}: {wanted} asked for, it is {value}"
    return None


def _capabilities_of(candidate: Candidate) -> dict[str, object]:
    return {
        "hypervisor_type": _HYPERVISOR_TYPE,
        "hypervisor_hostname": candidate.cluster.node,
        "nodename": candidate.cluster.node,
        "uuid": candidate.cluster.uuid,
        "vcpus_total": candidate.vcpus_total,
        "total_usable_ram_mb": candidate.memory_mib_total,
        "free_ram_mb": candidate.memory_mib_free,
        "free_disk_mb": candidate.disk_gib_free * 1024,
        "cpu_info": json.dumps({"arch": "x86_64"}),
    }


def _image(_target: Target, request: BootRequest) -> str | None:
    properties = request.image_properties
    architecture = properties.get("hw_architecture") or properties.get("architecture")
    if architecture and architecture.lower() not in _ARCHITECTURES:
        return f"the image is for architecture {architecture}"
    kind = properties.get("img_hv_type") or properties.get("hypervisor_type")
    if kind and kind.lower() not in _HYPERVISOR_TYPES:
        return f"the image is for hypervisor type {kind}"
    mode = properties.get("hw_vm_mode") or properties.get("vm_mode")
    if mode and mode.lower() != _VM_MODE:
        return f"the image wants VM mode {mode}"
    return None


def _anti_affinity(target: Target, request: BootRequest) -> str | None:
    if request.group_policy == "anti-affinity" and target.group_members >= request.group_max:
        return f"{target.group_members} of the server group's members are there"
    return None


def _affinity(target: Target, request: BootRequest) -> str | None:
    if request.group_policy == "affinity" and request.group_placed and not target.group_members:
        return "the server group's members are elsewhere"
    return None


def _same_host(target: Target, request: BootRequest) -> str | None:
    if request.same_host and not request.same_host & target.servers:
        return "none of the servers that it shall be with is there"
    return None


def _different_host(target: Target, request: BootRequest) -> str | None:
    if request.different_host & target.servers:
        return "a server that it shall be apart from is there"
    return None


def _aggregate_extra_specs(target: Target, request: BootRequest) -> str | None:
    for key, wanted in request.extra_specs.items():
        scope, colon, rest = key.partition(":")
        if colon and scope != _AGGREGATE_SCOPE:
            continue
        values = target.aggregate_metadata.get(rest if colon else key, frozenset())
        if not any(matches(value, wanted) for value in values):
            return f"extra spec {key}: no aggregate it is in has {wanted}"
    return None


def _tenancy(target: Target, request: BootRequest) -> str | None:
    allowed = _listed(value for key, value in _items(target) if key.startswith("filter_tenant_id"))
    if allowed and request.project_id not in allowed:
        return "its aggregates are for other projects"
    return None


def _flavor_affinity(target: Target, request: BootRequest) -> str | None:
    allowed = _listed(value for key, value in _items(target) if key == "instance_type")
    if allowed and request.flavor_name not in allowed:
        return "its aggregates are for other flavors"
    return None


def _image_isolation(target: Target, request: BootRequest) -> str | None:
    for key, values in target.aggregate_metadata.items():
        wanted = request.image_properties.get(key)
        if wanted is not None and wanted not in _listed(values):
            return f"its aggregates are for other images: {key}"
    return None


def _pass(_target: Target, _request: BootRequest) -> str | None:
    return None


FILTERS: Mapping[str, Filter] = {
    "ComputeFilter": _compute,
    "AvailabilityZoneFilter": _zone,
    "ComputeCapabilitiesFilter": _capabilities,
    "ImagePropertiesFilter": _image,
    "ServerGroupAntiAffinityFilter": _anti_affinity,
    "ServerGroupAffinityFilter": _affinity,
    "SameHostFilter": _same_host,
    "DifferentHostFilter": _different_host,
    "AggregateInstanceExtraSpecsFilter": _aggregate_extra_specs,
    "AggregateMultiTenancyIsolation": _tenancy,
    "AggregateTypeAffinityFilter": _flavor_affinity,
    "AggregateImagePropertiesIsolation": _image_isolation,
    "AllHostsFilter": _pass,
    # Placement decides these since the stock service dropped them.
    "CoreFilter": _pass,
    "RamFilter": _pass,
    "DiskFilter": _pass,
    "RetryFilter": _pass,
}


def unsupported(names: Iterable[str]) -> tuple[str, ...]:
    """Those of an operator's `enabled_filters` that don't run here."""
    return tuple(name for name in names if name not in FILTERS)


def _items(target: Target) -> list[tuple[str, str]]:
    return [(key, value) for key, values in target.aggregate_metadata.items() for value in values]


def _listed(values: Iterable[str]) -> set[str]:
    return {part.strip() for value in values for part in value.split(",") if part.strip()}
