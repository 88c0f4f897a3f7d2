"""Application credentials and access rules below `/v3/users/{id}`, `/v3/OS-TRUST/trusts`, `/v3/credentials`."""

from __future__ import annotations

import dataclasses

from stackspan.core import errors, ids
from stackspan.http.policy import Policy
from stackspan.http.request import Request, Response, no_content
from stackspan.http.routing import Route
from stackspan.identity import errors as identity_errors
from stackspan.identity import model, views
from stackspan.identity.api import common
from stackspan.identity.schemas import delegations as schemas
from stackspan.identity.schemas import fields
from stackspan.identity.service import Identity, ListOptions, NewCredential, OpenCredential


class ApplicationCredentials:
    """Application credentials and access rules."""

    def __init__(self, identity: Identity, policy: Policy) -> None:
        self._identity = identity
        self._credentials = identity.application_credentials
        self._policy = policy

    def routes(self) -> list[Route]:
        path, rules = "/v3/users/{user_id}/application_credentials", "/v3/users/{user_id}/access_rules"
        return [
            Route("GET", path, self.index),
            Route("POST", path, self.create, slow=True, request_schema=schemas.ApplicationCredentialCreate),
            Route("GET", f"{path}/{{credential_id}}", self.show),
            Route("DELETE", f"{path}/{{credential_id}}", self.delete),
            Route("GET", rules, self.rules),
            Route("GET", f"{rules}/{{rule_id}}", self.rule_show),
            Route("DELETE", f"{rules}/{{rule_id}}", self.rule_delete),
        ]

    def index(self, req: Request) -> Response:
        """200; 403."""
        self._allow(req, "identity:list_application_credentials")
        options = common.options(req, ("name",), self._identity.settings.list_limit)
        found = self._credentials.all(req.context, req.param("user_id"), options)
        bodies = common.linked_all(req, map(views.application_credential, found), self._path(req))
        return common.collection(req, "application_credentials", bodies, options.limit)

    def create(self, req: Request) -> Response:
        """201 with the secret; 400, 403, 404 (a role), 409."""
        self._allow(req, "identity:create_application_credential")
        if req.context.user_id != req.param("user_id"):
            raise identity_errors.ActionForbidden("Cannot create an application credential for another user.")
        body, _ = common.body(req, "application_credential", schemas.ApplicationCredentialCreate)
        made, secret = self._credentials.create(req.context, _new_credential(req, body))
        view = views.application_credential(made, secret)
        return common.member(req, 201, "application_credential", self._path(req), view)

    def show(self, req: Request) -> Response:
        """200; 403, 404."""
        self._allow(req, "identity:get_application_credential")
        credential = self._credentials.get(req.context, req.param("user_id"), req.param("credential_id"))
        view = views.application_credential(credential)
        return common.member(req, 200, "application_credential", self._path(req), view)

    def delete(self, req: Request) -> Response:
        """204; 403, 404."""
        self._allow(req, "identity:delete_application_credential")
        self._credentials.delete(req.context, req.param("user_id"), req.param("credential_id"))
        return no_content()

    def rules(self, req: Request) -> Response:
        """200; 403."""
        self._allow(req, "identity:list_access_rules")
        options = common.options(req, ("service", "path", "method"), self._identity.settings.list_limit)
        found = map(views.access_rule, self._credentials.rules(req.param("user_id"), options))
        bodies = common.linked_all(req, found, f"users/{req.param('user_id')}/access_rules")
        return common.collection(req, "access_rules", bodies, options.limit)

    def rule_show(self, req: Request) -> Response:
        """200; 403, 404."""
        self._allow(req, "identity:get_access_rule")
        rule = self._credentials.rule_get(req.param("user_id"), req.param("rule_id"))
        path = f"users/{req.param('user_id')}/access_rules"
        return common.member(req, 200, "access_rule", path, views.access_rule(rule))

    def rule_delete(self, req: Request) -> Response:
        """204; 403 (an application credential has it), 404."""
        self._allow(req, "identity:delete_access_rule")
        self._credentials.rule_delete(req.param("user_id"), req.param("rule_id"))
        return no_content()

    def _allow(self, req: Request, rule: str) -> None:
        user_id = req.param("user_id")
        self._policy.check(req.context, rule, {"user_id": user_id, "target.user.id": user_id})

    def _path(self, req: Request) -> str:
        return f"users/{req.param('user_id')}/application_credentials"


def _new_credential(req: Request, body: schemas.ApplicationCredentialCreate) -> NewCredential:
    # As in stock an empty list is no list: the openstack command sends one where none was asked for.
    given = body.access_rules if isinstance(body.access_rules, list) else []
    rules = [_access_rule(req, rule) for rule in given] or None
    return NewCredential(
        name=body.name,
        description=body.description,
        secret=body.secret,
        expires_at=fields.moment(body.expires_at),
        unrestricted=bool(body.unrestricted),
        roles=None if body.roles is None else [_role_ref(one) for one in body.roles],
        access_rules=rules,
    )


def _access_rule(req: Request, rule: schemas.AccessRule) -> model.AccessRule:
    if rule.id is None and None in (rule.service, rule.method, rule.path):
        raise errors.Invalid(
            "Invalid input for field/attribute access_rules. A rule has a service, a method and a path, or an id"
        )
    return model.AccessRule(
        rule.id or ids.new_hex(), req.context.user_id, rule.service or "", rule.method or "", rule.path or ""
    )


def _role_ref(ref: schemas.RoleRef) -> model.Ref:
    if (ref.id is None) == (ref.name is None):
        raise errors.Invalid("Invalid input for field/attribute roles. A role is told by its id or by its name")
    return model.Ref(ref.id, ref.name)


class Trusts:
    """Trusts."""

    def __init__(self, identity: Identity, policy: Policy) -> None:
        self._trusts = identity.trusts
        self._policy = policy

    def routes(self) -> list[Route]:
        one = "/v3/OS-TRUST/trusts/{trust_id}"
        return [
            Route("GET", "/v3/OS-TRUST/trusts", self.index),
            Route("POST", "/v3/OS-TRUST/trusts", self.create, request_schema=schemas.TrustCreate),
            Route("GET", one, self.show),
            Route("DELETE", one, self.delete),
            Route("GET", f"{one}/roles", self.roles),
            Route("GET", f"{one}/roles/{{role_id}}", self.role),
        ]

    def index(self, req: Request) -> Response:
        """200; 403."""
        trustor, trustee = req.query.get("trustor_user_id"), req.query.get("trustee_user_id")
        rule, target = "identity:list_trusts", {}
        if trustor:
            rule, target = "identity:list_trusts_for_trustor", {"target.trust.trustor_user_id": trustor}
        elif trustee:
            rule, target = "identity:list_trusts_for_trustee", {"target.trust.trustee_user_id": trustee}
        self._policy.check(req.context, rule, target)
        self._trusts.require_no_credential(req.context)
        bodies = []
        for trust in self._trusts.all(trustor or None, None if trustor else trustee or None):
            body = views.trust(trust, common.base(req))
            bodies.append({name: value for name, value in body.items() if name not in ("roles", "roles_links")})
        return common.collection(req, "trusts", bodies)

    def create(self, req: Request) -> Response:
        """201; 400, 403, 404 (trustee, project, role)."""
        body, extra = common.body(req, "trust", schemas.TrustCreate)
        self._policy.check(req.context, "identity:create_trust", {"target.trust.trustor_user_id": body.trustor_user_id})
        trust = model.Trust(
            id=ids.new_hex(),
            trustor_user_id=body.trustor_user_id,
            trustee_user_id=body.trustee_user_id,
            project_id=body.project_id or None,
            impersonation=body.impersonation,
            expires_at=fields.moment(body.expires_at),
            remaining_uses=body.remaining_uses,
            redelegation_count=body.redelegation_count or 0,
            redelegated_trust_id=None,
            extra=fields.extras({}, extra),
        )
        redelegable = bool(body.allow_redelegation) and body.redelegation_count != 0
        wanted = [_role_ref(one) for one in body.roles]
        made = self._trusts.create(req.context, trust, wanted, redelegable=redelegable)
        return Response(201, {"trust": views.trust(made, common.base(req))})

    def show(self, req: Request) -> Response:
        """200; 403, 404."""
        trust = self._checked(req, "identity:get_trust")
        return Response(200, {"trust": views.trust(trust, common.base(req))})

    def delete(self, req: Request) -> Response:
        """204; 403, 404."""
        trust = self._checked(req, "identity:delete_trust")
        self._trusts.delete(trust.id)
        return no_content()

    def roles(self, req: Request) -> Response:
        """200; 403, 404."""
        trust = self._checked(req, "identity:list_roles_for_trust")
        return common.collection(req, "roles", common.linked_all(req, map(views.role, trust.roles), "roles"))

    def role(self, req: Request) -> Response:
        """200; 403, 404."""
        trust = self._checked(req, "identity:get_role_for_trust")
        for role in trust.roles:
            if role.id == req.param("role_id"):
                return common.member(req, 200, "role", "roles", views.role(role))
        raise identity_errors.EntityNotFound("role", req.param("role_id"))

    def _checked(self, req: Request, rule: str) -> model.Trust:
        trust_id = req.param("trust_id")
        trust = self._trusts.find(trust_id)
        if trust is None:
            raise identity_errors.EntityNotFound("trust", trust_id)
        target = {
            "target.trust.trustor_user_id": trust.trustor_user_id,
            "target.trust.trustee_user_id": trust.trustee_user_id,
        }
        self._policy.check(req.context, rule, target)
        self._trusts.require_no_credential(req.context)
        return trust


class Credentials:
    """Credentials."""

    def __init__(self, identity: Identity, policy: Policy) -> None:
        self._identity = identity
        self._credentials = identity.credentials
        self._policy = policy

    def routes(self) -> list[Route]:
        one = "/v3/credentials/{credential_id}"
        return [
            Route("GET", "/v3/credentials", self.index),
            Route("POST", "/v3/credentials", self.create, request_schema=schemas.CredentialCreate),
            Route("GET", one, self.show),
            Route("PATCH", one, self.update, request_schema=schemas.CredentialUpdate),
            Route("DELETE", one, self.delete),
        ]

    def index(self, req: Request) -> Response:
        """200: those that the caller may see."""
        options = common.options(req, ("user_id", "type"), None)
        everyone = ListOptions(options.filters)
        found = [one for one in self._credentials.all(everyone) if self._allows(req, "identity:list_credentials", one)]
        bodies = [views.credential(one.credential, one.blob) for one in found]
        return common.collection(req, "credentials", common.linked_all(req, bodies, "credentials"), options.limit)

    def create(self, req: Request) -> Response:
        """201; 400, 403, 404 (user, project), 409."""
        body, extra = common.body(req, "credential", schemas.CredentialCreate)
        user_id = fields.given(body.user_id, req.context.user_id)
        self._policy.check(req.context, "identity:create_credential", {"target.credential.user_id": user_id})
        _refuse_delegated(req)
        credential = model.Credential(
            "", user_id, fields.given(body.project_id, None), body.type, "", fields.extras({}, extra)
        )
        return self._answer(req, 201, self._credentials.create(credential, body.blob))

    def show(self, req: Request) -> Response:
        """200; 403, 404."""
        return self._answer(req, 200, self._checked(req, "identity:get_credential"))

    def update(self, req: Request) -> Response:
        """200; 400, 403, 404."""
        before = self._checked(req, "identity:update_credential").credential
        body, extra = common.changes(req, "credential", schemas.CredentialUpdate)
        _refuse_delegated(req)
        user_id = fields.given(body.user_id, before.user_id)
        self._policy.check(req.context, "identity:update_credential", {"target.credential.user_id": user_id})

        def change(one: model.Credential) -> model.Credential:
            return dataclasses.replace(
                one,
                user_id=user_id,
                project_id=fields.given(body.project_id, one.project_id),
                type=fields.given(body.type, one.type),
                extra=fields.extras(one.extra, extra),
            )

        blob = body.blob if isinstance(body.blob, str) else None
        return self._answer(req, 200, self._credentials.update(before.id, change, blob))

    def delete(self, req: Request) -> Response:
        """204; 403, 404."""
        credential = self._checked(req, "identity:delete_credential").credential
        _refuse_delegated(req)
        self._credentials.delete(credential.id)
        return no_content()

    def _checked(self, req: Request, rule: str) -> OpenCredential:
        credential_id = req.param("credential_id")
        found = self._credentials.find(credential_id)
        target = {"target.credential.user_id": found.credential.user_id} if found else {}
        self._policy.check(req.context, rule, target)
        if found is None:
            raise identity_errors.EntityNotFound("credential", credential_id)
        return found

    def _allows(self, req: Request, rule: str, one: OpenCredential) -> bool:
        return self._policy.allows(req.context, rule, {"target.credential.user_id": one.credential.user_id})

    def _answer(self, req: Request, status: int, one: OpenCredential) -> Response:
        return common.member(req, status, "credential", "credentials", views.credential(one.credential, one.blob))


def _refuse_delegated(req: Request) -> None:
    # What was handed on for one project must not make a credential that outlives it.
    if req.context.trust_id is not None or req.context.application_credential_id is not None:
        raise identity_errors.ActionForbidden("manage credentials with a delegated token")
