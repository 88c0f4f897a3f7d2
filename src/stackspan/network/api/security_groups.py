"""/v2.0/security-groups and /v2.0/security-group-rules"""

from __future__ import annotations

from stackspan.http.policy import Policy
from stackspan.http.request import Request, Response, no_content
from stackspan.http.routing import Route
from stackspan.network import errors, schemas, views
from stackspan.network.api.common import authorise, changes_of, list_response, one_or_many, owner
from stackspan.network.model import SecurityGroupRule
from stackspan.network.service import NetworkService
from stackspan.network.service.security_groups import RuleRequest


class SecurityGroupsApi:
    """Handlers of security groups and their rules."""

    def __init__(self, service: NetworkService, policy: Policy) -> None:
        self._groups = service.security_groups
        self._policy = policy

    def routes(self) -> list[Route]:
        """All of them."""
        group, rule = "/v2.0/security-groups", "/v2.0/security-group-rules"
        return [
            Route("GET", group, self.list),
            Route("POST", group, self.create, request_schema=schemas.GroupPost),
            Route("GET", group + "/{group_id}", self.show),
            Route("PUT", group + "/{group_id}", self.update, request_schema=schemas.GroupPut),
            Route("DELETE", group + "/{group_id}", self.delete),
            Route("GET", rule, self.rule_list),
            Route("POST", rule, self.rule_create, request_schema=schemas.RulePost),
            Route("GET", rule + "/{rule_id}", self.rule_show),
            Route("DELETE", rule + "/{rule_id}", self.rule_delete),
        ]

    def create(self, request: Request) -> Response:
        """201; 400, 403, 409 (a second default, quota)."""
        asked = request.json(schemas.GroupPost).security_group
        project_id = owner(self._policy, request.context, asked, "create_security_group")
        row = self._groups.create(
            request.context,
            asked.name,
            description=asked.description,
            stateful=asked.stateful,
            project_id=project_id,
        )
        return Response(201, {"security_group": views.security_group(row)})

    def list(self, request: Request) -> Response:
        """200; 400 for a bad marker or sort key."""
        asked = request.query.get("project_id") or request.query.get("tenant_id")
        rows = self._groups.list(request.context, project_id=asked)
        return list_response(request, "security_groups", [views.security_group(row) for row in rows])

    def show(self, request: Request) -> Response:
        """200; 404."""
        shown = views.security_group(self._groups.get(request.context, request.param("group_id")))
        return Response(200, {"security_group": views.pick(shown, request.query.all("fields"))})

    def update(self, request: Request) -> Response:
        """200; 400, 403, 404, 409 (renaming the default group)."""
        changes = changes_of(request.json(schemas.GroupPut).security_group)
        before = self._groups.get(request.context, request.param("group_id"))
        authorise(self._policy, request.context, "update_security_group", before.project_id)
        row = self._groups.update(request.context, before.id, changes)
        return Response(200, {"security_group": views.security_group(row)})

    def delete(self, request: Request) -> Response:
        """204; 403, 404, 409 (in use, the default group)."""
        before = self._groups.get(request.context, request.param("group_id"))
        authorise(self._policy, request.context, "delete_security_group", before.project_id)
        self._groups.delete(request.context, before.id)
        return no_content()

    def rule_create(self, request: Request) -> Response:
        """201; 400, 403, 404 (group), 409 (the same rule, quota)."""
        body = request.json(schemas.RulePost)
        asked, many = one_or_many(body.security_group_rule, body.security_group_rules, "security_group_rule")
        made = [views.security_group_rule(self._rule(request, item)) for item in asked]
        return Response(201, {"security_group_rules": made} if many else {"security_group_rule": made[0]})

    def rule_list(self, request: Request) -> Response:
        """200; 400 for a bad marker or sort key."""
        rows = self._groups.rule_list(request.context)
        return list_response(request, "security_group_rules", [views.security_group_rule(row) for row in rows])

    def rule_show(self, request: Request) -> Response:
        """200; 404."""
        shown = views.security_group_rule(self._groups.rule_get(request.context, request.param("rule_id")))
        return Response(200, {"security_group_rule": views.pick(shown, request.query.all("fields"))})

    def rule_delete(self, request: Request) -> Response:
        """204; 403, 404."""
        before = self._groups.rule_get(request.context, request.param("rule_id"))
        authorise(self._policy, request.context, "delete_security_group_rule", before.project_id)
        self._groups.rule_delete(request.context, before.id)
        return no_content()

    def _rule(self, request: Request, asked: schemas.RuleNew) -> SecurityGroupRule:
        owner(self._policy, request.context, asked, "create_security_group_rule")
        if asked.direction not in ("ingress", "egress"):
            raise errors.InvalidInput(f"'{asked.direction}' is not in ['ingress', 'egress']")
        ethertypes = {"ipv4": "IPv4", "ipv6": "IPv6"}
        ethertype = ethertypes.get((asked.ethertype or "IPv4").lower())
        if ethertype is None:
            raise errors.RuleRefused(
                "SecurityGroupRuleInvalidEtherType",
                f"Security group rule for ethertype '{asked.ethertype}' not supported. "
                "Allowed values are ['IPv4', 'IPv6'].",
            )
        wanted = RuleRequest(
            security_group_id=asked.security_group_id,
            direction=asked.direction,
            ethertype=ethertype,
            protocol=None if asked.protocol is None else str(asked.protocol),
            port_range_min=_port(asked.port_range_min),
            port_range_max=_port(asked.port_range_max),
            remote_ip_prefix=asked.remote_ip_prefix,
            remote_group_id=asked.remote_group_id,
            description=asked.description,
        )
        return self._groups.rule_create(request.context, wanted)


def _port(value: int | str | None) -> int | None:
    if value is None:
        return None
    try:
        number = int(value)
    except ValueError:
        raise errors.RuleRefused("SecurityGroupInvalidPortValue", f"Invalid value for port {value}") from None
    if not 0 <= number <= 65535:
        raise errors.RuleRefused("SecurityGroupInvalidPortValue", f"Invalid value for port {number}")
    return number
