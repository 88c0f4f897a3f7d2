"""Cached copies of images on datastores, and who uses them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from stackspan.db import Transaction, insert_new
from stackspan.image.model import CACHE_MOVES, CacheEntry, CacheState
from stackspan.image.tables import image_cache, image_cache_use

_SHOWN = [column for column in image_cache.columns if column.name not in ("job_id", "unused_since")]


def entry_get(tx: Transaction, entry_id: str) -> CacheEntry | None:
    """One copy, or None."""
    row = tx.execute(sa.select(*_SHOWN).where(image_cache.c.entry_id == entry_id)).mappings().first()
    return CacheEntry(**row) if row else None


def entry_list(tx: Transaction, *, image_id: str | None = None) -> list[CacheEntry]:
    """Copies, of one image or all."""
    query = sa.select(*_SHOWN).order_by(image_cache.c.image_id, image_cache.c.datastore_uuid, image_cache.c.root_gib)
    if image_id is not None:
        query = query.where(image_cache.c.image_id == image_id)
    return [CacheEntry(**row) for row in tx.execute(query).mappings()]


def entry_find(
    tx: Transaction, image_id: str, datastore_uuid: str, root_gib: int
) -> tuple[CacheEntry, str | None] | None:
    """The copy of that image, datastore and root size with the job that last worked on it, or None."""
    query = sa.select(*_SHOWN, image_cache.c.job_id).where(
        image_cache.c.image_id == image_id,
        image_cache.c.datastore_uuid == datastore_uuid,
        image_cache.c.root_gib == root_gib,
    )
    row = tx.execute(query).mappings().first()
    if row is None:
        return None
    values = dict(row)
    job_id = values.pop("job_id")
    return CacheEntry(**values), job_id


def entry_insert(tx: Transaction, row: CacheEntry) -> bool:
    """Add a copy that is to be made; False where another request was first (it holds the lock until it commits)."""
    values = {name: getattr(row, name) for name in row.__dataclass_fields__}
    return insert_new(tx, image_cache, values, ["image_id", "datastore_uuid", "root_gib"])


def entry_move(tx: Transaction, entry_id: str, to: CacheState, changes: Mapping[str, Any]) -> bool:
    """Change the state where that is an allowed move; False where it isn't from the present one."""
    allowed = [state for state, targets in CACHE_MOVES.items() if to in targets]
    statement = sa.update(image_cache).where(image_cache.c.entry_id == entry_id, image_cache.c.state.in_(allowed))
    return tx.execute(statement.values(state=to, **changes)).rowcount == 1


def entry_job_set(tx: Transaction, entry_id: str, job_id: str) -> None:
    """Which job works on it."""
    tx.execute(sa.update(image_cache).where(image_cache.c.entry_id == entry_id).values(job_id=job_id))


def entry_claim_removal(tx: Transaction, entry_id: str) -> bool:
    """READY or ERROR → REMOVING, unless a server uses it. False: leave it alone."""
    used = sa.exists().where(image_cache_use.c.entry_id == entry_id)
    statement = sa.update(image_cache).where(
        image_cache.c.entry_id == entry_id, image_cache.c.state != CacheState.BUILDING, sa.not_(used)
    )
    return tx.execute(statement.values(state=CacheState.REMOVING)).rowcount == 1


def entry_delete(tx: Transaction, entry_id: str) -> None:
    """Forget a copy that is gone."""
    statement = sa.delete(image_cache).where(image_cache.c.entry_id == entry_id)
    tx.execute(statement.where(image_cache.c.state == CacheState.REMOVING))


def entries_unused_before(tx: Transaction, moment: dt.datetime) -> list[str]:
    """Ids of READY copies that nobody has used since `moment`."""
    query = sa.select(image_cache.c.entry_id).where(
        image_cache.c.state == CacheState.READY, image_cache.c.unused_since < moment
    )
    return list(tx.execute(query).scalars())


def use_add(tx: Transaction, entry_id: str, server_id: str) -> None:
    """A server's disk is, or is going to be, a child of the copy."""
    insert_new(tx, image_cache_use, {"entry_id": entry_id, "server_id": server_id})
    tx.execute(sa.update(image_cache).where(image_cache.c.entry_id == entry_id).values(unused_since=None))


def use_remove(tx: Transaction, server_id: str, now: dt.datetime) -> list[str]:
    """The server is gone; entry ids it used, marked unused since now where it was the last."""
    query = sa.select(image_cache_use.c.entry_id).where(image_cache_use.c.server_id == server_id)
    entry_ids = list(tx.execute(query).scalars())
    tx.execute(sa.delete(image_cache_use).where(image_cache_use.c.server_id == server_id))
    if entry_ids:
        used = sa.exists().where(image_cache_use.c.entry_id == image_cache.c.entry_id)
        statement = sa.update(image_cache).where(image_cache.c.entry_id.in_(entry_ids), sa.not_(used))
        tx.execute(statement.values(unused_since=now))
    return entry_ids


def use_counts(tx: Transaction) -> dict[str, int]:
    """entry id → how many servers use it."""
    query = sa.select(image_cache_use.c.entry_id, sa.func.count()).group_by(image_cache_use.c.entry_id)
    return {entry_id: int(count) for entry_id, count in tx.execute(query)}


def keepers_of_server(tx: Transaction, server_id: str) -> list[str]:
    """Morefs of the keepers that hold the parents of the server's disks."""
    query = sa.select(image_cache.c.keeper_moref).join(
        image_cache_use, image_cache_use.c.entry_id == image_cache.c.entry_id
    )
    query = query.where(image_cache_use.c.server_id == server_id, image_cache.c.keeper_moref.is_not(None))
    return list(tx.execute(query).scalars())
