"""A vCenter to be observed: changes as the watcher would tell them, and Placement's rows made from them.

world = World()
world.cluster("domain-c1", hosts=3)
world.datastore("datastore-1")
observer = world.observer(database)
observer.on_changes(world.full_view())
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

from stackspan.core import ids
from stackspan.core.clock import SystemClock
from stackspan.db import Database, Transaction
from stackspan.placement.observe import Observer, OfferSettings
from stackspan.vsphere.changes import Change, ClusterChange, DatastoreChange, FullView, HostChange, VmChange
from stackspan.vsphere.types import (
    ClusterInfo,
    ConnectionState,
    DatastoreInfo,
    HostInfo,
    HostMount,
    PowerState,
    VmSummary,
)

GIB = 1 << 30


class World:
    """One vCenter."""

    def __init__(self, vcenter_uuid: str | None = None) -> None:
        self.vcenter_uuid = vcenter_uuid or ids.new_uuid()
        self.clusters: dict[str, ClusterInfo] = {}
        self.hosts: dict[str, HostInfo] = {}
        self.datastores: dict[str, DatastoreInfo] = {}
        self.vms: dict[str, VmSummary] = {}
        self.ours: dict[str, str] = {}  # moref → instance uuid
        self._views = 0

    def cluster(self, moref: str, name: str = "", hosts: int = 3, threads: int = 32, gib: int = 256, **kw: Any) -> None:
        """A cluster with that many hosts, `host-<moref's digits><n>`."""
        morefs = tuple(f"host-{moref.removeprefix('domain-c')}{n}" for n in range(1, hosts + 1))
        values = {"drs_enabled": True, "drs_behavior": "fullyAutomated", **kw}
        self.clusters[moref] = ClusterInfo(
            moref=moref,
            name=name or moref.replace("domain-c", "cluster"),
            datacenter="datacenter-1",
            datacenter_name="Datacenter1",
            resource_pool=f"resgroup-{moref.removeprefix('domain-c')}",
            hosts=morefs,
            **values,
        )
        for host in morefs:
            self.hosts[host] = HostInfo(
                moref=host,
                name=f"{host}.example",
                cluster=moref,
                connection=ConnectionState.CONNECTED,
                in_maintenance=False,
                powered_on=True,
                cpu_cores=threads // 2,
                cpu_threads=threads,
                cpu_mhz=2400,
                memory_mib=gib * 1024,
            )

    def datastore(self, moref: str, name: str = "", gib: int = 4096, free: int | None = None, **kw: Any) -> None:
        """A datastore, mounted by all hosts that there are by now unless `hosts` names them."""
        hosts = kw.pop("hosts", tuple(self.hosts))
        self.datastores[moref] = DatastoreInfo(
            moref=moref,
            name=name or moref.replace("datastore-", "ds"),
            datacenter="datacenter-1",
            datacenter_name="Datacenter1",
            url=f"ds:///{moref}/",
            type="VMFS",
            capacity_bytes=gib * GIB,
            free_bytes=(gib if free is None else free) * GIB,
            uncommitted_bytes=0,
            accessible=kw.pop("accessible", True),
            maintenance=kw.pop("maintenance", "normal"),
            mounts=tuple(HostMount(host, True, True, True) for host in hosts),
        )

    def vm(
        self, moref: str, host: str, cpus: int = 4, mib: int = 8192, on: bool = True, ours: bool = False
    ) -> VmChange:
        """A VM appears or changes."""
        before = self.vms.get(moref)
        uuid = before.instance_uuid if before else ids.new_uuid()
        state = PowerState.ON if on else PowerState.OFF
        connected = ConnectionState.CONNECTED
        self.vms[moref] = VmSummary(moref, moref, uuid, "group-1", host, state, connected, cpus, mib, False)
        if ours:
            self.ours[moref] = uuid
        return VmChange(moref, self.vms[moref])

    def change_host(self, moref: str, **kw: Any) -> HostChange:
        """A host changes."""
        self.hosts[moref] = dataclasses.replace(self.hosts[moref], **kw)
        return HostChange(moref, self.hosts[moref])

    def change_cluster(self, moref: str, **kw: Any) -> ClusterChange:
        """A cluster changes."""
        self.clusters[moref] = dataclasses.replace(self.clusters[moref], **kw)
        return ClusterChange(moref, self.clusters[moref])

    def change_datastore(self, moref: str, **kw: Any) -> DatastoreChange:
        """A datastore changes."""
        self.datastores[moref] = dataclasses.replace(self.datastores[moref], **kw)
        return DatastoreChange(moref, self.datastores[moref])

    def full_view(self) -> list[Change]:
        """All there is, between begin and end."""
        self._views += 1
        present = {
            "vm": frozenset(self.vms),
            "host": frozenset(self.hosts),
            "cluster": frozenset(self.clusters),
            "datastore": frozenset(self.datastores),
            "dvs": frozenset[str](),
            "port_group": frozenset[str](),
        }
        return [
            FullView(True, self._views),
            *(HostChange(moref, info) for moref, info in self.hosts.items()),
            *(ClusterChange(moref, info) for moref, info in self.clusters.items()),
            *(DatastoreChange(moref, info) for moref, info in self.datastores.items()),
            *(VmChange(moref, info) for moref, info in self.vms.items()),
            FullView(False, self._views, present),
        ]

    def owned(self, _tx: Transaction, _vcenter_uuid: str, morefs: Collection[str]) -> Mapping[str, str]:
        """Whose the VMs are."""
        return {moref: uuid for moref, uuid in self.ours.items() if moref in morefs}

    def observer(self, database: Database, settings: OfferSettings | None = None) -> Observer:
        """An observer of this vCenter; by default all clusters are configured."""
        chosen = settings or OfferSettings(tuple(info.name for info in self.clusters.values()))
        return Observer(database, SystemClock(), self.vcenter_uuid, chosen, self.owned)
