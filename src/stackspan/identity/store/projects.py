"""Projects and their tags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from stackspan.db import Transaction
from stackspan.identity import model, tables
from stackspan.identity.store import filters, writing

_T = tables.project
_TAG = tables.project_tag


def _of(row: sa.Row[Any], tags: Sequence[str]) -> model.Project:
    return model.Project(**row._mapping, tags=tags)


def _tags_of(tx: Transaction, project_ids: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for chunk in _chunks(project_ids):
        statement = sa.select(_TAG).where(_TAG.c.project_id.in_(chunk)).order_by(_TAG.c.name)
        for row in tx.execute(statement):
            found.setdefault(row.project_id, []).append(row.name)
    return found


def _chunks(ids: Sequence[str], size: int = 500) -> Iterable[Sequence[str]]:
    return (ids[at : at + size] for at in range(0, len(ids), size))


def _with_tags(tx: Transaction, rows: Sequence[sa.Row[Any]]) -> list[model.Project]:
    tags = _tags_of(tx, [row.id for row in rows])
    return [_of(row, tags.get(row.id, [])) for row in rows]


def project_get(tx: Transaction, project_id: str) -> model.Project | None:
    """The project, or None."""
    rows = tx.execute(sa.select(_T).where(_T.c.id == project_id)).all()
    return _with_tags(tx, rows)[0] if rows else None


def project_get_by_name(tx: Transaction, domain_id: str, name: str) -> model.Project | None:
    """The domain's project of that name, or None."""
    rows = tx.execute(sa.select(_T).where(_T.c.domain_id == domain_id, _T.c.name == name)).all()
    return _with_tags(tx, rows)[0] if rows else None


def project_list(
    tx: Transaction, options: filters.ListOptions = filters.ALL, ids: Sequence[str] | None = None
) -> list[model.Project]:
    """Projects, by id; only those in `ids` where it is given."""
    statement = filters.apply(sa.select(_T), _T, options)
    if ids is None:
        return _with_tags(tx, tx.execute(statement).all())
    rows = [row for chunk in _chunks(sorted(ids)) for row in tx.execute(statement.where(_T.c.id.in_(chunk)))]
    return _with_tags(tx, rows)


def project_children(tx: Transaction, project_id: str) -> list[model.Project]:
    """The projects right below."""
    return _with_tags(tx, tx.execute(sa.select(_T).where(_T.c.parent_id == project_id).order_by(_T.c.id)).all())


def project_insert(tx: Transaction, project: model.Project) -> bool:
    """Write a new project and its tags; False where its name is taken in the domain."""
    if not writing.insert_new(tx, _T, _values(project)):
        return False
    _tags_write(tx, project)
    return True


def project_update(tx: Transaction, project: model.Project) -> bool:
    """Write all of a project's columns and tags; False where its name is taken in the domain."""
    if not writing.update_unique(tx, _T.update().where(_T.c.id == project.id).values(_values(project))):
        return False
    tx.execute(_TAG.delete().where(_TAG.c.project_id == project.id))
    _tags_write(tx, project)
    return True


def project_delete(tx: Transaction, project_id: str) -> None:
    """Remove the project's row; tags, application credentials and trusts on it go along."""
    tx.execute(_T.delete().where(_T.c.id == project_id))


def project_epochs_raise(tx: Transaction, domain_id: str) -> None:
    """Cut all tokens on the domain's projects."""
    tx.execute(_T.update().where(_T.c.domain_id == domain_id).values(token_epoch=_T.c.token_epoch + 1))


def _tags_write(tx: Transaction, project: model.Project) -> None:
    if project.tags:
        tx.execute(_TAG.insert(), [{"project_id": project.id, "name": tag} for tag in dict.fromkeys(project.tags)])


def _values(project: model.Project) -> dict[str, Any]:
    return {
        "id": project.id,
        "domain_id": project.domain_id,
        "parent_id": project.parent_id,
        "name": project.name,
        "description": project.description,
        "enabled": project.enabled,
        "options": dict(project.options),
        "extra": dict(project.extra),
        "token_epoch": project.token_epoch,
    }
