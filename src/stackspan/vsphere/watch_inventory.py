"""The newest state of every watched object, kept in memory; updates in, typed changes out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

from pyVmomi import vim

from stackspan.vsphere import changes, inventory, parse
from stackspan.vsphere.types import DvSwitchInfo, PortGroupInfo, VmSummary

# In this order within one answer: port groups want to know their switch.
KINDS: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("host", vim.HostSystem, parse.HOST_PATHS),
    ("cluster", vim.ClusterComputeResource, parse.CLUSTER_PATHS),
    ("datastore", vim.Datastore, parse.DATASTORE_PATHS),
    ("dvs", vim.DistributedVirtualSwitch, parse.DVS_PATHS),
    ("port_group", vim.dvs.DistributedVirtualPortgroup, parse.PORT_GROUP_PATHS),
    ("vm", vim.VirtualMachine, parse.VM_PATHS),
)
_ORDER = {kind: number for number, (kind, _cls, _paths) in enumerate(KINDS)}


def kind_of(managed_object: Any) -> str | None:
    """The kind of a managed object, None for one we don't watch."""
    return next((kind for kind, cls, _paths in KINDS if isinstance(managed_object, cls)), None)


class InventoryState:
    """All objects of one vCenter as last told. Used by one thread."""

    def __init__(self, places: inventory.Places) -> None:
        self._places = places
        # VMs are many: only their small summary is kept. Of the others, which are few, the raw values.
        self._vms: dict[str, VmSummary] = {}
        self._values: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind, _c, _p in KINDS if kind != "vm"}
        self._known: dict[tuple[str, str], Any] = {}

    def present(self) -> dict[str, frozenset[str]]:
        """The morefs of each kind."""
        found = {kind: frozenset(values) for kind, values in self._values.items()}
        found["vm"] = frozenset(self._vms)
        return found

    def apply(self, updates: Iterable[Any]) -> Iterator[changes.Change]:
        """Take the object updates of one answer; yields what changed by them."""
        known = [(kind, update) for update in updates if (kind := kind_of(update.obj)) is not None]
        for kind, update in sorted(known, key=lambda item: _ORDER[item[0]]):
            ref = str(update.obj._moId)
            if update.kind == "leave":
                yield from self._remove(kind, ref)
            elif kind == "vm":
                yield from self._apply_vm(ref, update.changeSet or ())
            else:
                yield from self._apply_other(kind, ref, update.changeSet or ())

    def _remove(self, kind: str, ref: str) -> Iterator[changes.Change]:
        gone = self._vms.pop(ref, None) if kind == "vm" else self._values[kind].pop(ref, None)
        self._known.pop((kind, ref), None)
        if gone is not None:
            yield changes.Removed(kind, ref)

    def _apply_vm(self, ref: str, property_changes: Iterable[Any]) -> Iterator[changes.Change]:
        values = {c.name: _value(c) for c in property_changes}
        before = self._vms.get(ref)
        after = parse.vm(ref, values) if before is None else parse.vm_changed(before, values)
        if after == before:
            return
        self._vms[ref] = after
        yield changes.VmChange(ref, after, _differences(before, after))

    def _apply_other(self, kind: str, ref: str, property_changes: Iterable[Any]) -> Iterator[changes.Change]:
        values = self._values[kind].setdefault(ref, {})
        for change in property_changes:
            values[change.name] = _value(change)
        yield from self._renewed(kind, ref)
        if kind == "dvs":
            # Port groups that were told before their switch.
            for group, group_values in self._values["port_group"].items():
                config = group_values.get("config")
                switch = getattr(config, "distributedVirtualSwitch", None)
                if switch is not None and switch._moId == ref:
                    yield from self._renewed("port_group", group)

    def _renewed(self, kind: str, ref: str) -> Iterator[changes.Change]:
        after = self._parse(kind, ref)
        before = self._known.get((kind, ref))
        if after is None or after == before:
            return
        self._known[kind, ref] = after
        yield _CHANGES[kind](ref, after, _differences(before, after))

    def _parse(self, kind: str, ref: str) -> Any:
        values = self._values[kind][ref]
        if kind == "host":
            return parse.host(ref, values)
        if kind == "cluster":
            return parse.cluster(ref, values, self._places.locate)
        if kind == "datastore":
            return parse.datastore(ref, values, self._places.locate)
        if kind == "dvs":
            return parse.dvs(ref, values, self._places.locate)
        return self._port_group(ref, values)

    def _port_group(self, ref: str, values: dict[str, Any]) -> PortGroupInfo | None:
        if values.get("config") is None:
            return None
        group = parse.port_group(ref, values)
        switch: DvSwitchInfo | None = self._known.get(("dvs", group.dvs_moref))
        return group if switch is None else inventory.with_switch(group, [switch])


_CHANGES: dict[str, Any] = {
    "host": changes.HostChange,
    "cluster": changes.ClusterChange,
    "datastore": changes.DatastoreChange,
    "dvs": changes.DvSwitchChange,
    "port_group": changes.PortGroupChange,
}


def _value(change: Any) -> Any:
    return change.val if change.op in ("assign", "add") else None


def _differences(before: Any, after: Any) -> frozenset[str]:
    if before is None:
        return frozenset()
    return frozenset(f.name for f in dataclasses.fields(after) if getattr(before, f.name) != getattr(after, f.name))
