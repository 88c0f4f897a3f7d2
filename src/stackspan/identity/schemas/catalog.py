"""Regions, services, endpoints, policy documents."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from stackspan.core import errors, ids
from stackspan.http.validation import OpenBody
from stackspan.identity import model
from stackspan.identity.schemas import fields

RegionId = Annotated[str, msgspec.Meta(max_length=255)]
Interface = Literal["admin", "internal", "public"]


class RegionUpdate(OpenBody):
    """`PATCH /v3/regions/{id}`."""

    description: str | UnsetType | None = UNSET
    parent_region_id: RegionId | UnsetType | None = UNSET

    def applied(self, region: model.Region, extra: Mapping[str, Any]) -> model.Region:
        """`region` with what the body says."""
        return dataclasses.replace(
            region,
            description=fields.given(self.description, region.description) or "",
            parent_region_id=fields.given(self.parent_region_id, region.parent_region_id) or None,
            extra=fields.extras(region.extra, extra),
        )


class RegionCreate(RegionUpdate):
    """`POST /v3/regions`."""

    id: RegionId | None = None

    def region(self, extra: Mapping[str, Any], region_id: str | None = None) -> model.Region:
        """The new region; the one in the address counts."""
        if region_id is not None and self.id is not None and self.id != region_id:
            raise errors.Conflict(f'Conflicting region IDs specified: "{region_id}" != "{self.id}"')
        return self.applied(model.Region(region_id or self.id or ids.new_hex()), extra)


class ServiceUpdate(OpenBody):
    """`PATCH /v3/services/{id}`."""

    type: fields.Name | UnsetType = UNSET
    name: Annotated[str, msgspec.Meta(max_length=255)] | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET

    def applied(self, service: model.Service, extra: Mapping[str, Any]) -> model.Service:
        """`service` with what the body says."""
        return dataclasses.replace(
            service,
            type=fields.given(self.type, service.type),
            name=fields.given(self.name, service.name),
            description=fields.given(self.description, service.description),
            enabled=fields.given(self.enabled, service.enabled),
            extra=fields.extras(service.extra, extra),
        )


class ServiceCreate(ServiceUpdate):
    """`POST /v3/services`."""

    type: fields.Name

    def service(self, extra: Mapping[str, Any]) -> model.Service:
        """The new service."""
        return self.applied(model.Service(ids.new_hex(), self.type, None), extra)


class EndpointUpdate(OpenBody):
    """`PATCH /v3/endpoints/{id}`."""

    interface: Interface | UnsetType = UNSET
    url: str | UnsetType = UNSET
    service_id: fields.AnyId | UnsetType = UNSET
    region_id: RegionId | UnsetType | None = UNSET
    region: RegionId | UnsetType | None = UNSET  # the old name; such a region is made where it isn't there
    enabled: bool | UnsetType = UNSET

    @property
    def makes_region(self) -> bool:
        """Whether the region was given by its old name alone."""
        return isinstance(self.region_id, UnsetType) and bool(fields.given(self.region, None))

    def applied(self, endpoint: model.Endpoint, extra: Mapping[str, Any]) -> model.Endpoint:
        """`endpoint` with what the body says."""
        region_id = fields.given(self.region_id, fields.given(self.region, endpoint.region_id))
        return dataclasses.replace(
            endpoint,
            interface=fields.given(self.interface, endpoint.interface),
            url=fields.given(self.url, endpoint.url),
            service_id=fields.given(self.service_id, endpoint.service_id),
            region_id=region_id or None,
            enabled=fields.given(self.enabled, endpoint.enabled),
            extra=fields.extras(endpoint.extra, extra),
        )


class EndpointCreate(EndpointUpdate):
    """`POST /v3/endpoints`."""

    interface: Interface
    url: str
    service_id: fields.AnyId

    def endpoint(self, extra: Mapping[str, Any]) -> model.Endpoint:
        """The new endpoint."""
        return self.applied(model.Endpoint(ids.new_hex(), self.service_id, None, self.interface, self.url), extra)


class PolicyUpdate(OpenBody):
    """`PATCH /v3/policies/{id}`."""

    type: Annotated[str, msgspec.Meta(max_length=255)] | UnsetType = UNSET
    blob: str | UnsetType = UNSET

    def applied(self, policy: model.PolicyDocument, extra: Mapping[str, Any]) -> model.PolicyDocument:
        """`policy` with what the body says."""
        return dataclasses.replace(
            policy,
            type=fields.given(self.type, policy.type),
            blob=fields.given(self.blob, policy.blob),
            extra=fields.extras(policy.extra, extra),
        )


class PolicyCreate(PolicyUpdate):
    """`POST /v3/policies`."""

    type: Annotated[str, msgspec.Meta(max_length=255)]
    blob: str

    def policy(self, extra: Mapping[str, Any]) -> model.PolicyDocument:
        """The new policy document."""
        return self.applied(model.PolicyDocument(ids.new_hex(), self.type, self.blob), extra)
