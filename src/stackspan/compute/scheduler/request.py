"""What the scheduler decides on, and what it answers."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from stackspan.placement.model import Candidate

NO_VALID_HOST = "No valid host was found. There are not enough hosts available."
ROOM = "room"  # what a rejection for want of room is counted under


@dataclass(frozen=True)
class Use:
    """An amount of what a place has."""

    vcpus: int = 0
    memory_mib: int = 0
    disk_gib: int = 0


class Promises:
    """What is promised of clusters and datastores and isn't in the candidates yet. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: Counter[tuple[str, str]] = Counter()

    def add(self, candidate: Candidate, use: Use) -> None:
        """Note that the place was chosen."""
        self._count(candidate, use, +1)

    def remove(self, candidate: Candidate, use: Use) -> None:
        """The allocation is committed, and newly read candidates know of it; or it came to nothing."""
        self._count(candidate, use, -1)

    def free(self, candidate: Candidate) -> Use:
        """What is left of a place."""
        cluster, datastore = candidate.cluster.uuid, candidate.datastore.uuid
        with self._lock:
            return Use(
                candidate.vcpus_free - self._of[cluster, "vcpus"],
                candidate.memory_mib_free - self._of[cluster, "memory"],
                candidate.disk_gib_free - self._of[datastore, "disk"],
            )

    def _count(self, candidate: Candidate, use: Use, sign: int) -> None:
        cluster, datastore = candidate.cluster.uuid, candidate.datastore.uuid
        with self._lock:
            self._of[cluster, "vcpus"] += sign * use.vcpus
            self._of[cluster, "memory"] += sign * use.memory_mib
            self._of[datastore, "disk"] += sign * use.disk_gib


@dataclass(frozen=True)
class Target:
    """A candidate with what Compute knows of its hypervisor.

    Args:
        host, node: names of its service host and of itself.
        zone: availability zone it is in.
        disabled, forced_down: of its service.
        aggregate_metadata: key → values, over all aggregates it is in.
        group_members: servers of the request's server group that are there.
        servers: ids of the servers there that the request's hints name.
        image_cached: the datastore has a ready copy of the image.
    """

    candidate: Candidate
    host: str
    node: str
    zone: str
    disabled: bool = False
    forced_down: bool = False
    aggregate_metadata: Mapping[str, frozenset[str]] = field(default_factory=dict)
    group_members: int = 0
    servers: frozenset[str] = frozenset()
    image_cached: bool = False


@dataclass(frozen=True)
class BootRequest:
    """What a server asks of its place.

    Args:
        zone: None: any.
        forced_host, forced_node: `zone:host:node` of an administrator; filters don't count then.
        group_policy: stock name, None: in no server group. `group_max`: `max_server_per_host` of its rules.
        group_placed: whether the group has servers anywhere.
        same_host, different_host: ids of servers, from the hints.
    """

    use: Use
    project_id: str = ""
    flavor_name: str = ""
    extra_specs: Mapping[str, str] = field(default_factory=dict)
    image_properties: Mapping[str, str] = field(default_factory=dict)
    zone: str | None = None
    forced_host: str | None = None
    forced_node: str | None = None
    group_policy: str | None = None
    group_max: int = 1
    group_placed: bool = False
    same_host: frozenset[str] = frozenset()
    different_host: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rejection:
    """Why a cluster isn't chosen. `by` is a filter's name or `ROOM`."""

    cluster_name: str
    by: str
    reason: str


@dataclass(frozen=True)
class Ranking:
    """Targets, the best first, and why the others aren't among them."""

    ordered: tuple[Target, ...]
    rejected: tuple[Rejection, ...]

    def user_message(self) -> str:
        """What the user reads: counts, no names."""
        if not self.rejected:
            return NO_VALID_HOST
        by = Counter({rejection.cluster_name: rejection.by for rejection in self.rejected}.values())
        total = sum(by.values())
        parts = [f"{by.pop(ROOM)} without enough room"] if by[ROOM] else []
        by.pop(ROOM, None)
        parts += [f"{count} left out by {name}" for name, count in sorted(by.items())]
        return f"{NO_VALID_HOST} Of {total} hypervisor{'s' if total != 1 else ''}: {', '.join(parts)}."

    def admin_details(self) -> str:
        """What administrators read: per cluster what it lacked."""
        return "\n".join(f"{r.cluster_name}: {r.reason}" for r in self.rejected)
