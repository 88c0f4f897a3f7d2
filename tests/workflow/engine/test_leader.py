"""One leader at a time, and none that writes after another has taken over."""

import threading

import pytest
import sqlalchemy as sa

from stackspan.db import Database
from stackspan.workflow import Leader
from stackspan.workflow import tables as t
from stackspan.workflow.leader import NotLeader


def expire(database: Database) -> None:
    with database.write() as tx:
        tx.execute(sa.update(t.leader).values(expires_at=sa.literal(0, sa.BigInteger())))


def test_one_leads_until_its_lease_ends(database: Database) -> None:
    first, second, other = Leader(database, "a"), Leader(database, "a"), Leader(database, "b")
    assert first.lead()
    assert not second.lead()
    assert other.lead()
    assert first.lead(), "renewed"
    assert first.epoch == 1
    with database.write() as tx:
        first.check(tx)
    expire(database)
    with database.write() as tx, pytest.raises(NotLeader):
        first.check(tx)
    assert second.lead()
    assert second.epoch == 2
    assert not first.lead()
    with database.write() as tx, pytest.raises(NotLeader):
        first.check(tx)
    with database.write() as tx:
        second.check(tx)


def test_who_resigns_is_followed_at_once(database: Database) -> None:
    first, second = Leader(database, "a"), Leader(database, "a")
    assert first.lead()
    first.resign()
    assert second.lead()
    assert second.epoch == 2
    first.resign()
    with database.write() as tx:
        second.check(tx)


def test_many_candidates_one_leader(database: Database) -> None:
    candidates = [Leader(database, "a") for _ in range(8)]
    won: list[Leader] = []

    def run(candidate: Leader) -> None:
        if candidate.lead():
            won.append(candidate)

    for _round in range(3):
        won.clear()
        threads = [threading.Thread(target=run, args=(candidate,)) for candidate in candidates]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1
        expire(database)
