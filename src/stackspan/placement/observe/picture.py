"""One vCenter in memory, as its watcher tells it. Knows no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stackspan.placement.observe.capacity import Use
from stackspan.vsphere.changes import Change, ClusterChange, DatastoreChange, FullView, HostChange, Removed, VmChange
from stackspan.vsphere.types import ClusterInfo, DatastoreInfo, HostInfo, PowerState, VmSummary


@dataclass(slots=True)
class _Vm:
    """What counts of a VM. `ours` is None until somebody has looked."""

    instance_uuid: str
    host: str | None
    on: bool
    vcpus: int
    memory_mib: int
    ours: bool | None = None

    @property
    def foreign_on(self) -> bool:
        """Whether it takes room that we didn't allocate. One we don't know yet counts as ours: it is looked up before
        anything is written."""
        return self.on and self.ours is False


class Picture:
    """Clusters, hosts and datastores, and the use by foreign VMs, summed per host as changes come."""

    def __init__(self) -> None:
        self.clusters: dict[str, ClusterInfo] = {}
        self.hosts: dict[str, HostInfo] = {}
        self.datastores: dict[str, DatastoreInfo] = {}
        self._vms: dict[str, _Vm] = {}
        self._use: dict[str, list[int]] = {}  # host → [vCPUs, MiB] of foreign VMs that are on
        self._unknown: set[str] = set()  # VMs that are on and nobody has looked whose they are
        self.dirty = False  # something that capacity depends on has changed
        self.fresh_datastores: set[str] = set()  # told anew since the last look

    def apply(self, changes: Iterable[Change]) -> None:
        """Take changes in; sets `dirty` where they matter."""
        for change in changes:
            if isinstance(change, VmChange):
                self._vm(change.moref, change.vm)
            elif isinstance(change, HostChange):
                self.hosts[change.moref] = change.host
                self.dirty = True
            elif isinstance(change, ClusterChange):
                self.clusters[change.moref] = change.cluster
                self.dirty = True
            elif isinstance(change, DatastoreChange):
                self.datastores[change.moref] = change.datastore
                self.fresh_datastores.add(change.moref)
                self.dirty = True
            elif isinstance(change, Removed):
                self._remove(change.kind, change.moref)
            elif isinstance(change, FullView) and not change.begin:
                self._settle(change.present or {})

    def unknown_vms(self) -> frozenset[str]:
        """VMs that are on and of which nobody has said whose they are."""
        return frozenset(self._unknown)

    def powered_on(self) -> frozenset[str]:
        """All VMs that are on."""
        return frozenset(moref for moref, vm in self._vms.items() if vm.on)

    def classify(self, asked: Iterable[str], ours: Mapping[str, str]) -> None:
        """Note whose the VMs `asked` are; `ours` is moref → instance uuid of our servers among them.

        Both must match: a clone or a restored backup that carries our marks is foreign.
        """
        for moref in asked:
            vm = self._vms.get(moref)
            self._unknown.discard(moref)
            if vm is not None and vm.ours is not (is_ours := ours.get(moref) == vm.instance_uuid):
                self._count(vm, -1)
                vm.ours = is_ours
                self._count(vm, +1)
                self.dirty = True

    def foreign_use(self, hosts: Iterable[str]) -> Use:
        """What foreign VMs use on these hosts."""
        sums = [self._use[host] for host in hosts if host in self._use]
        return Use(sum(s[0] for s in sums), sum(s[1] for s in sums))

    def hosts_of(self, cluster_moref: str) -> list[HostInfo]:
        """The hosts of a cluster, in the order of their morefs."""
        return [host for _moref, host in sorted(self.hosts.items()) if host.cluster == cluster_moref]

    def _vm(self, moref: str, told: VmSummary) -> None:
        on = told.power_state is PowerState.ON and not told.template
        after = _Vm(told.instance_uuid, told.host, on, told.cpus, told.memory_mib)
        before = self._vms.get(moref)
        if before is not None:
            if before.instance_uuid == after.instance_uuid:
                after.ours = before.ours
            if before == after:
                return
            self._count(before, -1)
        self._vms[moref] = after
        self._count(after, +1)
        if after.on and after.ours is None:
            self._unknown.add(moref)
        else:
            self._unknown.discard(moref)
        if after.foreign_on or (before is not None and before.foreign_on):
            self.dirty = True

    def _count(self, vm: _Vm, sign: int) -> None:
        if vm.foreign_on and vm.host is not None:
            sums = self._use.setdefault(vm.host, [0, 0])
            sums[0] += sign * vm.vcpus
            sums[1] += sign * vm.memory_mib

    def _remove(self, kind: str, moref: str) -> None:
        if kind == "vm":
            gone = self._vms.pop(moref, None)
            self._unknown.discard(moref)
            if gone is not None and gone.foreign_on:
                self._count(gone, -1)
                self.dirty = True
            return
        held = self._held(kind)
        if held is not None and held.pop(moref, None) is not None:
            self.dirty = True

    def _settle(self, present: Mapping[str, frozenset[str]]) -> None:
        """The end of a full view: what isn't in `present` is gone."""
        for moref in set(self._vms) - present.get("vm", frozenset()):
            self._remove("vm", moref)
        for kind in ("host", "cluster", "datastore"):
            held = self._held(kind)
            assert held is not None
            for moref in set(held) - present.get(kind, frozenset()):
                self._remove(kind, moref)
        self.dirty = True

    def _held(self, kind: str) -> dict[str, HostInfo] | dict[str, ClusterInfo] | dict[str, DatastoreInfo] | None:
        if kind == "host":
            return self.hosts
        if kind == "cluster":
            return self.clusters
        return self.datastores if kind == "datastore" else None
