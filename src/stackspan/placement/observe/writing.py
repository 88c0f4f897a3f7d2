"""What differs between wanted and known rows, written in one transaction. Only changed rows are touched."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace

from stackspan.db import Transaction
from stackspan.placement.model import FOREIGN, FOREIGN_PROJECT, FOREIGN_USER, Consumer, Provider
from stackspan.placement.observe import capacity
from stackspan.placement.observe.offer import Offer, Row, WantedProvider
from stackspan.placement.store import allocations as allocation_store
from stackspan.placement.store import inventories as inventory_store
from stackspan.placement.store import observed as observed_store
from stackspan.placement.store import providers as provider_store


def known_offer(tx: Transaction, vcenter_uuid: str) -> Offer:
    """The rows that are there. Its `providers` are left out: they are compared one by one."""
    return Offer(
        clusters={row["moref"]: row for row in observed_store.cluster_rows(tx, vcenter_uuid)},
        datastores={row["moref"]: row for row in observed_store.datastore_rows(tx, vcenter_uuid)},
        hosts={row["moref"]: row for row in observed_store.host_rows(tx, vcenter_uuid)},
        mounts=set(observed_store.mount_rows(tx, vcenter_uuid)),
        providers=[],
    )


def adopt(tx: Transaction, wanted: Offer, known: Offer) -> Offer:
    """Take over providers that are there under the names that ours shall have (of a stock Placement), uuid and all."""
    taken: dict[str, str] = {}
    for rows, before in ((wanted.clusters, known.clusters), (wanted.datastores, known.datastores)):
        for moref, row in rows.items():
            if moref not in before:
                found = provider_store.provider_by_name(tx, f"{moref}.{row['vcenter_uuid']}")
                if found is not None:
                    taken[row["uuid"]] = found.uuid
                    row["uuid"] = found.uuid
    if not taken:
        return wanted
    for row in wanted.hosts.values():
        row["cluster_uuid"] = taken.get(row["cluster_uuid"], row["cluster_uuid"])
    wanted.mounts = {(taken.get(ds, ds), taken.get(cl, cl)) for ds, cl in wanted.mounts}
    wanted.providers = [replace(p, uuid=taken.get(p.uuid, p.uuid)) for p in wanted.providers]
    return wanted


def rows_write(tx: Transaction, wanted: Offer, known: Offer, vcenter_uuid: str) -> None:
    """Make the observed rows so."""
    _write(tx, wanted.clusters, known.clusters, observed_store.cluster_save)
    _write(tx, wanted.datastores, known.datastores, observed_store.datastore_save)
    _write(tx, wanted.hosts, known.hosts, observed_store.host_save)
    gone = set(known.hosts) - set(wanted.hosts)
    if gone:
        observed_store.host_delete(tx, vcenter_uuid, sorted(gone))
    if known.mounts - wanted.mounts:
        observed_store.mount_delete(tx, sorted(known.mounts - wanted.mounts))
    if wanted.mounts - known.mounts:
        observed_store.mount_insert(tx, sorted(wanted.mounts - known.mounts))


def provider_write(
    tx: Transaction,
    wanted: WantedProvider,
    ratios_before: Mapping[str, float],
    managed: frozenset[str],
    now: dt.datetime,
) -> None:
    """Make a provider so, raising its generation where anything changes.

    Args:
        ratios_before: what the configuration said when the row was last written; one that it says anew is applied,
            else a ratio that an administrator set through the API stays.
        managed: all aggregates that are ours to manage.
    """
    there = provider_store.provider_get(tx, wanted.uuid)
    if there is None:
        if not wanted.inventories:
            return
        row = Provider(wanted.uuid, wanted.name, 0, wanted.uuid, None, now, now)
        if not provider_store.provider_insert(tx, row):
            # Somebody removed ours and gave its name to another.
            provider_store.provider_insert(tx, replace(row, name=f"{wanted.name}.{wanted.uuid}"))
    changed = _inventories(tx, wanted, ratios_before, now)
    changed |= _traits(tx, wanted)
    changed |= _aggregates(tx, wanted, managed)
    changed |= _foreign(tx, wanted, now)
    if changed and there is not None:
        allocation_store.providers_touch(tx, [wanted.uuid], now)


def _write(tx: Transaction, wanted: Mapping[str, Row], known: Mapping[str, Row], save: Callable[..., None]) -> None:
    new = [row for moref, row in wanted.items() if moref not in known]
    if new:
        save(tx, new, new=True)
    changed = [row for moref, row in wanted.items() if moref in known and known[moref] != row]
    if changed:
        save(tx, changed, new=False)


def _inventories(tx: Transaction, wanted: WantedProvider, ratios_before: Mapping[str, float], now: dt.datetime) -> bool:
    there, _newest = inventory_store.inventory_list(tx, wanted.uuid)
    shall = {inventory.resource_class: inventory for inventory in wanted.inventories}
    if not shall:
        # Gone from vCenter or from the configuration: what is allocated there still is.
        shall = {name: capacity.closed(there[name]) for name in wanted.ratios if name in there}
    changed = False
    for name, inventory in shall.items():
        before = there.get(name)
        kept = before is not None and ratios_before.get(name) == wanted.ratios[name]
        after = replace(inventory, allocation_ratio=before.allocation_ratio) if before and kept else inventory
        if before != after:
            inventory_store.inventory_put(tx, wanted.uuid, after, now, new=before is None)
            changed = True
    return changed


def _traits(tx: Transaction, wanted: WantedProvider) -> bool:
    missing = wanted.traits - provider_store.trait_list(tx, [wanted.uuid]).get(wanted.uuid, set())
    provider_store.traits_change(tx, wanted.uuid, missing)
    return bool(missing)


def _aggregates(tx: Transaction, wanted: WantedProvider, managed: frozenset[str]) -> bool:
    there = provider_store.aggregate_list(tx, [wanted.uuid]).get(wanted.uuid, set())
    add, remove = wanted.aggregates - there, (there & managed) - wanted.aggregates
    provider_store.aggregates_change(tx, wanted.uuid, add, remove)
    return bool(add or remove)


def _foreign(tx: Transaction, wanted: WantedProvider, now: dt.datetime) -> bool:
    rows = allocation_store.allocation_list(tx, consumers=[wanted.foreign_consumer])
    if {row.resource_class: row.used for row in rows} == dict(wanted.foreign):
        return False
    generation = rows[0].consumer.generation + 1 if rows else 1
    consumer = Consumer(wanted.foreign_consumer, FOREIGN_PROJECT, FOREIGN_USER, FOREIGN, generation)
    allocation_store.allocation_delete(tx, wanted.foreign_consumer)
    if wanted.foreign:
        allocation_store.allocation_put(tx, consumer, {wanted.uuid: wanted.foreign}, now)
    return True
