"""Domains and projects."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from stackspan.core import errors, ids
from stackspan.http.validation import OpenBody
from stackspan.identity import model
from stackspan.identity.schemas import fields


class DomainUpdate(OpenBody):
    """`PATCH /v3/domains/{id}`."""

    name: fields.ShortName | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET
    tags: fields.Tags | UnsetType = UNSET
    options: fields.ImmutableOption | UnsetType = UNSET

    def applied(self, domain: model.Domain, extra: Mapping[str, Any]) -> model.Domain:
        """`domain` with what the body says."""
        fields.require_unique(self.tags)
        return dataclasses.replace(
            domain,
            name=fields.given(self.name, domain.name).strip(),
            description=fields.given(self.description, domain.description) or "",
            enabled=fields.given(self.enabled, domain.enabled),
            tags=fields.given(self.tags, list(domain.tags)),
            options=fields.merged(domain.options, self.options),
            extra=fields.extras(domain.extra, extra),
        )


class DomainCreate(DomainUpdate):
    """`POST /v3/domains`."""

    name: fields.ShortName
    explicit_domain_id: str | UnsetType = UNSET

    def domain(self, extra: Mapping[str, Any]) -> model.Domain:
        """The new domain. Raises Invalid for an id that isn't 32 hex digits."""
        domain_id = fields.given(self.explicit_domain_id, "") or ids.new_hex()
        if len(domain_id) != 32 or not ids.is_uuid_like(domain_id) or domain_id != domain_id.lower():
            raise errors.Invalid("Domain ID does not conform to required UUID format.")
        return self.applied(model.Domain(domain_id, self.name), extra)


class ProjectUpdate(OpenBody):
    """`PATCH /v3/projects/{id}`."""

    name: fields.ShortName | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET
    tags: fields.Tags | UnsetType = UNSET
    options: fields.ImmutableOption | UnsetType = UNSET
    domain_id: fields.Id | UnsetType | None = UNSET
    parent_id: fields.Id | UnsetType | None = UNSET
    is_domain: bool | UnsetType = UNSET

    def applied(self, project: model.Project, extra: Mapping[str, Any]) -> model.Project:
        """`project` with what the body says."""
        fields.require_unique(self.tags)
        return dataclasses.replace(
            project,
            name=fields.given(self.name, project.name).strip(),
            description=fields.given(self.description, project.description) or "",
            enabled=fields.given(self.enabled, project.enabled),
            tags=fields.given(self.tags, list(project.tags)),
            options=fields.merged(project.options, self.options),
            extra=fields.extras(project.extra, extra),
        )

    def changed(self, project: model.Project, extra: Mapping[str, Any]) -> model.Project:
        """As `applied`; what can't change must not be given another value."""
        if fields.given(self.domain_id, project.domain_id) != project.domain_id:
            raise errors.Invalid("Cannot change Domain ID")
        parent_id = project.parent_id or project.domain_id
        if fields.given(self.parent_id, parent_id) != parent_id:
            raise errors.Forbidden("Update of `parent_id` is not allowed.")
        if fields.given(self.is_domain, False):
            raise errors.Invalid("Update of `is_domain` is not allowed.")
        return self.applied(project, extra)


class ProjectCreate(ProjectUpdate):
    """`POST /v3/projects`."""

    name: fields.ShortName

    def project(self, domain_id: str, extra: Mapping[str, Any]) -> model.Project:
        """The new project in that domain."""
        parent_id = fields.given(self.parent_id, None)
        empty = model.Project(ids.new_hex(), domain_id, None if parent_id == domain_id else parent_id, self.name)
        return self.applied(empty, extra)

    def domain(self, extra: Mapping[str, Any]) -> model.Domain:
        """The new domain that a project acting as one is."""
        if fields.given(self.domain_id, None) or fields.given(self.parent_id, None):
            raise errors.Invalid("only root projects are allowed to act as domains.")
        body = DomainCreate(
            name=self.name, description=self.description, enabled=self.enabled, tags=self.tags, options=self.options
        )
        return body.domain(extra)


class TagsUpdate(OpenBody):
    """`PUT /v3/projects/{id}/tags`."""

    tags: fields.Tags
