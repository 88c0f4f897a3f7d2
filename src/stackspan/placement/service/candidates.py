"""Allocation candidates, for the API."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stackspan.db import Transaction
from stackspan.placement import errors
from stackspan.placement.model import Provider
from stackspan.placement.service import matching
from stackspan.placement.service.base import Parts
from stackspan.placement.service.matching import CandidateRequest, World
from stackspan.placement.service.names import classes_known, traits_known
from stackspan.placement.store import inventories as inventory_store
from stackspan.placement.store import providers as provider_store
from stackspan.placement.store.room import Room


@dataclass(frozen=True)
class Summary:
    """A provider as a candidate's summary tells it."""

    provider: Provider
    rooms: Mapping[str, Room]
    traits: Sequence[str]


@dataclass(frozen=True)
class Found:
    """Ways to serve a request, and all providers of the trees that they are from."""

    requests: Sequence[Mapping[str, Mapping[str, int]]]
    summaries: Sequence[Summary]


class AllocationCandidates:
    """What the API does with candidates."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def find(self, request: CandidateRequest, limit: int | None) -> Found:
        """The ways to serve the request, at most `limit`. Raises Refused for an unknown resource class or trait."""
        with self._parts.database.read() as tx:
            _names_known(tx, request)
            world = _world(tx)
        settings = self._parts.settings
        most = settings.max_allocation_candidates
        ways = list(itertools.islice(matching.candidates(world, request), most if most >= 0 else None))
        if settings.randomize_allocation_candidates:
            random.shuffle(ways)
        ways = ways[:limit] if limit is not None else ways
        used = {uuid for way in ways for uuid in way}
        roots = {world.root(uuid) for uuid in used}
        trees = any(provider.parent_uuid for provider in world.providers.values())
        shown = [
            provider
            for provider in world.providers.values()
            if (provider.root_uuid in roots if request.nested or not trees else provider.uuid in used)
        ]
        return Found(ways, [Summary(p, world.rooms.get(p.uuid, {}), sorted(world.has(p.uuid))) for p in shown])


def _world(tx: Transaction) -> World:
    return World(
        providers={provider.uuid: provider for provider in provider_store.provider_list(tx)},
        rooms=inventory_store.room_list(tx),
        traits={uuid: frozenset(names) for uuid, names in provider_store.trait_list(tx).items()},
        aggregates={uuid: frozenset(found) for uuid, found in provider_store.aggregate_list(tx).items()},
    )


def _names_known(tx: Transaction, request: CandidateRequest) -> None:
    try:
        classes_known(tx, {name for group in request.groups for name in group.resources})
    except errors.ResourceClassNotFound as missing:
        raise errors.Refused(f"Invalid resource class in resources parameter: {missing.user_message}") from missing
    try:
        traits_known(tx, {name for group in request.groups for name in group.required | group.forbidden})
    except errors.TraitNotFound as missing:
        raise errors.Refused(missing.user_message) from missing
