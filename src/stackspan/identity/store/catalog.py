"""Regions, services, endpoints."""

from __future__ import annotations

import dataclasses
from typing import Any

import sqlalchemy as sa

from stackspan.db import Transaction
from stackspan.identity import model, tables
from stackspan.identity.store import filters, writing

_R = tables.region
_S = tables.service
_E = tables.endpoint
Entry = model.Region | model.Service | model.Endpoint


def _values(entry: Entry) -> dict[str, Any]:
    values = {field.name: getattr(entry, field.name) for field in dataclasses.fields(entry)}
    values["extra"] = dict(values["extra"])
    return values


def region_get(tx: Transaction, region_id: str) -> model.Region | None:
    """The region, or None."""
    row = tx.execute(sa.select(_R).where(_R.c.id == region_id)).first()
    return None if row is None else model.Region(**row._mapping)


def region_list(tx: Transaction, options: filters.ListOptions = filters.ALL) -> list[model.Region]:
    """Regions, by id."""
    return [model.Region(**row._mapping) for row in tx.execute(filters.apply(sa.select(_R), _R, options))]


def region_insert(tx: Transaction, region: model.Region) -> bool:
    """Write a new region; False where its id is taken."""
    return writing.insert_new(tx, _R, _values(region))


def region_update(tx: Transaction, region: model.Region) -> None:
    """Write all of a region's columns."""
    tx.execute(_R.update().where(_R.c.id == region.id).values(_values(region)))


def region_delete(tx: Transaction, region_id: str) -> None:
    """Remove the region's row."""
    tx.execute(_R.delete().where(_R.c.id == region_id))


def service_get(tx: Transaction, service_id: str) -> model.Service | None:
    """The service, or None."""
    row = tx.execute(sa.select(_S).where(_S.c.id == service_id)).first()
    return None if row is None else model.Service(**row._mapping)


def service_list(tx: Transaction, options: filters.ListOptions = filters.ALL) -> list[model.Service]:
    """Services, by id."""
    return [model.Service(**row._mapping) for row in tx.execute(filters.apply(sa.select(_S), _S, options))]


def service_insert(tx: Transaction, service: model.Service) -> None:
    """Write a new service."""
    tx.execute(_S.insert(), [_values(service)])


def service_update(tx: Transaction, service: model.Service) -> None:
    """Write all of a service's columns."""
    tx.execute(_S.update().where(_S.c.id == service.id).values(_values(service)))


def service_delete(tx: Transaction, service_id: str) -> None:
    """Remove the service's row; its endpoints go along."""
    tx.execute(_S.delete().where(_S.c.id == service_id))


def endpoint_get(tx: Transaction, endpoint_id: str) -> model.Endpoint | None:
    """The endpoint, or None."""
    row = tx.execute(sa.select(_E).where(_E.c.id == endpoint_id)).first()
    return None if row is None else model.Endpoint(**row._mapping)


def endpoint_list(tx: Transaction, options: filters.ListOptions = filters.ALL) -> list[model.Endpoint]:
    """Endpoints, by id."""
    return [model.Endpoint(**row._mapping) for row in tx.execute(filters.apply(sa.select(_E), _E, options))]


def endpoint_insert(tx: Transaction, endpoint: model.Endpoint) -> None:
    """Write a new endpoint."""
    tx.execute(_E.insert(), [_values(endpoint)])


def endpoint_update(tx: Transaction, endpoint: model.Endpoint) -> None:
    """Write all of an endpoint's columns."""
    tx.execute(_E.update().where(_E.c.id == endpoint.id).values(_values(endpoint)))


def endpoint_delete(tx: Transaction, endpoint_id: str) -> None:
    """Remove the endpoint's row."""
    tx.execute(_E.delete().where(_E.c.id == endpoint_id))


def catalog_list(tx: Transaction) -> list[model.CatalogService]:
    """Enabled services with their enabled endpoints: one statement."""
    statement = (
        sa.select(_S, *(column.label(f"endpoint_{column.name}") for column in _E.c))
        .outerjoin(_E, sa.and_(_E.c.service_id == _S.c.id, _E.c.enabled.is_(True)))
        .where(_S.c.enabled.is_(True))
        .order_by(_S.c.type, _S.c.id, _E.c.interface, _E.c.id)
    )
    found: dict[str, model.CatalogService] = {}
    for row in tx.execute(statement):
        values = row._mapping
        if row.id not in found:
            service = model.Service(**{column.name: values[column.name] for column in _S.c})
            found[row.id] = model.CatalogService(service, [])
        if row.endpoint_id is not None:
            endpoint = model.Endpoint(**{column.name: values[f"endpoint_{column.name}"] for column in _E.c})
            found[row.id] = dataclasses.replace(found[row.id], endpoints=[*found[row.id].endpoints, endpoint])
    return list(found.values())
