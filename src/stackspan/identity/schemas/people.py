"""Users and groups."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from stackspan.core import errors, ids
from stackspan.http.validation import Body, OpenBody
from stackspan.identity import model
from stackspan.identity.schemas import fields


class UserOptions(Body):
    """What an admin may set; null takes it back. Several factors aren't served, so their options are refused."""

    ignore_change_password_upon_first_use: bool | UnsetType | None = UNSET
    ignore_password_expiry: bool | UnsetType | None = UNSET
    ignore_lockout_failure_attempts: bool | UnsetType | None = UNSET
    ignore_user_inactivity: bool | UnsetType | None = UNSET
    lock_password: bool | UnsetType | None = UNSET


class UserUpdate(OpenBody):
    """`PATCH /v3/users/{id}`."""

    name: fields.Name | UnsetType = UNSET
    password: str | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET
    default_project_id: fields.AnyId | UnsetType | None = UNSET
    domain_id: fields.Id | UnsetType | None = UNSET
    options: UserOptions | UnsetType = UNSET
    password_expires_at: str | UnsetType | None = UNSET  # shown, never set

    def applied(self, user: model.User, extra: Mapping[str, Any]) -> model.User:
        """`user` with what the body says, the password apart."""
        return dataclasses.replace(
            user,
            name=fields.given(self.name, user.name).strip(),
            enabled=fields.given(self.enabled, user.enabled),
            default_project_id=fields.given(self.default_project_id, user.default_project_id),
            options=fields.merged(user.options, self.options),
            extra=fields.extras(user.extra, extra),
        )

    def changed(self, user: model.User, extra: Mapping[str, Any]) -> model.User:
        """As `applied`; the domain can't change."""
        if fields.given(self.domain_id, user.domain_id) != user.domain_id:
            raise errors.Invalid("Cannot change Domain ID")
        return self.applied(user, extra)


class UserCreate(UserUpdate):
    """`POST /v3/users`."""

    name: fields.Name

    def user(self, domain_id: str, extra: Mapping[str, Any]) -> model.User:
        """The new user in that domain, without its password."""
        return self.applied(model.User(ids.new_hex(), domain_id, self.name), extra)


class PasswordChange(Body):
    """`POST /v3/users/{id}/password`."""

    original_password: str
    password: str


class GroupUpdate(OpenBody):
    """`PATCH /v3/groups/{id}`."""

    name: fields.Name | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    domain_id: fields.Id | UnsetType | None = UNSET

    def applied(self, group: model.Group, extra: Mapping[str, Any]) -> model.Group:
        """`group` with what the body says."""
        return dataclasses.replace(
            group,
            name=fields.given(self.name, group.name).strip(),
            description=fields.given(self.description, group.description) or "",
            extra=fields.extras(group.extra, extra),
        )

    def changed(self, group: model.Group, extra: Mapping[str, Any]) -> model.Group:
        """As `applied`; the domain can't change."""
        if fields.given(self.domain_id, group.domain_id) != group.domain_id:
            raise errors.Invalid("Cannot change Domain ID")
        return self.applied(group, extra)


class GroupCreate(GroupUpdate):
    """`POST /v3/groups`."""

    name: fields.Name

    def group(self, domain_id: str, extra: Mapping[str, Any]) -> model.Group:
        """The new group in that domain."""
        return self.applied(model.Group(ids.new_hex(), domain_id, self.name), extra)
