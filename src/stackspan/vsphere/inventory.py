"""Bulk reads of what a vCenter has, each by name; a few calls whatever the size."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TypeVar

from pyVmomi import vim

from stackspan.vsphere import names, parse, properties
from stackspan.vsphere.session import VCenter
from stackspan.vsphere.types import (
    ClusterInfo,
    DatacenterInfo,
    DatastoreInfo,
    DvSwitchInfo,
    HostInfo,
    PortGroupInfo,
    VmSummary,
)

_T = TypeVar("_T", ClusterInfo, HostInfo, DatastoreInfo, DvSwitchInfo, PortGroupInfo, VmSummary)


class Places:
    """Which datacenter a folder belongs to; read once, read again when an unknown folder is asked for."""

    def __init__(self, vc: VCenter) -> None:
        self._vc = vc
        self._parents: dict[str, str | None] = {}
        self._datacenters: dict[str, str] = {}

    def refresh(self) -> None:
        """Read the tree of folders anew."""
        folders = properties.read_all(self._vc, vim.Folder, ["parent"])
        self._parents = {ref: properties.moref(values.get("parent")) for ref, values in folders}
        found = dict(properties.read_all(self._vc, vim.Datacenter, ["name", "parent"]))
        self._datacenters = {ref: names.unescape(values.get("name") or "") for ref, values in found.items()}
        self._parents.update({ref: properties.moref(values.get("parent")) for ref, values in found.items()})

    def locate(self, ref: str | None) -> tuple[str, str]:
        """(datacenter moref, name) of the folder or datastore cluster `ref`; ("", "") when it is in none."""
        if ref is not None and ref not in self._parents and ref not in self._datacenters:
            self.refresh()
            self._parents.setdefault(ref, None)  # not asked for again: not every place is ours to see
        seen = 0
        while ref is not None and seen < 100:
            if ref in self._datacenters:
                return ref, self._datacenters[ref]
            ref = self._parents.get(ref)
            seen += 1
        return "", ""


def datacenters(vc: VCenter) -> list[DatacenterInfo]:
    """All datacenters, by name."""
    paths = ["name", "parent", "vmFolder", "hostFolder", "datastoreFolder", "networkFolder"]
    found = dict(properties.read_all(vc, vim.Datacenter, paths))
    folders = dict(properties.read_all(vc, vim.Folder, ["name", "parent"]))
    root = vc.content.rootFolder._moId
    result = []
    for ref, values in found.items():
        trail = [values["name"]]
        above = properties.moref(values.get("parent"))
        while above is not None and above != root and above in folders:
            trail.append(folders[above]["name"])
            above = properties.moref(folders[above].get("parent"))
        result.append(
            DatacenterInfo(
                moref=ref,
                name=names.unescape(values["name"]),
                path="/".join(reversed(trail)),
                vm_folder=values["vmFolder"]._moId,
                host_folder=values["hostFolder"]._moId,
                datastore_folder=values["datastoreFolder"]._moId,
                network_folder=values["networkFolder"]._moId,
            )
        )
    return sorted(result, key=lambda d: (d.name, d.moref))


def clusters(vc: VCenter) -> list[ClusterInfo]:
    """All clusters, by name."""
    places = Places(vc)
    found = properties.read_all(vc, vim.ClusterComputeResource, parse.CLUSTER_PATHS)
    return _by_name(parse.cluster(ref, values, places.locate) for ref, values in found)


def hosts(vc: VCenter, cluster: str | None = None) -> list[HostInfo]:
    """All ESXi hosts, or those of a cluster, with their present usage, by name."""
    found = properties.read_all(vc, vim.HostSystem, [*parse.HOST_PATHS, *parse.HOST_USAGE_PATHS], container=cluster)
    return _by_name(parse.host(ref, values) for ref, values in found)


def datastores(vc: VCenter) -> list[DatastoreInfo]:
    """All datastores, by name."""
    places = Places(vc)
    found = properties.read_all(vc, vim.Datastore, parse.DATASTORE_PATHS)
    return _by_name(parse.datastore(ref, values, places.locate) for ref, values in found)


def dvswitches(vc: VCenter) -> list[DvSwitchInfo]:
    """All distributed switches, by name."""
    places = Places(vc)
    found = properties.read_all(vc, vim.DistributedVirtualSwitch, parse.DVS_PATHS)
    return _by_name(parse.dvs(ref, values, places.locate) for ref, values in found)


def port_groups(vc: VCenter) -> list[PortGroupInfo]:
    """All distributed port groups, by name."""
    switches = dvswitches(vc)
    found = properties.read_all(vc, vim.dvs.DistributedVirtualPortgroup, parse.PORT_GROUP_PATHS)
    return _by_name(with_switch(parse.port_group(ref, v), switches) for ref, v in found if v.get("config"))


def vms(vc: VCenter) -> list[VmSummary]:
    """All VMs and templates: the few scalars that capacity needs."""
    return _by_name(
        parse.vm(ref, values) for ref, values in properties.read_all(vc, vim.VirtualMachine, parse.VM_PATHS)
    )


def with_switch(group: PortGroupInfo, switches: Iterable[DvSwitchInfo]) -> PortGroupInfo:
    """The group with its switch's uuid, and marked as an uplink where the switch says so."""
    for switch in switches:
        if switch.moref == group.dvs_moref:
            uplink = group.uplink or group.moref in switch.uplink_port_groups
            return dataclasses.replace(group, dvs_uuid=switch.uuid, uplink=uplink)
    return group


def _by_name(found: Iterable[_T]) -> list[_T]:
    return sorted(found, key=lambda item: (item.name, item.moref))
