"""`/v3/roles`, what they imply, `/v3/role_inferences`."""

from __future__ import annotations

from collections.abc import Sequence

from stackspan.http.policy import Policy
from stackspan.http.request import Request, Response, no_content
from stackspan.http.routing import Route
from stackspan.identity import errors as identity_errors
from stackspan.identity import model, views
from stackspan.identity.api import common
from stackspan.identity.schemas import fields
from stackspan.identity.schemas import roles as schemas
from stackspan.identity.service import Filter, Identity, ListOptions


class Roles:
    """Roles."""

    def __init__(self, identity: Identity, policy: Policy) -> None:
        self._identity = identity
        self._policy = policy

    def routes(self) -> list[Route]:
        one = "/v3/roles/{role_id}"
        implied = f"{one}/implies/{{implied_role_id}}"
        return [
            Route("GET", "/v3/roles", self.index),
            Route("POST", "/v3/roles", self.create, request_schema=schemas.RoleCreate),
            Route("GET", one, self.show),
            Route("PATCH", one, self.update, request_schema=schemas.RoleUpdate),
            Route("DELETE", one, self.delete),
            Route("GET", f"{one}/implies", self.implications),
            Route("GET", implied, self.implication),
            Route("HEAD", implied, self.implication_check),
            Route("PUT", implied, self.imply),
            Route("DELETE", implied, self.unimply),
            Route("GET", "/v3/role_inferences", self.inferences),
        ]

    def index(self, req: Request) -> Response:
        """200; 403. Without `domain_id` those of all domains alone."""
        options = common.options(req, ("name",), self._identity.settings.list_limit)
        domain_id = req.query.get("domain_id") or ""
        self._policy.check(req.context, "identity:list_domain_roles" if domain_id else "identity:list_roles", {})
        narrowed = ListOptions((*options.filters, Filter("domain_id", domain_id)), options.limit, options.marker)
        found = self._identity.roles.all(narrowed)
        return common.collection(req, "roles", common.linked_all(req, map(views.role, found), "roles"), options.limit)

    def create(self, req: Request) -> Response:
        """201; 400, 403, 404 (the domain), 409."""
        body, extra = common.body(req, "role", schemas.RoleCreate)
        local = fields.given(body.domain_id, None) is not None
        self._policy.check(req.context, f"identity:create_{'domain_' if local else ''}role", {})
        role = self._identity.roles.create(body.role(extra))
        return common.member(req, 201, "role", "roles", views.role(role))

    def show(self, req: Request) -> Response:
        """200; 403, 404."""
        return common.member(req, 200, "role", "roles", views.role(self._checked(req, "get")))

    def update(self, req: Request) -> Response:
        """200; 400, 403 (immutable), 404, 409."""
        role = self._checked(req, "update")
        body, extra = common.changes(req, "role", schemas.RoleUpdate)
        changed = self._identity.roles.update(role.id, lambda one: body.applied(one, extra))
        return common.member(req, 200, "role", "roles", views.role(changed))

    def delete(self, req: Request) -> Response:
        """204; 403 (immutable), 404."""
        self._identity.roles.delete(self._checked(req, "delete").id)
        return no_content()

    def implications(self, req: Request) -> Response:
        """200; 403, 404."""
        self._policy.check(req.context, "identity:list_implied_roles", {})
        role_id = req.param("role_id")
        by_id = {role.id: role for role in self._identity.roles.all()}
        if role_id not in by_id:
            raise identity_errors.EntityNotFound("role", role_id)
        implied = [by_id[one] for one in self._identity.roles.implications().get(role_id, ())]
        body = {"role_inference": _inference(req, by_id[role_id], implied)}
        return Response(200, {**body, "links": {"self": common.url(req, f"roles/{role_id}/implies")}})

    def implication(self, req: Request) -> Response:
        """200; 403, 404."""
        self._policy.check(req.context, "identity:get_implied_role", {})
        return self._pair_answer(req, 200, self._identity.roles.implied(*_ids(req)))

    def implication_check(self, req: Request) -> Response:
        """204; 403, 404."""
        self._policy.check(req.context, "identity:check_implied_role", {})
        self._identity.roles.implied(*_ids(req))
        return no_content()

    def imply(self, req: Request) -> Response:
        """201; 400 (a circle), 403, 404."""
        self._policy.check(req.context, "identity:create_implied_role", {})
        return self._pair_answer(req, 201, self._identity.roles.imply(*_ids(req)))

    def unimply(self, req: Request) -> Response:
        """204; 403, 404."""
        self._policy.check(req.context, "identity:delete_implied_role", {})
        self._identity.roles.unimply(*_ids(req))
        return no_content()

    def inferences(self, req: Request) -> Response:
        """200; 403."""
        self._policy.check(req.context, "identity:list_role_inference_rules", {})
        by_id = {role.id: role for role in self._identity.roles.all()}
        rules = [
            _inference(req, by_id[prior], [by_id[one] for one in implied])
            for prior, implied in self._identity.roles.implications().items()
        ]
        return Response(200, {"role_inferences": rules, "links": {"self": common.url(req, "role_inferences")}})

    def _checked(self, req: Request, verb: str) -> model.Role:
        role_id = req.param("role_id")
        role = self._identity.roles.find(role_id)
        local = role is not None and role.domain_id is not None
        target = {"target.role.name": role.name} if role is not None else {}
        self._policy.check(req.context, f"identity:{verb}_{'domain_' if local else ''}role", target)
        if role is None:
            raise identity_errors.EntityNotFound("role", role_id)
        return role

    def _pair_answer(self, req: Request, status: int, pair: tuple[model.Role, model.Role]) -> Response:
        prior, implied = pair
        path = f"roles/{prior.id}/implies/{implied.id}"
        body = {"prior_role": _short(req, prior), "implies": _short(req, implied)}
        return Response(status, {"role_inference": body, "links": {"self": common.url(req, path)}})


def _ids(req: Request) -> tuple[str, str]:
    return req.param("role_id"), req.param("implied_role_id")


def _inference(req: Request, prior: model.Role, implied: Sequence[model.Role]) -> views.Json:
    return {"prior_role": _short(req, prior), "implies": [_short(req, one) for one in implied]}


def _short(req: Request, role: model.Role) -> views.Json:
    return views.linked({"id": role.id, "name": role.name}, common.base(req), "roles")
