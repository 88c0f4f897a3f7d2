"""`/v3/users` and `/v3/groups`."""

from __future__ import annotations

from stackspan.http.policy import Policy
from stackspan.http.request import Request, Response, no_content
from stackspan.http.routing import Route
from stackspan.identity import errors as identity_errors
from stackspan.identity import model, views
from stackspan.identity.api import common
from stackspan.identity.schemas import fields
from stackspan.identity.schemas import people as schemas
from stackspan.identity.service import Filter, Identity, ListOptions


class Users:
    """Users."""

    def __init__(self, identity: Identity, policy: Policy) -> None:
        self._identity = identity
        self._policy = policy

    def routes(self) -> list[Route]:
        one = "/v3/users/{user_id}"
        return [
            Route("GET", "/v3/users", self.index),
            Route("POST", "/v3/users", self.create, request_schema=schemas.UserCreate),
            Route("GET", one, self.show),
            Route("PATCH", one, self.update, request_schema=schemas.UserUpdate),
            Route("DELETE", one, self.delete),
            Route(
                "POST",
                f"{one}/password",
                self.password,
                anonymous=True,
                slow=True,
                request_schema=schemas.PasswordChange,
            ),
            Route("GET", f"{one}/groups", self.groups),
        ]

    def index(self, req: Request) -> Response:
        """200; 403. Who is of a domain sees its users alone."""
        own = req.context.domain_id
        self._policy.check(req.context, "identity:list_users", {"target.domain_id": own} if own else {})
        options = common.options(req, ("name", "domain_id", "enabled"), self._identity.settings.list_limit)
        found = self._identity.users.all(_within(options, req))
        return common.collection(req, "users", common.linked_all(req, map(views.user, found), "users"), options.limit)

    def create(self, req: Request) -> Response:
        """201; 400, 403, 404 (the domain), 409."""
        body, extra = common.body(req, "user", schemas.UserCreate)
        domain_id = fields.given(body.domain_id, None) or req.context.domain_id or model.DEFAULT_DOMAIN_ID
        self._policy.check(req.context, "identity:create_user", {"target.user.domain_id": domain_id})
        user = self._identity.users.create(body.user(domain_id, extra), fields.given(body.password, None))
        return common.member(req, 201, "user", "users", views.user(user))

    def show(self, req: Request) -> Response:
        """200; 403, 404."""
        return common.member(req, 200, "user", "users", views.user(self._checked(req, "identity:get_user")))

    def update(self, req: Request) -> Response:
        """200; 400, 403, 404, 409."""
        user = self._checked(req, "identity:update_user")
        body, extra = common.changes(req, "user", schemas.UserUpdate)
        password = fields.given(body.password, None)
        changed = self._identity.users.update(user.id, lambda one: body.changed(one, extra), password)
        return common.member(req, 200, "user", "users", views.user(changed))

    def delete(self, req: Request) -> Response:
        """204; 403, 404."""
        self._identity.users.delete(self._checked(req, "identity:delete_user").id)
        return no_content()

    def password(self, req: Request) -> Response:
        """204; 400, 401 (the original password is wrong)."""
        body, _ = common.body(req, "user", schemas.PasswordChange)
        self._identity.users.change_password(req.param("user_id"), body.original_password, body.password)
        return no_content()

    def groups(self, req: Request) -> Response:
        """200; 403, 404."""
        user_id = req.param("user_id")
        user = self._identity.users.find(user_id)
        target = {**common.user_target(user), "user_id": user_id}
        self._policy.check(req.context, "identity:list_groups_for_user", target)
        if user is None:
            raise identity_errors.EntityNotFound("user", user_id)
        options = common.options(req, ("name", "domain_id"), self._identity.settings.list_limit)
        found = self._identity.groups.all(options, user_id)
        return common.collection(
            req, "groups", common.linked_all(req, map(views.group, found), "groups"), options.limit
        )

    def _checked(self, req: Request, rule: str) -> model.User:
        """The user; who may not see it doesn't learn whether it is there."""
        user_id = req.param("user_id")
        user = self._identity.users.find(user_id)
        self._policy.check(req.context, rule, common.user_target(user))
        if user is None:
            raise identity_errors.EntityNotFound("user", user_id)
        return user


class Groups:
    """Groups and their members."""

    def __init__(self, identity: Identity, policy: Policy) -> None:
        self._identity = identity
        self._policy = policy

    def routes(self) -> list[Route]:
        one, member = "/v3/groups/{group_id}", "/v3/groups/{group_id}/users/{user_id}"
        return [
            Route("GET", "/v3/groups", self.index),
            Route("POST", "/v3/groups", self.create, request_schema=schemas.GroupCreate),
            Route("GET", one, self.show),
            Route("PATCH", one, self.update, request_schema=schemas.GroupUpdate),
            Route("DELETE", one, self.delete),
            Route("GET", f"{one}/users", self.users),
            Route("GET", member, self.member_check),
            Route("PUT", member, self.member_add),
            Route("DELETE", member, self.member_remove),
        ]

    def index(self, req: Request) -> Response:
        """200; 403. Who is of a domain sees its groups alone."""
        own = req.context.domain_id
        self._policy.check(req.context, "identity:list_groups", {"target.group.domain_id": own} if own else {})
        options = common.options(req, ("name", "domain_id"), self._identity.settings.list_limit)
        found = self._identity.groups.all(_within(options, req))
        return common.collection(
            req, "groups", common.linked_all(req, map(views.group, found), "groups"), options.limit
        )

    def create(self, req: Request) -> Response:
        """201; 400, 403, 404 (the domain), 409."""
        body, extra = common.body(req, "group", schemas.GroupCreate)
        domain_id = fields.given(body.domain_id, None) or req.context.domain_id or model.DEFAULT_DOMAIN_ID
        self._policy.check(req.context, "identity:create_group", {"target.group.domain_id": domain_id})
        group = self._identity.groups.create(body.group(domain_id, extra))
        return common.member(req, 201, "group", "groups", views.group(group))

    def show(self, req: Request) -> Response:
        """200; 403, 404."""
        return common.member(req, 200, "group", "groups", views.group(self._checked(req, "identity:get_group")))

    def update(self, req: Request) -> Response:
        """200; 400, 403, 404, 409."""
        group = self._checked(req, "identity:update_group")
        body, extra = common.changes(req, "group", schemas.GroupUpdate)
        changed = self._identity.groups.update(group.id, lambda one: body.changed(one, extra))
        return common.member(req, 200, "group", "groups", views.group(changed))

    def delete(self, req: Request) -> Response:
        """204; 403, 404."""
        self._identity.groups.delete(self._checked(req, "identity:delete_group").id)
        return no_content()

    def users(self, req: Request) -> Response:
        """200; 403, 404."""
        group = self._checked(req, "identity:list_users_in_group")
        options = common.options(req, ("name", "domain_id", "enabled"), self._identity.settings.list_limit)
        found = self._identity.users.all(options, group.id)
        return common.collection(req, "users", common.linked_all(req, map(views.user, found), "users"), options.limit)

    def member_check(self, req: Request) -> Response:
        """204; 403, 404."""
        self._member_check(req, "identity:check_user_in_group")
        self._identity.groups.contains(req.param("group_id"), req.param("user_id"))
        return no_content()

    def member_add(self, req: Request) -> Response:
        """204; 403, 404."""
        self._member_check(req, "identity:add_user_to_group")
        self._identity.groups.add(req.param("group_id"), req.param("user_id"))
        return no_content()

    def member_remove(self, req: Request) -> Response:
        """204; 403, 404."""
        self._member_check(req, "identity:remove_user_from_group")
        self._identity.groups.remove(req.param("group_id"), req.param("user_id"))
        return no_content()

    def _checked(self, req: Request, rule: str) -> model.Group:
        group_id = req.param("group_id")
        group = self._identity.groups.find(group_id)
        self._policy.check(req.context, rule, common.group_target(group))
        if group is None:
            raise identity_errors.EntityNotFound("group", group_id)
        return group

    def _member_check(self, req: Request, rule: str) -> None:
        user = self._identity.users.find(req.param("user_id"))
        group = self._identity.groups.find(req.param("group_id"))
        self._policy.check(req.context, rule, {**common.user_target(user), **common.group_target(group)})


def _within(options: ListOptions, req: Request) -> ListOptions:
    """`options`, narrowed to the caller's domain where that is all it may see."""
    if req.context.domain_id is None or "admin" in req.context.roles:
        return options
    own = Filter("domain_id", req.context.domain_id)
    return ListOptions((*options.filters, own), options.limit, options.marker)
