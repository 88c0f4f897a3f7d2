"""Credentials (EC2 keys and the like) and policy documents: kept for clients, used by nobody here."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from stackspan.db import Transaction
from stackspan.identity import model, tables
from stackspan.identity.store import filters, writing

_C = tables.credential
_P = tables.policy


def _values(entity: model.Credential | model.PolicyDocument, table: sa.Table) -> dict[str, Any]:
    values = {column.name: getattr(entity, column.name) for column in table.c}
    values["extra"] = dict(values["extra"])
    return values


def credential_get(tx: Transaction, credential_id: str) -> model.Credential | None:
    """The credential, or None."""
    row = tx.execute(sa.select(_C).where(_C.c.id == credential_id)).first()
    return None if row is None else model.Credential(**row._mapping)


def credential_list(tx: Transaction, options: filters.ListOptions = filters.ALL) -> list[model.Credential]:
    """Credentials, by id."""
    return [model.Credential(**row._mapping) for row in tx.execute(filters.apply(sa.select(_C), _C, options))]


def credential_insert(tx: Transaction, credential: model.Credential) -> bool:
    """Write a new one; False where its id is taken (an EC2 key's is made from the key)."""
    return writing.insert_new(tx, _C, _values(credential, _C))


def credential_update(tx: Transaction, credential: model.Credential) -> None:
    """Write all of its columns."""
    tx.execute(_C.update().where(_C.c.id == credential.id).values(_values(credential, _C)))


def credential_delete(tx: Transaction, credential_id: str) -> None:
    """Remove it."""
    tx.execute(_C.delete().where(_C.c.id == credential_id))


def credentials_of_project_delete(tx: Transaction, project_id: str) -> None:
    """Remove those for a project that goes."""
    tx.execute(_C.delete().where(_C.c.project_id == project_id))


def policy_get(tx: Transaction, policy_id: str) -> model.PolicyDocument | None:
    """The policy document, or None."""
    row = tx.execute(sa.select(_P).where(_P.c.id == policy_id)).first()
    return None if row is None else model.PolicyDocument(**row._mapping)


def policy_list(tx: Transaction, options: filters.ListOptions = filters.ALL) -> list[model.PolicyDocument]:
    """Policy documents, by id."""
    return [model.PolicyDocument(**row._mapping) for row in tx.execute(filters.apply(sa.select(_P), _P, options))]


def policy_insert(tx: Transaction, policy: model.PolicyDocument) -> None:
    """Write a new one."""
    tx.execute(_P.insert(), [_values(policy, _P)])


def policy_update(tx: Transaction, policy: model.PolicyDocument) -> None:
    """Write all of its columns."""
    tx.execute(_P.update().where(_P.c.id == policy.id).values(_values(policy, _P)))


def policy_delete(tx: Transaction, policy_id: str) -> None:
    """Remove it."""
    tx.execute(_P.delete().where(_P.c.id == policy_id))
