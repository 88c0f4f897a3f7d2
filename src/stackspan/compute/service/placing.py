"""Which hypervisor and datastore a server may get: Placement's candidates with what Compute knows, ranked by the scheduler."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from stackspan.compute import errors, scheduler
from stackspan.compute.model import Aggregate, ComputeNode, Flavor, ServerGroup
from stackspan.compute.service.base import Parts
from stackspan.compute.service.nodes import zone_by_host
from stackspan.compute.store import nodes as node_store
from stackspan.compute.store import servers as server_store
from stackspan.core import errors as core_errors
from stackspan.db import Transaction
from stackspan.image.model import CacheState, Image
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
        hints: scheduler hints.
    """

    flavor: Flavor
    image: Image
    disk_gib: int
    project_id: str
    zone: str | None = None
    host: str | None = None
    node: str | None = None
    group: ServerGroup | None = None
    hints: Mapping[str, object] = field(default_factory=dict)

    @property
    def use(self) -> scheduler.Use:
        """What it takes."""
        return scheduler.Use(self.flavor.vcpus, self.flavor.memory_mib, self.disk_gib)


@dataclass(frozen=True)
class Place:
    """A hypervisor and a datastore of it."""

    cluster_uuid: str
    datastore_uuid: str
    vcenter_uuid: str
    host: str
    node: str
    zone: str


class NoValidHost(core_errors.StackspanError):
    """No hypervisor can take the server."""

    default_message = scheduler.NO_VALID_HOST


class Placing:
    """Ranks places and takes them. Knows what this process promised to requests that aren't committed yet."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._promises = scheduler.Promises()

    def rank(
        self, tx: Transaction, wish: Wish, nodes: Sequence[ComputeNode], count: int = 1
    ) -> list[scheduler.Ranking]:
        """A ranking for each of `count` servers. Reads only."""
        specs = wish.flavor.extra_specs
        found = self._parts.placement.candidates(
            tx,
            vcpus=wish.flavor.vcpus,
            memory_mib=wish.flavor.memory_mib,
            disk_gib=wish.disk_gib,
            required_traits=_traits(specs, "required"),
            forbidden_traits=_traits(specs, "forbidden"),
        )
        targets = self._targets(tx, found.items, wish, nodes)
        rejected = [scheduler.Rejection(item.cluster_name, scheduler.ROOM, item.reason) for item in found.rejected]
        settings = self._parts.settings.scheduler
        request = self._request(wish, targets)
        return scheduler.schedule(targets, request, settings, count, rejected=rejected, promises=self._promises)

    def promise(self, wish: Wish, rankings: Sequence[scheduler.Ranking]) -> list[Candidate]:
        """Count the best places as taken until `fulfil`, so that requests at the same moment spread."""
        chosen = [ranking.ordered[0].candidate for ranking in rankings if ranking.ordered]
        for candidate in chosen:
            self._promises.add(candidate, wish.use)
        return chosen

    def fulfil(self, wish: Wish, chosen: Sequence[Candidate]) -> None:
        """The allocations are committed, or came to nothing."""
        for candidate in chosen:
            self._promises.remove(candidate, wish.use)

    def take(self, tx: Transaction, server_id: str, wish: Wish, place: Place, *, user_id: str) -> bool:
        """Reserve the place for the server, in the open write transaction. False: no longer any room there."""
        resources: dict[str, dict[str, int]] = {
            place.cluster_uuid: {"VCPU": wish.flavor.vcpus, "MEMORY_MB": wish.flavor.memory_mib}
        }
        if wish.disk_gib:
            resources[place.datastore_uuid] = {"DISK_GB": wish.disk_gib}
        try:
            self._parts.placement.allocate(
                tx, server_id, resources, project_id=wish.project_id, user_id=user_id, consumer_type="INSTANCE"
            )
        except (placement_errors.NoRoom, placement_errors.Stale):
            return False
        return True

    # -- inside ------------------------------------------------------------------------------------------------------

    def _targets(
        self, tx: Transaction, candidates: Sequence[Candidate], wish: Wish, nodes: Sequence[ComputeNode]
    ) -> list[scheduler.Target]:
        aggregates = node_store.aggregate_list(tx)
        zones, metadata = zone_by_host(aggregates), _metadata_by_host(aggregates)
        default = self._parts.settings.default_availability_zone
        members = self._members(tx, wish.group)
        hinted = self._hinted(tx, wish.hints)
        cached = self._cached(tx, wish)
        by_cluster = {node.cluster_uuid: node for node in nodes}
        targets = []
        for candidate in candidates:
            node = by_cluster.get(candidate.cluster.uuid)
            if node is None:
                continue  # it appeared after the nodes were read
            targets.append(
                scheduler.Target(
                    candidate=candidate,
                    host=node.host,
                    node=node.node,
                    zone=zones.get(node.host, default),
                    disabled=node.disabled,
                    forced_down=node.forced_down,
                    aggregate_metadata=metadata.get(node.host, {}),
                    group_members=members[node.cluster_uuid],
                    servers=frozenset(hinted.get(node.cluster_uuid, ())),
                    image_cached=candidate.datastore.uuid in cached,
                )
            )
        return targets

    def _request(self, wish: Wish, targets: Sequence[scheduler.Target]) -> scheduler.BootRequest:
        request = scheduler.BootRequest(
            use=wish.use,
            project_id=wish.project_id,
            flavor_name=wish.flavor.name,
            extra_specs=wish.flavor.extra_specs,
            image_properties=wish.image.properties,
            zone=wish.zone,
            forced_host=wish.host,
            forced_node=wish.node,
            same_host=_ids(wish.hints.get("same_host")),
            different_host=_ids(wish.hints.get("different_host")),
        )
        if wish.group is None:
            return request
        return replace(
            request,
            group_policy=wish.group.policy,
            group_max=wish.group.rules.get("max_server_per_host", 1),
            group_placed=any(target.group_members for target in targets),
        )

    def _members(self, tx: Transaction, group: ServerGroup | None) -> Counter[str]:
        """cluster uuid → servers of the group there."""
        found: Counter[str] = Counter()
        for server_id in group.members if group else ():
            member = server_store.server_get(tx, server_id)
            if member is not None and not member.deleted and member.cluster_uuid is not None:
                found[member.cluster_uuid] += 1
        return found

    def _hinted(self, tx: Transaction, hints: Mapping[str, object]) -> dict[str, list[str]]:
        """cluster uuid → servers there that the hints name."""
        found: dict[str, list[str]] = {}
        for server_id in _ids(hints.get("same_host")) | _ids(hints.get("different_host")):
            server = server_store.server_get(tx, server_id)
            if server is not None and not server.deleted and server.cluster_uuid is not None:
                found.setdefault(server.cluster_uuid, []).append(server_id)
        return found

    def _cached(self, tx: Transaction, wish: Wish) -> frozenset[str]:
        """Datastores with a ready copy of the image in the flavor's size."""
        root_gib = 0 if wish.image.disk_format == "iso" else wish.flavor.root_gib
        return frozenset(
            entry.datastore_uuid
            for entry, _uses in self._parts.image.cache_list(tx)
            if entry.image_id == wish.image.id and entry.root_gib == root_gib and entry.state is CacheState.READY
        )


def places_of(ranking: scheduler.Ranking) -> list[Place]:
    """The places of a ranking, the best first."""
    return [
        Place(
            target.candidate.cluster.uuid,
            target.candidate.datastore.uuid,
            target.candidate.cluster.vcenter_uuid,
            target.host,
            target.node,
            target.zone,
        )
        for target in ranking.ordered
    ]


def zone_check(parts: Parts, tx: Transaction, zone: str | None, nodes: Sequence[ComputeNode]) -> None:
    """Raise ZoneInvalid unless the zone has a hypervisor that is enabled."""
    if zone is None:
        return
    zones = zone_by_host(node_store.aggregate_list(tx))
    default = parts.settings.default_availability_zone
    # The default zone is there even while it is empty, as in stock.
    if zone not in {zones.get(node.host, default) for node in nodes if not node.disabled} | {default}:
        raise errors.ZoneInvalid


def _metadata_by_host(aggregates: Sequence[Aggregate]) -> dict[str, dict[str, frozenset[str]]]:
    found: dict[str, dict[str, frozenset[str]]] = {}
    for aggregate in aggregates:
        for host in aggregate.hosts:
            known = found.setdefault(host, {})
            for key, value in aggregate.metadata.items():
                known[key] = known.get(key, frozenset()) | {value}
    return found


def _ids(hint: object) -> frozenset[str]:
    if isinstance(hint, str):
        return frozenset({hint})
    return frozenset(str(item) for item in hint) if isinstance(hint, list) else frozenset()


def _traits(specs: Mapping[str, str], word: str) -> tuple[str, ...]:
    return tuple(key[len(_TRAIT) :] for key, value in specs.items() if key.startswith(_TRAIT) and value == word)
