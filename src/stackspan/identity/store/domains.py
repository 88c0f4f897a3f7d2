"""Domains."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from stackspan.db import Transaction
from stackspan.identity import model, tables
from stackspan.identity.store import filters, writing

_T = tables.domain


def _of(row: sa.Row[Any]) -> model.Domain:
    return model.Domain(**row._mapping)


def domain_get(tx: Transaction, domain_id: str) -> model.Domain | None:
    """The domain, or None."""
    row = tx.execute(sa.select(_T).where(_T.c.id == domain_id)).first()
    return None if row is None else _of(row)


def domain_get_by_name(tx: Transaction, name: str) -> model.Domain | None:
    """The domain of that name, or None."""
    row = tx.execute(sa.select(_T).where(_T.c.name == name)).first()
    return None if row is None else _of(row)


def domain_list(tx: Transaction, options: filters.ListOptions = filters.ALL) -> list[model.Domain]:
    """Domains, by id."""
    return [_of(row) for row in tx.execute(filters.apply(sa.select(_T), _T, options))]


def domain_insert(tx: Transaction, domain: model.Domain) -> bool:
    """Write a new domain; False where its name or id is taken."""
    return writing.insert_new(tx, _T, _values(domain))


def domain_update(tx: Transaction, domain: model.Domain) -> bool:
    """Write all of a domain's columns; False where its name is taken."""
    return writing.update_unique(tx, _T.update().where(_T.c.id == domain.id).values(_values(domain)))


def domain_delete(tx: Transaction, domain_id: str) -> None:
    """Remove the domain's row; nothing may belong to it any more."""
    tx.execute(_T.delete().where(_T.c.id == domain_id))


def _values(domain: model.Domain) -> dict[str, Any]:
    return {
        "id": domain.id,
        "name": domain.name,
        "description": domain.description,
        "enabled": domain.enabled,
        "options": dict(domain.options),
        "tags": list(domain.tags),
        "extra": dict(domain.extra),
        "token_epoch": domain.token_epoch,
    }
