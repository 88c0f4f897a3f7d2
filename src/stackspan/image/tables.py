"""Image's tables."""

from __future__ import annotations

import sqlalchemy as sa

from stackspan.db import StringEnum, UtcDateTime, metadata
from stackspan.image.model import CacheState, Status

_ID = sa.String(36)

image = sa.Table(
    "image",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("owner", sa.String(64), nullable=False, index=True),
    sa.Column("name", sa.String(255)),
    sa.Column("status", StringEnum(Status), nullable=False),
    sa.Column("visibility", sa.String(16), nullable=False),
    sa.Column("container_format", sa.String(20)),
    sa.Column("disk_format", sa.String(20)),
    sa.Column("min_disk", sa.Integer, nullable=False),
    sa.Column("min_ram", sa.Integer, nullable=False),
    sa.Column("protected", sa.Boolean, nullable=False),
    sa.Column("hidden", sa.Boolean, nullable=False),
    sa.Column("size", sa.BigInteger),
    sa.Column("virtual_size", sa.BigInteger),
    sa.Column("checksum", sa.String(32)),
    sa.Column("hash_algorithm", sa.String(64)),
    sa.Column("hash_value", sa.String(128)),
    sa.Column("store_id", sa.String(255)),
    sa.Column("location", sa.String(1024)),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("deleted_at", UtcDateTime),
    sa.Column("upload_id", _ID),
    sa.Column("upload_seen_at", UtcDateTime),
)

image_property = sa.Table(
    "image_property",
    metadata,
    sa.Column("image_id", _ID, sa.ForeignKey("image.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.String(255), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

image_tag = sa.Table(
    "image_tag",
    metadata,
    sa.Column("image_id", _ID, sa.ForeignKey("image.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("tag", sa.String(255), primary_key=True),
)

image_member = sa.Table(
    "image_member",
    metadata,
    sa.Column("image_id", _ID, sa.ForeignKey("image.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("member_id", sa.String(64), primary_key=True, index=True),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
)

image_cache = sa.Table(
    "image_cache",
    metadata,
    sa.Column("entry_id", _ID, primary_key=True),
    sa.Column("image_id", _ID, nullable=False),
    sa.Column("vcenter_uuid", sa.String(64), nullable=False),
    sa.Column("datastore_uuid", _ID, nullable=False),
    sa.Column("root_gib", sa.Integer, nullable=False),
    sa.Column("state", StringEnum(CacheState), nullable=False),
    sa.Column("keeper_name", sa.String(80), nullable=False),
    sa.Column("keeper_moref", sa.String(64)),
    sa.Column("vmdk_path", sa.String(1024)),
    sa.Column("capacity_bytes", sa.BigInteger),
    sa.Column("adapter_type", sa.String(20), nullable=False),
    sa.Column("disk_format", sa.String(20), nullable=False),
    sa.Column("reason", sa.String(1024)),
    sa.Column("job_id", _ID),
    sa.Column("unused_since", UtcDateTime),
    sa.UniqueConstraint("image_id", "datastore_uuid", "root_gib"),
)

image_cache_use = sa.Table(
    "image_cache_use",
    metadata,
    sa.Column("server_id", _ID, primary_key=True),
    sa.Column("entry_id", _ID, sa.ForeignKey("image_cache.entry_id", ondelete="CASCADE"), primary_key=True, index=True),
)
