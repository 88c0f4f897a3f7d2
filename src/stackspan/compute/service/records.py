"""What services and workflows write alike: actions with their events, faults, and letting go of a server's things."""

from __future__ import annotations

import datetime as dt

from stackspan.compute.model import Fault, Server, VmState
from stackspan.compute.service.base import Parts
from stackspan.compute.store import actions as action_store
from stackspan.compute.store import servers as server_store
from stackspan.core import errors, facts
from stackspan.core.context import RequestContext
from stackspan.db import Transaction

SUCCESS, ERROR = "Success", "Error"
_FAULT_LENGTH = 255
_HIDDEN_FAULT = "An unexpected error occurred while the server was being worked on."


def action_begin(
    tx: Transaction, context: RequestContext, server_id: str, action: str, now: dt.datetime, event: str | None = None
) -> int:
    """Note that the caller began `action`; its number. `event`: opened with it, ended by `action_end`."""
    number = action_store.action_insert(
        tx,
        {
            "server_id": server_id,
            "action": action,
            "request_id": context.request_id,
            "user_id": context.user_id,
            "project_id": context.project_id or "",
            "started_at": now,
            "updated_at": now,
        },
    )
    if event is not None:
        action_store.event_insert(tx, {"action_number": number, "event": event, "started_at": now})
    return number


def action_end(
    tx: Transaction,
    action: int,
    now: dt.datetime,
    *,
    event: str | None = None,
    host: str | None = None,
    error: errors.StackspanError | None = None,
) -> None:
    """Note an action's end; `error` is what it failed by."""
    result = SUCCESS if error is None else ERROR
    if event is not None:
        details = None if error is None else error.user_message
        trace = None if error is None else error.log_message
        action_store.event_finish(tx, action, event, now, result, host=host, traceback=trace, details=details)
    values = {"finished_at": now, "updated_at": now, "message": None if error is None else ERROR}
    action_store.action_update(tx, action, values)


def event_add(
    tx: Transaction,
    action: int,
    event: str,
    started_at: dt.datetime,
    finished_at: dt.datetime,
    *,
    host: str | None,
    error: str | None,
) -> None:
    """Note a part of an action with its real times."""
    action_store.event_insert(
        tx,
        {
            "action_number": action,
            "event": event,
            "started_at": started_at,
            "finished_at": finished_at,
            "result": SUCCESS if error is None else ERROR,
            "traceback": error,
            "host": host,
        },
    )
    action_store.action_update(tx, action, {"updated_at": finished_at})


def fault_of(server_id: str, error: errors.StackspanError | None, now: dt.datetime, details: str = "") -> Fault:
    """The fault a user sees for `error`; what only administrators may read goes to `details`."""
    message = _HIDDEN_FAULT if error is None else error.user_message
    lines = [line for line in (details, error.log_message if error else "") if line]
    return Fault(server_id, 500, message[:_FAULT_LENGTH], "\n".join(lines), now)


def server_failed(tx: Transaction, server_id: str, fault: Fault, **values: object) -> None:
    """The server is in ERROR for that reason."""
    server_store.fault_insert(tx, fault)
    server_store.server_move(tx, server_id, fault.created_at, vm_state=VmState.ERROR, task_state=None, **values)


def capacity_release(parts: Parts, tx: Transaction, server_id: str) -> None:
    """Nothing of the server is left in vCenter: give back what it took there."""
    parts.placement.release(tx, server_id)
    parts.image.cache_unuse(tx, server_id)


def server_remove(parts: Parts, tx: Transaction, server: Server, now: dt.datetime) -> None:
    """Nothing of the server is left in vCenter: give back all it had and mark it deleted."""
    capacity_release(parts, tx, server.id)
    parts.network.nics_delete(tx, server.id)
    server_store.server_gone(tx, server.id, now)
    parts.queue.publish(tx, facts.ServerDeleted(server_id=server.id, project_id=server.project_id))
