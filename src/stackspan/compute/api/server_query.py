"""The query of a list of servers: which filters count for whom."""

from __future__ import annotations

import re
from collections.abc import Sequence

from stackspan.compute import policy, versions
from stackspan.compute.model import ServerFilter, TaskState, VmState
from stackspan.compute.schemas import values
from stackspan.compute.views import servers as views
from stackspan.core import errors
from stackspan.http.paging import page_of
from stackspan.http.policy import Policy
from stackspan.http.request import Request

_JOINED = (
    "block_device_mapping",
    "services",
    "metadata",
    "system_metadata",
    "info_cache",
    "security_groups",
    "pci_devices",
)
_FOR_ALL = frozenset({"reservation_id", "name", "status", "image", "flavor", "ip", "changes-since", "all_tenants"})
_IGNORED_SORT_KEYS = frozenset(
    {
        "architecture", "cell_name", "cleaned", "default_ephemeral_device", "default_swap_device", "deleted",
        "deleted_at", "disable_terminate", "ephemeral_gb", "ephemeral_key_uuid", "id", "key_data", "launched_on",
        "locked", "memory_mb", "os_type", "reservation_id", "root_gb", "shutdown_terminate", "user_data", "vcpus",
        "vm_mode",
    }
)  # fmt: skip
_SORT_KEYS = frozenset(
    {
        "access_ip_v4", "access_ip_v6", "auto_disk_config", "availability_zone", "config_drive", "created_at",
        "display_description", "display_name", "host", "hostname", "image_ref", "instance_type_id", "kernel_id",
        "key_name", "launch_index", "launched_at", "locked_by", "node", "power_state", "progress", "project_id",
        "ramdisk_id", "root_device_name", "task_state", "terminated_at", "updated_at", "user_id", "uuid", "vm_state",
    }
)  # fmt: skip
_REGEXES = ("name", "display_name", "ip", "ip6")


def server_filter(request: Request, rules: Policy, all_rule: str, maximum: int) -> ServerFilter | None:
    """The filter; None: nothing can match. Statuses: 400, 403."""
    query, context = request.query, request.context
    for name in query.names():
        if name in _JOINED or name.startswith("_"):
            raise errors.Invalid(f"Invalid filter field: {name}.")
    _check_patterns(request)
    known = _known(request, rules)

    def given(*names: str) -> str | None:
        for name in names:
            if name in known and query.get(name) is not None:
                return query.get(name)
        return None

    page = page_of(request, maximum)
    since = query.get("changes-since")
    changes_since = values.moment("changes-since", since) if since is not None else None
    statuses = list(query.all("status"))
    vm_states, task_states = views.states_of(statuses) if statuses else (None, None)
    if statuses and not vm_states:
        return None
    deleted = _deleted(request, given("deleted"), vm_states, changes_since is not None)
    all_projects = "all_tenants" in query and values.query_boolean("all_tenants", query.get("all_tenants") or "")
    if all_projects:
        rules.check(context, all_rule)
    if vm_states is None and (text := given("vm_state")) is not None:
        vm_states = [state for state in VmState if state.value == text]
    if task_states is None and (text := given("task_state")) is not None:
        task_states = [state for state in TaskState if state.value == text]
    return ServerFilter(
        project_id=given("project_id", "tenant_id") if all_projects else context.project_id or "",
        user_id=given("user_id"),
        deleted=deleted,
        vm_states=vm_states,
        task_states=task_states,
        name=given("name", "display_name"),
        flavor_id=given("flavor"),
        image_id=given("image", "image_ref"),
        host=given("host"),
        node=given("node"),
        ip=given("ip"),
        ip6=given("ip6"),
        changes_since=changes_since,
        ids=[text] if (text := given("uuid")) is not None else None,
        reservation_id=given("reservation_id"),
        zone=given("availability_zone"),
        key_name=given("key_name"),
        power_state=_integer(given("power_state")),
        locked=None,
        sort=_sort(request),
        limit=page.limit,
        marker=page.marker,
    )


def _known(request: Request, rules: Policy) -> frozenset[str]:
    """The filters that count for the caller; others are passed over in silence, as in stock."""
    if rules.allows(request.context, policy.SERVERS_ALL_FILTERS):
        return frozenset(request.query.names())
    return _FOR_ALL | ({"ip6"} if versions.serves(request.version, versions.IP6_FILTER) else frozenset())


def _deleted(request: Request, text: str | None, vm_states: Sequence[VmState] | None, changes: bool) -> bool | None:
    if vm_states == [VmState.DELETED]:
        if not request.context.is_admin:
            raise errors.Forbidden("Only administrators may list deleted instances")
        return True
    if text is None:
        return None if changes else False
    return text.strip().lower() in ("1", "t", "true", "on", "y", "yes")


def _check_patterns(request: Request) -> None:
    for name in _REGEXES:
        text = request.query.get(name)
        if text is None:
            continue
        try:
            re.compile(text)
        except re.error:
            raise errors.Invalid(
                f"Invalid input for query parameters {name}. Value: {text}. '{text}' is not a 'regex'"
            ) from None


def _sort(request: Request) -> tuple[tuple[str, bool], ...]:
    """The columns to sort by; the newest first where nothing is said, and always with a last word against ties."""
    keys = [text.strip() for text in request.query.all("sort_key")]
    directions = [text.strip() for text in request.query.all("sort_dir")]
    found: list[tuple[str, bool]] = []
    for position, key in enumerate(keys):
        if key not in _SORT_KEYS | _IGNORED_SORT_KEYS:
            raise errors.Invalid(f"Invalid input for query parameters sort_key. Value: {key}. It is not a known key")
        if key in ("host", "node") and not request.context.is_admin:
            raise errors.Forbidden(f"Only administrators can sort servers by {key}")
        direction = directions[position] if position < len(directions) else (directions or ["desc"])[-1]
        if direction not in ("asc", "desc"):
            raise errors.Invalid(f"Unknown sort direction, must be one of: asc, desc (not {direction})")
        if key in _SORT_KEYS:
            found.append((key, direction == "asc"))
    if not found:
        found.append(("created_at", (directions or ["desc"])[-1] == "asc"))
    return (*found, ("number", found[-1][1]))


def _integer(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise errors.Invalid(f"Invalid input for query parameters power_state. Value: {text}.")
    return int(text)
