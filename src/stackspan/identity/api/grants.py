"""Roles on projects, domains and the system, and `/v3/role_assignments`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stackspan.core import errors
from stackspan.http.policy import Policy
from stackspan.http.request import Request, Response, no_content
from stackspan.http.routing import Route
from stackspan.identity import model, views
from stackspan.identity.api import common
from stackspan.identity.service import AssignmentQuery, Identity, ListedAssignment

_TARGETS = (
    (model.TargetKind.PROJECT, "/v3/projects/{target_id}"),
    (model.TargetKind.DOMAIN, "/v3/domains/{target_id}"),
    (model.TargetKind.SYSTEM, "/v3/system"),
)
_ACTORS = ((model.ActorKind.USER, "users/{actor_id}"), (model.ActorKind.GROUP, "groups/{actor_id}"))


class Grants:
    """Roles of one actor on one target: the same three routes for each pair of kinds."""

    def __init__(self, identity: Identity, policy: Policy) -> None:
        self._identity = identity
        self._policy = policy

    def routes(self) -> list[Route]:
        routes = []
        for target_kind, target_path in _TARGETS:
            for actor_kind, actor_path in _ACTORS:
                pair = _Pair(self._identity, self._policy, target_kind, actor_kind)
                path = f"{target_path}/{actor_path}/roles"
                routes += [
                    Route("GET", path, pair.index),
                    Route("GET", f"{path}/{{role_id}}", pair.check),
                    Route("PUT", f"{path}/{{role_id}}", pair.grant),
                    Route("DELETE", f"{path}/{{role_id}}", pair.revoke),
                ]
        return routes


@dataclass(frozen=True)
class _Pair:
    identity: Identity
    policy: Policy
    target_kind: model.TargetKind
    actor_kind: model.ActorKind

    def index(self, req: Request) -> Response:
        """200; 403, 404."""
        self._allow(req, "list", "s", None)
        roles = self.identity.assignments.roles_of(self._actor(req), self._target(req))
        return common.collection(req, "roles", common.linked_all(req, map(views.role, roles), "roles"))

    def check(self, req: Request) -> Response:
        """204; 403, 404."""
        return self._do(req, "check", self.identity.assignments.check)

    def grant(self, req: Request) -> Response:
        """204; 403, 404."""
        return self._do(req, "create", self.identity.assignments.grant)

    def revoke(self, req: Request) -> Response:
        """204; 403, 404."""
        return self._do(req, "revoke", self.identity.assignments.revoke)

    def _do(self, req: Request, verb: str, act: Callable[[model.Assignment], None]) -> Response:
        role_id = req.param("role_id")
        self._allow(req, verb, "", self.identity.roles.find(role_id))
        act(model.Assignment(self._actor(req), self._target(req), role_id))
        return no_content()

    def _actor(self, req: Request) -> model.Actor:
        return model.Actor(self.actor_kind, req.param("actor_id"))

    def _target(self, req: Request) -> model.Target:
        if self.target_kind is model.TargetKind.SYSTEM:
            return model.SYSTEM_TARGET
        return model.Target(self.target_kind, req.param("target_id"))

    def _allow(self, req: Request, verb: str, plural: str, role: model.Role | None) -> None:
        if self.target_kind is model.TargetKind.SYSTEM:
            self.policy.check(req.context, f"identity:{verb}_system_grant{plural}_for_{self.actor_kind.value}", {})
            return
        target: dict[str, object] = {}
        if self.actor_kind is model.ActorKind.USER:
            target.update(common.user_target(self.identity.users.find(req.param("actor_id"))))
        else:
            target.update(common.group_target(self.identity.groups.find(req.param("actor_id"))))
        if self.target_kind is model.TargetKind.DOMAIN:
            target["target.domain.id"] = req.param("target_id")
        else:
            project = self.identity.projects.find(req.param("target_id"))
            if project is not None:
                target["target.project.domain_id"] = project.domain_id
        if role is not None:
            target["target.role.name"] = role.name
            target["target.role.domain_id"] = role.domain_id  # None is meant: a role of all domains
        self.policy.check(req.context, f"identity:{verb}_grant{plural}", target)


class RoleAssignments:
    """`GET /v3/role_assignments`."""

    def __init__(self, identity: Identity, policy: Policy) -> None:
        self._identity = identity
        self._policy = policy

    def routes(self) -> list[Route]:
        return [Route("GET", "/v3/role_assignments", self.index)]

    def index(self, req: Request) -> Response:
        """200; 400, 403, 404 (the project of a subtree)."""
        subtree = common.flag(req, "include_subtree")
        project_id = req.query.get("scope.project.id")
        own = req.context.domain_id
        target = {"target.domain_id": own} if own else {}
        if subtree:
            project = self._identity.projects.find(project_id) if project_id else None
            target = {"target.domain_id": project.domain_id} if project else {}
        rule = "identity:list_role_assignments_for_tree" if subtree else "identity:list_role_assignments"
        self._policy.check(req.context, rule, target)
        if subtree and not project_id:
            raise errors.Invalid("scope.project.id must be specified if include_subtree is also specified")
        listed = self._identity.assignments.all(_query(req, subtree=subtree))
        names = _Names(self._identity) if common.flag(req, "include_names") or own else None
        if own and names is not None:
            listed = [one for one in listed if names.domain_of(one.assignment.target) == own]
        shown = names if common.flag(req, "include_names") else None
        return common.collection(req, "role_assignments", [_view(req, one, shown) for one in listed])


class _Names:
    """Names of all that an assignment mentions, read once per list."""

    def __init__(self, identity: Identity) -> None:
        domains = {one.id: one for one in identity.domains.all()}
        self._domains = domains
        self._projects = {one.id: one for one in identity.projects.all()}
        self._users = {one.id: one for one in identity.users.all()}
        self._groups = {one.id: one for one in identity.groups.all()}
        self._roles = {one.id: one for one in identity.roles.all()}

    def domain_of(self, target: model.Target) -> str | None:
        if target.kind is model.TargetKind.DOMAIN:
            return target.id
        project = self._projects.get(target.id)
        return project.domain_id if project else None

    def domain(self, domain_id: str) -> views.Json:
        found = self._domains.get(domain_id)
        return {"id": domain_id, "name": found.name if found else ""}

    def actor(self, actor: model.Actor) -> views.Json:
        known: Mapping[str, model.User | model.Group] = (
            self._users if actor.kind is model.ActorKind.USER else self._groups
        )
        found = known.get(actor.id)
        if found is None:
            return {"id": actor.id}
        return {"id": actor.id, "name": found.name, "domain": self.domain(found.domain_id)}

    def role(self, role_id: str) -> views.Json:
        found = self._roles.get(role_id)
        body: views.Json = {"id": role_id, "name": found.name if found else ""}
        if found is not None and found.domain_id is not None:
            body["domain"] = self.domain(found.domain_id)
        return body

    def target(self, target: model.Target) -> views.Json:
        if target.kind is model.TargetKind.DOMAIN:
            return self.domain(target.id)
        found = self._projects.get(target.id)
        if found is None:
            return {"id": target.id}
        return {"id": target.id, "name": found.name, "domain": self.domain(found.domain_id)}


def _view(req: Request, listed: ListedAssignment, names: _Names | None) -> views.Json:
    assignment = listed.assignment
    actor, target = assignment.actor, assignment.target
    scope: views.Json
    if target.kind is model.TargetKind.SYSTEM:
        scope, path = {"system": {"all": True}}, "system"
    else:
        scope = {target.kind.value: names.target(target) if names else {"id": target.id}}
        path = f"{target.kind.value}s/{target.id}"
    links: views.Json = {}
    source, role_id = actor, listed.prior_role_id or assignment.role_id
    if listed.through_group_id is not None:
        source = model.Actor(model.ActorKind.GROUP, listed.through_group_id)
        links["membership"] = common.url(req, f"groups/{listed.through_group_id}/users/{actor.id}")
    if listed.prior_role_id is not None:
        links["prior_role"] = common.url(req, f"prior_role/{role_id}/implies/{assignment.role_id}")
    links["assignment"] = common.url(req, f"{path}/{source.kind.value}s/{source.id}/roles/{role_id}")
    return {
        "role": names.role(assignment.role_id) if names else {"id": assignment.role_id},
        actor.kind.value: names.actor(actor) if names else {"id": actor.id},
        "scope": scope,
        "links": links,
    }


def _query(req: Request, *, subtree: bool) -> AssignmentQuery:
    query = req.query
    user_id, group_id = query.get("user.id"), query.get("group.id")
    domain_id, project_id = query.get("scope.domain.id"), query.get("scope.project.id")
    system = query.get("scope.system")
    if domain_id and project_id:
        raise errors.Invalid("Specify a domain or project, not both")
    if domain_id and system:
        raise errors.Invalid("Specify system or domain, not both")
    if project_id and system:
        raise errors.Invalid("Specify system or project, not both")
    if user_id and group_id:
        raise errors.Invalid("Specify a user or group, not both")
    target = None
    if system:
        target = model.SYSTEM_TARGET
    elif domain_id:
        target = model.Target(model.TargetKind.DOMAIN, domain_id)
    elif project_id and not subtree:
        target = model.Target(model.TargetKind.PROJECT, project_id)
    return AssignmentQuery(
        user_id=user_id,
        group_id=group_id,
        role_id=query.get("role.id"),
        target=target,
        effective=common.flag(req, "effective"),
        subtree_of=project_id if subtree else None,
        inherited_only=query.get("scope.OS-INHERIT:inherited_to") == "projects",
    )
