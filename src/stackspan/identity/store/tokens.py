"""What the database says about a token, token keys, revocations.

`token_state_get` runs once for every request of every service, so its statement is built once, and is one.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from stackspan.db import Transaction
from stackspan.identity import model, tables
from stackspan.identity.store import writing

_U, _D, _P = tables.user, tables.domain, tables.project
_R, _I, _A, _M = tables.role, tables.implied_role, tables.assignment, tables.membership
_APP, _TRUST, _DELEGATED = tables.application_credential, tables.trust, tables.delegated_role
_KEY, _REVOKED = tables.token_key, tables.revocation


def _closure(name: str, held: sa.Select[Any]) -> sa.CTE:
    cte = held.cte(name, recursive=True)
    implied = sa.select(_I.c.implied_role_id).join(cte, cte.c.role_id == _I.c.prior_role_id)
    return cte.union(implied)


def _state_statement(kind: model.TargetKind | None, delegation: sa.Table | None) -> sa.Select[Any]:
    """The statement for tokens of one scope and one kind of delegation."""
    user_id, target_id = sa.bindparam("user_id", type_=sa.String), sa.bindparam("target_id", type_=sa.String)
    delegation_id = sa.bindparam("delegation_id", type_=sa.String)
    holder_id: Any = user_id
    user_domain, scope_domain = _D.alias("user_domain"), _D.alias("scope_domain")
    source: sa.FromClause = _U.join(user_domain, user_domain.c.id == _U.c.domain_id)
    enabled = [_U.c.enabled, user_domain.c.enabled]
    user: list[sa.ColumnElement[Any]] = [_U.c.id, _U.c.name, _U.c.domain_id, user_domain.c.name]
    if delegation is _TRUST:
        trustor, trustor_domain = _U.alias("trustor"), _D.alias("trustor_domain")
        source = (
            source.join(_TRUST, sa.and_(_TRUST.c.id == delegation_id, _TRUST.c.trustee_user_id == _U.c.id))
            .join(trustor, trustor.c.id == _TRUST.c.trustor_user_id)
            .join(trustor_domain, trustor_domain.c.id == trustor.c.domain_id)
        )
        enabled += [trustor.c.enabled, trustor_domain.c.enabled]
        acted_as = [trustor.c.id, trustor.c.name, trustor.c.domain_id, trustor_domain.c.name]
        user = [
            sa.case((_TRUST.c.impersonation, theirs), else_=own) for theirs, own in zip(acted_as, user, strict=True)
        ]
        holder_id = sa.select(_TRUST.c.trustor_user_id).where(_TRUST.c.id == delegation_id).scalar_subquery()
    elif delegation is not None:
        source = source.join(delegation, sa.and_(delegation.c.id == delegation_id, delegation.c.user_id == _U.c.id))
    scope: list[sa.ColumnElement[Any]] = [sa.null(), sa.null(), sa.null(), sa.null()]
    if kind is model.TargetKind.PROJECT:
        source = source.join(_P, _P.c.id == target_id).join(scope_domain, scope_domain.c.id == _P.c.domain_id)
        enabled += [_P.c.enabled, scope_domain.c.enabled]
        scope = [_P.c.name, _P.c.domain_id, scope_domain.c.name, _P.c.token_epoch]
    elif kind is model.TargetKind.DOMAIN:
        source = source.join(scope_domain, scope_domain.c.id == target_id)
        enabled.append(scope_domain.c.enabled)
        scope = [scope_domain.c.name, sa.null(), sa.null(), scope_domain.c.token_epoch]
    roles: sa.ColumnElement[Any] = sa.null()
    if kind is not None:
        groups = sa.select(_M.c.group_id).where(_M.c.user_id == holder_id)
        held = _closure(
            "held",
            sa.select(_A.c.role_id).where(
                _A.c.target_kind == sa.literal_column(f"'{kind.value}'"),
                _A.c.target_id == target_id,
                sa.or_(
                    sa.and_(_A.c.actor_kind == sa.literal_column("'user'"), _A.c.actor_id == holder_id),
                    sa.and_(_A.c.actor_kind == sa.literal_column("'group'"), _A.c.actor_id.in_(groups)),
                ),
            ),
        )
        pair = _R.c.name + sa.literal_column("'\x1f'") + _R.c.id
        effective = sa.select(sa.func.aggregate_strings(pair, "\x1e")).where(
            _R.c.id.in_(sa.select(held.c.role_id)), _R.c.domain_id == sa.literal_column("''")
        )
        if delegation is not None:
            delegated = sa.select(_DELEGATED.c.role_id).where(_DELEGATED.c.delegation_id == delegation_id)
            handed_on = _closure("handed_on", delegated)
            effective = effective.where(_R.c.id.in_(sa.select(handed_on.c.role_id)))
        roles = effective.scalar_subquery()
    revoked = sa.exists().where(_REVOKED.c.audit_id == sa.bindparam("audit_id", type_=sa.String))
    until = sa.null() if delegation is None else delegation.c.expires_at
    ruled = _APP.c.has_access_rules if delegation is _APP else sa.false()
    return (
        sa.select(
            *user,
            sa.and_(*enabled),
            _U.c.token_epoch,
            *scope,
            roles,
            revoked,
            until,
            ruled,
        )
        .select_from(source)
        .where(_U.c.id == user_id)
    )


_STATEMENTS = {
    (kind, name): _state_statement(kind, table)
    for kind in (None, *model.TargetKind)
    for name, table in (("", None), ("application_credential", _APP), ("trust", _TRUST))
}


def token_state_get(tx: Transaction, token: model.Token) -> model.TokenState | None:
    """What counts of `token` right now, or None where its user, scope, application credential or trust is no more."""
    kind = token.target.kind if token.target else None
    delegation = ""
    parameters = {"user_id": token.user_id, "audit_id": token.audit_ids[0]}
    if token.target is not None:
        parameters["target_id"] = token.target.id
    if token.application_credential_id is not None:
        delegation, parameters["delegation_id"] = "application_credential", token.application_credential_id
    elif token.trust_id is not None:
        delegation, parameters["delegation_id"] = "trust", token.trust_id
    row: Any = tx.execute(_STATEMENTS[kind, delegation], parameters).first()
    if row is None:
        return None
    return model.TokenState(
        user_id=row[0],
        user_name=row[1],
        user_domain_id=row[2],
        user_domain_name=row[3],
        enabled=bool(row[4]),
        user_epoch=row[5],
        scope_name=row[6],
        scope_domain_id=row[7],
        scope_domain_name=row[8],
        scope_epoch=row[9],
        roles=dict(entry.split("\x1f") for entry in row[10].split("\x1e")) if row[10] else {},
        revoked=bool(row[11]),
        delegation_expires_at=row[12],
        has_access_rules=bool(row[13]),
    )


def key_list(tx: Transaction) -> list[tuple[int, str, dt.datetime]]:
    """(id, encrypted key, creation), the issuing one first."""
    statement = sa.select(_KEY).order_by(_KEY.c.id.desc())
    return [(row.id, row.encrypted_key, row.created_at) for row in tx.execute(statement)]


def key_insert(tx: Transaction, key_id: int, encrypted_key: str, now: dt.datetime) -> bool:
    """Write a new key; with the highest id, it issues from now on. False where that id is taken."""
    return writing.insert_new(tx, _KEY, {"id": key_id, "encrypted_key": encrypted_key, "created_at": now})


def key_delete(tx: Transaction, key_id: int) -> None:
    """Remove a key; its tokens are no longer understood."""
    tx.execute(_KEY.delete().where(_KEY.c.id == key_id))


def revocation_insert(tx: Transaction, audit_id: str, expires_at: dt.datetime) -> None:
    """Revoke the token with that audit id; harmless where it is."""
    writing.insert_new(tx, _REVOKED, {"audit_id": audit_id, "expires_at": expires_at})


def revocation_purge(tx: Transaction, now: dt.datetime) -> int:
    """Forget revocations of tokens that are over anyway; how many."""
    return tx.execute(_REVOKED.delete().where(_REVOKED.c.expires_at < now)).rowcount
