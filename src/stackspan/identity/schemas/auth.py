"""`POST /v3/auth/tokens`."""

from __future__ import annotations

from typing import Annotated

import msgspec

from stackspan.core import errors
from stackspan.http.validation import OpenBody
from stackspan.identity import errors as identity_errors
from stackspan.identity import model


class DomainRef(OpenBody):
    id: str | None = None
    name: str | None = None

    def ref(self) -> model.Ref:
        return model.Ref(self.id, self.name)


class PasswordUser(OpenBody):
    id: str | None = None
    name: str | None = None
    domain: DomainRef | None = None
    password: str | None = None

    def ref(self) -> model.Ref:
        return model.Ref(self.id, self.name, self.domain.ref() if self.domain else None)


class PasswordMethod(OpenBody):
    user: PasswordUser | None = None


class TokenMethod(OpenBody):
    id: str


class ApplicationCredentialMethod(OpenBody):
    id: str | None = None
    name: str | None = None
    secret: str | None = None
    user: PasswordUser | None = None


class AuthIdentity(OpenBody):
    methods: Annotated[list[str], msgspec.Meta(max_length=16)]
    password: PasswordMethod | None = None
    token: TokenMethod | None = None
    application_credential: ApplicationCredentialMethod | None = None


class ScopeProject(OpenBody):
    id: str | None = None
    name: str | None = None
    domain: DomainRef | None = None


class ScopeSystem(OpenBody):
    all: bool | None = None


class ScopeTrust(OpenBody):
    id: str | None = None


class Scope(OpenBody):
    project: ScopeProject | None = None
    domain: DomainRef | None = None
    system: ScopeSystem | None = None
    trust: ScopeTrust | None = msgspec.field(name="OS-TRUST:trust", default=None)
    unscoped: dict[str, str] | None = None


class AuthRequest(OpenBody):
    identity: AuthIdentity
    scope: Scope | str | None = None


class TokenCreate(OpenBody):
    """`POST /v3/auth/tokens`."""

    auth: AuthRequest


def login_of(body: TokenCreate) -> model.Login:
    """The log-in that a body asks for. Raises Invalid in the stock words."""
    identity = body.auth.identity
    for method in identity.methods:
        if method in ("password", "token", "application_credential") and getattr(identity, method) is None:
            raise identity_errors.NotExpected(method, "identity")
    user = identity.password.user if identity.password else None
    if user is not None:
        _require_id_or_name(user, "identity/password/user")
        _require_id_or_name(user.domain, "identity/password/user/domain")
    credential = identity.application_credential
    return model.Login(
        methods=tuple(identity.methods),
        user=user.ref() if user else None,
        password=user.password if user else None,
        token=identity.token.id if identity.token else None,
        application_credential=model.Ref(credential.id, credential.name) if credential else None,
        application_credential_user=credential.user.ref() if credential and credential.user else None,
        secret=credential.secret if credential else None,
        scope=_scope_of(body.auth.scope),
    )


def _scope_of(scope: Scope | str | None) -> model.ScopeRequest | None:
    if scope is None:
        return None
    if isinstance(scope, str):
        if scope != "unscoped":
            raise identity_errors.NotExpected("system, project, domain, OS-TRUST:trust or unscoped", "scope")
        return model.ScopeRequest(model.ScopeKind.UNSCOPED)
    given = [one for one in (scope.project, scope.domain, scope.system, scope.trust, scope.unscoped) if one is not None]
    if len(given) != 1:
        raise identity_errors.NotExpected("system, project, domain, OS-TRUST:trust or unscoped", "scope")
    if scope.project is not None:
        _require_id_or_name(scope.project, "scope/project")
        _require_id_or_name(scope.project.domain, "scope/project/domain")
        domain = scope.project.domain
        ref = model.Ref(scope.project.id, scope.project.name, domain.ref() if domain else None)
        return model.ScopeRequest(model.ScopeKind.PROJECT, ref)
    if scope.domain is not None:
        _require_id_or_name(scope.domain, "scope/domain")
        return model.ScopeRequest(model.ScopeKind.DOMAIN, scope.domain.ref())
    if scope.trust is not None:
        return model.ScopeRequest(model.ScopeKind.TRUST, model.Ref(scope.trust.id))
    return model.ScopeRequest(model.ScopeKind.SYSTEM if scope.system is not None else model.ScopeKind.UNSCOPED)


def _require_id_or_name(body: PasswordUser | DomainRef | ScopeProject | None, path: str) -> None:
    if body is not None and body.id is None and body.name is None:
        raise errors.Invalid(f"Invalid input for field {path}: id or name must be present.")
