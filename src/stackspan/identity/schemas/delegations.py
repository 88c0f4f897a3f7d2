"""Application credentials, trusts, credentials."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from stackspan.http.validation import Body, OpenBody
from stackspan.identity.schemas import fields


class RoleRef(Body):
    """A role by id or by name."""

    id: fields.Id | None = None
    name: fields.Name | None = None


class AccessRule(OpenBody):
    """What an application credential may do; by `id`, one that the user has already."""

    id: fields.Id | None = None
    service: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    method: Literal["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"] | None = None
    path: Annotated[str, msgspec.Meta(max_length=128, pattern=r"^/")] | None = None


class ApplicationCredentialCreate(Body):
    """`POST /v3/users/{id}/application_credentials`."""

    name: fields.Name
    id: str | None = None  # taken from a client that sends one, and not used
    secret: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    description: str | None = None
    expires_at: str | None = None
    project_id: str | None = None  # the token's counts
    unrestricted: bool | None = None
    system: str | None = None
    roles: list[RoleRef] | None = None
    access_rules: Annotated[list[AccessRule], msgspec.Meta(max_length=1000)] | UnsetType = UNSET


class TrustCreate(OpenBody):
    """`POST /v3/OS-TRUST/trusts`."""

    trustor_user_id: str
    trustee_user_id: str
    impersonation: bool
    project_id: str | None = None
    roles: list[RoleRef] = msgspec.field(default_factory=list)
    expires_at: str | None = None
    remaining_uses: Annotated[int, msgspec.Meta(ge=1, le=2147483647)] | None = None
    allow_redelegation: bool | None = None
    redelegation_count: Annotated[int, msgspec.Meta(ge=0, le=2147483647)] | None = None
    redelegated_trust_id: str | None = None


class CredentialUpdate(OpenBody):
    """`PATCH /v3/credentials/{id}`."""

    blob: str | UnsetType = UNSET
    type: Annotated[str, msgspec.Meta(max_length=255)] | UnsetType = UNSET
    user_id: fields.AnyId | UnsetType = UNSET
    project_id: fields.AnyId | UnsetType | None = UNSET


class CredentialCreate(CredentialUpdate):
    """`POST /v3/credentials`."""

    blob: str
    type: Annotated[str, msgspec.Meta(max_length=255)]
    user_id: fields.AnyId | UnsetType = UNSET
