"""Server actions and their events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from stackspan.compute.model import ServerAction, ServerActionEvent
from stackspan.compute.store import rows
from stackspan.compute.tables import server_action, server_action_event
from stackspan.db import Transaction


def action_insert(tx: Transaction, values: Mapping[str, Any]) -> int:
    """Note an action's begin; its number."""
    return rows.insert(tx, server_action, dict(values))


def action_update(tx: Transaction, number: int, values: Mapping[str, Any]) -> None:
    """Change an action."""
    tx.execute(sa.update(server_action).where(server_action.c.number == number).values(**values))


def action_list(
    tx: Transaction,
    server_id: str,
    *,
    limit: int | None = None,
    before: ServerAction | None = None,
    changes_since: dt.datetime | None = None,
    changes_before: dt.datetime | None = None,
) -> list[ServerAction]:
    """A server's actions, newest first, from after (older than) a marker on."""
    query = sa.select(server_action).where(server_action.c.server_id == server_id)
    if before is not None:
        query = query.where(server_action.c.number < before.number)
    if changes_since is not None:
        query = query.where(server_action.c.updated_at >= changes_since)
    if changes_before is not None:
        query = query.where(server_action.c.updated_at <= changes_before)
    return [ServerAction(**row) for row in rows.rows(tx, query.order_by(server_action.c.number.desc()).limit(limit))]


def action_get(tx: Transaction, server_id: str, request_id: str) -> ServerAction | None:
    """A server's action by the request that began it."""
    query = sa.select(server_action).where(
        server_action.c.server_id == server_id, server_action.c.request_id == request_id
    )
    row = rows.first(tx, query.order_by(server_action.c.number.desc()))
    return None if row is None else ServerAction(**row)


def event_insert(tx: Transaction, values: Mapping[str, Any]) -> None:
    """Add an event that has ended, or one that is under way (without `finished_at`)."""
    tx.execute(sa.insert(server_action_event).values(**values))


def event_finish(
    tx: Transaction, action_number: int, event: str, finished_at: dt.datetime, result: str, **values: Any
) -> None:
    """End the action's event of that name where it is under way."""
    tx.execute(
        sa.update(server_action_event)
        .where(
            server_action_event.c.action_number == action_number,
            server_action_event.c.event == event,
            server_action_event.c.finished_at.is_(None),
        )
        .values(finished_at=finished_at, result=result, **values)
    )


def event_open(tx: Transaction, action_number: int, event: str) -> bool:
    """Whether the action's event of that name is under way."""
    query = sa.select(server_action_event.c.number).where(
        server_action_event.c.action_number == action_number,
        server_action_event.c.event == event,
        server_action_event.c.finished_at.is_(None),
    )
    return tx.execute(query).first() is not None


def event_list(tx: Transaction, action_numbers: Collection[int]) -> list[ServerActionEvent]:
    """The actions' events, newest first."""
    query = sa.select(server_action_event).where(server_action_event.c.action_number.in_(list(action_numbers)))
    order = (server_action_event.c.started_at.desc(), server_action_event.c.number.desc())
    return [ServerActionEvent(**row) for row in rows.rows(tx, query.order_by(*order))]
