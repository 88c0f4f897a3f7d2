"""Which hypervisor and datastore a server may get: Placement's candidates, narrowed by what only Compute knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stackspan.compute import errors
from stackspan.compute.model import ComputeNode, Flavor, ServerGroup
from stackspan.compute.service.base import Parts
from stackspan.compute.service.nodes import zone_by_host
from stackspan.compute.store import nodes as node_store
from stackspan.compute.store import servers as server_store
from stackspan.core import errors as core_errors
from stackspan.db import Transaction
from stackspan.placement import errors as placement_errors
from stackspan.placement.model import Candidate

_TRAIT = "trait:"


@dataclass(frozen=True)
class Wish:
    """What a server needs of its place.

    Args:
        disk_gib: root, ephemeral and swap together.
        zone: availability zone, None: any.
        host, node: forced by an administrator.
        same_as, apart_from: clusters of servers it must or must not share a hypervisor with; None: no such wish.
    """

    flavor: Flavor
    disk_gib: int
    zone: str | None = None
    host: str | None = None
    node: str | None = None
    same_as: frozenset[str] | None = None
    apart_from: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Place:
    """A hypervisor and a datastore of it."""

    cluster_uuid: str
    datastore_uuid: str
    vcenter_uuid: str
    node: ComputeNode
    zone: str


@dataclass
class Places:
    """Places in order of preference, and why others aren't among them: (hypervisor, reason), for administrators."""

    ordered: list[Place] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)


class Placing:
    """Finds places and takes them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def find(self, tx: Transaction, wish: Wish, nodes: Sequence[ComputeNode]) -> Places:
        """Places that could take the server now, the best first. Reads only."""
        specs = wish.flavor.extra_specs
        found = self._parts.placement.candidates(
            tx,
            vcpus=wish.flavor.vcpus,
            memory_mib=wish.flavor.memory_mib,
            disk_gib=wish.disk_gib,
            required_traits=_traits(specs, "required"),
            forbidden_traits=_traits(specs, "forbidden"),
        )
        places = Places(rejected=[(item.cluster_name, item.reason) for item in found.rejected])
        zones = zone_by_host(node_store.aggregate_list(tx))
        by_cluster = {node.cluster_uuid: node for node in nodes}
        default = self._parts.settings.default_availability_zone
        fitting: list[tuple[Candidate, Place]] = []
        for candidate in found.items:
            node = by_cluster.get(candidate.cluster.uuid)
            if node is None:
                continue
            zone = zones.get(node.host, default)
            refused = _refused(wish, node, zone)
            if refused:
                places.rejected.append((candidate.cluster.name, refused))
                continue
            cluster, datastore = candidate.cluster, candidate.datastore
            place = Place(cluster.uuid, datastore.uuid, cluster.vcenter_uuid, node, zone)
            fitting.append((candidate, place))
        fitting.sort(key=lambda pair: (-pair[0].memory_mib_free, -pair[0].vcpus_free, -pair[0].disk_gib_free))
        places.ordered = [place for _, place in fitting]
        return places

    def take(self, tx: Transaction, server_id: str, wish: Wish, place: Place, *, project_id: str, user_id: str) -> bool:
        """Reserve the place for the server, in the open write transaction. False: no longer any room there."""
        resources: dict[str, dict[str, int]] = {
            place.cluster_uuid: {"VCPU": wish.flavor.vcpus, "MEMORY_MB": wish.flavor.memory_mib}
        }
        if wish.disk_gib:
            resources[place.datastore_uuid] = {"DISK_GB": wish.disk_gib}
        try:
            self._parts.placement.allocate(
                tx, server_id, resources, project_id=project_id, user_id=user_id, consumer_type="INSTANCE"
            )
        except (placement_errors.NoRoom, placement_errors.Stale):
            return False
        return True

    def group_wish(self, tx: Transaction, group: ServerGroup | None) -> tuple[frozenset[str] | None, frozenset[str]]:
        """(clusters to share, clusters to stay away from) that a server group's policy asks for."""
        if group is None or not group.members:
            return None, frozenset()
        used = set()
        for server_id in group.members:
            member = server_store.server_get(tx, server_id)
            if member is not None and not member.deleted and member.cluster_uuid is not None:
                used.add(member.cluster_uuid)
        if group.policy == "affinity":
            return frozenset(used) if used else None, frozenset()
        return None, frozenset(used) if group.policy == "anti-affinity" else frozenset()


def no_valid_host(places: Places, considered: int) -> tuple[str, str]:
    """(what the user reads: counts, no names; what administrators read: per hypervisor what was missing)."""
    message = "No valid host was found. There are not enough hosts available."
    if considered:
        message += f" None of {considered} hypervisor{'s' if considered != 1 else ''} can take the server."
    details = "\n".join(f"{name}: {reason}" for name, reason in places.rejected)
    return message, details


class NoValidHost(core_errors.StackspanError):
    """No hypervisor can take the server."""

    default_message = "No valid host was found. There are not enough hosts available."


def zone_check(parts: Parts, tx: Transaction, zone: str | None, nodes: Sequence[ComputeNode]) -> None:
    """Raise ZoneInvalid unless the zone has a hypervisor that is enabled."""
    if zone is None:
        return
    zones = zone_by_host(node_store.aggregate_list(tx))
    default = parts.settings.default_availability_zone
    if zone not in {zones.get(node.host, default) for node in nodes if not node.disabled} | ({default} - {""}):
        raise errors.ZoneInvalid


def _refused(wish: Wish, node: ComputeNode, zone: str) -> str | None:
    if wish.host is not None and wish.host != node.host:
        return "not the host that was asked for"
    if wish.node is not None and wish.node != node.node:
        return "not the hypervisor that was asked for"
    if node.disabled and wish.host is None and wish.node is None:
        return "its compute service is disabled"
    if node.forced_down:
        return "its compute service is forced down"
    if wish.zone is not None and wish.zone != zone:
        return f"it is in availability zone {zone}"
    if wish.same_as is not None and node.cluster_uuid not in wish.same_as:
        return "the server group's members are elsewhere"
    if node.cluster_uuid in wish.apart_from:
        return "a member of the server group is there"
    return None


def _traits(specs: Mapping[str, str], word: str) -> tuple[str, ...]:
    return tuple(key[len(_TRAIT) :] for key, value in specs.items() if key.startswith(_TRAIT) and value == word)
