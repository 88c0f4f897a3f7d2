"""Servers, their addresses, metadata, interfaces and actions."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from stackspan.compute import versions
from stackspan.compute.model import (
    Fault,
    Server,
    ServerAction,
    ServerActionEvent,
    ServerDetails,
    TaskState,
    VmState,
)
from stackspan.compute.views.links import bookmark, links
from stackspan.core.clock import iso_micro, iso_z
from stackspan.http.request import Request
from stackspan.network.model import Nic, SecurityGroup, SecurityGroupRule

_STATUS: Mapping[VmState, str] = {
    VmState.ACTIVE: "ACTIVE",
    VmState.BUILDING: "BUILD",
    VmState.SUSPENDED: "SUSPENDED",
    VmState.STOPPED: "SHUTOFF",
    VmState.ERROR: "ERROR",
    VmState.DELETED: "DELETED",
}
_STATUS_BY_TASK: Mapping[tuple[VmState, TaskState], str] = {
    (VmState.ACTIVE, TaskState.REBOOTING): "REBOOT",
    (VmState.ACTIVE, TaskState.REBOOTING_HARD): "HARD_REBOOT",
}
_WITH_PROGRESS = frozenset({"ACTIVE", "BUILD", "DELETED", "REBUILD", "RESIZE", "VERIFY_RESIZE", "MIGRATING"})
_WITH_FAULT = frozenset({"ERROR", "DELETED"})


def status(server: Server) -> str:
    """Stock `status`."""
    if server.task_state is not None:
        special = _STATUS_BY_TASK.get((server.vm_state, server.task_state))
        if special is not None:
            return special
    return _STATUS[server.vm_state]


def states_of(statuses: Sequence[str]) -> tuple[list[VmState], list[TaskState] | None]:
    """(vm states, task states) that show as one of these statuses; None: any task."""
    wanted = {text.upper() for text in statuses}
    vm_states = [state for state, text in _STATUS.items() if text in wanted]
    if vm_states:
        return vm_states, None
    special = [pair for pair, text in _STATUS_BY_TASK.items() if text in wanted]
    return [vm_state for vm_state, _ in special], [task for _, task in special]


def basic(server: Server, request: Request) -> dict[str, Any]:
    """A server in a short list."""
    return {"id": server.id, "name": server.name, "links": links(request, "servers", server.id)}


def created(server: Server, request: Request, groups: Sequence[str]) -> dict[str, Any]:
    """The answer to `POST /servers`; without `adminPass`, since the guest is told of none."""
    return {
        "id": server.id,
        "links": links(request, "servers", server.id),
        "OS-DCF:diskConfig": server.disk_config,
        "security_groups": [{"name": name} for name in groups or ["default"]],
    }


def full(
    server: Server, details: ServerDetails, request: Request, *, extended: bool, name_template: str
) -> dict[str, Any]:
    """A server with all it shows. `extended`: also what is administrators' alone."""
    shown = status(server)
    body: dict[str, Any] = {
        "id": server.id,
        "name": server.name,
        "status": shown,
        "tenant_id": server.project_id,
        "user_id": server.user_id,
        "metadata": dict(details.metadata),
        "hostId": host_id(server),
        "image": {"id": server.image_id, "links": [bookmark(request, "images", server.image_id)]},
        "flavor": {"id": server.flavor.id, "links": [bookmark(request, "flavors", server.flavor.id)]},
        "created": iso_z(server.created_at),
        "updated": iso_z(server.updated_at),
        "addresses": addresses(_nics(details)),
        "accessIPv4": server.access_ip_v4 or "",
        "accessIPv6": server.access_ip_v6 or "",
        "links": links(request, "servers", server.id),
        "OS-DCF:diskConfig": server.disk_config,
        "OS-EXT-AZ:availability_zone": server.zone or "",
        "config_drive": "True" if server.config_drive else "",
        "key_name": server.key_name,
        "OS-SRV-USG:launched_at": _naive(server.launched_at),
        "OS-SRV-USG:terminated_at": _naive(server.terminated_at),
        "OS-EXT-STS:task_state": server.task_state.value if server.task_state else None,
        "OS-EXT-STS:vm_state": server.vm_state.value,
        "OS-EXT-STS:power_state": int(server.power_state),
        "os-extended-volumes:volumes_attached": [],
    }
    if shown in _WITH_PROGRESS:
        body["progress"] = server.progress
    if shown in _WITH_FAULT and details.fault is not None:
        body["fault"] = fault(details.fault, request)
    if details.security_groups:
        body["security_groups"] = [{"name": name} for name in details.security_groups]
    if extended:
        body.update(_extended(server, details, request, name_template))
    if versions.serves(request.version, versions.LOCKED):
        body["locked"] = server.locked_by is not None
    return body


def fault(found: Fault, request: Request) -> dict[str, Any]:
    """Why a server is in ERROR; details of code 500 are administrators' alone."""
    body: dict[str, Any] = {"code": found.code, "created": iso_z(found.created_at), "message": found.message}
    if found.details and (request.context.is_admin or found.code != 500):
        body["details"] = found.details
    return body


def addresses(nics: Sequence[Nic]) -> dict[str, list[dict[str, Any]]]:
    """network name → addresses."""
    found: dict[str, list[dict[str, Any]]] = {}
    for nic in nics:
        listed = found.setdefault(nic.network_name, [])
        listed += [
            {
                "version": 6 if ":" in fixed.ip_address else 4,
                "addr": fixed.ip_address,
                "OS-EXT-IPS:type": "fixed",
                "OS-EXT-IPS-MAC:mac_addr": nic.mac,
            }
            for fixed in nic.fixed_ips
        ]
    return found


def plain_addresses(nics: Sequence[Nic]) -> dict[str, list[dict[str, Any]]]:
    """network name → addresses, as `/ips` shows them."""
    return {
        network: [{"version": item["version"], "addr": item["addr"]} for item in items]
        for network, items in addresses(nics).items()
    }


def interface(nic: Nic, port_state: str) -> dict[str, Any]:
    """A server's interface."""
    return {
        "net_id": nic.network_id,
        "port_id": nic.port_id,
        "mac_addr": nic.mac,
        "port_state": port_state,
        "fixed_ips": [{"subnet_id": fixed.subnet_id, "ip_address": fixed.ip_address} for fixed in nic.fixed_ips],
    }


def security_group(group: SecurityGroup) -> dict[str, Any]:
    """A security group as Compute's old API shows it: only what it lets in."""
    names = {other.id: other.name for other in (group,)}
    return {
        "id": group.id,
        "name": group.name,
        "description": group.description,
        "tenant_id": group.project_id,
        "rules": [_rule(rule, names) for rule in group.rules if rule.direction == "ingress"],
    }


def _rule(rule: SecurityGroupRule, names: Mapping[str, str]) -> dict[str, Any]:
    remote, group = rule.remote_ip_prefix, rule.remote_group_id
    anywhere = "0.0.0.0/0" if rule.ethertype == "IPv4" else "::/0"
    return {
        "id": rule.id,
        "parent_group_id": rule.security_group_id,
        "ip_protocol": rule.protocol,
        "from_port": rule.port_range_min if rule.port_range_min is not None or rule.protocol is None else -1,
        "to_port": rule.port_range_max if rule.port_range_max is not None or rule.protocol is None else -1,
        "group": {"name": names.get(group, group), "tenant_id": rule.project_id} if group else {},
        "ip_range": {} if group else {"cidr": remote or anywhere},
    }


def action(found: ServerAction) -> dict[str, Any]:
    """A server's action."""
    return {
        "action": found.action,
        "instance_uuid": found.server_id,
        "request_id": found.request_id,
        "user_id": found.user_id,
        "project_id": found.project_id,
        "start_time": iso_micro(found.started_at),
        "message": found.message,
    }


def event(found: ServerActionEvent) -> dict[str, Any]:
    """An event of an action, with what only administrators may read."""
    return {
        "event": found.event,
        "start_time": iso_micro(found.started_at),
        "finish_time": iso_micro(found.finished_at) if found.finished_at else None,
        "result": found.result,
        "traceback": found.traceback,
    }


def host_id(server: Server) -> str:
    """A hypervisor's name, hashed per project, so that a user can tell same from other and nothing else."""
    if server.host is None:
        return ""
    return hashlib.sha224((server.project_id + server.host).encode()).hexdigest()


def instance_name(server: Server, template: str) -> str:
    """The name inside, such as `instance-0000002a`."""
    return template % server.number


def _extended(server: Server, details: ServerDetails, request: Request, name_template: str) -> dict[str, Any]:
    prefix = "OS-EXT-SRV-ATTR:"
    body: dict[str, Any] = {
        prefix + "host": server.host,
        prefix + "hypervisor_hostname": server.node,
        prefix + "instance_name": instance_name(server, name_template),
    }
    if versions.serves(request.version, versions.EXTENDED_ATTRIBUTES):
        body |= {
            prefix + "hostname": server.hostname,
            prefix + "kernel_id": "",
            prefix + "ramdisk_id": "",
            prefix + "launch_index": server.launch_index,
            prefix + "reservation_id": server.reservation_id,
            prefix + "root_device_name": server.root_device_name,
            prefix + "user_data": details.user_data,
        }
    return body


def _nics(details: ServerDetails) -> Sequence[Nic]:
    return [nic for nic in details.nics if isinstance(nic, Nic)]


def _naive(moment: dt.datetime | None) -> str | None:
    return None if moment is None else iso_micro(moment)
