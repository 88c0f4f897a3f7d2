"""What the watcher hands over: typed changes, each with the whole present state of its object."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from stackspan.vsphere.types import (
    ClusterInfo,
    DatastoreInfo,
    DvSwitchInfo,
    GuestNic,
    HostInfo,
    PortGroupInfo,
    VmHardware,
    VmSummary,
)


@dataclass(frozen=True)
class FullView:
    """Marks the begin and end of a full view, which comes first after each (re)connect.

    Between the two, every object there is comes as a change. At the end, `present` lists the morefs of each kind
    ("vm", "host", "cluster", "datastore", "dvs", "port_group"): what isn't in it is gone. `number` rises with each view;
    a begin without its end was broken off, and another begin follows.
    """

    begin: bool
    number: int
    present: Mapping[str, frozenset[str]] | None = None


@dataclass(frozen=True)
class VmChange:
    """A VM (any VM) appeared or changed. `changed` names the fields of `vm` that differ; empty: newly seen."""

    moref: str
    vm: VmSummary
    changed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class VmHardwareChange:
    """The devices of one of our VMs (`Watcher.track`); at most every 5 s."""

    moref: str
    hardware: VmHardware


@dataclass(frozen=True)
class VmGuestChange:
    """Guest addresses of one of our VMs; at most every 5 s."""

    moref: str
    nics: tuple[GuestNic, ...]


@dataclass(frozen=True)
class HostChange:
    """A host appeared or changed. Its usage figures are not watched and always 0 here."""

    moref: str
    host: HostInfo
    changed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ClusterChange:
    """A cluster appeared or changed."""

    moref: str
    cluster: ClusterInfo
    changed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class DatastoreChange:
    """A datastore appeared or changed."""

    moref: str
    datastore: DatastoreInfo
    changed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class DvSwitchChange:
    """A distributed switch appeared or changed."""

    moref: str
    switch: DvSwitchInfo
    changed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class PortGroupChange:
    """A distributed port group appeared or changed."""

    moref: str
    port_group: PortGroupInfo
    changed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Removed:
    """An object is gone. `kind` as in `FullView.present`."""

    kind: str
    moref: str


Change = (
    FullView
    | VmChange
    | VmHardwareChange
    | VmGuestChange
    | HostChange
    | ClusterChange
    | DatastoreChange
    | DvSwitchChange
    | PortGroupChange
    | Removed
)
OnChanges = Callable[[Sequence[Change]], None]
