"""Log-ins: who is it, and for what is the token.

What is wrong is told to the log; the client reads the one stock 401, whatever it was.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from stackspan.core import errors
from stackspan.db import Transaction
from stackspan.identity import errors as identity_errors
from stackspan.identity import model
from stackspan.identity.service import lockout, passwords
from stackspan.identity.service.core import Core
from stackspan.identity.service.tokens import Tokens
from stackspan.identity.store import delegations, domains, projects, users

SERVED_METHODS = ("password", "token", "application_credential")


@dataclass(frozen=True)
class _Proof:
    """What one method proved."""

    user: model.User
    method: str
    expires_at: dt.datetime | None = None
    parent: model.Token | None = None
    application_credential: model.ApplicationCredential | None = None


class Logins:
    """`POST /auth/tokens`."""

    def __init__(self, core: Core, tokens: Tokens) -> None:
        self._core = core
        self._tokens = tokens

    def login(self, login: model.Login) -> model.ValidToken:
        """A token for what was proved, on what was asked for. Raises Unauthenticated or Invalid."""
        for method in login.methods:
            if method not in SERVED_METHODS:
                raise identity_errors.AuthMethodNotServed
        proofs = [self._prove(login, method) for method in dict.fromkeys(login.methods)]
        if not proofs:
            raise errors.Unauthenticated
        if len({proof.user.id for proof in proofs}) > 1:
            raise identity_errors.LoginRefused("the methods prove different users")
        if login.scope is not None and login.scope.kind is model.ScopeKind.TRUST:
            return self._login_on_trust(proofs, login.scope.ref)
        with self._core.database.read() as tx:
            return self._issue(tx, proofs, login.scope)

    def _prove(self, login: model.Login, method: str) -> _Proof:
        if method == "password":
            return self._prove_password(login)
        if method == "token":
            return self._prove_token(login)
        return self._prove_application_credential(login)

    def _prove_password(self, login: model.Login) -> _Proof:
        if login.user is None:
            raise identity_errors.NotExpected("user", "password")
        with self._core.database.read() as tx:
            user = self._user_find(tx, login.user)
        # The hash takes tens of milliseconds: no transaction is open meanwhile.
        user = lockout.password_check(self._core, user, login.password or "")
        return _Proof(user, "password")

    def _prove_token(self, login: model.Login) -> _Proof:
        valid = self._tokens.find(login.token or "")
        if valid is None:
            raise identity_errors.EntityNotFound("token", (login.token or "")[:512])
        content, kind = valid.token, login.scope.kind if login.scope else None
        if content.trust_id is not None:
            raise identity_errors.ActionForbidden(
                "Using trust-scoped token to create another token. Create a new trust-scoped token instead"
            )
        if content.application_credential_id is not None and kind is not None:
            raise identity_errors.ActionForbidden(
                "Using an application credential token to create a scoped token is not allowed."
            )
        on_system = content.target is not None and content.target.kind is model.TargetKind.SYSTEM
        if on_system and kind in (model.ScopeKind.PROJECT, model.ScopeKind.DOMAIN):
            raise identity_errors.ActionForbidden(
                "Using a system-scoped token to create a project-scoped or domain-scoped token is not allowed."
            )
        with self._core.database.read() as tx:
            user = users.user_get(tx, content.user_id)
        if user is None:
            raise errors.Unauthenticated
        return _Proof(user, "token", content.expires_at, content, valid.application_credential)

    def _prove_application_credential(self, login: model.Login) -> _Proof:
        if login.scope is not None:
            raise errors.Unauthenticated(
                "Error authenticating with application credential: Application credentials cannot request a scope."
            )
        with self._core.database.read() as tx:
            credential = self._credential_find(tx, login)
            user = users.user_get(tx, credential.user_id) if credential else None
        matches = passwords.password_matches(credential.secret_hash if credential else None, login.secret or "")
        if credential is None or user is None or not matches:
            raise identity_errors.LoginRefused("no such application credential, or a wrong secret")
        if credential.expires_at is not None and credential.expires_at <= self._core.clock.now():
            raise identity_errors.LoginRefused(f"application credential {credential.id} has expired")
        return _Proof(user, "application_credential", credential.expires_at, None, credential)

    def _issue(self, tx: Transaction, proofs: list[_Proof], scope: model.ScopeRequest | None) -> model.ValidToken:
        proof = proofs[0]
        ends = [one.expires_at for one in proofs if one.expires_at is not None]
        parent = next((one.parent for one in proofs if one.parent is not None), None)
        credential = next((one.application_credential for one in proofs if one.application_credential), None)
        methods = tuple(dict.fromkeys([one.method for one in proofs] + list(parent.methods if parent else ())))
        explicit = scope is not None or credential is not None
        if credential is not None:
            target: model.Target | None = model.Target(model.TargetKind.PROJECT, credential.project_id)
        elif scope is None:
            default = proof.user.default_project_id
            target = model.Target(model.TargetKind.PROJECT, default) if default else None
        else:
            target = self._target(tx, scope)
        options = {
            "expires_at": min(ends) if ends else None,
            "parent_audit_id": parent.audit_ids[-1] if parent else None,
            "application_credential_id": credential.id if credential else None,
        }
        try:
            return self._tokens.issue(tx, proof.user, target, methods, **options)  # type: ignore[arg-type]
        except errors.Unauthenticated:
            if explicit or target is None:
                raise
        # A default project that doesn't count (gone, disabled, no role left) is no reason to refuse the log-in.
        return self._tokens.issue(tx, proof.user, None, methods, **options)  # type: ignore[arg-type]

    def _login_on_trust(self, proofs: list[_Proof], ref: model.Ref) -> model.ValidToken:
        if not ref.id:
            raise identity_errors.NotExpected("trust_id", "trust")
        with self._core.database.write() as tx:
            trust = delegations.trust_get(tx, ref.id)
            if trust is None or (trust.expires_at is not None and trust.expires_at <= self._core.clock.now()):
                raise identity_errors.EntityNotFound("trust", ref.id)
            if trust.trustee_user_id != proofs[0].user.id:
                raise errors.Forbidden
            if not delegations.trust_consume(tx, trust.id):
                raise errors.Forbidden(f"No remaining uses for trust: {trust.id}.")
            target = None
            if trust.project_id is not None:
                target = model.Target(model.TargetKind.PROJECT, trust.project_id)
            methods = tuple(proof.method for proof in proofs)
            ends = [proof.expires_at for proof in proofs if proof.expires_at is not None]
            ends += [trust.expires_at] if trust.expires_at else []
            try:
                token = self._tokens.issue(
                    tx, proofs[0].user, target, methods, expires_at=min(ends) if ends else None, trust_id=trust.id
                )
            except errors.Unauthenticated:
                raise errors.Forbidden from None
            held = set(token.state.roles.values())
            if any(role.id not in held for role in trust.roles if role.domain_id is None):
                raise errors.Forbidden  # the trustor has lost one of the roles that it handed on
            return token

    def _target(self, tx: Transaction, scope: model.ScopeRequest) -> model.Target | None:
        if scope.kind is model.ScopeKind.SYSTEM:
            return model.SYSTEM_TARGET
        if scope.kind is model.ScopeKind.DOMAIN:
            return model.Target(model.TargetKind.DOMAIN, self._domain_find(tx, scope.ref).id)
        if scope.kind is model.ScopeKind.PROJECT:
            return model.Target(model.TargetKind.PROJECT, self._project_find(tx, scope.ref).id)
        return None

    def _domain_find(self, tx: Transaction, ref: model.Ref) -> model.Domain:
        domain = domains.domain_get_by_name(tx, ref.name) if ref.name else domains.domain_get(tx, ref.id or "")
        if domain is None or not domain.enabled:
            raise identity_errors.LoginRefused(f"no such domain, or disabled: {ref.name or ref.id}")
        return domain

    def _project_find(self, tx: Transaction, ref: model.Ref) -> model.Project:
        if ref.name:
            if ref.domain is None:
                raise identity_errors.NotExpected("domain", "project")
            project = projects.project_get_by_name(tx, self._domain_find(tx, ref.domain).id, ref.name)
        else:
            project = projects.project_get(tx, ref.id or "")
        if project is None:
            raise identity_errors.LoginRefused(f"no such project: {ref.name or ref.id}")
        return project

    def _user_find(self, tx: Transaction, ref: model.Ref) -> model.User | None:
        if ref.name:
            if ref.domain is None:
                raise identity_errors.NotExpected("domain", "user")
            return users.user_get_by_name(tx, self._domain_find(tx, ref.domain).id, ref.name)
        if not ref.id:
            raise identity_errors.NotExpected("id or name", "user")
        return users.user_get(tx, ref.id)

    def _credential_find(self, tx: Transaction, login: model.Login) -> model.ApplicationCredential | None:
        ref = login.application_credential
        if ref is None or not (ref.id or ref.name):
            raise identity_errors.NotExpected("id or name", "application credential")
        if ref.id:
            return delegations.application_credential_get(tx, ref.id)
        if login.application_credential_user is None:
            raise identity_errors.NotExpected("user", "application credential")
        user = self._user_find(tx, login.application_credential_user)
        owned = delegations.application_credential_list(tx, user.id) if user else []
        return next((one for one in owned if one.name == ref.name), None)
