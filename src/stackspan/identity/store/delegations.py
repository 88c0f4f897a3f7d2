"""Application credentials with their access rules, and trusts: what a user hands on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from stackspan.db import Transaction
from stackspan.identity import model, tables
from stackspan.identity.store import filters, writing

_APP = tables.application_credential
_RULE = tables.access_rule
_USES = tables.application_credential_access_rule
_TRUST = tables.trust
_ROLES = tables.delegated_role
_R = tables.role


def _roles_of(tx: Transaction, delegation_id: str) -> list[model.Role]:
    statement = (
        sa.select(_R).join(_ROLES, _ROLES.c.role_id == _R.c.id).where(_ROLES.c.delegation_id == delegation_id)
    ).order_by(_R.c.name)
    return [
        model.Role(row.id, row.name, row.domain_id or None, row.description, row.options, row.extra)
        for row in tx.execute(statement)
    ]


def _roles_write(tx: Transaction, delegation_id: str, roles: Sequence[model.Role]) -> None:
    values = [{"delegation_id": delegation_id, "role_id": role_id} for role_id in {role.id: None for role in roles}]
    if values:
        tx.execute(_ROLES.insert(), values)


def application_credential_get(tx: Transaction, credential_id: str) -> model.ApplicationCredential | None:
    """The application credential, or None."""
    row = tx.execute(sa.select(_APP).where(_APP.c.id == credential_id)).first()
    return None if row is None else _credential_of(tx, row)


def application_credential_list(
    tx: Transaction, user_id: str, options: filters.ListOptions = filters.ALL
) -> list[model.ApplicationCredential]:
    """The user's application credentials, by id."""
    statement = filters.apply(sa.select(_APP), _APP, options).where(_APP.c.user_id == user_id)
    return [_credential_of(tx, row) for row in tx.execute(statement).all()]


def application_credential_insert(tx: Transaction, credential: model.ApplicationCredential) -> bool:
    """Write a new one with its roles and access rules; False where the user has one of that name."""
    values = {
        "id": credential.id,
        "user_id": credential.user_id,
        "project_id": credential.project_id,
        "name": credential.name,
        "description": credential.description,
        "secret_hash": credential.secret_hash,
        "expires_at": credential.expires_at,
        "unrestricted": credential.unrestricted,
        "has_access_rules": credential.access_rules is not None,
    }
    if not writing.insert_new(tx, _APP, values):
        return False
    _roles_write(tx, credential.id, credential.roles)
    for rule in credential.access_rules or ():
        if access_rule_get(tx, rule.id) is None:
            tx.execute(
                _RULE.insert(),
                [
                    {
                        "id": rule.id,
                        "user_id": rule.user_id,
                        "service": rule.service,
                        "method": rule.method,
                        "path": rule.path,
                    }
                ],
            )
        writing.insert_new(tx, _USES, {"application_credential_id": credential.id, "access_rule_id": rule.id})
    return True


def application_credential_delete(tx: Transaction, credential_id: str) -> None:
    """Remove it; its access rules stay, as stock keeps them."""
    tx.execute(_ROLES.delete().where(_ROLES.c.delegation_id == credential_id))
    tx.execute(_APP.delete().where(_APP.c.id == credential_id))


def delegations_delete(tx: Transaction, *, user_id: str | None = None, project_id: str | None = None) -> None:
    """Remove application credentials and trusts of that user and project (None: any), with their roles."""
    for table, owners in ((_APP, (_APP.c.user_id,)), (_TRUST, (_TRUST.c.trustor_user_id, _TRUST.c.trustee_user_id))):
        conditions: list[sa.ColumnElement[bool]] = []
        if user_id is not None:
            conditions.append(sa.or_(*(owner == user_id for owner in owners)))
        if project_id is not None:
            conditions.append(table.c.project_id == project_id)
        chosen = sa.select(table.c.id).where(*conditions)
        tx.execute(_ROLES.delete().where(_ROLES.c.delegation_id.in_(chosen)))
        tx.execute(table.delete().where(*conditions))


def application_credentials_delete(tx: Transaction, user_id: str, project_id: str) -> None:
    """Remove the user's on that project: a role it stood on has been taken back."""
    chosen = sa.select(_APP.c.id).where(_APP.c.user_id == user_id, _APP.c.project_id == project_id)
    tx.execute(_ROLES.delete().where(_ROLES.c.delegation_id.in_(chosen)))
    tx.execute(_APP.delete().where(_APP.c.user_id == user_id, _APP.c.project_id == project_id))


def _credential_of(tx: Transaction, row: sa.Row[Any]) -> model.ApplicationCredential:
    rules = access_rules_of(tx, row.id) if row.has_access_rules else None
    return model.ApplicationCredential(
        id=row.id,
        user_id=row.user_id,
        project_id=row.project_id,
        name=row.name,
        description=row.description,
        secret_hash=row.secret_hash,
        expires_at=row.expires_at,
        unrestricted=row.unrestricted,
        access_rules=rules,
        roles=_roles_of(tx, row.id),
    )


def access_rules_of(tx: Transaction, credential_id: str) -> list[model.AccessRule]:
    """The access rules that the application credential has."""
    statement = (
        sa.select(_RULE)
        .join(_USES, _USES.c.access_rule_id == _RULE.c.id)
        .where(_USES.c.application_credential_id == credential_id)
        .order_by(_RULE.c.id)
    )
    return [model.AccessRule(**rule._mapping) for rule in tx.execute(statement)]


def access_rule_get(tx: Transaction, rule_id: str) -> model.AccessRule | None:
    """The access rule, or None."""
    row = tx.execute(sa.select(_RULE).where(_RULE.c.id == rule_id)).first()
    return None if row is None else model.AccessRule(**row._mapping)


def access_rule_list(
    tx: Transaction, user_id: str, options: filters.ListOptions = filters.ALL
) -> list[model.AccessRule]:
    """The user's access rules, by id."""
    statement = filters.apply(sa.select(_RULE), _RULE, options).where(_RULE.c.user_id == user_id)
    return [model.AccessRule(**row._mapping) for row in tx.execute(statement)]


def access_rule_in_use(tx: Transaction, rule_id: str) -> bool:
    """Whether an application credential has it."""
    statement = sa.select(_USES.c.access_rule_id).where(_USES.c.access_rule_id == rule_id).limit(1)
    return tx.execute(statement).first() is not None


def access_rule_delete(tx: Transaction, rule_id: str) -> None:
    """Remove it; no application credential may have it."""
    tx.execute(_RULE.delete().where(_RULE.c.id == rule_id))


def trust_get(tx: Transaction, trust_id: str) -> model.Trust | None:
    """The trust, or None."""
    row = tx.execute(sa.select(_TRUST).where(_TRUST.c.id == trust_id)).first()
    return None if row is None else model.Trust(**row._mapping, roles=_roles_of(tx, trust_id))


def trust_list(tx: Transaction, options: filters.ListOptions = filters.ALL) -> list[model.Trust]:
    """Trusts, by id."""
    rows = tx.execute(filters.apply(sa.select(_TRUST), _TRUST, options)).all()
    return [model.Trust(**row._mapping, roles=_roles_of(tx, row.id)) for row in rows]


def trust_insert(tx: Transaction, trust: model.Trust) -> None:
    """Write a new trust and its roles."""
    values = {column.name: getattr(trust, column.name) for column in _TRUST.c}
    values["extra"] = dict(trust.extra)
    tx.execute(_TRUST.insert(), [values])
    _roles_write(tx, trust.id, trust.roles)


def trust_consume(tx: Transaction, trust_id: str) -> bool:
    """Take one of the remaining uses; False where none is left. A trust without a bound always has one."""
    statement = (
        _TRUST.update()
        .where(_TRUST.c.id == trust_id, _TRUST.c.remaining_uses > 0)
        .values(remaining_uses=_TRUST.c.remaining_uses - 1)
    )
    if tx.execute(statement).rowcount > 0:
        return True
    row = tx.execute(sa.select(_TRUST.c.remaining_uses).where(_TRUST.c.id == trust_id)).first()
    return row is not None and row.remaining_uses is None


def trust_delete(tx: Transaction, trust_id: str) -> None:
    """Remove the trust and those that hand it on further."""
    for row in tx.execute(sa.select(_TRUST.c.id).where(_TRUST.c.redelegated_trust_id == trust_id)).all():
        trust_delete(tx, row.id)
    tx.execute(_ROLES.delete().where(_ROLES.c.delegation_id == trust_id))
    tx.execute(_TRUST.delete().where(_TRUST.c.id == trust_id))
