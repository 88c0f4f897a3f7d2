"""Placement's tables: what vCenter offers as last observed, and Placement's own model of it.

A provider is keyed by its uuid throughout: a cluster's and a datastore's uuid is their provider's. A consumer has no table
of its own: as in the stock service it exists exactly as long as it has allocations, so its few columns stand in them
(all its rows always hold the same), and taking room is one statement less.
"""

from __future__ import annotations

import sqlalchemy as sa

from stackspan.db import Json, UtcDateTime, metadata

_UUID = sa.String(36)
_MOREF = sa.String(64)
_NAME = sa.String(255)

# -- as observed -------------------------------------------------------------------------------------------------------

cluster = sa.Table(
    "cluster",
    metadata,
    sa.Column("uuid", _UUID, primary_key=True),
    sa.Column("vcenter_uuid", _UUID, nullable=False),
    sa.Column("moref", _MOREF, nullable=False),
    sa.Column("name", _NAME, nullable=False),
    sa.Column("configured_name", _NAME, nullable=False),  # outlives a renaming in vCenter
    sa.Column("datacenter_moref", _MOREF, nullable=False),
    sa.Column("datacenter_name", _NAME, nullable=False),
    sa.Column("resource_pool", _MOREF, nullable=False),
    sa.Column("drs_enabled", sa.Boolean, nullable=False),
    sa.Column("drs_behavior", sa.String(32), nullable=False),
    sa.Column("ha_enabled", sa.Boolean, nullable=False),
    sa.Column("hosts_usable", sa.Integer, nullable=False),
    sa.Column("alive", sa.Boolean, nullable=False),
    sa.Column("foreign_consumer", _UUID, nullable=False),
    sa.Column(
        "ratios", Json, nullable=False
    ),  # resource class → allocation ratio that the configuration last asked for
    sa.UniqueConstraint("vcenter_uuid", "moref"),
)

host = sa.Table(
    "host",
    metadata,
    sa.Column("vcenter_uuid", _UUID, primary_key=True),
    sa.Column("moref", _MOREF, primary_key=True),
    sa.Column("name", _NAME, nullable=False),
    sa.Column("cluster_uuid", _UUID, sa.ForeignKey("cluster.uuid"), index=True),  # None: not in one of ours
    sa.Column("connected", sa.Boolean, nullable=False),
    sa.Column("in_maintenance", sa.Boolean, nullable=False),
    sa.Column("powered_on", sa.Boolean, nullable=False),
    sa.Column("cpu_threads", sa.Integer, nullable=False),
    sa.Column("memory_mib", sa.BigInteger, nullable=False),
)

datastore = sa.Table(
    "datastore",
    metadata,
    sa.Column("uuid", _UUID, primary_key=True),
    sa.Column("vcenter_uuid", _UUID, nullable=False),
    sa.Column("moref", _MOREF, nullable=False),
    sa.Column("name", _NAME, nullable=False),
    sa.Column("datacenter_moref", _MOREF, nullable=False),
    sa.Column("datacenter_name", _NAME, nullable=False),
    sa.Column("type", sa.String(32), nullable=False),
    sa.Column("capacity_bytes", sa.BigInteger, nullable=False),
    sa.Column("free_bytes", sa.BigInteger, nullable=False),
    sa.Column("accessible", sa.Boolean, nullable=False),  # and in no maintenance
    sa.Column("alive", sa.Boolean, nullable=False),
    sa.Column("offered", sa.Boolean, nullable=False),  # has a provider: the configuration lets servers use it
    sa.Column(
        "aggregate_uuid", _UUID, nullable=False
    ),  # shared by its provider and those of the clusters that mount it
    sa.Column("foreign_consumer", _UUID, nullable=False),
    sa.Column("own_bytes", sa.BigInteger, nullable=False),  # of what is written there: surely our allocations' own
    sa.Column("ratios", Json, nullable=False),
    sa.UniqueConstraint("vcenter_uuid", "moref"),
)

datastore_mount = sa.Table(  # a cluster all of whose usable hosts can write to the datastore
    "datastore_mount",
    metadata,
    sa.Column("datastore_uuid", _UUID, sa.ForeignKey("datastore.uuid"), primary_key=True),
    sa.Column("cluster_uuid", _UUID, sa.ForeignKey("cluster.uuid"), primary_key=True, index=True),
)

# -- Placement's model -------------------------------------------------------------------------------------------------

resource_provider = sa.Table(
    "resource_provider",
    metadata,
    sa.Column("uuid", _UUID, primary_key=True),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("root_uuid", _UUID, nullable=False, index=True),
    sa.Column("parent_uuid", _UUID, sa.ForeignKey("resource_provider.uuid"), index=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
)


def _provider_column() -> sa.Column[str]:
    key = sa.ForeignKey("resource_provider.uuid", ondelete="CASCADE")
    return sa.Column("provider_uuid", _UUID, key, primary_key=True)


inventory = sa.Table(
    "inventory",
    metadata,
    _provider_column(),
    sa.Column("resource_class", _NAME, primary_key=True),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("reserved", sa.Integer, nullable=False),
    sa.Column("min_unit", sa.Integer, nullable=False),
    sa.Column("max_unit", sa.Integer, nullable=False),
    sa.Column("step_size", sa.Integer, nullable=False),
    sa.Column("allocation_ratio", sa.Float, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
)

allocation = sa.Table(
    "allocation",
    metadata,
    sa.Column("consumer_uuid", _UUID, primary_key=True),
    sa.Column("provider_uuid", _UUID, sa.ForeignKey("resource_provider.uuid"), primary_key=True),
    sa.Column("resource_class", _NAME, primary_key=True),
    sa.Column("used", sa.Integer, nullable=False),
    sa.Column("project_id", _NAME, nullable=False),
    sa.Column("user_id", _NAME, nullable=False),
    sa.Column("consumer_type", _NAME, nullable=False),
    sa.Column("consumer_generation", sa.Integer, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    # Covers the sums of what is used.
    sa.Index("ix_allocation_use", "provider_uuid", "resource_class", "used", "consumer_uuid"),
    sa.Index("ix_allocation_project", "project_id", "user_id"),
)

provider_trait = sa.Table(
    "provider_trait",
    metadata,
    _provider_column(),
    sa.Column("trait", _NAME, primary_key=True, index=True),
)

provider_aggregate = sa.Table(
    "provider_aggregate",
    metadata,
    _provider_column(),
    sa.Column("aggregate_uuid", _UUID, primary_key=True, index=True),
)

custom_resource_class = sa.Table(  # the standard ones are os-resource-classes'
    "custom_resource_class",
    metadata,
    sa.Column("name", _NAME, primary_key=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
)

custom_trait = sa.Table(  # the standard ones are os-traits'
    "custom_trait",
    metadata,
    sa.Column("name", _NAME, primary_key=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
)
