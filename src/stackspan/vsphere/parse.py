"""Property mappings as plain values; which paths each kind needs stands beside its parser.

Used by bulk reads (`inventory`) and by the watcher, which keeps the newest mapping of every object.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from pyVmomi import vim

from stackspan.vsphere import names
from stackspan.vsphere.properties import moref
from stackspan.vsphere.types import (
    ClusterInfo,
    ConnectionState,
    DatastoreInfo,
    DvSwitchInfo,
    HaPolicy,
    HostInfo,
    HostMount,
    PortGroupInfo,
    PowerState,
    VmSummary,
)

Values = Mapping[str, Any]
# Folder or datastore cluster → (datacenter moref, name); unknown places give ("", "").
Locate = Callable[[str | None], tuple[str, str]]

MIB = 1 << 20

HOST_PATHS = (
    "name",
    "parent",
    "runtime.connectionState",
    "runtime.inMaintenanceMode",
    "runtime.powerState",
    "summary.hardware.numCpuCores",
    "summary.hardware.numCpuThreads",
    "summary.hardware.cpuMhz",
    "summary.hardware.memorySize",
    "summary.config.product.version",
)
# Not watched: hosts report them every 20 s, and nothing decides on them but the choice of a host, which reads them.
HOST_USAGE_PATHS = ("summary.quickStats.overallCpuUsage", "summary.quickStats.overallMemoryUsage")
CLUSTER_PATHS = ("name", "parent", "host", "datastore", "network", "resourcePool", "configurationEx")
DATASTORE_PATHS = (
    "name",
    "parent",
    "summary.url",
    "summary.type",
    "summary.capacity",
    "summary.freeSpace",
    "summary.uncommitted",
    "summary.accessible",
    "summary.maintenanceMode",
    "host",
)
DVS_PATHS = ("name", "parent", "uuid", "config")
PORT_GROUP_PATHS = ("name", "key", "config")


def connection(value: Any) -> ConnectionState:
    """A connection state; words we don't know are UNKNOWN."""
    try:
        return ConnectionState(str(value))
    except ValueError:
        return ConnectionState.UNKNOWN


def power(value: Any) -> PowerState:
    """A power state. Hosts and VMs share the words; a host's "standBy" and "unknown" count as off."""
    try:
        return PowerState(str(value))
    except ValueError:
        return PowerState.OFF


# path → field of VmSummary and how its value is read
_VM_FIELDS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "name": ("name", lambda value: names.unescape(value or "")),
    "parent": ("folder", moref),
    "summary.config.instanceUuid": ("instance_uuid", lambda value: (value or "").lower()),
    "summary.config.numCpu": ("cpus", lambda value: int(value or 0)),
    "summary.config.memorySizeMB": ("memory_mib", lambda value: int(value or 0)),
    "summary.config.template": ("template", bool),
    "runtime.host": ("host", moref),
    "runtime.powerState": ("power_state", power),
    "runtime.connectionState": ("connection", connection),
}
VM_PATHS = tuple(_VM_FIELDS)


def vm(ref: str, values: Values) -> VmSummary:
    """A VM from VM_PATHS. A VM that is being made or can't be reached lacks some: zeros and empty texts then."""
    fields = {field: read(values.get(path)) for path, (field, read) in _VM_FIELDS.items()}
    return VmSummary(moref=ref, **fields)


def vm_changed(before: VmSummary, values: Values) -> VmSummary:
    """The VM after a change of some of its paths; an unset value counts as empty."""
    fields = {_VM_FIELDS[path][0]: _VM_FIELDS[path][1](value) for path, value in values.items() if path in _VM_FIELDS}
    return dataclasses.replace(before, **fields)


def host(ref: str, values: Values) -> HostInfo:
    """A host from HOST_PATHS (and HOST_USAGE_PATHS where read)."""
    parent = values.get("parent")
    return HostInfo(
        moref=ref,
        name=names.unescape(values.get("name") or ""),
        cluster=moref(parent) if isinstance(parent, vim.ClusterComputeResource) else None,
        connection=connection(values.get("runtime.connectionState")),
        in_maintenance=bool(values.get("runtime.inMaintenanceMode")),
        powered_on=power(values.get("runtime.powerState")) is PowerState.ON,
        cpu_cores=int(values.get("summary.hardware.numCpuCores") or 0),
        cpu_threads=int(values.get("summary.hardware.numCpuThreads") or 0),
        cpu_mhz=int(values.get("summary.hardware.cpuMhz") or 0),
        memory_mib=int(values.get("summary.hardware.memorySize") or 0) // MIB,
        cpu_used_mhz=int(values.get("summary.quickStats.overallCpuUsage") or 0),
        memory_used_mib=int(values.get("summary.quickStats.overallMemoryUsage") or 0),
        version=values.get("summary.config.product.version") or "",
    )


def cluster(ref: str, values: Values, locate: Locate) -> ClusterInfo:
    """A cluster from CLUSTER_PATHS."""
    datacenter, datacenter_name = locate(moref(values.get("parent")))
    config = values.get("configurationEx")
    drs = getattr(config, "drsConfig", None)
    das = getattr(config, "dasConfig", None)
    return ClusterInfo(
        moref=ref,
        name=names.unescape(values.get("name") or ""),
        datacenter=datacenter,
        datacenter_name=datacenter_name,
        resource_pool=moref(values.get("resourcePool")) or "",
        hosts=_morefs(values.get("host")),
        drs_enabled=bool(drs is not None and drs.enabled),
        drs_behavior=str(drs.defaultVmBehavior) if drs is not None and drs.defaultVmBehavior else "manual",
        drs_vm_overrides=bool(drs is not None and drs.enableVmBehaviorOverrides),
        ha_enabled=bool(das is not None and das.enabled),
        ha_policy=_ha_policy(das),
        datastores=_morefs(values.get("datastore")),
        networks=_morefs(values.get("network")),
    )


def _morefs(objects: Any) -> tuple[str, ...]:
    return tuple(sorted(o._moId for o in objects or ()))


def _ha_policy(das: Any) -> HaPolicy:
    if das is None or not das.enabled or das.admissionControlEnabled is False:
        return HaPolicy()
    policy = das.admissionControlPolicy
    if isinstance(policy, vim.cluster.FailoverResourcesAdmissionControlPolicy):
        return HaPolicy(
            "percent",
            cpu_percent=int(policy.cpuFailoverResourcesPercent or 0),
            memory_percent=int(policy.memoryFailoverResourcesPercent or 0),
        )
    if isinstance(policy, vim.cluster.FailoverHostAdmissionControlPolicy):
        return HaPolicy("hosts", failover_hosts=_morefs(policy.failoverHosts))
    if isinstance(policy, vim.cluster.FailoverLevelAdmissionControlPolicy):
        return HaPolicy("slots", failures_to_tolerate=int(policy.failoverLevel or 0))
    return HaPolicy()


def datastore(ref: str, values: Values, locate: Locate) -> DatastoreInfo:
    """A datastore from DATASTORE_PATHS."""
    datacenter, datacenter_name = locate(moref(values.get("parent")))
    return DatastoreInfo(
        moref=ref,
        name=names.unescape(values.get("name") or ""),
        datacenter=datacenter,
        datacenter_name=datacenter_name,
        url=values.get("summary.url") or "",
        type=values.get("summary.type") or "",
        capacity_bytes=int(values.get("summary.capacity") or 0),
        free_bytes=int(values.get("summary.freeSpace") or 0),
        uncommitted_bytes=int(values.get("summary.uncommitted") or 0),
        accessible=bool(values.get("summary.accessible")),
        maintenance=values.get("summary.maintenanceMode") or "normal",
        mounts=tuple(sorted((_mount(m) for m in values.get("host") or ()), key=lambda m: m.host)),
    )


def _mount(mount: Any) -> HostMount:
    info = mount.mountInfo
    return HostMount(
        host=mount.key._moId,
        # Unset means yes for both, as the API says.
        accessible=info.accessible is not False,
        mounted=info.mounted is not False,
        read_write=str(info.accessMode) == "readWrite",
    )


def dvs(ref: str, values: Values, locate: Locate) -> DvSwitchInfo:
    """A distributed switch from DVS_PATHS."""
    config = values.get("config")
    product = getattr(config, "productInfo", None)
    return DvSwitchInfo(
        moref=ref,
        uuid=values.get("uuid") or getattr(config, "uuid", None) or "",
        name=names.unescape(values.get("name") or ""),
        datacenter=locate(moref(values.get("parent")))[0],
        config_version=getattr(config, "configVersion", None) or "",
        max_mtu=int(getattr(config, "maxMtu", None) or 1500),
        version=getattr(product, "version", None) or "",
        uplink_port_groups=_morefs(getattr(config, "uplinkPortgroup", None)),
        network_offload=(getattr(config, "networkOffloadSpecId", None) or "None") not in ("None", ""),
    )


def port_group(ref: str, values: Values) -> PortGroupInfo:
    """A distributed port group from PORT_GROUP_PATHS."""
    config = values["config"]
    switch = config.distributedVirtualSwitch
    vlan = getattr(config.defaultPortConfig, "vlan", None)
    spec = vim.dvs.VmwareDistributedVirtualSwitch
    policy = config.policy
    return PortGroupInfo(
        moref=ref,
        key=values.get("key") or config.key or ref,
        name=names.unescape(values.get("name") or config.name or ""),
        dvs_uuid="",
        dvs_moref=moref(switch) or "",
        vlan=int(vlan.vlanId) if isinstance(vlan, spec.VlanIdSpec) else None,
        trunk=isinstance(vlan, spec.TrunkVlanSpec),
        private_vlan=isinstance(vlan, spec.PvlanSpec),
        uplink=bool(getattr(config, "uplink", None)),
        nsx=(getattr(config, "backingType", None) or "standard") != "standard"
        or bool(getattr(config, "logicalSwitchUuid", None)),
        binding=str(config.type or "earlyBinding"),
        auto_expand=bool(config.autoExpand),
        filter_override=bool(getattr(policy, "trafficFilterOverrideAllowed", False)),
        num_ports=int(config.numPorts or 0),
        config_version=config.configVersion or "",
    )
