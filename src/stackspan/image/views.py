"""Image's answers. Links are below `/v2`, without host and prefix, as stock writes them."""

from __future__ import annotations

from typing import Any

from stackspan.core.clock import iso_z
from stackspan.image.model import Image, Member

Json = dict[str, Any]


def image(row: Image) -> Json:
    """An image; its own properties stand beside the base ones."""
    shown: Json = dict(row.properties)
    shown |= {
        "id": row.id,
        "name": row.name,
        "status": row.status.value,
        "visibility": row.visibility,
        "protected": row.protected,
        "os_hidden": row.hidden,
        "checksum": row.checksum,
        "os_hash_algo": row.hash_algorithm,
        "os_hash_value": row.hash_value,
        "owner": row.owner,
        "size": row.size,
        "virtual_size": row.virtual_size,
        "container_format": row.container_format,
        "disk_format": row.disk_format,
        "min_disk": row.min_disk,
        "min_ram": row.min_ram,
        "tags": list(row.tags),
        "created_at": iso_z(row.created_at),
        "updated_at": iso_z(row.updated_at),
        "self": f"/v2/images/{row.id}",
        "file": f"/v2/images/{row.id}/file",
        "schema": "/v2/schemas/image",
    }
    return shown


def member(row: Member) -> Json:
    """A member."""
    return {
        "image_id": row.image_id,
        "member_id": row.member_id,
        "status": row.status,
        "created_at": iso_z(row.created_at),
        "updated_at": iso_z(row.updated_at),
        "schema": "/v2/schemas/member",
    }
