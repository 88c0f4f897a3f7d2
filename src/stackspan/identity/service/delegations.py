"""What users hand on: application credentials with their access rules, and trusts."""

from __future__ import annotations

import base64
import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from stackspan.core import errors, ids
from stackspan.core.context import RequestContext
from stackspan.db import Transaction
from stackspan.identity import errors as identity_errors
from stackspan.identity import model
from stackspan.identity.service import passwords
from stackspan.identity.service.core import Core, found
from stackspan.identity.service.roles import expand
from stackspan.identity.store import delegations as store
from stackspan.identity.store import filters, projects, roles, users

MAX_REDELEGATIONS = 3  # stock [trust] max_redelegation_count


@dataclass(frozen=True)
class NewCredential:
    """An application credential to be made; `roles` None hands on all that the caller's token has."""

    name: str
    description: str | None
    secret: str | None
    expires_at: dt.datetime | None
    unrestricted: bool
    roles: Sequence[model.Ref] | None
    access_rules: Sequence[model.AccessRule] | None


class ApplicationCredentials:
    """Application credentials and access rules."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def all(
        self, context: RequestContext, user_id: str, options: filters.ListOptions
    ) -> list[model.ApplicationCredential]:
        """The user's, by id. Raises Forbidden for a token of a trust."""
        with self._core.database.read() as tx:
            self._require_own_power(tx, context, changing=False)
            return store.application_credential_list(tx, user_id, options)

    def get(self, context: RequestContext, user_id: str, credential_id: str) -> model.ApplicationCredential:
        """Raises EntityNotFound (also another user's)."""
        with self._core.database.read() as tx:
            self._require_own_power(tx, context, changing=False)
            return self._of_user(tx, user_id, credential_id)

    def create(self, context: RequestContext, new: NewCredential) -> tuple[model.ApplicationCredential, str]:
        """It, and its secret, told this once. Raises Invalid, Forbidden, NameTaken."""
        now = self._core.clock.now()
        if new.expires_at is not None and new.expires_at <= now:
            raise identity_errors.ExpiresInThePast
        if context.project_id is None:
            raise errors.Invalid(
                "Invalid application credential: Could not find role assignment with role: None, user or group: "
                f"{context.user_id}, project, domain, or system: None."
            )
        secret = new.secret or base64.urlsafe_b64encode(secrets.token_bytes(64)).rstrip(b"=").decode("ascii")
        hashed = passwords.password_hash(secret)
        with self._core.database.write() as tx:
            self._require_own_power(tx, context, changing=True)
            credential = model.ApplicationCredential(
                id=ids.new_hex(),
                user_id=context.user_id,
                project_id=context.project_id,
                name=new.name,
                description=new.description,
                secret_hash=hashed,
                expires_at=new.expires_at,
                unrestricted=new.unrestricted,
                access_rules=None if new.access_rules is None else self._rules(tx, context, new.access_rules),
                roles=self._roles(tx, context, new.roles),
            )
            if not store.application_credential_insert(tx, credential):
                raise identity_errors.NameTaken("application_credential", f"Duplicate entry found with name {new.name}")
        return credential, secret

    def delete(self, context: RequestContext, user_id: str, credential_id: str) -> None:
        """Cuts its tokens. Raises EntityNotFound, Forbidden."""
        with self._core.database.write() as tx:
            self._require_own_power(tx, context, changing=True)
            self._of_user(tx, user_id, credential_id)
            store.application_credential_delete(tx, credential_id)

    def rules(self, user_id: str, options: filters.ListOptions) -> list[model.AccessRule]:
        """The user's access rules, by id."""
        with self._core.database.read() as tx:
            return store.access_rule_list(tx, user_id, options)

    def rule_get(self, user_id: str, rule_id: str) -> model.AccessRule:
        """Raises EntityNotFound."""
        with self._core.database.read() as tx:
            return self._rule_of_user(tx, user_id, rule_id)

    def rule_delete(self, user_id: str, rule_id: str) -> None:
        """Raises EntityNotFound, Forbidden (an application credential has it)."""
        with self._core.database.write() as tx:
            self._rule_of_user(tx, user_id, rule_id)
            if store.access_rule_in_use(tx, rule_id):
                raise identity_errors.ActionForbidden("delete access rule")
            store.access_rule_delete(tx, rule_id)

    def _of_user(self, tx: Transaction, user_id: str, credential_id: str) -> model.ApplicationCredential:
        credential = store.application_credential_get(tx, credential_id)
        if credential is not None and credential.user_id != user_id:
            credential = None
        return found(credential, "Application Credential", credential_id)

    def _rule_of_user(self, tx: Transaction, user_id: str, rule_id: str) -> model.AccessRule:
        rule = store.access_rule_get(tx, rule_id)
        return found(rule if rule is not None and rule.user_id == user_id else None, "Access Rule", rule_id)

    def _require_own_power(self, tx: Transaction, context: RequestContext, *, changing: bool) -> None:
        # What was handed on must not make more of itself: not by a trust's token, nor by a restricted credential's.
        if context.trust_id is not None:
            raise identity_errors.ActionForbidden("manage application credentials with a token of a trust")
        if changing and context.application_credential_id is not None:
            own = store.application_credential_get(tx, context.application_credential_id)
            if own is None or not own.unrestricted:
                raise identity_errors.ActionForbidden(
                    "Using method 'application_credential' is not allowed for managing additional application "
                    "credentials."
                )

    def _roles(self, tx: Transaction, context: RequestContext, wanted: Sequence[model.Ref] | None) -> list[model.Role]:
        if not wanted:
            held = [roles.role_get_by_name(tx, name) for name in sorted(context.roles)]
            return [role for role in held if role is not None]
        chosen = {role.id: role for role in (_role_find(tx, ref) for ref in wanted)}
        for role_id in expand(set(chosen), roles.implication_list(tx)):
            chosen.setdefault(role_id, found(roles.role_get(tx, role_id), "role", role_id))
        if not {role.name for role in chosen.values() if role.domain_id is None} <= context.roles:
            raise errors.Invalid(
                "Invalid application credential: Cannot create an application credential with unassigned role"
            )
        return list(chosen.values())

    def _rules(
        self, tx: Transaction, context: RequestContext, wanted: Sequence[model.AccessRule]
    ) -> list[model.AccessRule]:
        # The same rule is one rule, also where the client spells it out again.
        present = {(one.service, one.method, one.path): one for one in store.access_rule_list(tx, context.user_id)}
        chosen: dict[str, model.AccessRule] = {}
        for rule in wanted:
            if not rule.path:
                rule = self._rule_of_user(tx, context.user_id, rule.id)  # noqa: PLW2901 - told by its id alone
            key = (rule.service, rule.method, rule.path)
            one = present.setdefault(key, rule)
            chosen[one.id] = one
        return list(chosen.values())


class Trusts:
    """Trusts."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def all(self, trustor_user_id: str | None = None, trustee_user_id: str | None = None) -> list[model.Trust]:
        """Those of that trustor and trustee, by id; expired ones are gone."""
        options = filters.equals(trustor_user_id=trustor_user_id, trustee_user_id=trustee_user_id)
        with self._core.database.read() as tx:
            return [trust for trust in store.trust_list(tx, options) if self._counts(trust)]

    def find(self, trust_id: str) -> model.Trust | None:
        """The trust, or None where it is over."""
        with self._core.database.read() as tx:
            trust = store.trust_get(tx, trust_id)
        return trust if trust is not None and self._counts(trust) else None

    def create(
        self, context: RequestContext, trust: model.Trust, wanted: Sequence[model.Ref], *, redelegable: bool
    ) -> model.Trust:
        """`trust.redelegation_count` is how far it may be handed on, where it may. Raises Invalid, Forbidden, NotFound."""
        self.require_no_credential(context)
        if trust.expires_at is not None and trust.expires_at <= self._core.clock.now():
            raise identity_errors.ExpiresInThePast
        if trust.project_id is not None and not wanted:
            raise identity_errors.ActionForbidden("At least one role should be specified")
        if context.user_id != trust.trustor_user_id:
            raise identity_errors.ActionForbidden("The authenticated user should match the trustor")
        with self._core.database.write() as tx:
            found(users.user_get(tx, trust.trustee_user_id), "user", trust.trustee_user_id)
            handed_on = list({role.id: role for role in (_role_find(tx, ref) for ref in wanted)}.values())
            parent = store.trust_get(tx, context.trust_id) if context.trust_id else None
            if trust.project_id is not None:
                found(projects.project_get(tx, trust.project_id), "project", trust.project_id)
                self._require_held(tx, trust, parent, handed_on)
            values = {column: getattr(trust, column) for column in model.Trust.__dataclass_fields__}
            values["roles"] = handed_on
            values.update(_redelegation(trust, parent, handed_on, redelegable=redelegable))
            made = model.Trust(**values)
            store.trust_insert(tx, made)
        return made

    def delete(self, trust_id: str) -> None:
        """With those that hand it on; cuts their tokens. Raises EntityNotFound."""
        with self._core.database.write() as tx:
            found(store.trust_get(tx, trust_id), "trust", trust_id)
            store.trust_delete(tx, trust_id)

    def require_no_credential(self, context: RequestContext) -> None:
        """Raise Forbidden for an application credential's token: trusts would let it outgrow itself."""
        if context.application_credential_id is not None:
            raise identity_errors.ActionForbidden(
                "Using method 'application_credential' is not allowed for managing trusts."
            )

    def _counts(self, trust: model.Trust) -> bool:
        return trust.expires_at is None or trust.expires_at > self._core.clock.now()

    def _require_held(
        self, tx: Transaction, trust: model.Trust, parent: model.Trust | None, handed_on: Sequence[model.Role]
    ) -> None:
        origin = parent
        while origin is not None and origin.redelegated_trust_id is not None:
            origin = store.trust_get(tx, origin.redelegated_trust_id)
        holder = origin.trustor_user_id if origin is not None else trust.trustor_user_id
        groups = users.group_list(tx, user_id=holder)
        actors = [model.Actor(model.ActorKind.USER, holder)]
        actors += [model.Actor(model.ActorKind.GROUP, group.id) for group in groups]
        target = model.Target(model.TargetKind.PROJECT, trust.project_id or "")
        direct = {one.role_id for one in roles.assignment_list(tx, actors=actors, target=target)}
        held = expand(direct, roles.implication_list(tx))
        for role in handed_on:
            if role.id not in held:
                raise identity_errors.EntityNotFound("role", role.id)


def _redelegation(
    trust: model.Trust, parent: model.Trust | None, handed_on: Sequence[model.Role], *, redelegable: bool
) -> dict[str, object]:
    """What a trust's place in a chain decides. Raises Forbidden, Invalid."""
    if redelegable and trust.remaining_uses is not None:
        raise errors.Invalid("remaining_uses must not be set if redelegation is allowed")
    if redelegable and trust.redelegation_count > MAX_REDELEGATIONS:
        raise errors.Forbidden(
            f"Requested redelegation depth of {trust.redelegation_count} is greater than allowed {MAX_REDELEGATIONS}"
        )
    depth = (trust.redelegation_count or MAX_REDELEGATIONS) if redelegable else 0
    if parent is None:
        return {"redelegation_count": depth, "redelegated_trust_id": None}
    if not 0 < parent.redelegation_count <= MAX_REDELEGATIONS:
        raise errors.Forbidden(
            f"Remaining redelegation depth of {parent.redelegation_count} out of allowed range of "
            f"[0..{MAX_REDELEGATIONS}]"
        )
    if trust.remaining_uses is not None:
        raise errors.Forbidden(
            f'Field "remaining_uses" is set to {trust.remaining_uses} while it must not be set in order to redelegate '
            "a trust"
        )
    if parent.expires_at is not None and trust.expires_at is not None and parent.expires_at < trust.expires_at:
        raise errors.Forbidden("Requested expiration time is more than redelegated trust can provide")
    if not {role.id for role in handed_on} <= {role.id for role in parent.roles}:
        raise errors.Forbidden("Some of requested roles are not in redelegated trust")
    if trust.impersonation and not parent.impersonation:
        raise errors.Forbidden(
            "Impersonation is not allowed because redelegated trust does not specify impersonation. Redelegated trust "
            f"id: {parent.id}"
        )
    return {
        "redelegation_count": min(depth, parent.redelegation_count - 1),
        "redelegated_trust_id": parent.id,
        "expires_at": trust.expires_at or parent.expires_at,
    }


def _role_find(tx: Transaction, ref: model.Ref) -> model.Role:
    if ref.id:
        return found(roles.role_get(tx, ref.id), "role", ref.id)
    return found(roles.role_get_by_name(tx, ref.name or ""), "role", ref.name or "")
