"""Images with their properties, tags and members."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from stackspan.db import Transaction, insert_new
from stackspan.image.model import STATUS_MOVES, Image, Member, Status
from stackspan.image.tables import image, image_member, image_property, image_tag

_APART = ("properties", "tags")
_SHOWN = [column for column in image.columns if column.name not in ("upload_id", "upload_seen_at")]


def image_list(
    tx: Transaction, *, ids: Collection[str] | None = None, visible_to: str | None = None, deleted: bool = False
) -> list[Image]:
    """Images, newest first. `visible_to`: own, public, community and those shared with that project. Three statements."""
    query = sa.select(*_SHOWN).order_by(image.c.created_at.desc(), image.c.id.desc())
    if ids is not None:
        query = query.where(image.c.id.in_(list(ids)))
    if not deleted:
        query = query.where(image.c.deleted_at.is_(None))
    if visible_to is not None:
        shared = sa.select(image_member.c.image_id).where(image_member.c.member_id == visible_to)
        query = query.where(
            sa.or_(
                image.c.owner == visible_to,
                image.c.visibility.in_(("public", "community")),
                sa.and_(image.c.visibility == "shared", image.c.id.in_(shared)),
            )
        )
    rows = tx.execute(query).mappings().all()
    image_ids = [row["id"] for row in rows]
    properties, tags = _properties(tx, image_ids), _tags(tx, image_ids)
    return [Image(**row, properties=properties.get(row["id"], {}), tags=tuple(tags.get(row["id"], ()))) for row in rows]


def image_get(tx: Transaction, image_id: str, *, deleted: bool = False) -> Image | None:
    """One image, or None."""
    found = image_list(tx, ids=[image_id], deleted=deleted)
    return found[0] if found else None


def image_insert(tx: Transaction, row: Image) -> bool:
    """Add an image; False where the id is taken."""
    values = {key: value for key, value in _plain(row).items() if key not in _APART}
    if not insert_new(tx, image, values, ["id"]):
        return False
    properties_set(tx, row.id, row.properties)
    tags_set(tx, row.id, row.tags)
    return True


def image_update(tx: Transaction, image_id: str, changes: Mapping[str, Any]) -> None:
    """Change columns."""
    tx.execute(sa.update(image).where(image.c.id == image_id).values(**changes))


def image_move(tx: Transaction, image_id: str, to: Status, changes: Mapping[str, Any]) -> bool:
    """Change the status where that is an allowed move; False where it isn't from the present one."""
    allowed = [status for status, targets in STATUS_MOVES.items() if to in targets]
    statement = sa.update(image).where(image.c.id == image_id, image.c.status.in_(allowed))
    return tx.execute(statement.values(status=to, **changes)).rowcount == 1


def upload_owned(tx: Transaction, image_id: str, upload_id: str) -> bool:
    """Whether the image is `saving` under exactly that upload."""
    query = sa.select(image.c.id).where(image.c.id == image_id, image.c.upload_id == upload_id)
    return tx.execute(query.where(image.c.status == Status.SAVING)).first() is not None


def upload_seen(tx: Transaction, image_id: str, upload_id: str, now: dt.datetime) -> None:
    """The upload is alive."""
    tx.execute(
        sa.update(image).where(image.c.id == image_id, image.c.upload_id == upload_id).values(upload_seen_at=now)
    )


def upload_last_seen(tx: Transaction, image_id: str, upload_id: str) -> dt.datetime | None:
    """When the upload was last alive; None where it has ended."""
    query = sa.select(image.c.upload_seen_at).where(image.c.id == image_id, image.c.upload_id == upload_id)
    found: dt.datetime | None = tx.execute(query.where(image.c.status == Status.SAVING)).scalar()
    return found


def properties_set(tx: Transaction, image_id: str, properties: Mapping[str, str]) -> None:
    """Replace the image's properties."""
    tx.execute(sa.delete(image_property).where(image_property.c.image_id == image_id))
    if properties:
        rows = [{"image_id": image_id, "name": name, "value": value} for name, value in properties.items()]
        tx.execute(sa.insert(image_property), rows)


def tags_set(tx: Transaction, image_id: str, tags: Sequence[str]) -> None:
    """Replace the image's tags."""
    tx.execute(sa.delete(image_tag).where(image_tag.c.image_id == image_id))
    if tags:
        tx.execute(sa.insert(image_tag), [{"image_id": image_id, "tag": tag} for tag in dict.fromkeys(tags)])


def member_list(tx: Transaction, image_id: str) -> list[Member]:
    """Who the image is shared with, oldest first."""
    query = sa.select(image_member).where(image_member.c.image_id == image_id)
    return [Member(**row) for row in tx.execute(query.order_by(image_member.c.created_at)).mappings()]


def memberships(tx: Transaction, member_id: str) -> dict[str, str]:
    """image id → status, of the images shared with a project."""
    query = sa.select(image_member.c.image_id, image_member.c.status).where(image_member.c.member_id == member_id)
    return {image_id: status for image_id, status in tx.execute(query)}


def member_insert(tx: Transaction, row: Member) -> bool:
    """Share; False where it is already."""
    return insert_new(tx, image_member, dataclasses.asdict(row))


def member_update(tx: Transaction, image_id: str, member_id: str, status: str, now: dt.datetime) -> None:
    """Accept or reject."""
    statement = sa.update(image_member).where(
        image_member.c.image_id == image_id, image_member.c.member_id == member_id
    )
    tx.execute(statement.values(status=status, updated_at=now))


def member_delete(tx: Transaction, image_id: str, member_id: str) -> bool:
    """Share no longer; False where it wasn't."""
    statement = sa.delete(image_member).where(
        image_member.c.image_id == image_id, image_member.c.member_id == member_id
    )
    return tx.execute(statement).rowcount == 1


def _plain(row: Image) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}


def _properties(tx: Transaction, image_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    if image_ids:
        query = sa.select(image_property).where(image_property.c.image_id.in_(list(image_ids)))
        for image_id, name, value in tx.execute(query.order_by(image_property.c.name)):
            found.setdefault(image_id, {})[name] = value
    return found


def _tags(tx: Transaction, image_ids: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    if image_ids:
        query = sa.select(image_tag).where(image_tag.c.image_id.in_(list(image_ids)))
        for image_id, tag in tx.execute(query.order_by(image_tag.c.tag)):
            found.setdefault(image_id, []).append(tag)
    return found
