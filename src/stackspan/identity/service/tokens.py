"""Tokens: issued, checked by one small read, revoked."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import secrets

from stackspan.core import errors
from stackspan.core.context import RequestContext
from stackspan.db import Transaction
from stackspan.identity import errors as identity_errors
from stackspan.identity import model
from stackspan.identity.service.codec import TokenCodec
from stackspan.identity.service.core import Core
from stackspan.identity.store import delegations, domains, projects, users
from stackspan.identity.store import tokens as store

_NO_GRACE = dt.timedelta()


class Tokens:
    """Everything about tokens but the log-in."""

    def __init__(self, core: Core, codec: TokenCodec) -> None:
        self._core = core
        self._codec = codec

    def authenticate(self, token: str, service_token: str | None, request_id: str) -> RequestContext:
        """The caller with that token. One read, two with a service token. Raises Unauthenticated."""
        content = self._codec.decode(token)
        with self._core.database.read() as tx:
            state = self._state(tx, content)
            service_roles: frozenset[str] = frozenset()
            if service_token:
                service_roles = frozenset(self._state(tx, self._codec.decode(service_token)).roles)
            rules = None
            if state.has_access_rules and content.application_credential_id is not None:
                found = delegations.access_rules_of(tx, content.application_credential_id)
                rules = tuple((rule.service, rule.method, rule.path) for rule in found)
        context = _context(token, content, state, service_roles, request_id)
        return context if rules is None else dataclasses.replace(context, access_rules=rules)

    def find(self, token: str, grace_seconds: int = 0) -> model.ValidToken | None:
        """The token with all that `GET /auth/tokens` shows, or None where it doesn't count.

        `grace_seconds`: it may have ended that long ago, for services that finish what was begun with it in time.
        """
        try:
            content = self._codec.decode(token)
            with self._core.database.read() as tx:
                return self._valid(tx, token, content, dt.timedelta(seconds=grace_seconds))
        except errors.Unauthenticated:
            return None

    def revoke(self, valid: model.ValidToken) -> None:
        """End the token now, on all processes."""
        with self._core.database.write() as tx:
            store.revocation_insert(tx, valid.token.audit_ids[0], valid.token.expires_at)

    def purge(self) -> int:
        """Forget revocations of tokens that are over; how many."""
        with self._core.database.write() as tx:
            return store.revocation_purge(tx, self._core.clock.now())

    def decode(self, token: str) -> model.Token:
        """What a token says, checked against the keys alone. Raises Unauthenticated."""
        return self._codec.decode(token)

    def state(self, tx: Transaction, token: model.Token) -> model.TokenState:
        """What counts of it now. Raises Unauthenticated where nothing does."""
        return self._state(tx, token)

    def issue(
        self,
        tx: Transaction,
        user: model.User,
        target: model.Target | None,
        methods: tuple[str, ...] = ("password",),
        *,
        expires_at: dt.datetime | None = None,
        parent_audit_id: str | None = None,
        application_credential_id: str | None = None,
        trust_id: str | None = None,
    ) -> model.ValidToken:
        """A token for `user` on `target`. Raises Unauthenticated where the user holds no role there.

        Args:
            expires_at: an end that it must not outlive (the token's or credential's it is made from).
            parent_audit_id: of the token that it is made from.
        """
        now = self._core.clock.now()
        end = now + dt.timedelta(seconds=self._core.settings.token_seconds)
        audit_id = base64.urlsafe_b64encode(secrets.token_bytes(16)).rstrip(b"=").decode("ascii")
        content = model.Token(
            user_id=user.id,
            methods=methods,
            target=target,
            issued_at=now,
            expires_at=min(end, expires_at) if expires_at else end,
            audit_ids=(audit_id, parent_audit_id) if parent_audit_id else (audit_id,),
            user_epoch=user.token_epoch,
            scope_epoch=self._scope_epoch(tx, target),
            application_credential_id=application_credential_id,
            trust_id=trust_id,
        )
        return self._valid(tx, self._codec.encode(content), content)

    def issue_for(self, user_id: str, target: model.Target | None) -> str:
        """A token without a log-in, for operators' commands and tests. Raises EntityNotFound, Unauthenticated."""
        with self._core.database.read() as tx:
            user = users.user_get(tx, user_id)
            if user is None:
                raise identity_errors.EntityNotFound("user", user_id)
            return self.issue(tx, user, target).id

    def _valid(
        self, tx: Transaction, token: str, content: model.Token, grace: dt.timedelta = _NO_GRACE
    ) -> model.ValidToken:
        state = self._state(tx, content, grace)
        trust = app_cred = None
        if content.trust_id is not None:
            trust = delegations.trust_get(tx, content.trust_id)
        if content.application_credential_id is not None:
            app_cred = delegations.application_credential_get(tx, content.application_credential_id)
        return model.ValidToken(token, content, state, trust, app_cred)

    def _scope_epoch(self, tx: Transaction, target: model.Target | None) -> int:
        if target is None or target.kind is model.TargetKind.SYSTEM:
            return 0
        if target.kind is model.TargetKind.DOMAIN:
            domain = domains.domain_get(tx, target.id)
            return domain.token_epoch if domain else 0
        project = projects.project_get(tx, target.id)
        return project.token_epoch if project else 0

    def _state(self, tx: Transaction, content: model.Token, grace: dt.timedelta = _NO_GRACE) -> model.TokenState:
        now = self._core.clock.now()
        if content.expires_at + grace <= now:
            raise errors.Unauthenticated
        state = store.token_state_get(tx, content)
        if (
            state is None
            or not state.enabled
            or state.revoked
            or state.user_epoch != content.user_epoch
            or (content.target is not None and not state.roles)
            or (state.scope_epoch is not None and state.scope_epoch != content.scope_epoch)
            or (state.delegation_expires_at is not None and state.delegation_expires_at <= now)
        ):
            raise errors.Unauthenticated
        return state


def _context(
    token: str, content: model.Token, state: model.TokenState, service_roles: frozenset[str], request_id: str
) -> RequestContext:
    kind = content.target.kind if content.target else None
    target_id = content.target.id if content.target else None
    on_project, on_domain = kind is model.TargetKind.PROJECT, kind is model.TargetKind.DOMAIN
    return RequestContext(
        request_id=request_id,
        user_id=state.user_id,
        user_name=state.user_name,
        user_domain_id=state.user_domain_id,
        user_domain_name=state.user_domain_name,
        project_id=target_id if on_project else None,
        project_name=state.scope_name if on_project else None,
        project_domain_id=state.scope_domain_id,
        project_domain_name=state.scope_domain_name,
        domain_id=target_id if on_domain else None,
        domain_name=state.scope_name if on_domain else None,
        system_scope=model.SYSTEM if kind is model.TargetKind.SYSTEM else None,
        roles=frozenset(state.roles),
        service_roles=service_roles,
        token_id=token,
        audit_id=content.audit_ids[0],
        application_credential_id=content.application_credential_id,
        trust_id=content.trust_id,
    )
