"""Power and deletion: claim the server, note the action, queue the job, in one transaction."""

from __future__ import annotations

from stackspan.compute import operations
from stackspan.compute.model import (
    REBOOT_HARD,
    REBOOT_SOFT,
    RESUME,
    START,
    STOP,
    SUSPEND,
    ActionRule,
    Server,
    TaskState,
)
from stackspan.compute.service.base import Parts, claim, server_for, unlocked
from stackspan.compute.service.records import action_begin, action_end, server_remove
from stackspan.compute.store import servers as server_store
from stackspan.core.context import RequestContext
from stackspan.db import Transaction

DELETE_EVENT = "compute_terminate_instance"
EVENTS = {
    "start": "compute_start_instance",
    "stop": "compute_stop_instance",
    "suspend": "compute_suspend_instance",
    "resume": "compute_resume_instance",
    "reboot_soft": "compute_reboot_instance",
    "reboot_hard": "compute_reboot_instance",
}
_ACTIONS = {"reboot_soft": "reboot", "reboot_hard": "reboot"}
_RULES: dict[str, ActionRule] = {
    "start": START,
    "stop": STOP,
    "suspend": SUSPEND,
    "resume": RESUME,
    "reboot_soft": REBOOT_SOFT,
    "reboot_hard": REBOOT_HARD,
}


class Lifecycle:
    """What the API does with servers that changes their VM."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def power(self, context: RequestContext, server_id: str, change: str) -> None:
        """Start, stop, suspend, resume, reboot_soft or reboot_hard.

        Raises ServerNotFound, ServerLocked, ServerStateRefuses.
        """
        now = self._parts.now()
        with self._parts.database.write() as tx:
            server = claim(self._parts, tx, context, server_id, _RULES[change])
            action = action_begin(tx, context, server_id, _ACTIONS.get(change, change), now, EVENTS[change])
            self._parts.queue.enqueue(
                tx,
                operations.SERVER_POWER,
                operations.ServerPower(server_id=server_id, action=action, host=server.host or "", change=change),
                context=context,
                resources=(f"server:{server_id}",),
                limits=(f"vcenter:{server.vcenter_uuid}",),
            )

    def delete(self, context: RequestContext, server_id: str) -> None:
        """Delete it, from any state. Raises ServerNotFound, ServerLocked."""
        now = self._parts.now()
        with self._parts.database.write() as tx:
            server = server_for(tx, context, server_id)
            unlocked(context, server)
            if server.task_state is TaskState.DELETING and self._parts.queue.busy(tx, f"server:{server_id}"):
                return
            action = action_begin(tx, context, server_id, "delete", now, DELETE_EVENT)
            if server.cluster_uuid is None:
                # It never got a place, so nothing of it is in vCenter and no job holds it.
                server_remove(self._parts, tx, server, now)
                action_end(tx, action, now, event=DELETE_EVENT)
                return
            server_store.server_move(tx, server_id, now, task_state=TaskState.DELETING)
            self._queue_delete(tx, context, server, action)

    def _queue_delete(self, tx: Transaction, context: RequestContext, server: Server, action: int) -> None:
        resource = f"server:{server.id}"
        self._parts.queue.cancel(tx, resource)
        self._parts.queue.enqueue(
            tx,
            operations.SERVER_DELETE,
            operations.ServerDelete(server_id=server.id, action=action, host=server.host or ""),
            context=context,
            resources=(resource,),
            limits=(f"vcenter:{server.vcenter_uuid}",),
        )
