"""Commands that only look: at servers, cached images and jobs. They read the database; the service may run or not."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from stackspan import app as application
from stackspan.compute.store import actions as action_store
from stackspan.compute.store import servers as server_store
from stackspan.config import Settings
from stackspan.core import errors
from stackspan.core.clock import iso_micro
from stackspan.db import Transaction, migrate
from stackspan.image.store import cache as cache_store
from stackspan.placement.store import observed as observed_store
from stackspan.workflow.store import reports


def server_show(settings: Settings, server_id: str, *, as_json: bool) -> None:
    """Where a server is, down to the ESXi host and the VM."""
    with _reading(settings) as tx:
        server = server_store.server_get(tx, server_id)
        if server is None:
            raise errors.NotFound(f"There is no server {server_id}.")
        clusters = {row.uuid: row for row in observed_store.cluster_list(tx)}
        datastores = {row.uuid: row for row in observed_store.datastore_list(tx)}
    cluster = clusters.get(server.cluster_uuid or "")
    datastore = datastores.get(server.datastore_uuid or "")
    _print(
        {
            "id": server.id,
            "name": server.name,
            "vm_state": server.vm_state.value,
            "task_state": server.task_state.value if server.task_state else None,
            "cluster": cluster.name if cluster else None,
            "esxi_host": server.esxi_host,
            "datastore": datastore.name if datastore else None,
            "vm_name": server.vm_name,
            "vm_moref": server.vm_moref,
            "vcenter": server.vcenter_uuid,
        },
        as_json=as_json,
    )


def server_events(settings: Settings, server_id: str, *, as_json: bool) -> None:
    """The steps of a server's actions, oldest first, with their real times."""
    with _reading(settings) as tx:
        actions = {action.number: action for action in action_store.action_list(tx, server_id)}
        events = action_store.event_list(tx, list(actions))
    if not actions:
        raise errors.NotFound(f"There is no server {server_id}.")
    rows = [
        {
            "action": actions[event.action_number].action,
            "event": event.event,
            "start": iso_micro(event.started_at),
            "finish": iso_micro(event.finished_at) if event.finished_at else None,
            "seconds": round((event.finished_at - event.started_at).total_seconds(), 3) if event.finished_at else None,
            "result": event.result,
        }
        for event in reversed(events)
    ]
    _print(rows, as_json=as_json)


def image_cache(settings: Settings, *, as_json: bool) -> None:
    """The copies of images on datastores."""
    with _reading(settings) as tx:
        entries, counts = cache_store.entry_list(tx), cache_store.use_counts(tx)
        datastores = {row.uuid: row.name for row in observed_store.datastore_list(tx)}
    rows = [
        {
            "image_id": entry.image_id,
            "datastore": datastores.get(entry.datastore_uuid, entry.datastore_uuid),
            "root_gib": entry.root_gib,
            "state": entry.state.value,
            "servers": counts.get(entry.entry_id, 0),
            "path": entry.vmdk_path,
            "reason": entry.reason,
        }
        for entry in entries
    ]
    _print(rows, as_json=as_json)


def jobs_list(settings: Settings, *, as_json: bool) -> None:
    """Jobs that have not ended, or ended stuck, and what each waits for."""
    bounds = {"vcenter": settings.worker.vcenter_limit, "datastore": settings.worker.datastore_limit}
    with _reading(settings) as tx:
        jobs = reports.job_list(tx, unfinished=True)
        waiting = reports.waiting_reasons(tx, bounds)
    rows = [
        {
            "id": job.id,
            "workflow": job.name,
            "state": job.state.value,
            "step": job.step,
            "resources": list(job.resources),
            "created": iso_micro(job.created_at),
            "waits_for": waiting.get(job.id) or job.reason,
            "failure": job.failure.log_message if job.failure else None,
        }
        for job in jobs
    ]
    _print(rows, as_json=as_json)


@contextlib.contextmanager
def _reading(settings: Settings) -> Iterator[Transaction]:
    database = application.open_database(settings)
    try:
        migrate.require_head(database)
        with database.read() as tx:
            yield tx
    finally:
        database.close()


def _print(value: Mapping[str, Any] | Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(value))
        return
    table = Table(show_header=True, header_style="bold")
    if isinstance(value, Mapping):
        table.add_column("Field", no_wrap=True)
        table.add_column("Value", overflow="fold")
        for key, item in value.items():
            table.add_row(key, _text(item))
    elif value:
        for key in value[0]:
            table.add_column(key, overflow="fold")
        for row in value:
            table.add_row(*(_text(item) for item in row.values()))
    else:
        Console().print("Nothing.")
        return
    Console().print(table)


def _text(value: Any) -> str:
    shown = ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return shown.replace("[", "\\[")
