"""Allocation candidates: which sets of providers could take a request. Pure.

An *anchor* is the root of a tree. A provider serves in its own tree and, where it has the sharing trait, in the tree of
every provider that is in an aggregate with it. The group without a suffix may spread over an anchor's providers, a class
from each; a numbered group comes from one provider whole.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from stackspan.placement.model import SHARING_TRAIT, Provider, RequestGroup
from stackspan.placement.store.room import Room

Part = tuple[tuple[str, str, int], ...]
"""(provider, resource class, amount) that serve one group."""


@dataclass(frozen=True)
class World:
    """All providers with what they have; each mapping by provider uuid."""

    providers: Mapping[str, Provider]
    rooms: Mapping[str, Mapping[str, Room]]
    traits: Mapping[str, frozenset[str]]
    aggregates: Mapping[str, frozenset[str]]

    def root(self, uuid: str) -> str:
        """The root of the provider's tree."""
        return self.providers[uuid].root_uuid

    def has(self, uuid: str) -> frozenset[str]:
        """The provider's traits."""
        return self.traits.get(uuid, frozenset())

    def inside(self, uuid: str, member_of: Iterable[frozenset[str]]) -> bool:
        """Whether the provider is in one of each set of aggregates."""
        own = self.aggregates.get(uuid, frozenset())
        return all(not own.isdisjoint(aggregates) for aggregates in member_of)

    def fits(self, uuid: str, resource_class: str, amount: int) -> bool:
        """Whether the provider has the room."""
        room = self.rooms.get(uuid, {}).get(resource_class)
        return room is not None and not room.refuses(amount)


@dataclass(frozen=True)
class CandidateRequest:
    """A request for candidates.

    Args:
        isolate: numbered groups come from different providers (`group_policy=isolate`).
        nested: several providers of one tree may serve (from 1.29 on).
    """

    groups: Sequence[RequestGroup]
    isolate: bool = False
    nested: bool = True


def anchors_of(world: World) -> dict[str, frozenset[str]]:
    """provider → the anchors it serves."""
    by_aggregate: dict[str, set[str]] = {}
    for uuid, aggregates in world.aggregates.items():
        for aggregate in aggregates:
            by_aggregate.setdefault(aggregate, set()).add(world.root(uuid))
    found = {}
    for uuid in world.providers:
        anchors = {world.root(uuid)}
        if SHARING_TRAIT in world.has(uuid):
            for aggregate in world.aggregates.get(uuid, ()):
                anchors |= by_aggregate[aggregate]
        found[uuid] = frozenset(anchors)
    return found


def candidates(world: World, request: CandidateRequest) -> Iterator[Mapping[str, Mapping[str, int]]]:
    """provider → resource class → amount: every distinct way to serve the request, in a stable order."""
    anchors = anchors_of(world)
    serving: dict[str, list[str]] = {}
    for uuid, served in anchors.items():
        for anchor in served:
            serving.setdefault(anchor, []).append(uuid)
    seen = set()
    for anchor in sorted(serving, key=lambda uuid: (world.providers[uuid].created_at, uuid)):
        inside = sorted(serving[anchor], key=lambda uuid: (world.root(uuid) != anchor, uuid))
        parts = [list(_parts(world, group, inside, anchor)) for group in request.groups]
        for combination in itertools.product(*parts):
            if request.isolate and not _isolated(request.groups, combination):
                continue
            merged = _merged(combination)
            key = frozenset((uuid, name, n) for uuid, classes in merged.items() for name, n in classes.items())
            if key not in seen and _has_room(world, merged) and (request.nested or _flat(world, merged)):
                seen.add(key)
                yield merged


def _parts(world: World, group: RequestGroup, inside: Sequence[str], anchor: str) -> Iterator[Part]:
    """The ways to serve one group by the providers `inside` an anchor."""
    if group.suffix:
        for uuid in inside:
            has = world.has(uuid)
            if (
                all(world.fits(uuid, name, amount) for name, amount in group.resources.items())
                and group.required <= has
                and group.forbidden.isdisjoint(has)
                and world.inside(uuid, group.member_of)
            ):
                yield tuple((uuid, name, amount) for name, amount in group.resources.items())
        return
    # An aggregate of the root spans its tree.
    whole = world.inside(anchor, group.member_of)
    members = [u for u in inside if world.inside(u, group.member_of) or (whole and world.root(u) == anchor)]
    usable = [uuid for uuid in members if group.forbidden.isdisjoint(world.has(uuid))]
    choices = [
        [(uuid, name, amount) for uuid in usable if world.fits(uuid, name, amount)]
        for name, amount in group.resources.items()
    ]
    for choice in itertools.product(*choices):
        if group.required <= frozenset().union(*(world.has(uuid) for uuid, _name, _amount in choice)):
            yield choice


def _isolated(groups: Sequence[RequestGroup], combination: Sequence[Part]) -> bool:
    used = [part[0][0] for group, part in zip(groups, combination, strict=True) if group.suffix]
    return len(used) == len(set(used))


def _merged(combination: Sequence[Part]) -> dict[str, dict[str, int]]:
    merged: dict[str, dict[str, int]] = {}
    for uuid, name, amount in itertools.chain.from_iterable(combination):
        classes = merged.setdefault(uuid, {})
        classes[name] = classes.get(name, 0) + amount
    return merged


def _has_room(world: World, merged: Mapping[str, Mapping[str, int]]) -> bool:
    """Groups that meet at one provider must fit together, too."""
    for uuid, classes in merged.items():
        for name, amount in classes.items():
            room = world.rooms[uuid][name]
            if amount > room.inventory.max_unit or room.used + amount > room.inventory.capacity:
                return False
    return True


def _flat(world: World, merged: Mapping[str, Mapping[str, int]]) -> bool:
    roots = [world.root(uuid) for uuid in merged]
    return len(roots) == len(set(roots))
