"""Security groups and rules: stored and shown; `docs/compat/network.md` says what is enforced."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stackspan.core import ids
from stackspan.core.context import RequestContext
from stackspan.db import Transaction
from stackspan.network import errors
from stackspan.network.model import SecurityGroup, SecurityGroupRule
from stackspan.network.service.base import Parts, sees
from stackspan.network.store import security_groups as store

PROTOCOLS: Mapping[str, int] = {
    "ah": 51, "dccp": 33, "egp": 8, "esp": 50, "gre": 47, "icmp": 1, "icmpv6": 58, "igmp": 2, "ipip": 4,
    "ipv6-encap": 41, "ipv6-frag": 44, "ipv6-icmp": 58, "ipv6-nonxt": 59, "ipv6-opts": 60, "ipv6-route": 43,
    "ospf": 89, "pgm": 113, "rsvp": 46, "sctp": 132, "tcp": 6, "udp": 17, "udplite": 136, "vrrp": 112,
}  # fmt: skip
_PORT_PROTOCOLS = "DCCP, SCTP, TCP, UDP, UDPLITE"
_WITH_PORTS = {"tcp", "udp", "dccp", "sctp", "udplite", "6", "17", "33", "132", "136"}
_ICMP = {"icmp", "icmpv6", "ipv6-icmp", "1", "58"}


@dataclass(frozen=True)
class RuleRequest:
    """What a post asks for."""

    security_group_id: str
    direction: str
    ethertype: str = "IPv4"
    protocol: str | None = None
    port_range_min: int | None = None
    port_range_max: int | None = None
    remote_ip_prefix: str | None = None
    remote_group_id: str | None = None
    description: str = ""


class SecurityGroups:
    """Groups and rules of the Network API."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def create(
        self,
        context: RequestContext,
        name: str,
        *,
        description: str = "",
        stateful: bool = True,
        project_id: str | None = None,
    ) -> SecurityGroup:
        """Make a group with the two stock egress rules. Raises DuplicateSecurityGroup, OverQuota."""
        owner = project_id or context.project_id or ""
        with self._parts.database.write() as tx:
            default_group_ensure(self._parts, tx, owner)
            if name == "default":
                raise errors.DuplicateSecurityGroup
            self._parts.quota_check(tx, owner, "security_group")
            row = _new_group(self._parts, owner, name, description, stateful=stateful, is_default=False)
            store.group_insert(tx, row)
            return row

    def list(self, context: RequestContext, *, project_id: str | None = None) -> list[SecurityGroup]:
        """Groups the caller may see; the default group of the caller's project (or the one asked for) is made first."""
        wanted = project_id if context.is_admin else context.project_id
        for owner in {wanted, context.project_id} - {None, ""}:
            self._ensure_default(str(owner))
        with self._parts.database.read() as tx:
            return store.group_list(tx, project_id=wanted)

    def get(self, context: RequestContext, group_id: str) -> SecurityGroup:
        """One group. Raises SecurityGroupNotFound."""
        with self._parts.database.read() as tx:
            return groups_for(tx, context, [group_id])[0]

    def update(self, context: RequestContext, group_id: str, changes: Mapping[str, Any]) -> SecurityGroup:
        """Change name, description or statefulness. Raises SecurityGroupNotFound, CannotUpdateDefault."""
        with self._parts.database.write() as tx:
            before = groups_for(tx, context, [group_id])[0]
            if before.is_default and changes.get("name", before.name) != before.name:
                raise errors.CannotUpdateDefault
            store.group_update(tx, group_id, {**changes, "updated_at": self._parts.now()})
            return groups_for(tx, context, [group_id])[0]

    def delete(self, context: RequestContext, group_id: str) -> None:
        """Delete a group. Raises SecurityGroupNotFound, SecurityGroupInUse; CannotRemoveDefault for all but admins."""
        with self._parts.database.write() as tx:
            found = groups_for(tx, context, [group_id])[0]
            if found.is_default and not context.is_admin:
                raise errors.CannotRemoveDefault(group_id)
            if store.group_in_use(tx, group_id):
                raise errors.SecurityGroupInUse(group_id)
            store.group_delete(tx, group_id)

    def rule_create(self, context: RequestContext, request: RuleRequest) -> SecurityGroupRule:
        """Add a rule. Raises SecurityGroupNotFound, InvalidInput, RuleExists, OverQuota."""
        checked = _checked(request)
        now = self._parts.now()
        with self._parts.database.write() as tx:
            group = groups_for(tx, context, [request.security_group_id])[0]
            if checked.remote_group_id is not None:
                groups_for(tx, context, [checked.remote_group_id])
            self._parts.quota_check(tx, group.project_id, "security_group_rule")
            for rule in group.rules:
                if _same(rule, checked):
                    raise errors.RuleExists(rule.id)
            row = SecurityGroupRule(
                id=ids.new_uuid(),
                project_id=group.project_id,
                created_at=now,
                updated_at=now,
                revision=0,
                **dataclasses.asdict(checked),
            )
            store.rule_insert(tx, row)
            return row

    def rule_list(self, context: RequestContext) -> Sequence[SecurityGroupRule]:
        """Rules the caller may see."""
        if context.project_id:
            self._ensure_default(context.project_id)
        with self._parts.database.read() as tx:
            return store.rule_list(tx, project_id=None if context.is_admin else context.project_id or "")

    def rule_get(self, context: RequestContext, rule_id: str) -> SecurityGroupRule:
        """One rule. Raises SecurityGroupRuleNotFound."""
        with self._parts.database.read() as tx:
            return _rule_for(tx, context, rule_id)

    def rule_delete(self, context: RequestContext, rule_id: str) -> None:
        """Delete a rule. Raises SecurityGroupRuleNotFound."""
        with self._parts.database.write() as tx:
            _rule_for(tx, context, rule_id)
            store.rule_delete(tx, rule_id)

    def _ensure_default(self, project_id: str) -> None:
        with self._parts.database.read() as tx:
            if any(group.is_default for group in store.group_list(tx, project_id=project_id, names=["default"])):
                return
        with self._parts.database.write() as tx:
            default_group_ensure(self._parts, tx, project_id)


def default_group_ensure(parts: Parts, tx: Transaction, project_id: str) -> SecurityGroup:
    """The project's `default` group; made on first use, with the stock rules."""
    for group in store.group_list(tx, project_id=project_id, names=["default"]):
        if group.is_default:
            return group
    row = _new_group(parts, project_id, "default", "Default security group", stateful=True, is_default=True)
    if store.group_insert(tx, row):
        return row
    return default_group_ensure(parts, tx, project_id)


def groups_for(tx: Transaction, context: RequestContext, group_ids: Collection[str]) -> list[SecurityGroup]:
    """Groups the caller may see, in the order asked. Raises SecurityGroupNotFound."""
    found = {group.id: group for group in store.group_list(tx, ids=group_ids)}
    for group_id in group_ids:
        if group_id not in found or not sees(context, found[group_id].project_id):
            raise errors.SecurityGroupNotFound(group_id)
    return [found[group_id] for group_id in group_ids]


def _rule_for(tx: Transaction, context: RequestContext, rule_id: str) -> SecurityGroupRule:
    found = store.rule_list(tx, ids=[rule_id])
    if not found or not sees(context, found[0].project_id):
        raise errors.SecurityGroupRuleNotFound(rule_id)
    return found[0]


def _new_group(
    parts: Parts, project_id: str, name: str, description: str, *, stateful: bool, is_default: bool
) -> SecurityGroup:
    now, group_id = parts.now(), ids.new_uuid()
    wanted: list[tuple[str, str, str | None]] = [("egress", "IPv4", None), ("egress", "IPv6", None)]
    if is_default:
        wanted += [("ingress", "IPv4", group_id), ("ingress", "IPv6", group_id)]
    rules = tuple(
        SecurityGroupRule(
            id=ids.new_uuid(),
            security_group_id=group_id,
            project_id=project_id,
            direction=direction,
            ethertype=ethertype,
            protocol=None,
            port_range_min=None,
            port_range_max=None,
            remote_ip_prefix=None,
            remote_group_id=remote,
            description="",
            created_at=now,
            updated_at=now,
            revision=0,
        )
        for direction, ethertype, remote in wanted
    )
    return SecurityGroup(group_id, project_id, name, description, stateful, is_default, now, now, 1, rules)


def _checked(request: RuleRequest) -> RuleRequest:
    """The request with protocol and prefix normalised. Raises InvalidInput in the stock words."""
    if request.remote_group_id and request.remote_ip_prefix:
        raise errors.RuleRefused(
            "SecurityGroupMultipleRemoteEntites",
            "Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.",
        )
    protocol = _protocol(request.protocol)
    _check_ports(request, protocol)
    prefix = None
    if request.remote_ip_prefix is not None:
        try:
            network = ipaddress.ip_network(request.remote_ip_prefix, strict=False)
        except ValueError:
            raise errors.InvalidInput(f"'{request.remote_ip_prefix}' is not a valid IP subnet") from None
        if f"IPv{network.version}" != request.ethertype:
            raise errors.RuleRefused(
                "SecurityGroupRuleParameterConflict",
                f"Conflicting value ethertype {request.ethertype} for CIDR {request.remote_ip_prefix}",
            )
        prefix = str(network)
    return dataclasses.replace(request, protocol=protocol, remote_ip_prefix=prefix)


def _protocol(text: str | None) -> str | None:
    if text is None or text.lower() == "any":
        return None
    if text.isdigit() and text.isascii():
        if 0 <= int(text) <= 255:
            return str(int(text))
    elif text.lower() in PROTOCOLS:
        return text.lower()
    raise errors.RuleRefused(
        "SecurityGroupRuleInvalidProtocol",
        f"Security group rule protocol {text} not supported. Only protocol values {sorted(PROTOCOLS)} and integer "
        "representations [0 to 255] are supported.",
    )


def _check_ports(request: RuleRequest, protocol: str | None) -> None:
    low, high = request.port_range_min, request.port_range_max
    if low is None and high is None:
        return
    if protocol is None:
        message = "Must also specify protocol if port range is given."
        raise errors.RuleRefused("SecurityGroupProtocolRequiredWithPorts", message)
    if protocol in _ICMP:
        _check_icmp(low, high)
    elif protocol not in _WITH_PORTS:
        raise errors.RuleRefused(
            "SecurityGroupInvalidProtocolForPort",
            f"Ports cannot be specified for protocol {protocol}. Ports are only supported for {_PORT_PROTOCOLS}.",
        )
    elif 0 in (low, high):
        raise errors.RuleRefused("SecurityGroupInvalidPortValue", "Invalid value for port 0")
    elif low is None or high is None or low > high:
        raise errors.RuleRefused(
            "SecurityGroupInvalidPortRange", "For TCP/UDP protocols, port_range_min must be <= port_range_max"
        )


def _check_icmp(low: int | None, high: int | None) -> None:
    """For ICMP the port range is the type and the code."""
    for attribute, field, value in (("port_range_min", "type", low), ("port_range_max", "code", high)):
        if value is not None and not 0 <= value <= 255:
            raise errors.RuleRefused(
                "SecurityGroupInvalidIcmpValue",
                f"Invalid value for ICMP {field} ({attribute}) {value}. It must be 0 to 255.",
            )
    if low is None:
        raise errors.RuleRefused(
            "SecurityGroupMissingIcmpType",
            f"ICMP code (port-range-max) {high} is provided but ICMP type (port-range-min) is missing.",
        )


def _same(rule: SecurityGroupRule, request: RuleRequest) -> bool:
    names = [name for name in request.__dataclass_fields__ if name != "description"]
    return all(getattr(rule, name) == getattr(request, name) for name in names)
