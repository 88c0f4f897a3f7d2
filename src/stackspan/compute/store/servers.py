"""Servers: rows, lists, and the one function that changes a state."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from stackspan.compute.model import (
    VM_STATE_MOVES,
    ActionRule,
    Fault,
    Flavor,
    PowerState,
    Server,
    ServerBuild,
    ServerFilter,
    Usage,
    VmState,
)
from stackspan.compute.store import rows
from stackspan.compute.tables import (
    server,
    server_build,
    server_fault,
    server_group,
    server_group_member,
    server_metadata,
    server_tag,
)
from stackspan.core import errors as core_errors
from stackspan.db import Transaction

_HIDDEN = ("flavor_id", "vcpus", "memory_mib", "deleted_at")
_COLUMNS = [column for column in server.c if column.name not in _HIDDEN]
_FLAVOR = _COLUMNS.index(server.c.flavor)
_POWER = _COLUMNS.index(server.c.power_state)
_NAMES = [column.name for column in _COLUMNS]

SORTABLE: Mapping[str, Any] = {
    "access_ip_v4": server.c.access_ip_v4,
    "access_ip_v6": server.c.access_ip_v6,
    "auto_disk_config": server.c.disk_config,
    "availability_zone": server.c.zone,
    "config_drive": server.c.config_drive,
    "created_at": server.c.created_at,
    "display_description": server.c.description,
    "display_name": server.c.name,
    "host": server.c.host,
    "hostname": server.c.hostname,
    "image_ref": server.c.image_id,
    "instance_type_id": server.c.flavor_id,
    "kernel_id": server.c.number,
    "key_name": server.c.key_name,
    "launch_index": server.c.launch_index,
    "launched_at": server.c.launched_at,
    "locked_by": server.c.locked_by,
    "node": server.c.node,
    "number": server.c.number,
    "power_state": server.c.power_state,
    "progress": server.c.progress,
    "project_id": server.c.project_id,
    "ramdisk_id": server.c.number,
    "root_device_name": server.c.root_device_name,
    "task_state": server.c.task_state,
    "terminated_at": server.c.terminated_at,
    "updated_at": server.c.updated_at,
    "user_id": server.c.user_id,
    "uuid": server.c.id,
    "vm_state": server.c.vm_state,
}


class IllegalMove(core_errors.Internal):
    """A state was to follow another that it can't follow."""


def server_insert(
    tx: Transaction, values: Mapping[str, Any], flavor: Flavor, build: ServerBuild, metadata: Mapping[str, str]
) -> int:
    """Add a server with what its building takes; its number."""
    row = {
        **values,
        "flavor_id": flavor.id,
        "flavor": msgspec.to_builtins(flavor),
        "vcpus": flavor.vcpus,
        "memory_mib": flavor.memory_mib,
        "power_state": int(PowerState.NOSTATE),
        "deleted": False,
    }
    number = rows.insert(tx, server, row)
    tx.execute(sa.insert(server_build).values(server_id=values["id"], **msgspec.to_builtins(build)))
    metadata_set(tx, values["id"], metadata)
    return number


def server_get(tx: Transaction, server_id: str) -> Server | None:
    """The server, also a deleted one."""
    row = tx.execute(sa.select(*_COLUMNS).where(server.c.id == server_id)).first()
    return None if row is None else _server(row)


def build_get(tx: Transaction, server_id: str) -> ServerBuild | None:
    """What making its VM takes."""
    query = sa.select(*[c for c in server_build.c if c.name != "server_id"]).where(
        server_build.c.server_id == server_id
    )
    row = rows.first(tx, query)
    return None if row is None else ServerBuild(**row)


def build_update(tx: Transaction, server_id: str, **values: Any) -> None:
    """Change what making its VM takes."""
    tx.execute(sa.update(server_build).where(server_build.c.server_id == server_id).values(**values))


def user_data_many(tx: Transaction, server_ids: Collection[str]) -> dict[str, str | None]:
    """server id → user data as it was sent."""
    query = sa.select(server_build.c.server_id, server_build.c.user_data).where(
        server_build.c.server_id.in_(list(server_ids))
    )
    return {row[0]: row[1] for row in tx.execute(query)}


def server_claim(tx: Transaction, server_id: str, rule: ActionRule, now: dt.datetime) -> bool:
    """Set the rule's task state where the server's state allows it: compare-and-set. Whether it did."""
    clauses = [server.c.id == server_id, server.c.deleted.is_(False)]
    if rule.vm_states is not None:
        clauses.append(server.c.vm_state.in_(list(rule.vm_states)))
    if rule.task_states is not None:
        idle = server.c.task_state.is_(None)
        clauses.append(sa.or_(idle, server.c.task_state.in_(list(rule.task_states))) if rule.task_states else idle)
    if rule.needs_launch:
        clauses.append(server.c.launched_at.is_not(None))
    values: dict[str, Any] = {"updated_at": now}
    if rule.task_state is not None:
        values["task_state"] = rule.task_state
    return tx.execute(sa.update(server).where(*clauses).values(**values)).rowcount == 1


def server_move(
    tx: Transaction, server_id: str, now: dt.datetime, *, vm_state: VmState | None = None, **values: Any
) -> None:
    """Change a server; the only way its vm_state changes. Raises IllegalMove.

    `task_state=None` clears the task. A deleted server is left as it is.
    """
    clauses = [server.c.id == server_id, server.c.deleted.is_(False)]
    if vm_state is not None:
        sources = [state for state, targets in VM_STATE_MOVES.items() if vm_state in targets]
        clauses.append(server.c.vm_state.in_(sources))
        values["vm_state"] = vm_state
    result = tx.execute(sa.update(server).where(*clauses).values(updated_at=now, **values))
    if result.rowcount == 0 and vm_state is not None:
        found = server_get(tx, server_id)
        if found is not None and not found.deleted:
            raise IllegalMove(log_message=f"server {server_id} can't go from {found.vm_state} to {vm_state}")


def server_observe(tx: Transaction, server_id: str, values: Mapping[str, Any]) -> None:
    """Write observed columns (power, host, moref); `updated_at` stays, as the user changed nothing."""
    tx.execute(sa.update(server).where(server.c.id == server_id).values(**values))


def server_gone(tx: Transaction, server_id: str, now: dt.datetime) -> None:
    """Mark a server deleted; its row stays for lists of deleted servers."""
    tx.execute(
        sa.update(server)
        .where(server.c.id == server_id, server.c.deleted.is_(False))
        .values(
            deleted=True,
            deleted_at=now,
            terminated_at=now,
            updated_at=now,
            vm_state=VmState.DELETED,
            task_state=None,
            power_state=int(PowerState.NOSTATE),
        )
    )
    tx.execute(sa.delete(server_group_member).where(server_group_member.c.server_id == server_id))
    tx.execute(
        sa.update(server_build).where(server_build.c.server_id == server_id).values(user_data=None, key_public=None)
    )


def server_list(tx: Transaction, wanted: ServerFilter) -> list[Server]:
    """Servers by filter, in order, one page. Address patterns are the caller's to apply."""
    query = sa.select(*_COLUMNS).where(*_clauses(wanted))
    order = [(SORTABLE[key], ascending) for key, ascending in wanted.sort]
    if wanted.marker is not None:
        query = query.where(_beyond(order, wanted.marker))
    ordered = [column.asc() if ascending else column.desc() for column, ascending in order]
    return [_server(row) for row in tx.execute(query.order_by(*ordered).limit(wanted.limit))]


def usage_get(tx: Transaction, project_id: str) -> Usage:
    """What the project's servers use."""
    query = sa.select(
        sa.func.count(),
        sa.func.coalesce(sa.func.sum(server.c.vcpus), 0),
        sa.func.coalesce(sa.func.sum(server.c.memory_mib), 0),
    ).where(server.c.project_id == project_id, server.c.deleted.is_(False))
    count, cores, ram = tx.execute(query).one()
    return Usage(int(count), int(cores), int(ram))


def usage_by_cluster(tx: Transaction) -> dict[str, tuple[int, int]]:
    """cluster uuid → (servers, those with a task under way)."""
    query = (
        sa.select(server.c.cluster_uuid, sa.func.count(), sa.func.count(server.c.task_state))
        .where(server.c.deleted.is_(False), server.c.cluster_uuid.is_not(None))
        .group_by(server.c.cluster_uuid)
    )
    return {row[0]: (int(row[1]), int(row[2])) for row in tx.execute(query)}


def server_ids_by_moref(tx: Transaction, vcenter_uuid: str, morefs: Collection[str] | None = None) -> dict[str, str]:
    """VM moref → server id of our live servers in that vCenter."""
    query = sa.select(server.c.vm_moref, server.c.id).where(
        server.c.vcenter_uuid == vcenter_uuid, server.c.vm_moref.is_not(None), server.c.deleted.is_(False)
    )
    if morefs is not None:
        query = query.where(server.c.vm_moref.in_(list(morefs)))
    return {row[0]: row[1] for row in tx.execute(query)}


def vanished_list(tx: Transaction, vcenter_uuid: str) -> list[Server]:
    """Our live servers in that vCenter whose VM it doesn't show."""
    query = sa.select(*_COLUMNS).where(
        server.c.vcenter_uuid == vcenter_uuid, server.c.vanished_at.is_not(None), server.c.deleted.is_(False)
    )
    return [_server(row) for row in tx.execute(query)]


def metadata_many(tx: Transaction, server_ids: Collection[str]) -> dict[str, dict[str, str]]:
    """server id → metadata."""
    found: dict[str, dict[str, str]] = {}
    if not server_ids:
        return found
    query = sa.select(server_metadata).where(server_metadata.c.server_id.in_(list(server_ids)))
    for server_id, key, value in tx.execute(query.order_by(server_metadata.c.key)):
        found.setdefault(server_id, {})[key] = value
    return found


def metadata_set(tx: Transaction, server_id: str, items: Mapping[str, str]) -> None:
    """Add or change metadata items."""
    if not items:
        return
    metadata_delete(tx, server_id, list(items))
    added = [{"server_id": server_id, "key": key, "value": value} for key, value in items.items()]
    tx.execute(sa.insert(server_metadata), added)


def metadata_delete(tx: Transaction, server_id: str, keys: Collection[str] | None = None) -> int:
    """Remove metadata items (None: all); how many there were."""
    query = sa.delete(server_metadata).where(server_metadata.c.server_id == server_id)
    if keys is not None:
        query = query.where(server_metadata.c.key.in_(list(keys)))
    return tx.execute(query).rowcount


def tags_many(tx: Transaction, server_ids: Collection[str]) -> dict[str, list[str]]:
    """server id → tags."""
    found: dict[str, list[str]] = {}
    if server_ids:
        query = sa.select(server_tag).where(server_tag.c.server_id.in_(list(server_ids))).order_by(server_tag.c.tag)
        for server_id, tag in tx.execute(query):
            found.setdefault(server_id, []).append(tag)
    return found


def fault_insert(tx: Transaction, fault: Fault) -> None:
    """Keep why a server failed; the newest is shown."""
    tx.execute(sa.insert(server_fault).values(**_fault_row(fault)))


def faults_many(tx: Transaction, server_ids: Collection[str]) -> dict[str, Fault]:
    """server id → its newest fault."""
    found: dict[str, Fault] = {}
    if server_ids:
        columns = [column for column in server_fault.c if column.name != "number"]
        query = sa.select(*columns).where(server_fault.c.server_id.in_(list(server_ids)))
        for row in rows.rows(tx, query.order_by(server_fault.c.number)):
            found[row["server_id"]] = Fault(**row)
    return found


def groups_of(tx: Transaction, server_ids: Collection[str]) -> dict[str, str]:
    """server id → id of its server group."""
    if not server_ids:
        return {}
    query = sa.select(server_group_member.c.server_id, server_group.c.id).join(
        server_group, server_group.c.id == server_group_member.c.group_id
    )
    return {row[0]: row[1] for row in tx.execute(query.where(server_group_member.c.server_id.in_(list(server_ids))))}


def _fault_row(fault: Fault) -> dict[str, Any]:
    return {
        "server_id": fault.server_id,
        "code": fault.code,
        "message": fault.message[:255],
        "details": fault.details,
        "created_at": fault.created_at,
    }


def _server(row: Sequence[Any]) -> Server:
    values = list(row)
    values[_FLAVOR] = Flavor(**values[_FLAVOR])
    values[_POWER] = PowerState(values[_POWER])
    return Server(**dict(zip(_NAMES, values, strict=True)))


def _clauses(wanted: ServerFilter) -> list[Any]:
    equal: Mapping[Any, Any] = {
        server.c.project_id: wanted.project_id,
        server.c.user_id: wanted.user_id,
        server.c.deleted: wanted.deleted,
        server.c.flavor_id: wanted.flavor_id,
        server.c.image_id: wanted.image_id,
        server.c.host: wanted.host,
        server.c.node: wanted.node,
        server.c.reservation_id: wanted.reservation_id,
        server.c.zone: wanted.zone,
        server.c.key_name: wanted.key_name,
        server.c.power_state: wanted.power_state,
    }
    clauses = [column == value for column, value in equal.items() if value is not None]
    if wanted.vm_states is not None:
        clauses.append(server.c.vm_state.in_(list(wanted.vm_states)))
    if wanted.task_states is not None:
        clauses.append(server.c.task_state.in_(list(wanted.task_states)))
    if wanted.ids is not None:
        clauses.append(server.c.id.in_(list(wanted.ids)))
    if wanted.changes_since is not None:
        clauses.append(server.c.updated_at >= wanted.changes_since)
    if wanted.changes_before is not None:
        clauses.append(server.c.updated_at <= wanted.changes_before)
    if wanted.name is not None:
        clauses.append(server.c.name.regexp_match(wanted.name))
    if wanted.locked is not None:
        clauses.append(server.c.locked_by.is_not(None) if wanted.locked else server.c.locked_by.is_(None))
    for key, value in (wanted.metadata or {}).items():
        clauses.append(
            sa.exists().where(
                server_metadata.c.server_id == server.c.id,
                server_metadata.c.key == key,
                server_metadata.c.value == value,
            )
        )
    return clauses


def _beyond(order: Sequence[tuple[Any, bool]], marker: str) -> Any:
    """Rows after the marker's in a mixed order: for each prefix of equal columns, the next one is beyond.

    A NULL sorts first, so "beyond a NULL" upwards is everything that isn't NULL.
    """
    clauses = []
    for position, (column, ascending) in enumerate(order):
        at = [_same(earlier, marker) for earlier, _ in order[:position]]
        value = _value(column, marker)
        if ascending:
            beyond = sa.or_(column > value, sa.and_(value.is_(None), column.is_not(None)))
        else:
            beyond = sa.or_(column < value, sa.and_(value.is_not(None), column.is_(None)))
        clauses.append(sa.and_(*at, beyond))
    return sa.or_(*clauses)


def _same(column: Any, marker: str) -> Any:
    value = _value(column, marker)
    return sa.or_(column == value, sa.and_(column.is_(None), value.is_(None)))


def _value(column: Any, marker: str) -> Any:
    other = server.alias()
    return sa.select(other.c[column.name]).where(other.c.id == marker).scalar_subquery()
