"""`/v3/auth`: tokens, and what one may be scoped to."""

from __future__ import annotations

from stackspan.core import errors
from stackspan.http.policy import Policy
from stackspan.http.request import Request, Response, no_content
from stackspan.http.routing import Route
from stackspan.identity import errors as identity_errors
from stackspan.identity import model, views
from stackspan.identity.api import common
from stackspan.identity.schemas import auth as schemas
from stackspan.identity.service import Identity

_ACCESS_RULES_HEADER = "openstack-identity-access-rules"
_EXPIRED_WINDOW_SECONDS = 172_800  # stock [token] allow_expired_window


class Auth:
    """Tokens and scopes."""

    def __init__(self, identity: Identity, policy: Policy) -> None:
        self._identity = identity
        self._policy = policy

    def routes(self) -> list[Route]:
        return [
            Route("POST", "/v3/auth/tokens", self.issue, anonymous=True, slow=True, request_schema=schemas.TokenCreate),
            Route("GET", "/v3/auth/tokens", self.show),
            Route("HEAD", "/v3/auth/tokens", self.check),
            Route("DELETE", "/v3/auth/tokens", self.revoke),
            Route("GET", "/v3/auth/catalog", self.catalog),
            Route("GET", "/v3/auth/projects", self.projects),
            Route("GET", "/v3/auth/domains", self.domains),
            Route("GET", "/v3/auth/system", self.system),
        ]

    def issue(self, req: Request) -> Response:
        """201 with the token in X-Subject-Token; 400, 401, 403, 404 (an unknown trust)."""
        valid = self._identity.logins.login(schemas.login_of(req.json(schemas.TokenCreate)))
        return self._answer(req, 201, valid)

    def show(self, req: Request) -> Response:
        """200; 401, 403, 404 where the subject token doesn't count."""
        return self._answer(req, 200, self._subject(req, "identity:validate_token"))

    def check(self, req: Request) -> Response:
        """200 without a body; as `show`."""
        return self._answer(req, 200, self._subject(req, "identity:check_token"))

    def revoke(self, req: Request) -> Response:
        """204; as `show`."""
        valid = self._subject(req, "identity:revoke_token")
        self._identity.tokens.revoke(valid)
        return no_content()

    def catalog(self, req: Request) -> Response:
        """200; 403 for a token without a project."""
        self._policy.check(req.context, "identity:get_auth_catalog")
        if req.context.project_id is None:
            raise errors.Forbidden("A project-scoped token is required to produce a service catalog.")
        entries = self._identity.catalog.entries()
        return Response(
            200,
            {
                "catalog": views.catalog(entries, req.url_root, req.context.project_id),
                "links": {"self": common.url(req, "auth/catalog")},
            },
        )

    def projects(self, req: Request) -> Response:
        """200: projects on which the caller holds a role."""
        self._policy.check(req.context, "identity:get_auth_projects")
        found = self._identity.projects.of_user(req.context.user_id)
        base = common.base(req)
        return common.collection(req, "projects", [views.linked(views.project(one), base, "projects") for one in found])

    def domains(self, req: Request) -> Response:
        """200: domains on which the caller holds a role."""
        self._policy.check(req.context, "identity:get_auth_domains")
        found = self._identity.domains.of_user(req.context.user_id)
        base = common.base(req)
        return common.collection(req, "domains", [views.linked(views.domain(one), base, "domains") for one in found])

    def system(self, req: Request) -> Response:
        """200: whether the caller holds a role on the system."""
        self._policy.check(req.context, "identity:get_auth_system")
        held = self._identity.assignments.targets_of_user(req.context.user_id, model.TargetKind.SYSTEM)
        return Response(
            200, {"system": [{"all": True}] if held else [], "links": {"self": common.url(req, "auth/system")}}
        )

    def _subject(self, req: Request, rule: str) -> model.ValidToken:
        subject = req.headers.get("x-subject-token", "")
        if not subject:
            self._policy.check(req.context, rule, {})
            raise errors.NotFound("No token in the request")
        grace = _EXPIRED_WINDOW_SECONDS if common.flag(req, "allow_expired") else 0
        found = self._identity.tokens.find(subject, grace)
        credential = found.application_credential if found else None
        if credential is not None and credential.access_rules and _ACCESS_RULES_HEADER not in req.headers:
            found = None  # who asks can't enforce the rules, so to it the token is none
        if found is None:
            raise identity_errors.EntityNotFound("token", subject[:512])
        self._policy.check(req.context, rule, {"target.token.user_id": found.state.user_id})
        return found

    def _answer(self, req: Request, status: int, valid: model.ValidToken) -> Response:
        wanted = "nocatalog" not in req.query and valid.token.target is not None and req.method != "HEAD"
        entries = self._identity.catalog.entries() if wanted else None
        body = views.token(valid, entries, req.url_root)
        return Response(status, body, {"X-Subject-Token": valid.id, "Vary": "X-Auth-Token"})
