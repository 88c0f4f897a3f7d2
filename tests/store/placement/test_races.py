"""A hundred at once for the last ten places: exactly ten get one, on each database."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from stackspan.core import ids
from stackspan.core.clock import SystemClock
from stackspan.db import Database, Transaction
from stackspan.placement import errors
from stackspan.placement.model import DISK_GB, MEMORY_MB, VCPU, Inventory
from stackspan.placement.service import PlacementService
from stackspan.placement.store import inventories as inventory_store
from stackspan.placement.tables import allocation, resource_provider

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


def provider_make(tx: Transaction, name: str, **totals: int) -> str:
    """A provider with inventories of those totals."""
    uuid = ids.new_uuid()
    row = {"uuid": uuid, "name": name, "generation": 0, "root_uuid": uuid, "created_at": NOW, "updated_at": NOW}
    tx.execute(sa.insert(resource_provider).values(**row))
    for resource_class, total in totals.items():
        inventory_store.inventory_put(tx, uuid, Inventory(resource_class, total), NOW, new=True)
    return uuid


@pytest.fixture
def placement(database: Database) -> PlacementService:
    return PlacementService(database, SystemClock())


def used(database: Database) -> dict[tuple[str, str], int]:
    query = sa.select(allocation.c.provider_uuid, allocation.c.resource_class, sa.func.sum(allocation.c.used))
    with database.read() as tx:
        rows = tx.execute(query.group_by(allocation.c.provider_uuid, allocation.c.resource_class)).all()
    return {(row[0], row[1]): row[2] for row in rows}


def test_a_hundred_for_the_last_ten(database: Database, placement: PlacementService) -> None:
    with database.write() as tx:
        cluster = provider_make(tx, "cluster", VCPU=1000, MEMORY_MB=10 * 512)
        datastore = provider_make(tx, "datastore", DISK_GB=1000)

    def boot(number: int) -> bool:
        wanted = {cluster: {VCPU: 2, MEMORY_MB: 512}, datastore: {DISK_GB: 5}}
        if number % 2:
            wanted = dict(reversed(wanted.items()))
        try:
            with database.write() as tx:
                placement.allocate(tx, ids.new_uuid(), wanted, project_id="p", user_id="u")
        except errors.NoRoom:
            return False
        return True

    with ThreadPoolExecutor(100) as threads:
        results = list(threads.map(boot, range(100)))
    assert results.count(True) == 10
    assert used(database) == {(cluster, VCPU): 20, (cluster, MEMORY_MB): 10 * 512, (datastore, DISK_GB): 50}


def test_whoever_is_refused_in_one_place_may_take_the_next_in_the_same_transaction(
    database: Database, placement: PlacementService
) -> None:
    with database.write() as tx:
        places = [provider_make(tx, f"cluster{n}", VCPU=5) for n in range(4)]

    def boot(number: int) -> str | None:
        with database.write() as tx:
            for place in places[number % 4 :] + places[: number % 4]:
                try:
                    placement.allocate(tx, ids.new_uuid(), {place: {VCPU: 1}}, project_id="p", user_id="u")
                except errors.NoRoom:
                    continue
                return place
        return None

    with ThreadPoolExecutor(50) as threads:
        results = list(threads.map(boot, range(50)))
    assert results.count(None) == 30
    assert used(database) == {(place, VCPU): 5 for place in places}


def test_taking_and_giving_back_at_once_leaves_nothing(database: Database, placement: PlacementService) -> None:
    with database.write() as tx:
        one, two = provider_make(tx, "one", VCPU=8), provider_make(tx, "two", DISK_GB=8)

    def come_and_go(number: int) -> None:
        consumer = ids.new_uuid()
        for _ in range(3):
            try:
                with database.write() as tx:
                    placement.allocate(tx, consumer, {one: {VCPU: 1}, two: {DISK_GB: 1}}, project_id="p", user_id="u")
            except errors.NoRoom:
                pass
            with database.write() as tx:
                placement.release(tx, consumer)

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(come_and_go, range(20)))
    assert used(database) == {}
