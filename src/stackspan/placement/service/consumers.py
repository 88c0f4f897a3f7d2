"""Consumers and their allocations, for the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stackspan.db import Transaction
from stackspan.placement import errors
from stackspan.placement.model import Allocation, Consumer, ConsumerWish, Provider
from stackspan.placement.service.base import Parts
from stackspan.placement.service.names import classes_known
from stackspan.placement.service.providers import provider_for
from stackspan.placement.service.room import Allocations, usage_before
from stackspan.placement.store import allocations as allocation_store
from stackspan.placement.store import providers as provider_store

_UNABLE = "Unable to allocate inventory for consumer {}: {}"
_CHANGED = "Inventory and/or allocations changed while attempting to allocate: {}"


class Consumers:
    """What the API does with allocations."""

    def __init__(self, parts: Parts, allocations: Allocations) -> None:
        self._parts = parts
        self._allocations = allocations

    def get(self, consumer_uuid: str) -> tuple[Sequence[Allocation], Mapping[str, Provider]]:
        """A consumer's allocations (none where there is no such consumer), and their providers by uuid."""
        with self._parts.database.read() as tx:
            rows = allocation_store.allocation_list(tx, consumers=[consumer_uuid])
            uuids = {row.provider_uuid for row in rows}
            providers = provider_store.provider_list(tx, uuids=uuids) if uuids else []
            return rows, {provider.uuid: provider for provider in providers}

    def of_provider(self, uuid: str) -> tuple[Provider, Sequence[Allocation]]:
        """A provider and all that is allocated of it. Raises ProviderNotFound."""
        with self._parts.database.read() as tx:
            found = provider_store.provider_get(tx, uuid)
            if found is None:
                raise errors.ProviderMissing(uuid)
            return found, allocation_store.allocation_list(tx, provider_uuid=uuid)

    def usages(self, project_id: str, user_id: str | None) -> Mapping[str, int]:
        """resource class → what the project, or one user of it, uses."""
        with self._parts.database.read() as tx:
            return allocation_store.usage_by_project(tx, project_id, user_id)

    def set(self, wishes: Sequence[ConsumerWish]) -> None:
        """Make these the allocations of those consumers: all or none.

        Raises Refused (no such provider or class), ConsumerConflict, NoRoom, ConcurrentUpdate.
        """
        with self._parts.database.write() as tx:
            allocation_store.consumers_lock(tx, [wish.uuid for wish in wishes])
            held = _held(tx, [wish.uuid for wish in wishes])
            for wish in wishes:
                _generation(wish, held.get(wish.uuid, ()))
                _names(tx, wish)
            touched = {uuid for wish in wishes for uuid in wish.resources}
            touched |= {row.provider_uuid for rows in held.values() for row in rows}
            allocation_store.providers_touch(tx, touched, self._parts.now())
            before = usage_before(tx, touched)
            for uuid in held:
                allocation_store.allocation_delete(tx, uuid)
            for wish in wishes:
                self._take(tx, wish, held.get(wish.uuid, ()), before)

    def delete(self, consumer_uuid: str) -> None:
        """Raises ConsumerNotFound."""
        with self._parts.database.write() as tx:
            allocation_store.consumers_lock(tx, [consumer_uuid])
            if not allocation_store.allocation_list(tx, consumers=[consumer_uuid]):
                raise errors.ConsumerNotFound(consumer_uuid)
            self._allocations.release(tx, consumer_uuid)

    def _take(
        self, tx: Transaction, wish: ConsumerWish, held: Sequence[Allocation], before: Mapping[tuple[str, str], int]
    ) -> None:
        if not wish.resources:
            return
        known = held[0].consumer if held else None
        consumer = Consumer(
            wish.uuid,
            wish.project_id,
            wish.user_id,
            known.type if known else wish.type,
            known.generation + 1 if known else 1,
        )
        try:
            self._allocations.take(tx, consumer, wish.resources, before if held else {}, locked=True)
        except errors.Stale as stale:
            raise errors.ConcurrentUpdate(_CHANGED.format(stale.user_message)) from stale


def _held(tx: Transaction, consumers: Sequence[str]) -> dict[str, list[Allocation]]:
    held: dict[str, list[Allocation]] = {}
    for row in allocation_store.allocation_list(tx, consumers=consumers):
        held.setdefault(row.consumer.uuid, []).append(row)
    return held


def _generation(wish: ConsumerWish, held: Sequence[Allocation]) -> None:
    there = held[0].consumer.generation if held else None
    if wish.checked and wish.generation != there:
        raise errors.ConsumerConflict(there, wish.generation)


def _names(tx: Transaction, wish: ConsumerWish) -> None:
    for uuid in wish.resources:
        try:
            provider_for(tx, uuid)
        except errors.ProviderNotFound as missing:
            raise errors.Refused(f"Allocation for resource provider '{uuid}' that does not exist.") from missing
    try:
        classes_known(tx, {name for classes in wish.resources.values() for name in classes})
    except errors.ResourceClassNotFound as missing:
        raise errors.Refused(_UNABLE.format(wish.uuid, missing.user_message)) from missing
