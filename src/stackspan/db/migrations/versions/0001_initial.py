"""The schema of the first release. Made from the tables by `python -m tests.support.make_initial_migration`."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "cluster",
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("vcenter_uuid", sa.String(length=36), nullable=False),
        sa.Column("moref", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("configured_name", sa.String(length=255), nullable=False),
        sa.Column("datacenter_moref", sa.String(length=64), nullable=False),
        sa.Column("datacenter_name", sa.String(length=255), nullable=False),
        sa.Column("resource_pool", sa.String(length=64), nullable=False),
        sa.Column("drs_enabled", sa.Boolean(), nullable=False),
        sa.Column("drs_behavior", sa.String(length=32), nullable=False),
        sa.Column("ha_enabled", sa.Boolean(), nullable=False),
        sa.Column("hosts_usable", sa.Integer(), nullable=False),
        sa.Column("alive", sa.Boolean(), nullable=False),
        sa.Column("foreign_consumer", sa.String(length=36), nullable=False),
        sa.Column("ratios", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_cluster")),
        sa.UniqueConstraint("vcenter_uuid", "moref", name=op.f("uq_cluster_vcenter_uuid_moref")),
    )
    op.create_table(
        "compute_node",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("cluster_uuid", sa.String(length=36), nullable=False),
        sa.Column("vcenter_uuid", sa.String(length=36), nullable=False),
        sa.Column("moref", sa.String(length=64), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("node", sa.String(length=255), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.String(length=255), nullable=True),
        sa.Column("forced_down", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_compute_node")),
        sa.UniqueConstraint("cluster_uuid", name=op.f("uq_compute_node_cluster_uuid")),
        sa.UniqueConstraint("host", name=op.f("uq_compute_node_host")),
        sa.UniqueConstraint("node", name=op.f("uq_compute_node_node")),
        sa.UniqueConstraint("vcenter_uuid", "moref", name=op.f("uq_compute_node_vcenter_uuid_moref")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "compute_quota",
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("resource", sa.String(length=64), nullable=False),
        sa.Column("hard_limit", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "user_id", "resource", name=op.f("pk_compute_quota")),
    )
    op.create_table(
        "compute_quota_class",
        sa.Column("class_name", sa.String(length=255), nullable=False),
        sa.Column("resource", sa.String(length=64), nullable=False),
        sa.Column("hard_limit", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("class_name", "resource", name=op.f("pk_compute_quota_class")),
    )
    op.create_table(
        "custom_resource_class",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_custom_resource_class")),
    )
    op.create_table(
        "custom_trait",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_custom_trait")),
    )
    op.create_table(
        "datastore",
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("vcenter_uuid", sa.String(length=36), nullable=False),
        sa.Column("moref", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("datacenter_moref", sa.String(length=64), nullable=False),
        sa.Column("datacenter_name", sa.String(length=255), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("capacity_bytes", sa.BigInteger(), nullable=False),
        sa.Column("free_bytes", sa.BigInteger(), nullable=False),
        sa.Column("accessible", sa.Boolean(), nullable=False),
        sa.Column("alive", sa.Boolean(), nullable=False),
        sa.Column("offered", sa.Boolean(), nullable=False),
        sa.Column("aggregate_uuid", sa.String(length=36), nullable=False),
        sa.Column("foreign_consumer", sa.String(length=36), nullable=False),
        sa.Column("own_bytes", sa.BigInteger(), nullable=False),
        sa.Column("ratios", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_datastore")),
        sa.UniqueConstraint("vcenter_uuid", "moref", name=op.f("uq_datastore_vcenter_uuid_moref")),
    )
    op.create_table(
        "flavor",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("vcpus", sa.Integer(), nullable=False),
        sa.Column("memory_mib", sa.Integer(), nullable=False),
        sa.Column("root_gib", sa.Integer(), nullable=False),
        sa.Column("ephemeral_gib", sa.Integer(), nullable=False),
        sa.Column("swap_mib", sa.Integer(), nullable=False),
        sa.Column("rxtx_factor", sa.Float(), nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_flavor")),
        sa.UniqueConstraint("id", name=op.f("uq_flavor_id")),
        sa.UniqueConstraint("name", name=op.f("uq_flavor_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "host_aggregate",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_host_aggregate")),
        sa.UniqueConstraint("name", name=op.f("uq_host_aggregate_name")),
        sa.UniqueConstraint("uuid", name=op.f("uq_host_aggregate_uuid")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "identity_domain",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("extra", sa.Text(), nullable=False),
        sa.Column("token_epoch", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_domain")),
        sa.UniqueConstraint("name", name=op.f("uq_identity_domain_name")),
    )
    op.create_table(
        "identity_policy",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=255), nullable=False),
        sa.Column("blob", sa.Text(), nullable=False),
        sa.Column("extra", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_policy")),
    )
    op.create_table(
        "identity_region",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("parent_region_id", sa.String(length=255), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("extra", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_region_id"], ["identity_region.id"], name=op.f("fk_identity_region_parent_region_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_region")),
    )
    op.create_table(
        "identity_revocation",
        sa.Column("audit_id", sa.String(length=32), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_identity_revocation")),
    )
    op.create_index(op.f("ix_identity_revocation_expires_at"), "identity_revocation", ["expires_at"], unique=False)
    op.create_table(
        "identity_role",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("domain_id", sa.String(length=64), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("extra", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_role")),
        sa.UniqueConstraint("domain_id", "name", name=op.f("uq_identity_role_domain_id_name")),
    )
    op.create_table(
        "identity_service",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("extra", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_service")),
    )
    op.create_table(
        "identity_token_key",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("encrypted_key", sa.String(length=512), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_token_key")),
    )
    op.create_table(
        "image",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("visibility", sa.String(length=16), nullable=False),
        sa.Column("container_format", sa.String(length=20), nullable=True),
        sa.Column("disk_format", sa.String(length=20), nullable=True),
        sa.Column("min_disk", sa.Integer(), nullable=False),
        sa.Column("min_ram", sa.Integer(), nullable=False),
        sa.Column("protected", sa.Boolean(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("virtual_size", sa.BigInteger(), nullable=True),
        sa.Column("checksum", sa.String(length=32), nullable=True),
        sa.Column("hash_algorithm", sa.String(length=64), nullable=True),
        sa.Column("hash_value", sa.String(length=128), nullable=True),
        sa.Column("store_id", sa.String(length=255), nullable=True),
        sa.Column("location", sa.String(length=1024), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("upload_id", sa.String(length=36), nullable=True),
        sa.Column("upload_seen_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_image")),
    )
    op.create_index(op.f("ix_image_owner"), "image", ["owner"], unique=False)
    op.create_table(
        "image_cache",
        sa.Column("entry_id", sa.String(length=36), nullable=False),
        sa.Column("image_id", sa.String(length=36), nullable=False),
        sa.Column("vcenter_uuid", sa.String(length=64), nullable=False),
        sa.Column("datastore_uuid", sa.String(length=36), nullable=False),
        sa.Column("root_gib", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("keeper_name", sa.String(length=80), nullable=False),
        sa.Column("keeper_moref", sa.String(length=64), nullable=True),
        sa.Column("vmdk_path", sa.String(length=1024), nullable=True),
        sa.Column("capacity_bytes", sa.BigInteger(), nullable=True),
        sa.Column("adapter_type", sa.String(length=20), nullable=False),
        sa.Column("disk_format", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=1024), nullable=True),
        sa.Column("job_id", sa.String(length=36), nullable=True),
        sa.Column("unused_since", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_image_cache")),
        sa.UniqueConstraint(
            "image_id", "datastore_uuid", "root_gib", name=op.f("uq_image_cache_image_id_datastore_uuid_root_gib")
        ),
    )
    op.create_table(
        "job",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("params", sa.Text(), nullable=True),
        sa.Column("resources", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("claimed_by", sa.String(length=36), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("cancel_requested", sa.SmallInteger(), nullable=False),
        sa.Column("step", sa.String(length=64), nullable=True),
        sa.Column("faults", sa.Text(), nullable=False),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.Column("waiting_since", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=True),
        sa.Column("user_id", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_job")),
        sa.UniqueConstraint("id", name=op.f("uq_job_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_job_claimable",
        "job",
        ["seq"],
        unique=False,
        sqlite_where=sa.text("claimed_by IS NULL AND state IN ('queued', 'undoing')"),
        postgresql_where=sa.text("claimed_by IS NULL AND state IN ('queued', 'undoing')"),
    )
    op.create_index(
        "ix_job_claimed_by",
        "job",
        ["claimed_by"],
        unique=False,
        sqlite_where=sa.text("claimed_by IS NOT NULL"),
        postgresql_where=sa.text("claimed_by IS NOT NULL"),
    )
    op.create_index("ix_job_finished_at", "job", ["finished_at"], unique=False)
    op.create_index("ix_job_request_id", "job", ["request_id"], unique=False)
    op.create_index(
        "ix_job_unfinished",
        "job",
        ["state"],
        unique=False,
        sqlite_where=sa.text("finished_at IS NULL"),
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_table(
        "key_pair",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_key_pair")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_key_pair_user_id_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "leader",
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leader")),
    )
    op.create_table(
        "network",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("admin_state_up", sa.Boolean(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("mtu", sa.Integer(), nullable=False),
        sa.Column("port_security_enabled", sa.Boolean(), nullable=False),
        sa.Column("physical_network", sa.String(length=64), nullable=False),
        sa.Column("segmentation_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network")),
        sa.UniqueConstraint(
            "physical_network", "segmentation_id", name=op.f("uq_network_physical_network_segmentation_id")
        ),
    )
    op.create_index(op.f("ix_network_project_id"), "network", ["project_id"], unique=False)
    op.create_table(
        "network_quota",
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("resource", sa.String(length=64), nullable=False),
        sa.Column("hard_limit", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "resource", name=op.f("pk_network_quota")),
    )
    op.create_table(
        "port_group",
        sa.Column("network_id", sa.String(length=36), nullable=False),
        sa.Column("vcenter_uuid", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("owned", sa.Boolean(), nullable=False),
        sa.Column("moref", sa.String(length=64), nullable=True),
        sa.Column("key", sa.String(length=64), nullable=True),
        sa.Column("dvs_uuid", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.String(length=1024), nullable=True),
        sa.Column("job_id", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint("network_id", "vcenter_uuid", name=op.f("pk_port_group")),
    )
    op.create_table(
        "resource_provider",
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("root_uuid", sa.String(length=36), nullable=False),
        sa.Column("parent_uuid", sa.String(length=36), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_uuid"], ["resource_provider.uuid"], name=op.f("fk_resource_provider_parent_uuid")
        ),
        sa.PrimaryKeyConstraint("uuid", name=op.f("pk_resource_provider")),
        sa.UniqueConstraint("name", name=op.f("uq_resource_provider_name")),
    )
    op.create_index(op.f("ix_resource_provider_parent_uuid"), "resource_provider", ["parent_uuid"], unique=False)
    op.create_index(op.f("ix_resource_provider_root_uuid"), "resource_provider", ["root_uuid"], unique=False)
    op.create_table(
        "security_group",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("stateful", sa.Boolean(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_group")),
    )
    op.create_index(op.f("ix_security_group_project_id"), "security_group", ["project_id"], unique=False)
    op.create_index(
        "uq_security_group_default",
        "security_group",
        ["project_id"],
        unique=True,
        sqlite_where=sa.text("is_default"),
        postgresql_where=sa.text("is_default"),
    )
    op.create_table(
        "server",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("hostname", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=True),
        sa.Column("flavor_id", sa.String(length=255), nullable=False),
        sa.Column("flavor", sa.Text(), nullable=False),
        sa.Column("vcpus", sa.Integer(), nullable=False),
        sa.Column("memory_mib", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.String(length=36), nullable=False),
        sa.Column("key_name", sa.String(length=255), nullable=True),
        sa.Column("config_drive", sa.Boolean(), nullable=False),
        sa.Column("disk_config", sa.String(length=8), nullable=False),
        sa.Column("zone_requested", sa.String(length=255), nullable=True),
        sa.Column("zone", sa.String(length=255), nullable=True),
        sa.Column("host", sa.String(length=255), nullable=True),
        sa.Column("node", sa.String(length=255), nullable=True),
        sa.Column("cluster_uuid", sa.String(length=36), nullable=True),
        sa.Column("datastore_uuid", sa.String(length=36), nullable=True),
        sa.Column("vcenter_uuid", sa.String(length=36), nullable=True),
        sa.Column("vm_name", sa.String(length=255), nullable=True),
        sa.Column("vm_moref", sa.String(length=64), nullable=True),
        sa.Column("esxi_host", sa.String(length=255), nullable=True),
        sa.Column("vm_state", sa.String(length=64), nullable=False),
        sa.Column("task_state", sa.String(length=64), nullable=True),
        sa.Column("power_state", sa.Integer(), nullable=False),
        sa.Column("reservation_id", sa.String(length=64), nullable=False),
        sa.Column("launch_index", sa.Integer(), nullable=False),
        sa.Column("access_ip_v4", sa.String(length=64), nullable=True),
        sa.Column("access_ip_v6", sa.String(length=64), nullable=True),
        sa.Column("root_device_name", sa.String(length=64), nullable=True),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("locked_by", sa.String(length=16), nullable=True),
        sa.Column("locked_reason", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("launched_at", sa.BigInteger(), nullable=True),
        sa.Column("terminated_at", sa.BigInteger(), nullable=True),
        sa.Column("vanished_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_server")),
        sa.UniqueConstraint("id", name=op.f("uq_server_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_server_cluster_uuid_deleted", "server", ["cluster_uuid", "deleted"], unique=False)
    op.create_index("ix_server_deleted_created_at", "server", ["deleted", "created_at"], unique=False)
    op.create_index(
        "ix_server_project_id_deleted_created_at", "server", ["project_id", "deleted", "created_at"], unique=False
    )
    op.create_index("ix_server_vcenter_uuid_vm_moref", "server", ["vcenter_uuid", "vm_moref"], unique=False)
    op.create_table(
        "server_group",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_server_group")),
    )
    op.create_index(op.f("ix_server_group_project_id"), "server_group", ["project_id"], unique=False)
    op.create_table(
        "worker",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("workflows", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker")),
    )
    op.create_table(
        "allocation",
        sa.Column("consumer_uuid", sa.String(length=36), nullable=False),
        sa.Column("provider_uuid", sa.String(length=36), nullable=False),
        sa.Column("resource_class", sa.String(length=255), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.String(length=255), nullable=False),
        sa.Column("user_id", sa.String(length=255), nullable=False),
        sa.Column("consumer_type", sa.String(length=255), nullable=False),
        sa.Column("consumer_generation", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_uuid"], ["resource_provider.uuid"], name=op.f("fk_allocation_provider_uuid")
        ),
        sa.PrimaryKeyConstraint("consumer_uuid", "provider_uuid", "resource_class", name=op.f("pk_allocation")),
    )
    op.create_index("ix_allocation_project", "allocation", ["project_id", "user_id"], unique=False)
    op.create_index(
        "ix_allocation_use", "allocation", ["provider_uuid", "resource_class", "used", "consumer_uuid"], unique=False
    )
    op.create_table(
        "datastore_mount",
        sa.Column("datastore_uuid", sa.String(length=36), nullable=False),
        sa.Column("cluster_uuid", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["cluster_uuid"], ["cluster.uuid"], name=op.f("fk_datastore_mount_cluster_uuid")),
        sa.ForeignKeyConstraint(["datastore_uuid"], ["datastore.uuid"], name=op.f("fk_datastore_mount_datastore_uuid")),
        sa.PrimaryKeyConstraint("datastore_uuid", "cluster_uuid", name=op.f("pk_datastore_mount")),
    )
    op.create_index(op.f("ix_datastore_mount_cluster_uuid"), "datastore_mount", ["cluster_uuid"], unique=False)
    op.create_table(
        "flavor_access",
        sa.Column("flavor_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["flavor_number"], ["flavor.number"], name=op.f("fk_flavor_access_flavor_number"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("flavor_number", "project_id", name=op.f("pk_flavor_access")),
    )
    op.create_index(op.f("ix_flavor_access_project_id"), "flavor_access", ["project_id"], unique=False)
    op.create_table(
        "flavor_extra_spec",
        sa.Column("flavor_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["flavor_number"], ["flavor.number"], name=op.f("fk_flavor_extra_spec_flavor_number"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("flavor_number", "key", name=op.f("pk_flavor_extra_spec")),
    )
    op.create_table(
        "host",
        sa.Column("vcenter_uuid", sa.String(length=36), nullable=False),
        sa.Column("moref", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("cluster_uuid", sa.String(length=36), nullable=True),
        sa.Column("connected", sa.Boolean(), nullable=False),
        sa.Column("in_maintenance", sa.Boolean(), nullable=False),
        sa.Column("powered_on", sa.Boolean(), nullable=False),
        sa.Column("cpu_threads", sa.Integer(), nullable=False),
        sa.Column("memory_mib", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["cluster_uuid"], ["cluster.uuid"], name=op.f("fk_host_cluster_uuid")),
        sa.PrimaryKeyConstraint("vcenter_uuid", "moref", name=op.f("pk_host")),
    )
    op.create_index(op.f("ix_host_cluster_uuid"), "host", ["cluster_uuid"], unique=False)
    op.create_table(
        "host_aggregate_host",
        sa.Column("aggregate_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["aggregate_number"],
            ["host_aggregate.number"],
            name=op.f("fk_host_aggregate_host_aggregate_number"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("aggregate_number", "host", name=op.f("pk_host_aggregate_host")),
    )
    op.create_index(op.f("ix_host_aggregate_host_host"), "host_aggregate_host", ["host"], unique=False)
    op.create_table(
        "host_aggregate_metadata",
        sa.Column("aggregate_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["aggregate_number"],
            ["host_aggregate.number"],
            name=op.f("fk_host_aggregate_metadata_aggregate_number"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("aggregate_number", "key", name=op.f("pk_host_aggregate_metadata")),
    )
    op.create_table(
        "identity_assignment",
        sa.Column("target_kind", sa.String(length=8), nullable=False),
        sa.Column("target_id", sa.String(length=64), nullable=False),
        sa.Column("actor_kind", sa.String(length=8), nullable=False),
        sa.Column("actor_id", sa.String(length=64), nullable=False),
        sa.Column("role_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["role_id"], ["identity_role.id"], name=op.f("fk_identity_assignment_role_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "target_kind", "target_id", "actor_kind", "actor_id", "role_id", name=op.f("pk_identity_assignment")
        ),
    )
    op.create_index(op.f("ix_identity_assignment_actor_id"), "identity_assignment", ["actor_id"], unique=False)
    op.create_index(op.f("ix_identity_assignment_role_id"), "identity_assignment", ["role_id"], unique=False)
    op.create_table(
        "identity_delegated_role",
        sa.Column("delegation_id", sa.String(length=64), nullable=False),
        sa.Column("role_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["role_id"], ["identity_role.id"], name=op.f("fk_identity_delegated_role_role_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("delegation_id", "role_id", name=op.f("pk_identity_delegated_role")),
    )
    op.create_table(
        "identity_endpoint",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("service_id", sa.String(length=64), nullable=False),
        sa.Column("region_id", sa.String(length=255), nullable=True),
        sa.Column("interface", sa.String(length=8), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("extra", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["region_id"], ["identity_region.id"], name=op.f("fk_identity_endpoint_region_id")),
        sa.ForeignKeyConstraint(
            ["service_id"], ["identity_service.id"], name=op.f("fk_identity_endpoint_service_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_endpoint")),
    )
    op.create_index(op.f("ix_identity_endpoint_service_id"), "identity_endpoint", ["service_id"], unique=False)
    op.create_table(
        "identity_group",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("domain_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("extra", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["domain_id"], ["identity_domain.id"], name=op.f("fk_identity_group_domain_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_group")),
        sa.UniqueConstraint("domain_id", "name", name=op.f("uq_identity_group_domain_id_name")),
    )
    op.create_table(
        "identity_implied_role",
        sa.Column("prior_role_id", sa.String(length=64), nullable=False),
        sa.Column("implied_role_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["implied_role_id"],
            ["identity_role.id"],
            name=op.f("fk_identity_implied_role_implied_role_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["prior_role_id"],
            ["identity_role.id"],
            name=op.f("fk_identity_implied_role_prior_role_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("prior_role_id", "implied_role_id", name=op.f("pk_identity_implied_role")),
    )
    op.create_table(
        "identity_project",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("domain_id", sa.String(length=64), nullable=False),
        sa.Column("parent_id", sa.String(length=64), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("extra", sa.Text(), nullable=False),
        sa.Column("token_epoch", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["domain_id"], ["identity_domain.id"], name=op.f("fk_identity_project_domain_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["identity_project.id"], name=op.f("fk_identity_project_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_project")),
        sa.UniqueConstraint("domain_id", "name", name=op.f("uq_identity_project_domain_id_name")),
    )
    op.create_index(op.f("ix_identity_project_parent_id"), "identity_project", ["parent_id"], unique=False)
    op.create_table(
        "identity_user",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("domain_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("default_project_id", sa.String(length=64), nullable=True),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("extra", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("password_changed_at", sa.BigInteger(), nullable=True),
        sa.Column("failed_logins", sa.Integer(), nullable=False),
        sa.Column("failed_login_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("token_epoch", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["domain_id"], ["identity_domain.id"], name=op.f("fk_identity_user_domain_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_user")),
        sa.UniqueConstraint("domain_id", "name", name=op.f("uq_identity_user_domain_id_name")),
    )
    op.create_table(
        "image_cache_use",
        sa.Column("server_id", sa.String(length=36), nullable=False),
        sa.Column("entry_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["image_cache.entry_id"], name=op.f("fk_image_cache_use_entry_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("server_id", "entry_id", name=op.f("pk_image_cache_use")),
    )
    op.create_index(op.f("ix_image_cache_use_entry_id"), "image_cache_use", ["entry_id"], unique=False)
    op.create_table(
        "image_member",
        sa.Column("image_id", sa.String(length=36), nullable=False),
        sa.Column("member_id", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_image_member_image_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("image_id", "member_id", name=op.f("pk_image_member")),
    )
    op.create_index(op.f("ix_image_member_member_id"), "image_member", ["member_id"], unique=False)
    op.create_table(
        "image_property",
        sa.Column("image_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"], ["image.id"], name=op.f("fk_image_property_image_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("image_id", "name", name=op.f("pk_image_property")),
    )
    op.create_table(
        "image_tag",
        sa.Column("image_id", sa.String(length=36), nullable=False),
        sa.Column("tag", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_image_tag_image_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("image_id", "tag", name=op.f("pk_image_tag")),
    )
    op.create_table(
        "inventory",
        sa.Column("provider_uuid", sa.String(length=36), nullable=False),
        sa.Column("resource_class", sa.String(length=255), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("min_unit", sa.Integer(), nullable=False),
        sa.Column("max_unit", sa.Integer(), nullable=False),
        sa.Column("step_size", sa.Integer(), nullable=False),
        sa.Column("allocation_ratio", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_uuid"], ["resource_provider.uuid"], name=op.f("fk_inventory_provider_uuid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("provider_uuid", "resource_class", name=op.f("pk_inventory")),
    )
    op.create_table(
        "job_after",
        sa.Column("job_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("after_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["job_seq"], ["job.seq"], name=op.f("fk_job_after_job_seq"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_seq", "after_id", name=op.f("pk_job_after")),
    )
    op.create_table(
        "job_limit",
        sa.Column("job_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(["job_seq"], ["job.seq"], name=op.f("fk_job_limit_job_seq"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_seq", "key", name=op.f("pk_job_limit")),
    )
    op.create_table(
        "job_resource",
        sa.Column("job_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("resource", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(["job_seq"], ["job.seq"], name=op.f("fk_job_resource_job_seq"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_seq", "resource", name=op.f("pk_job_resource")),
    )
    op.create_index("ix_job_resource_resource", "job_resource", ["resource", "job_seq"], unique=False)
    op.create_table(
        "job_step",
        sa.Column("job_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("tasks", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(["job_seq"], ["job.seq"], name=op.f("fk_job_step_job_seq"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_seq", "name", name=op.f("pk_job_step")),
    )
    op.create_table(
        "port",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("network_id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("mac_address", sa.String(length=17), nullable=False),
        sa.Column("admin_state_up", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("device_id", sa.String(length=255), nullable=False),
        sa.Column("device_owner", sa.String(length=255), nullable=False),
        sa.Column("port_security_enabled", sa.Boolean(), nullable=False),
        sa.Column("binding_host", sa.String(length=255), nullable=False),
        sa.Column("vnic_type", sa.String(length=16), nullable=False),
        sa.Column("binding_profile", sa.Text(), nullable=False),
        sa.Column("made_for_server", sa.Boolean(), nullable=False),
        sa.Column("nic_index", sa.Integer(), nullable=False),
        sa.Column("port_key", sa.String(length=64), nullable=True),
        sa.Column("allowed_address_pairs", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["network_id"], ["network.id"], name=op.f("fk_port_network_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_port")),
        sa.UniqueConstraint("network_id", "mac_address", name=op.f("uq_port_network_id_mac_address")),
    )
    op.create_index(op.f("ix_port_device_id"), "port", ["device_id"], unique=False)
    op.create_index(op.f("ix_port_project_id"), "port", ["project_id"], unique=False)
    op.create_table(
        "provider_aggregate",
        sa.Column("provider_uuid", sa.String(length=36), nullable=False),
        sa.Column("aggregate_uuid", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_uuid"],
            ["resource_provider.uuid"],
            name=op.f("fk_provider_aggregate_provider_uuid"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("provider_uuid", "aggregate_uuid", name=op.f("pk_provider_aggregate")),
    )
    op.create_index(
        op.f("ix_provider_aggregate_aggregate_uuid"), "provider_aggregate", ["aggregate_uuid"], unique=False
    )
    op.create_table(
        "provider_trait",
        sa.Column("provider_uuid", sa.String(length=36), nullable=False),
        sa.Column("trait", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_uuid"],
            ["resource_provider.uuid"],
            name=op.f("fk_provider_trait_provider_uuid"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("provider_uuid", "trait", name=op.f("pk_provider_trait")),
    )
    op.create_index(op.f("ix_provider_trait_trait"), "provider_trait", ["trait"], unique=False)
    op.create_table(
        "security_group_rule",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("security_group_id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("direction", sa.String(length=8), nullable=False),
        sa.Column("ethertype", sa.String(length=8), nullable=False),
        sa.Column("protocol", sa.String(length=40), nullable=True),
        sa.Column("port_range_min", sa.Integer(), nullable=True),
        sa.Column("port_range_max", sa.Integer(), nullable=True),
        sa.Column("remote_ip_prefix", sa.String(length=64), nullable=True),
        sa.Column("remote_group_id", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["remote_group_id"],
            ["security_group.id"],
            name=op.f("fk_security_group_rule_remote_group_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["security_group_id"],
            ["security_group.id"],
            name=op.f("fk_security_group_rule_security_group_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_group_rule")),
    )
    op.create_index(op.f("ix_security_group_rule_project_id"), "security_group_rule", ["project_id"], unique=False)
    op.create_index(
        op.f("ix_security_group_rule_security_group_id"), "security_group_rule", ["security_group_id"], unique=False
    )
    op.create_table(
        "server_action",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("server_id", sa.String(length=36), nullable=False),
        sa.Column("action", sa.String(length=255), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("message", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(
            ["server_id"], ["server.id"], name=op.f("fk_server_action_server_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_server_action")),
    )
    op.create_index("ix_server_action_server_id_request_id", "server_action", ["server_id", "request_id"], unique=False)
    op.create_table(
        "server_build",
        sa.Column("server_id", sa.String(length=36), nullable=False),
        sa.Column("user_data", sa.Text(), nullable=True),
        sa.Column("image_properties", sa.Text(), nullable=False),
        sa.Column("iso", sa.Boolean(), nullable=False),
        sa.Column("cache_entry", sa.String(length=64), nullable=True),
        sa.Column("config_drive_path", sa.Text(), nullable=True),
        sa.Column("folder", sa.String(length=64), nullable=True),
        sa.Column("directory", sa.Text(), nullable=True),
        sa.Column("key_public", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["server_id"], ["server.id"], name=op.f("fk_server_build_server_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("server_id", name=op.f("pk_server_build")),
    )
    op.create_table(
        "server_fault",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("server_id", sa.String(length=36), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("message", sa.String(length=255), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"], ["server.id"], name=op.f("fk_server_fault_server_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_server_fault")),
    )
    op.create_index(op.f("ix_server_fault_server_id"), "server_fault", ["server_id"], unique=False)
    op.create_table(
        "server_group_member",
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("server_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["server_group.id"], name=op.f("fk_server_group_member_group_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "server_id", name=op.f("pk_server_group_member")),
    )
    op.create_index(op.f("ix_server_group_member_server_id"), "server_group_member", ["server_id"], unique=False)
    op.create_table(
        "server_metadata",
        sa.Column("server_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"], ["server.id"], name=op.f("fk_server_metadata_server_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("server_id", "key", name=op.f("pk_server_metadata")),
    )
    op.create_table(
        "server_tag",
        sa.Column("server_id", sa.String(length=36), nullable=False),
        sa.Column("tag", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["server_id"], ["server.id"], name=op.f("fk_server_tag_server_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("server_id", "tag", name=op.f("pk_server_tag")),
    )
    op.create_table(
        "subnet",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("network_id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("ip_version", sa.Integer(), nullable=False),
        sa.Column("cidr", sa.String(length=64), nullable=False),
        sa.Column("gateway_ip", sa.String(length=64), nullable=True),
        sa.Column("enable_dhcp", sa.Boolean(), nullable=False),
        sa.Column("pools", sa.Text(), nullable=False),
        sa.Column("dns_nameservers", sa.Text(), nullable=False),
        sa.Column("host_routes", sa.Text(), nullable=False),
        sa.Column("ipv6_ra_mode", sa.String(length=16), nullable=True),
        sa.Column("ipv6_address_mode", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(["network_id"], ["network.id"], name=op.f("fk_subnet_network_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subnet")),
    )
    op.create_index(op.f("ix_subnet_network_id"), "subnet", ["network_id"], unique=False)
    op.create_index(op.f("ix_subnet_project_id"), "subnet", ["project_id"], unique=False)
    op.create_table(
        "identity_access_rule",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("service", sa.String(length=64), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("path", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["identity_user.id"], name=op.f("fk_identity_access_rule_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_access_rule")),
    )
    op.create_index(op.f("ix_identity_access_rule_user_id"), "identity_access_rule", ["user_id"], unique=False)
    op.create_table(
        "identity_application_credential",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("secret_hash", sa.String(length=255), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("unrestricted", sa.Boolean(), nullable=False),
        sa.Column("has_access_rules", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["identity_project.id"],
            name=op.f("fk_identity_application_credential_project_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["identity_user.id"],
            name=op.f("fk_identity_application_credential_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_application_credential")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_identity_application_credential_user_id_name")),
    )
    op.create_index(
        op.f("ix_identity_application_credential_project_id"),
        "identity_application_credential",
        ["project_id"],
        unique=False,
    )
    op.create_table(
        "identity_credential",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=True),
        sa.Column("type", sa.String(length=255), nullable=False),
        sa.Column("encrypted_blob", sa.Text(), nullable=False),
        sa.Column("extra", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["identity_user.id"], name=op.f("fk_identity_credential_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_credential")),
    )
    op.create_index(op.f("ix_identity_credential_project_id"), "identity_credential", ["project_id"], unique=False)
    op.create_index(op.f("ix_identity_credential_user_id"), "identity_credential", ["user_id"], unique=False)
    op.create_table(
        "identity_membership",
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("group_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["identity_group.id"], name=op.f("fk_identity_membership_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["identity_user.id"], name=op.f("fk_identity_membership_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "group_id", name=op.f("pk_identity_membership")),
    )
    op.create_index(op.f("ix_identity_membership_group_id"), "identity_membership", ["group_id"], unique=False)
    op.create_table(
        "identity_project_tag",
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["identity_project.id"], name=op.f("fk_identity_project_tag_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", "name", name=op.f("pk_identity_project_tag")),
    )
    op.create_table(
        "identity_trust",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("trustor_user_id", sa.String(length=64), nullable=False),
        sa.Column("trustee_user_id", sa.String(length=64), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=True),
        sa.Column("impersonation", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("remaining_uses", sa.Integer(), nullable=True),
        sa.Column("redelegation_count", sa.Integer(), nullable=False),
        sa.Column("redelegated_trust_id", sa.String(length=64), nullable=True),
        sa.Column("extra", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["identity_project.id"], name=op.f("fk_identity_trust_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["trustee_user_id"],
            ["identity_user.id"],
            name=op.f("fk_identity_trust_trustee_user_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["trustor_user_id"],
            ["identity_user.id"],
            name=op.f("fk_identity_trust_trustor_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_trust")),
    )
    op.create_index(op.f("ix_identity_trust_project_id"), "identity_trust", ["project_id"], unique=False)
    op.create_index(op.f("ix_identity_trust_trustee_user_id"), "identity_trust", ["trustee_user_id"], unique=False)
    op.create_index(op.f("ix_identity_trust_trustor_user_id"), "identity_trust", ["trustor_user_id"], unique=False)
    op.create_table(
        "ip_allocation",
        sa.Column("subnet_id", sa.String(length=36), nullable=False),
        sa.Column("address_hex", sa.String(length=32), nullable=False),
        sa.Column("port_id", sa.String(length=36), nullable=False),
        sa.Column("ip_address", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["port_id"], ["port.id"], name=op.f("fk_ip_allocation_port_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["subnet_id"], ["subnet.id"], name=op.f("fk_ip_allocation_subnet_id")),
        sa.PrimaryKeyConstraint("subnet_id", "address_hex", name=op.f("pk_ip_allocation")),
    )
    op.create_index(op.f("ix_ip_allocation_port_id"), "ip_allocation", ["port_id"], unique=False)
    op.create_table(
        "port_security_group",
        sa.Column("port_id", sa.String(length=36), nullable=False),
        sa.Column("security_group_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["port_id"], ["port.id"], name=op.f("fk_port_security_group_port_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["security_group_id"], ["security_group.id"], name=op.f("fk_port_security_group_security_group_id")
        ),
        sa.PrimaryKeyConstraint("port_id", "security_group_id", name=op.f("pk_port_security_group")),
    )
    op.create_index(
        op.f("ix_port_security_group_security_group_id"), "port_security_group", ["security_group_id"], unique=False
    )
    op.create_table(
        "server_action_event",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("action_number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event", sa.String(length=255), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.String(length=255), nullable=True),
        sa.Column("traceback", sa.Text(), nullable=True),
        sa.Column("host", sa.String(length=255), nullable=True),
        sa.Column("details", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["action_number"],
            ["server_action.number"],
            name=op.f("fk_server_action_event_action_number"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_server_action_event")),
    )
    op.create_index(
        op.f("ix_server_action_event_action_number"), "server_action_event", ["action_number"], unique=False
    )
    op.create_table(
        "identity_application_credential_access_rule",
        sa.Column("application_credential_id", sa.String(length=64), nullable=False),
        sa.Column("access_rule_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["access_rule_id"],
            ["identity_access_rule.id"],
            name=op.f("fk_identity_application_credential_access_rule_access_rule_id"),
        ),
        sa.ForeignKeyConstraint(
            ["application_credential_id"],
            ["identity_application_credential.id"],
            name=op.f("fk_identity_application_credential_access_rule_application_credential_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "application_credential_id", "access_rule_id", name=op.f("pk_identity_application_credential_access_rule")
        ),
    )
    op.create_index(
        op.f("ix_identity_application_credential_access_rule_access_rule_id"),
        "identity_application_credential_access_rule",
        ["access_rule_id"],
        unique=False,
    )
