"""Compute's tables."""

from __future__ import annotations

import sqlalchemy as sa

from stackspan.compute.model import PowerState, TaskState, VmState
from stackspan.db import Json, StringEnum, UtcDateTime, metadata

_ID = sa.String(36)
_PROJECT = sa.String(64)
# An autoincremented key is never given twice, also after rows were purged.
_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _number() -> sa.Column[int]:
    return sa.Column("number", _NUMBER, primary_key=True, autoincrement=True)


flavor = sa.Table(
    "flavor",
    metadata,
    _number(),
    sa.Column("id", sa.String(255), nullable=False, unique=True),
    sa.Column("name", sa.String(255), nullable=False, unique=True),
    sa.Column("vcpus", sa.Integer, nullable=False),
    sa.Column("memory_mib", sa.Integer, nullable=False),
    sa.Column("root_gib", sa.Integer, nullable=False),
    sa.Column("ephemeral_gib", sa.Integer, nullable=False),
    sa.Column("swap_mib", sa.Integer, nullable=False),
    sa.Column("rxtx_factor", sa.Float, nullable=False),
    sa.Column("is_public", sa.Boolean, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime),
    sqlite_autoincrement=True,
)

flavor_extra_spec = sa.Table(
    "flavor_extra_spec",
    metadata,
    sa.Column("flavor_number", _NUMBER, sa.ForeignKey("flavor.number", ondelete="CASCADE"), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("value", sa.String(255), nullable=False),
)

flavor_access = sa.Table(
    "flavor_access",
    metadata,
    sa.Column("flavor_number", _NUMBER, sa.ForeignKey("flavor.number", ondelete="CASCADE"), primary_key=True),
    sa.Column("project_id", _PROJECT, primary_key=True, index=True),
)

key_pair = sa.Table(
    "key_pair",
    metadata,
    _number(),
    sa.Column("user_id", _PROJECT, nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("type", sa.String(16), nullable=False),
    sa.Column("public_key", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.String(255), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime),
    sa.UniqueConstraint("user_id", "name"),
    sqlite_autoincrement=True,
)

server = sa.Table(
    "server",
    metadata,
    _number(),
    sa.Column("id", _ID, nullable=False, unique=True),
    sa.Column("project_id", _PROJECT, nullable=False),
    sa.Column("user_id", _PROJECT, nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("hostname", sa.String(255), nullable=False),
    sa.Column("description", sa.String(255)),
    sa.Column("flavor_id", sa.String(255), nullable=False),
    sa.Column("flavor", Json, nullable=False),
    sa.Column("vcpus", sa.Integer, nullable=False),
    sa.Column("memory_mib", sa.Integer, nullable=False),
    sa.Column("image_id", _ID, nullable=False),
    sa.Column("key_name", sa.String(255)),
    sa.Column("config_drive", sa.Boolean, nullable=False),
    sa.Column("disk_config", sa.String(8), nullable=False),
    sa.Column("zone_requested", sa.String(255)),
    sa.Column("zone", sa.String(255)),
    sa.Column("host", sa.String(255)),
    sa.Column("node", sa.String(255)),
    sa.Column("cluster_uuid", _ID),
    sa.Column("datastore_uuid", _ID),
    sa.Column("vcenter_uuid", _ID),
    sa.Column("vm_name", sa.String(255)),
    sa.Column("vm_moref", sa.String(64)),
    sa.Column("esxi_host", sa.String(255)),
    sa.Column("vm_state", StringEnum(VmState), nullable=False),
    sa.Column("task_state", StringEnum(TaskState)),
    sa.Column("power_state", sa.Integer, nullable=False, default=int(PowerState.NOSTATE)),
    sa.Column("reservation_id", sa.String(64), nullable=False),
    sa.Column("launch_index", sa.Integer, nullable=False),
    sa.Column("access_ip_v4", sa.String(64)),
    sa.Column("access_ip_v6", sa.String(64)),
    sa.Column("root_device_name", sa.String(64)),
    sa.Column("progress", sa.Integer, nullable=False),
    sa.Column("locked_by", sa.String(16)),
    sa.Column("locked_reason", sa.String(255)),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("launched_at", UtcDateTime),
    sa.Column("terminated_at", UtcDateTime),
    sa.Column("vanished_at", UtcDateTime),
    sa.Column("deleted", sa.Boolean, nullable=False),
    sa.Column("deleted_at", UtcDateTime),
    sa.Index("ix_server_project_id_deleted_created_at", "project_id", "deleted", "created_at"),
    sa.Index("ix_server_deleted_created_at", "deleted", "created_at"),
    sa.Index("ix_server_cluster_uuid_deleted", "cluster_uuid", "deleted"),
    sa.Index("ix_server_vcenter_uuid_vm_moref", "vcenter_uuid", "vm_moref"),
    sqlite_autoincrement=True,
)

server_build = sa.Table(
    "server_build",
    metadata,
    sa.Column("server_id", _ID, sa.ForeignKey("server.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("user_data", sa.Text),
    sa.Column("image_properties", Json, nullable=False),
    sa.Column("iso", sa.Boolean, nullable=False),
    sa.Column("cache_entry", sa.String(64)),
    sa.Column("config_drive_path", sa.Text),
    sa.Column("folder", sa.String(64)),
    sa.Column("directory", sa.Text),
    sa.Column("key_public", sa.Text),
)

server_metadata = sa.Table(
    "server_metadata",
    metadata,
    sa.Column("server_id", _ID, sa.ForeignKey("server.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("value", sa.String(255), nullable=False),
)

server_tag = sa.Table(
    "server_tag",
    metadata,
    sa.Column("server_id", _ID, sa.ForeignKey("server.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("tag", sa.String(80), primary_key=True),
)

server_fault = sa.Table(
    "server_fault",
    metadata,
    _number(),
    sa.Column("server_id", _ID, sa.ForeignKey("server.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("code", sa.Integer, nullable=False),
    sa.Column("message", sa.String(255), nullable=False),
    sa.Column("details", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

server_action = sa.Table(
    "server_action",
    metadata,
    _number(),
    sa.Column("server_id", _ID, sa.ForeignKey("server.id", ondelete="CASCADE"), nullable=False),
    sa.Column("action", sa.String(255), nullable=False),
    sa.Column("request_id", sa.String(64), nullable=False),
    sa.Column("user_id", _PROJECT, nullable=False),
    sa.Column("project_id", _PROJECT, nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("finished_at", UtcDateTime),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("message", sa.String(255)),
    sa.Index("ix_server_action_server_id_request_id", "server_id", "request_id"),
)

server_action_event = sa.Table(
    "server_action_event",
    metadata,
    _number(),
    sa.Column(
        "action_number", _NUMBER, sa.ForeignKey("server_action.number", ondelete="CASCADE"), nullable=False, index=True
    ),
    sa.Column("event", sa.String(255), nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("finished_at", UtcDateTime),
    sa.Column("result", sa.String(255)),
    sa.Column("traceback", sa.Text),
    sa.Column("host", sa.String(255)),
    sa.Column("details", sa.Text),
)

compute_quota = sa.Table(
    "compute_quota",
    metadata,
    sa.Column("project_id", _PROJECT, primary_key=True),
    sa.Column("user_id", _PROJECT, primary_key=True, default=""),  # "": the project's own
    sa.Column("resource", sa.String(64), primary_key=True),
    sa.Column("hard_limit", sa.Integer, nullable=False),
)

compute_quota_class = sa.Table(
    "compute_quota_class",
    metadata,
    sa.Column("class_name", sa.String(255), primary_key=True),
    sa.Column("resource", sa.String(64), primary_key=True),
    sa.Column("hard_limit", sa.Integer, nullable=False),
)

compute_node = sa.Table(
    "compute_node",
    metadata,
    _number(),
    sa.Column("cluster_uuid", _ID, nullable=False, unique=True),
    sa.Column("vcenter_uuid", _ID, nullable=False),
    sa.Column("moref", sa.String(64), nullable=False),
    sa.Column("host", sa.String(255), nullable=False, unique=True),
    sa.Column("node", sa.String(255), nullable=False, unique=True),
    sa.Column("version", sa.Integer, nullable=False, default=0),
    sa.Column("disabled", sa.Boolean, nullable=False, default=False),
    sa.Column("disabled_reason", sa.String(255)),
    sa.Column("forced_down", sa.Boolean, nullable=False, default=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime),
    sa.UniqueConstraint("vcenter_uuid", "moref"),
    sqlite_autoincrement=True,
)

host_aggregate = sa.Table(
    "host_aggregate",
    metadata,
    _number(),
    sa.Column("uuid", _ID, nullable=False, unique=True),
    sa.Column("name", sa.String(255), nullable=False, unique=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime),
    sqlite_autoincrement=True,
)

host_aggregate_host = sa.Table(
    "host_aggregate_host",
    metadata,
    sa.Column(
        "aggregate_number", _NUMBER, sa.ForeignKey("host_aggregate.number", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("host", sa.String(255), primary_key=True, index=True),
)

host_aggregate_metadata = sa.Table(
    "host_aggregate_metadata",
    metadata,
    sa.Column(
        "aggregate_number", _NUMBER, sa.ForeignKey("host_aggregate.number", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("value", sa.String(255), nullable=False),
)

server_group = sa.Table(
    "server_group",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("project_id", _PROJECT, nullable=False, index=True),
    sa.Column("user_id", _PROJECT, nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("policy", sa.String(64), nullable=False),
    sa.Column("rules", Json, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

server_group_member = sa.Table(
    "server_group_member",
    metadata,
    sa.Column("group_id", _ID, sa.ForeignKey("server_group.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("server_id", _ID, primary_key=True, index=True),
)
