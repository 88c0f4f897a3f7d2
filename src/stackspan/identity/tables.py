"""Identity's tables.

`token_epoch` of a user, project or domain stands inside each token made for it: raising it (a new password, a disabled
project) cuts the tokens there were, on every process at once, without a clock being compared with another machine's.
"""

from __future__ import annotations

import sqlalchemy as sa

from stackspan.db import Json, UtcDateTime, metadata

ID = sa.String(64)


def _id() -> sa.Column[str]:
    return sa.Column("id", ID, primary_key=True)


def _extra() -> sa.Column[object]:
    # What clients sent beyond the stock fields: stock keeps and shows it.
    return sa.Column("extra", Json, nullable=False)


domain = sa.Table(
    "identity_domain",
    metadata,
    _id(),
    sa.Column("name", sa.String(255), nullable=False, unique=True),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("options", Json, nullable=False),
    sa.Column("tags", Json, nullable=False),
    _extra(),
    sa.Column("token_epoch", sa.Integer, nullable=False),
)

project = sa.Table(
    "identity_project",
    metadata,
    _id(),
    sa.Column("domain_id", ID, sa.ForeignKey("identity_domain.id"), nullable=False),
    sa.Column("parent_id", ID, sa.ForeignKey("identity_project.id"), index=True),  # NULL: the domain is the parent
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("options", Json, nullable=False),
    _extra(),
    sa.Column("token_epoch", sa.Integer, nullable=False),
    sa.UniqueConstraint("domain_id", "name"),
)

project_tag = sa.Table(
    "identity_project_tag",
    metadata,
    sa.Column("project_id", ID, sa.ForeignKey("identity_project.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.String(255), primary_key=True),
)

user = sa.Table(
    "identity_user",
    metadata,
    _id(),
    sa.Column("domain_id", ID, sa.ForeignKey("identity_domain.id"), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("default_project_id", ID),
    sa.Column("options", Json, nullable=False),
    _extra(),
    sa.Column("password_hash", sa.String(255)),
    sa.Column("password_changed_at", UtcDateTime),
    sa.Column("failed_logins", sa.Integer, nullable=False),
    sa.Column("failed_login_at", UtcDateTime),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("token_epoch", sa.Integer, nullable=False),
    sa.UniqueConstraint("domain_id", "name"),
)

group = sa.Table(
    "identity_group",
    metadata,
    _id(),
    sa.Column("domain_id", ID, sa.ForeignKey("identity_domain.id"), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    _extra(),
    sa.UniqueConstraint("domain_id", "name"),
)

membership = sa.Table(
    "identity_membership",
    metadata,
    sa.Column("user_id", ID, sa.ForeignKey("identity_user.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("group_id", ID, sa.ForeignKey("identity_group.id", ondelete="CASCADE"), primary_key=True, index=True),
)

role = sa.Table(
    "identity_role",
    metadata,
    _id(),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("domain_id", ID, nullable=False),  # "" for a role of all domains: NULLs would not be unique
    sa.Column("description", sa.Text),
    sa.Column("options", Json, nullable=False),
    _extra(),
    sa.UniqueConstraint("domain_id", "name"),
)

implied_role = sa.Table(
    "identity_implied_role",
    metadata,
    sa.Column("prior_role_id", ID, sa.ForeignKey("identity_role.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("implied_role_id", ID, sa.ForeignKey("identity_role.id", ondelete="CASCADE"), primary_key=True),
)

assignment = sa.Table(
    "identity_assignment",
    metadata,
    sa.Column("target_kind", sa.String(8), primary_key=True),  # project, domain, system
    sa.Column("target_id", ID, primary_key=True),  # "all" for system
    sa.Column("actor_kind", sa.String(8), primary_key=True),  # user, group
    sa.Column("actor_id", ID, primary_key=True, index=True),
    sa.Column("role_id", ID, sa.ForeignKey("identity_role.id", ondelete="CASCADE"), primary_key=True, index=True),
)

region = sa.Table(
    "identity_region",
    metadata,
    sa.Column("id", sa.String(255), primary_key=True),
    sa.Column("parent_region_id", sa.String(255), sa.ForeignKey("identity_region.id")),
    sa.Column("description", sa.Text, nullable=False),
    _extra(),
)

service = sa.Table(
    "identity_service",
    metadata,
    _id(),
    sa.Column("type", sa.String(255), nullable=False),
    sa.Column("name", sa.String(255)),
    sa.Column("description", sa.Text),
    sa.Column("enabled", sa.Boolean, nullable=False),
    _extra(),
)

endpoint = sa.Table(
    "identity_endpoint",
    metadata,
    _id(),
    sa.Column("service_id", ID, sa.ForeignKey("identity_service.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("region_id", sa.String(255), sa.ForeignKey("identity_region.id")),
    sa.Column("interface", sa.String(8), nullable=False),
    sa.Column("url", sa.Text, nullable=False),  # beginning with "/": on whatever host the client reached us by
    sa.Column("enabled", sa.Boolean, nullable=False),
    _extra(),
)

application_credential = sa.Table(
    "identity_application_credential",
    metadata,
    _id(),
    sa.Column("user_id", ID, sa.ForeignKey("identity_user.id", ondelete="CASCADE"), nullable=False),
    sa.Column("project_id", ID, sa.ForeignKey("identity_project.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("secret_hash", sa.String(255), nullable=False),
    sa.Column("expires_at", UtcDateTime),
    sa.Column("unrestricted", sa.Boolean, nullable=False),
    sa.Column("has_access_rules", sa.Boolean, nullable=False),
    sa.UniqueConstraint("user_id", "name"),
)

access_rule = sa.Table(
    "identity_access_rule",
    metadata,
    _id(),
    sa.Column("user_id", ID, sa.ForeignKey("identity_user.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("service", sa.String(64), nullable=False),
    sa.Column("method", sa.String(16), nullable=False),
    sa.Column("path", sa.String(128), nullable=False),
)

application_credential_access_rule = sa.Table(
    "identity_application_credential_access_rule",
    metadata,
    sa.Column(
        "application_credential_id",
        ID,
        sa.ForeignKey("identity_application_credential.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("access_rule_id", ID, sa.ForeignKey("identity_access_rule.id"), primary_key=True, index=True),
)

trust = sa.Table(
    "identity_trust",
    metadata,
    _id(),
    sa.Column("trustor_user_id", ID, sa.ForeignKey("identity_user.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("trustee_user_id", ID, sa.ForeignKey("identity_user.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("project_id", ID, sa.ForeignKey("identity_project.id", ondelete="CASCADE"), index=True),
    sa.Column("impersonation", sa.Boolean, nullable=False),
    sa.Column("expires_at", UtcDateTime),
    sa.Column("remaining_uses", sa.Integer),
    sa.Column("redelegation_count", sa.Integer, nullable=False),
    sa.Column("redelegated_trust_id", ID),
    _extra(),
)

delegated_role = sa.Table(
    "identity_delegated_role",
    metadata,
    sa.Column("delegation_id", ID, primary_key=True),  # an application credential's id or a trust's
    sa.Column("role_id", ID, sa.ForeignKey("identity_role.id", ondelete="CASCADE"), primary_key=True),
)

credential = sa.Table(
    "identity_credential",
    metadata,
    _id(),
    sa.Column("user_id", ID, sa.ForeignKey("identity_user.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("project_id", ID, index=True),
    sa.Column("type", sa.String(255), nullable=False),
    sa.Column("encrypted_blob", sa.Text, nullable=False),
    _extra(),
)

policy = sa.Table(
    "identity_policy",
    metadata,
    _id(),
    sa.Column("type", sa.String(255), nullable=False),
    sa.Column("blob", sa.Text, nullable=False),
    _extra(),
)

token_key = sa.Table(
    "identity_token_key",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),  # the highest one issues
    sa.Column("encrypted_key", sa.String(512), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

revocation = sa.Table(
    "identity_revocation",
    metadata,
    sa.Column("audit_id", sa.String(32), primary_key=True),
    sa.Column("expires_at", UtcDateTime, nullable=False, index=True),  # when the token would have ended anyway
)
