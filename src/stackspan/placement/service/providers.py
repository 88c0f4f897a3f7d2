"""Resource providers with their aggregates and traits, for the API."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from stackspan.db import Transaction
from stackspan.placement import errors
from stackspan.placement.model import Provider
from stackspan.placement.service.base import Parts
from stackspan.placement.service.names import classes_known, traits_known
from stackspan.placement.store import allocations as allocation_store
from stackspan.placement.store import inventories as inventory_store
from stackspan.placement.store import providers as provider_store

RETRY = "Another thread concurrently updated the resource provider data. Please retry your update"
CHANGED = "Resource provider's generation already changed. Please update the generation and try again."


@dataclass(frozen=True)
class ProviderFilter:
    """What a list of providers is narrowed by."""

    name: str | None = None
    uuid: str | None = None
    in_tree: str | None = None
    member_of: Sequence[Collection[str]] = ()
    resources: Mapping[str, int] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()


def provider_for(tx: Transaction, uuid: str) -> Provider:
    """Raises ProviderNotFound."""
    found = provider_store.provider_get(tx, uuid)
    if found is None:
        raise errors.ProviderNotFound(uuid)
    return found


def claimed(parts: Parts, tx: Transaction, provider: Provider, words: str = RETRY) -> Provider:
    """The provider with its generation raised; raises ConcurrentUpdate where somebody was first."""
    if not provider_store.provider_claim(tx, provider.uuid, provider.generation, parts.now()):
        raise errors.ConcurrentUpdate(words)
    return replace(provider, generation=provider.generation + 1, updated_at=parts.now())


class Providers:
    """What the API does with providers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def list(self, wanted: ProviderFilter) -> Sequence[Provider]:
        """Providers that fit. Raises Refused for a resource class or trait that doesn't exist."""
        with self._parts.database.read() as tx:
            _names_known(tx, wanted)
            found = provider_store.provider_list(tx)
            roots = {provider.uuid: provider.root_uuid for provider in found}
            rooms = inventory_store.room_list(tx) if wanted.resources else {}
            traits = provider_store.trait_list(tx) if wanted.required or wanted.forbidden else {}
            aggregates = provider_store.aggregate_list(tx) if wanted.member_of else {}

        def fits(provider: Provider) -> bool:
            has, inside = traits.get(provider.uuid, set()), aggregates.get(provider.uuid, set())
            room = rooms.get(provider.uuid, {})
            return (
                (wanted.name is None or provider.name == wanted.name)
                and (wanted.uuid is None or provider.uuid == wanted.uuid)
                and (wanted.in_tree is None or provider.root_uuid == roots.get(wanted.in_tree))
                and wanted.required <= has
                and wanted.forbidden.isdisjoint(has)
                and all(not inside.isdisjoint(some) for some in wanted.member_of)
                and all(name in room and not room[name].refuses(n) for name, n in wanted.resources.items())
            )

        return [provider for provider in found if fits(provider)]

    def get(self, uuid: str) -> Provider:
        """Raises ProviderNotFound."""
        with self._parts.database.read() as tx:
            return provider_for(tx, uuid)

    def create(self, name: str, uuid: str, parent_uuid: str | None) -> Provider:
        """Raises Clash (name or uuid taken), Refused (no such parent)."""
        now = self._parts.now()
        with self._parts.database.write() as tx:
            parent = self._parent(tx, name, uuid, parent_uuid)
            root = parent.root_uuid if parent else uuid
            row = Provider(uuid, name, 0, root, parent_uuid, now, now)
            if not provider_store.provider_insert(tx, row):
                taken = provider_store.provider_by_name(tx, name)
                duplicates = [f"uuid: {uuid}"] if provider_store.provider_get(tx, uuid) else []
                duplicates += [f"name: {name}"] if taken else []
                raise errors.Clash(
                    f"Conflicting resource provider {', '.join(duplicates)} already exists.", errors.DUPLICATE_NAME
                )
            return row

    def update(self, uuid: str, name: str, parent_uuid: str | None, *, move: bool) -> Provider:
        """Rename it, and with `move` put it under `parent_uuid` where it has no parent yet.

        Raises ProviderNotFound, Clash (name taken), Refused.
        """
        with self._parts.database.write() as tx:
            before = provider_for(tx, uuid)
            taken = provider_store.provider_by_name(tx, name)
            if taken is not None and taken.uuid != uuid:
                raise errors.Clash(f"Conflicting resource provider {name} already exists.", errors.DUPLICATE_NAME)
            values: dict[str, object] = {"name": name}
            if move:
                values["root_uuid"] = self._root_under(tx, before, parent_uuid)
                values["parent_uuid"] = parent_uuid
                if values["root_uuid"] != before.root_uuid:
                    provider_store.subtree_root_set(tx, _subtree(tx, before), str(values["root_uuid"]))
            if not provider_store.provider_update(tx, uuid, self._parts.now(), **values):
                raise errors.Clash(f"Conflicting resource provider {name} already exists.", errors.DUPLICATE_NAME)
            return provider_for(tx, uuid)

    def delete(self, uuid: str) -> None:
        """Raises ProviderNotFound, Clash while it has children or allocations."""
        with self._parts.database.write() as tx:
            if provider_store.provider_get(tx, uuid) is None:
                raise errors.ProviderNotFound(uuid, "found for delete")
            allocation_store.providers_touch(tx, [uuid], self._parts.now())
            if provider_store.provider_children(tx, uuid):
                raise errors.Clash(
                    f"Unable to delete parent resource provider {uuid}: It has child resource providers.",
                    errors.PROVIDER_HAS_CHILDREN,
                )
            if allocation_store.provider_in_use(tx, uuid):
                raise errors.Clash(
                    f"Unable to delete resource provider {uuid}: Resource provider has allocations.",
                    errors.PROVIDER_IN_USE,
                )
            provider_store.provider_delete(tx, uuid)

    # -- aggregates --------------------------------------------------------------------------------------------------

    def aggregates(self, uuid: str) -> tuple[Provider, Sequence[str]]:
        """The provider and its aggregates. Raises ProviderNotFound."""
        with self._parts.database.read() as tx:
            return provider_for(tx, uuid), sorted(provider_store.aggregate_list(tx, [uuid]).get(uuid, ()))

    def aggregates_set(
        self, uuid: str, wanted: Collection[str], generation: int | None
    ) -> tuple[Provider, Sequence[str]]:
        """Put it into exactly these; `generation` None: unchecked and not raised.

        Raises ProviderNotFound, ConcurrentUpdate.
        """
        with self._parts.database.write() as tx:
            provider = provider_for(tx, uuid)
            if generation is not None:
                if generation != provider.generation:
                    raise errors.ConcurrentUpdate(CHANGED)
                provider = claimed(self._parts, tx, provider)
            there = provider_store.aggregate_list(tx, [uuid]).get(uuid, set())
            provider_store.aggregates_change(tx, uuid, set(wanted) - there, there - set(wanted))
            return provider, sorted(wanted)

    # -- traits ------------------------------------------------------------------------------------------------------

    def traits(self, uuid: str) -> tuple[Provider, Sequence[str]]:
        """The provider and its traits. Raises ProviderNotFound."""
        with self._parts.database.read() as tx:
            return provider_for(tx, uuid), sorted(provider_store.trait_list(tx, [uuid]).get(uuid, ()))

    def traits_set(self, uuid: str, wanted: Collection[str], generation: int | None) -> tuple[Provider, Sequence[str]]:
        """Give it exactly these; `generation` None: unchecked. Raises ProviderNotFound, ConcurrentUpdate, Refused."""
        with self._parts.database.write() as tx:
            provider = provider_for(tx, uuid)
            if generation is not None and generation != provider.generation:
                raise errors.ConcurrentUpdate(CHANGED)
            try:
                traits_known(tx, wanted)
            except errors.TraitNotFound as missing:
                names = missing.user_message.removeprefix("No such trait(s): ").removesuffix(".")
                raise errors.Refused(f"No such trait {names}") from missing
            there = provider_store.trait_list(tx, [uuid]).get(uuid, set())
            if there != set(wanted):
                provider = claimed(self._parts, tx, provider)
                provider_store.traits_change(tx, uuid, set(wanted) - there, there - set(wanted))
            return provider, sorted(set(wanted))

    @staticmethod
    def _parent(tx: Transaction, name: str, uuid: str, parent_uuid: str | None) -> Provider | None:
        unable = f'Unable to create resource provider "{name}", {uuid}: Object action create failed because: '
        if parent_uuid is None:
            return None
        if parent_uuid == uuid:
            raise errors.Refused(
                f"{unable}parent provider UUID cannot be same as UUID. Please set parent provider UUID to None if "
                "there is no parent."
            )
        found = provider_store.provider_get(tx, parent_uuid)
        if found is None:
            raise errors.Refused(f"{unable}parent provider UUID does not exist.")
        return found

    @staticmethod
    def _root_under(tx: Transaction, provider: Provider, parent_uuid: str | None) -> str:
        """The root that the provider gets by its new parent."""
        unable = f"Unable to save resource provider {provider.uuid}: Object action"
        if parent_uuid is None:
            if provider.parent_uuid is not None:
                raise errors.Refused(
                    f"{unable} update failed because: un-parenting a provider is not currently allowed."
                )
            return provider.root_uuid
        parent = provider_store.provider_get(tx, parent_uuid)
        if parent is None:
            raise errors.Refused(f"{unable} create failed because: parent provider UUID does not exist.")
        if provider.parent_uuid not in (None, parent_uuid):
            raise errors.Refused(f"{unable} update failed because: re-parenting a provider is not currently allowed.")
        if provider.parent_uuid is None and parent_uuid in _subtree(tx, provider):
            raise errors.Refused(f"{unable} update failed because: creating loop in the provider tree is not allowed.")
        return parent.root_uuid


def _subtree(tx: Transaction, top: Provider) -> set[str]:
    """The provider and all below it."""
    children: dict[str, list[str]] = {}
    for provider in provider_store.provider_list(tx, root_uuid=top.root_uuid):
        if provider.parent_uuid is not None:
            children.setdefault(provider.parent_uuid, []).append(provider.uuid)
    found, pending = {top.uuid}, [top.uuid]
    while pending:
        below = children.get(pending.pop(), [])
        found.update(below)
        pending += below
    return found


def _names_known(tx: Transaction, wanted: ProviderFilter) -> None:
    try:
        classes_known(tx, wanted.resources)
    except errors.ResourceClassNotFound as missing:
        raise errors.Refused(f"Invalid resource class in resources parameter: {missing.user_message}") from missing
    try:
        traits_known(tx, wanted.required | wanted.forbidden)
    except errors.TraitNotFound as missing:
        raise errors.Refused(f'Invalid trait(s) in "required" parameter: {missing.user_message}') from missing
