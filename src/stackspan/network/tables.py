"""Network's tables."""

from __future__ import annotations

import sqlalchemy as sa

from stackspan.db import Json, StringEnum, UtcDateTime, metadata
from stackspan.network.model import PortGroupState

_ID = sa.String(36)


def _standard(*, name: bool = True) -> list[sa.Column[object]]:
    columns: list[sa.Column[object]] = [sa.Column("project_id", sa.String(64), nullable=False, index=True)]
    if name:
        columns.append(sa.Column("name", sa.String(255), nullable=False, default=""))
    return [
        *columns,
        sa.Column("description", sa.String(255), nullable=False, default=""),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False, default=0),
    ]


network = sa.Table(
    "network",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    *_standard(),
    sa.Column("admin_state_up", sa.Boolean, nullable=False),
    sa.Column("shared", sa.Boolean, nullable=False),
    sa.Column("mtu", sa.Integer, nullable=False),
    sa.Column("port_security_enabled", sa.Boolean, nullable=False),
    sa.Column("physical_network", sa.String(64), nullable=False),
    sa.Column("segmentation_id", sa.Integer, nullable=False),
    sa.UniqueConstraint("physical_network", "segmentation_id"),
)

subnet = sa.Table(
    "subnet",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("network_id", _ID, sa.ForeignKey("network.id", ondelete="CASCADE"), nullable=False, index=True),
    *_standard(),
    sa.Column("ip_version", sa.Integer, nullable=False),
    sa.Column("cidr", sa.String(64), nullable=False),
    sa.Column("gateway_ip", sa.String(64)),
    sa.Column("enable_dhcp", sa.Boolean, nullable=False),
    sa.Column("pools", Json, nullable=False),
    sa.Column("dns_nameservers", Json, nullable=False),
    sa.Column("host_routes", Json, nullable=False),
    sa.Column("ipv6_ra_mode", sa.String(16)),
    sa.Column("ipv6_address_mode", sa.String(16)),
)

port = sa.Table(
    "port",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column("network_id", _ID, sa.ForeignKey("network.id"), nullable=False),
    *_standard(),
    sa.Column("mac_address", sa.String(17), nullable=False),
    sa.Column("admin_state_up", sa.Boolean, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("device_id", sa.String(255), nullable=False, index=True),
    sa.Column("device_owner", sa.String(255), nullable=False),
    sa.Column("port_security_enabled", sa.Boolean, nullable=False),
    sa.Column("binding_host", sa.String(255), nullable=False),
    sa.Column("vnic_type", sa.String(16), nullable=False),
    sa.Column("binding_profile", Json, nullable=False),
    sa.Column("made_for_server", sa.Boolean, nullable=False),
    sa.Column("nic_index", sa.Integer, nullable=False),
    sa.Column("port_key", sa.String(64)),
    sa.Column("allowed_address_pairs", Json, nullable=False),
    sa.UniqueConstraint("network_id", "mac_address"),
)

ip_allocation = sa.Table(
    "ip_allocation",
    metadata,
    # The address as 32 hex digits: sorts as the number it is, for both versions, on both databases.
    sa.Column("subnet_id", _ID, sa.ForeignKey("subnet.id"), primary_key=True),
    sa.Column("address_hex", sa.String(32), primary_key=True),
    sa.Column("port_id", _ID, sa.ForeignKey("port.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("ip_address", sa.String(64), nullable=False),
)

security_group = sa.Table(
    "security_group",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    *_standard(),
    sa.Column("stateful", sa.Boolean, nullable=False),
    sa.Column("is_default", sa.Boolean, nullable=False),
)
sa.Index(
    "uq_security_group_default",
    security_group.c.project_id,
    unique=True,
    sqlite_where=sa.text("is_default"),
    postgresql_where=sa.text("is_default"),
)

security_group_rule = sa.Table(
    "security_group_rule",
    metadata,
    sa.Column("id", _ID, primary_key=True),
    sa.Column(
        "security_group_id", _ID, sa.ForeignKey("security_group.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    *_standard(name=False),
    sa.Column("direction", sa.String(8), nullable=False),
    sa.Column("ethertype", sa.String(8), nullable=False),
    sa.Column("protocol", sa.String(40)),
    sa.Column("port_range_min", sa.Integer),
    sa.Column("port_range_max", sa.Integer),
    sa.Column("remote_ip_prefix", sa.String(64)),
    sa.Column("remote_group_id", _ID, sa.ForeignKey("security_group.id", ondelete="CASCADE")),
)

port_security_group = sa.Table(
    "port_security_group",
    metadata,
    sa.Column("port_id", _ID, sa.ForeignKey("port.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("security_group_id", _ID, sa.ForeignKey("security_group.id"), primary_key=True, index=True),
)

port_group = sa.Table(
    "port_group",
    metadata,
    sa.Column("network_id", _ID, primary_key=True),  # outlives its network until it is gone from vCenter
    sa.Column("vcenter_uuid", sa.String(64), primary_key=True),
    sa.Column("state", StringEnum(PortGroupState), nullable=False),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("owned", sa.Boolean, nullable=False),
    sa.Column("moref", sa.String(64)),
    sa.Column("key", sa.String(64)),
    sa.Column("dvs_uuid", sa.String(64)),
    sa.Column("reason", sa.String(1024)),
    sa.Column("job_id", _ID),
)

network_quota = sa.Table(
    "network_quota",
    metadata,
    sa.Column("project_id", sa.String(64), primary_key=True),
    sa.Column("resource", sa.String(64), primary_key=True),
    sa.Column("hard_limit", sa.Integer, nullable=False),
)
