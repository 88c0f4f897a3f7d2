"""Roles."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from stackspan.core import errors, ids
from stackspan.http.validation import OpenBody
from stackspan.identity import model
from stackspan.identity.schemas import fields


class RoleUpdate(OpenBody):
    """`PATCH /v3/roles/{id}`."""

    name: fields.Name | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    domain_id: fields.Id | UnsetType | None = UNSET
    options: fields.ImmutableOption | UnsetType = UNSET

    def applied(self, role: model.Role, extra: Mapping[str, Any]) -> model.Role:
        """`role` with what the body says."""
        if fields.given(self.domain_id, role.domain_id) != role.domain_id:
            raise errors.Invalid("Cannot change Domain ID")
        return dataclasses.replace(
            role,
            name=fields.given(self.name, role.name).strip(),
            description=fields.given(self.description, role.description),
            options=fields.merged(role.options, self.options),
            extra=fields.extras(role.extra, extra),
        )


class RoleCreate(RoleUpdate):
    """`POST /v3/roles`."""

    name: fields.Name

    def role(self, extra: Mapping[str, Any]) -> model.Role:
        """The new role."""
        domain_id = fields.given(self.domain_id, None)
        return self.applied(model.Role(ids.new_hex(), self.name, domain_id), extra)
