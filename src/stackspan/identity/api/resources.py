"""`/v3/domains` and `/v3/projects`."""

from __future__ import annotations

from typing import Any

from stackspan.core import errors
from stackspan.http.policy import Policy
from stackspan.http.request import Request, Response, no_content
from stackspan.http.routing import Route
from stackspan.identity import errors as identity_errors
from stackspan.identity import model, views
from stackspan.identity.api import common
from stackspan.identity.schemas import fields
from stackspan.identity.schemas import resources as schemas
from stackspan.identity.service import Identity, ProjectQuery

_RELATIVES = ("parents_as_list", "parents_as_ids", "subtree_as_list", "subtree_as_ids")


class Domains:
    """Domains."""

    def __init__(self, identity: Identity, policy: Policy) -> None:
        self._identity = identity
        self._policy = policy

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/v3/domains", self.index),
            Route("POST", "/v3/domains", self.create, request_schema=schemas.DomainCreate),
            Route("GET", "/v3/domains/{domain_id}", self.show),
            Route("PATCH", "/v3/domains/{domain_id}", self.update, request_schema=schemas.DomainUpdate),
            Route("DELETE", "/v3/domains/{domain_id}", self.delete),
        ]

    def index(self, req: Request) -> Response:
        """200; 403. Who is of a domain sees that one alone."""
        own = req.context.domain_id
        self._policy.check(req.context, "identity:list_domains", {"target.domain.id": own} if own else {})
        options = common.options(req, ("name", "enabled"), self._identity.settings.list_limit)
        found = self._identity.domains.all(options)
        admin = "admin" in req.context.roles
        shown = [views.domain(one) for one in found if admin or own in (None, one.id)]
        return common.collection(req, "domains", common.linked_all(req, shown, "domains"), options.limit)

    def create(self, req: Request) -> Response:
        """201; 400, 403, 409."""
        self._policy.check(req.context, "identity:create_domain", {})
        body, extra = common.body(req, "domain", schemas.DomainCreate)
        domain = self._identity.domains.create(body.domain(extra))
        return common.member(req, 201, "domain", "domains", views.domain(domain))

    def show(self, req: Request) -> Response:
        """200; 403, 404."""
        domain_id = req.param("domain_id")
        domain = self._identity.domains.find(domain_id)
        self._policy.check(req.context, "identity:get_domain", {"target.domain.id": domain_id} if domain else {})
        if domain is None:
            raise identity_errors.EntityNotFound("domain", domain_id)
        return common.member(req, 200, "domain", "domains", views.domain(domain))

    def update(self, req: Request) -> Response:
        """200; 400, 403, 404, 409."""
        self._policy.check(req.context, "identity:update_domain", {})
        body, extra = common.changes(req, "domain", schemas.DomainUpdate)
        domain = self._identity.domains.update(req.param("domain_id"), lambda one: body.applied(one, extra))
        return common.member(req, 200, "domain", "domains", views.domain(domain))

    def delete(self, req: Request) -> Response:
        """204; 403 (also while it is enabled), 404."""
        self._policy.check(req.context, "identity:delete_domain", {})
        self._identity.domains.delete(req.param("domain_id"))
        return no_content()


class Projects:
    """Projects and their tags."""

    def __init__(self, identity: Identity, policy: Policy) -> None:
        self._identity = identity
        self._policy = policy

    def routes(self) -> list[Route]:
        one = "/v3/projects/{project_id}"
        tags, tag = f"{one}/tags", f"{one}/tags/{{tag}}"
        return [
            Route("GET", "/v3/projects", self.index),
            Route("POST", "/v3/projects", self.create, request_schema=schemas.ProjectCreate),
            Route("GET", one, self.show),
            Route("PATCH", one, self.update, request_schema=schemas.ProjectUpdate),
            Route("DELETE", one, self.delete),
            Route("GET", "/v3/users/{user_id}/projects", self.of_user),
            Route("GET", tags, self.tags),
            Route("PUT", tags, self.tags_set, request_schema=schemas.TagsUpdate),
            Route("DELETE", tags, self.tags_clear),
            Route("GET", tag, self.tag_check),
            Route("PUT", tag, self.tag_add),
            Route("DELETE", tag, self.tag_remove),
        ]

    def index(self, req: Request) -> Response:
        """200; 403."""
        own = req.context.domain_id
        self._policy.check(req.context, "identity:list_projects", {"target.domain_id": own} if own else {})
        options = common.options(req, ("name", "domain_id", "enabled"), self._identity.settings.list_limit)
        if common.flag(req, "is_domain"):
            bodies = [views.domain_as_project(one) for one in self._identity.domains.all(options)]
        else:
            only = own if own and "admin" not in req.context.roles else None
            bodies = [views.project(one) for one in self._identity.projects.all(options, _query(req, only))]
        return common.collection(req, "projects", common.linked_all(req, bodies, "projects"), options.limit)

    def of_user(self, req: Request) -> Response:
        """200; 403, 404."""
        user_id = req.param("user_id")
        user = self._identity.users.find(user_id)
        self._policy.check(req.context, "identity:list_user_projects", common.user_target(user))
        if user is None:
            raise identity_errors.EntityNotFound("user", user_id)
        options = common.options(req, ("name", "domain_id", "enabled"), self._identity.settings.list_limit)
        bodies = [views.project(one) for one in self._identity.projects.of_user(user_id, options)]
        return common.collection(req, "projects", common.linked_all(req, bodies, "projects"), options.limit)

    def create(self, req: Request) -> Response:
        """201; 400, 403, 404 (parent, domain), 409."""
        body, extra = common.body(req, "project", schemas.ProjectCreate)
        if fields.given(body.is_domain, False):
            self._policy.check(req.context, "identity:create_project", {})
            domain = self._identity.domains.create(body.domain(extra))
            return common.member(req, 201, "project", "projects", views.domain_as_project(domain))
        domain_id = self._domain_of_new(req, body)
        self._policy.check(req.context, "identity:create_project", {"target.project.domain_id": domain_id})
        project = self._identity.projects.create(body.project(domain_id, extra))
        return common.member(req, 201, "project", "projects", views.project(project))

    def show(self, req: Request) -> Response:
        """200; 403, 404."""
        project = self._checked(req, "identity:get_project")
        if isinstance(project, model.Domain):
            return common.member(req, 200, "project", "projects", views.domain_as_project(project))
        return common.member(
            req, 200, "project", "projects", {**views.project(project), **self._relatives(req, project)}
        )

    def update(self, req: Request) -> Response:
        """200; 400, 403, 404, 409."""
        project = self._checked(req, "identity:update_project")
        body, extra = common.changes(req, "project", schemas.ProjectUpdate)
        if isinstance(project, model.Domain):
            change = schemas.DomainUpdate(
                name=body.name, description=body.description, enabled=body.enabled, tags=body.tags, options=body.options
            )
            domain = self._identity.domains.update(project.id, lambda one: change.applied(one, extra))
            return common.member(req, 200, "project", "projects", views.domain_as_project(domain))
        changed = self._identity.projects.update(project.id, lambda one: body.changed(one, extra))
        return common.member(req, 200, "project", "projects", views.project(changed))

    def delete(self, req: Request) -> Response:
        """204; 403, 404."""
        project = self._checked(req, "identity:delete_project")
        if isinstance(project, model.Domain):
            self._identity.domains.delete(project.id)
        else:
            self._identity.projects.delete(project.id)
        return no_content()

    def tags(self, req: Request) -> Response:
        """200; 403, 404."""
        project = self._checked(req, "identity:list_project_tags")
        return self._tags_answer(req, project)

    def tags_set(self, req: Request) -> Response:
        """200; 400, 403, 404."""
        project = self._checked(req, "identity:update_project_tags")
        body = req.json(schemas.TagsUpdate)
        fields.require_unique(body.tags)
        return self._tags_answer(req, self._tags_change(project, body.tags))

    def tags_clear(self, req: Request) -> Response:
        """204; 403, 404."""
        self._tags_change(self._checked(req, "identity:delete_project_tags"), [])
        return no_content()

    def tag_check(self, req: Request) -> Response:
        """204; 403, 404."""
        project = self._checked(req, "identity:get_project_tag")
        if req.param("tag") not in project.tags:
            raise identity_errors.EntityNotFound("project tag", req.param("tag"))
        return no_content()

    def tag_add(self, req: Request) -> Response:
        """201 with Location; 400, 403, 404."""
        project = self._checked(req, "identity:create_project_tag")
        tag = req.param("tag")
        if len(tag) > 255 or "," in tag:
            raise errors.Invalid(f"Invalid input for field/attribute tags. Value: {tag}. '{tag}' can't be a tag")
        if tag not in project.tags:
            if len(project.tags) >= 80:
                raise errors.Invalid("Invalid input for field/attribute tags. A project has at most 80 of them")
            self._tags_change(project, [*project.tags, tag])
        return Response(201, headers={"Location": common.url(req, f"projects/{project.id}/tags/{tag}")})

    def tag_remove(self, req: Request) -> Response:
        """204; 403, 404."""
        project = self._checked(req, "identity:delete_project_tag")
        if req.param("tag") not in project.tags:
            raise identity_errors.EntityNotFound("project tag", req.param("tag"))
        self._tags_change(project, [tag for tag in project.tags if tag != req.param("tag")])
        return no_content()

    def _checked(self, req: Request, rule: str) -> model.Project | model.Domain:
        """The project, or the domain acting as one; who may not see it doesn't learn whether it is there."""
        project_id = req.param("project_id")
        found: model.Project | model.Domain | None = self._identity.projects.find(project_id)
        found = found or self._identity.domains.find(project_id)
        target: dict[str, Any] = {}
        if found is not None:
            target["target.project.id"] = project_id
        if isinstance(found, model.Project):
            target["target.project.domain_id"] = found.domain_id
        self._policy.check(req.context, rule, target)
        if found is None:
            raise identity_errors.EntityNotFound("project", project_id)
        return found

    def _domain_of_new(self, req: Request, body: schemas.ProjectCreate) -> str:
        given, parent_id = fields.given(body.domain_id, None), fields.given(body.parent_id, None)
        if given is not None:
            return given
        if parent_id is not None:
            parent = self._identity.projects.find(parent_id)
            if parent is not None:
                return parent.domain_id
            if self._identity.domains.find(parent_id) is not None:
                return parent_id
        return req.context.domain_id or model.DEFAULT_DOMAIN_ID

    def _tags_change(self, project: model.Project | model.Domain, tags: list[str]) -> model.Project | model.Domain:
        if isinstance(project, model.Domain):
            change = schemas.DomainUpdate(tags=tags)
            return self._identity.domains.update(project.id, lambda one: change.applied(one, {}))
        body = schemas.ProjectUpdate(tags=tags)
        return self._identity.projects.update(project.id, lambda one: body.applied(one, {}))

    def _tags_answer(self, req: Request, project: model.Project | model.Domain) -> Response:
        links = {"next": None, "previous": None, "self": common.url(req, f"projects/{project.id}/tags")}
        return Response(200, {"tags": sorted(project.tags), "links": links})

    def _relatives(self, req: Request, project: model.Project) -> views.Json:
        asked = {name for name in _RELATIVES if common.flag(req, name)}
        for kind in ("parents", "subtree"):
            if {f"{kind}_as_list", f"{kind}_as_ids"} <= asked:
                raise errors.Invalid(f"Cannot use {kind}_as_list and {kind}_as_ids query params at the same time.")
        body: views.Json = {}
        held = {one.id for one in self._identity.projects.of_user(req.context.user_id)} if asked else set()
        if "parents_as_list" in asked:
            above = [one for one in self._identity.projects.ancestors(project) if one.id in held]
            body["parents"] = [
                {"project": one} for one in common.linked_all(req, map(views.project, above), "projects")
            ]
        if "subtree_as_list" in asked:
            below = [one for one in self._identity.projects.descendants(project.id) if one.id in held]
            body["subtree"] = [
                {"project": one} for one in common.linked_all(req, map(views.project, below), "projects")
            ]
        if "parents_as_ids" in asked:
            ids: views.Json | None = {project.domain_id: None}
            for one in reversed(self._identity.projects.ancestors(project)):
                ids = {one.id: ids}
            body["parents"] = ids
        if "subtree_as_ids" in asked:
            body["subtree"] = _tree_of_ids(self._identity.projects.descendants(project.id), project.id)
        return body


def _tree_of_ids(below: Any, project_id: str) -> views.Json | None:
    return {one.id: _tree_of_ids(below, one.id) for one in below if one.parent_id == project_id} or None


def _query(req: Request, domain_id: str | None) -> ProjectQuery:
    def tags(name: str) -> frozenset[str]:
        return frozenset(tag for tag in (req.query.get(name) or "").split(",") if tag)

    return ProjectQuery(
        parent_id=req.query.get("parent_id"),
        domain_id=domain_id,
        tags=tags("tags"),
        tags_any=tags("tags-any"),
        not_tags=tags("not-tags"),
        not_tags_any=tags("not-tags-any"),
    )
