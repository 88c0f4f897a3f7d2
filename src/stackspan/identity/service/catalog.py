"""Regions, services, endpoints, and the catalog that clients find us by."""

from __future__ import annotations

import re
from collections.abc import Callable

from stackspan.db import Transaction
from stackspan.identity import errors as identity_errors
from stackspan.identity import model
from stackspan.identity.service.core import Core, found
from stackspan.identity.store import catalog as store
from stackspan.identity.store import filters

# A whole URL, or a path of ours; `%(name)s` and `$(name)s` stand for what stock fills in.
_URL = re.compile(r"(?:[a-zA-Z][a-zA-Z0-9+.-]*:.+|/.*)\Z", re.DOTALL)
_TEMPLATE = re.compile(r"[%$]\(([^)]*)\)(s?)")
_FILLED_IN = frozenset({"tenant_id", "project_id", "user_id", "public_bind_host", "admin_bind_host"})


class Regions:
    """Regions: named by the client, in a tree."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def all(self, options: filters.ListOptions = filters.ALL) -> list[model.Region]:
        """Regions, by id."""
        with self._core.database.read() as tx:
            return store.region_list(tx, options)

    def get(self, region_id: str) -> model.Region:
        """Raises EntityNotFound."""
        with self._core.database.read() as tx:
            return found(store.region_get(tx, region_id), "region", region_id)

    def create(self, region: model.Region) -> model.Region:
        """Raises NameTaken, EntityNotFound (the parent)."""
        with self._core.database.write() as tx:
            self._require_parent(tx, region)
            if not store.region_insert(tx, region):
                raise identity_errors.NameTaken("region", f"Duplicate ID, {region.id}")
        return region

    def update(self, region_id: str, change: Callable[[model.Region], model.Region]) -> model.Region:
        """Raises EntityNotFound, CircularRegion."""
        with self._core.database.write() as tx:
            region = change(found(store.region_get(tx, region_id), "region", region_id))
            self._require_parent(tx, region)
            store.region_update(tx, region)
        return region

    def delete(self, region_id: str) -> None:
        """With its child regions. Raises EntityNotFound, RegionInUse."""
        with self._core.database.write() as tx:
            found(store.region_get(tx, region_id), "region", region_id)
            going = self._tree(tx, region_id)
            used = {endpoint.region_id for endpoint in store.endpoint_list(tx)}
            if used & set(going):
                raise identity_errors.RegionInUse(region_id)
            for one in reversed(going):
                store.region_delete(tx, one)

    def _tree(self, tx: Transaction, region_id: str) -> list[str]:
        below: dict[str | None, list[str]] = {}
        for region in store.region_list(tx):
            below.setdefault(region.parent_region_id, []).append(region.id)
        tree = [region_id]
        for one in tree:
            tree += below.get(one, [])
        return tree

    def _require_parent(self, tx: Transaction, region: model.Region) -> None:
        ancestor = region.parent_region_id
        while ancestor is not None:
            if ancestor == region.id:
                raise identity_errors.CircularRegion(region.parent_region_id or "")
            ancestor = found(store.region_get(tx, ancestor), "region", ancestor).parent_region_id


class Services:
    """Services in the catalog."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def all(self, options: filters.ListOptions = filters.ALL) -> list[model.Service]:
        """Services, by id."""
        with self._core.database.read() as tx:
            return store.service_list(tx, options)

    def get(self, service_id: str) -> model.Service:
        """Raises EntityNotFound."""
        with self._core.database.read() as tx:
            return found(store.service_get(tx, service_id), "service", service_id)

    def create(self, service: model.Service) -> model.Service:
        """Names needn't be unique."""
        with self._core.database.write() as tx:
            store.service_insert(tx, service)
        return service

    def update(self, service_id: str, change: Callable[[model.Service], model.Service]) -> model.Service:
        """Raises EntityNotFound."""
        with self._core.database.write() as tx:
            service = change(found(store.service_get(tx, service_id), "service", service_id))
            store.service_update(tx, service)
        return service

    def delete(self, service_id: str) -> None:
        """With its endpoints. Raises EntityNotFound."""
        with self._core.database.write() as tx:
            found(store.service_get(tx, service_id), "service", service_id)
            store.service_delete(tx, service_id)


class Endpoints:
    """Endpoints in the catalog."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def all(self, options: filters.ListOptions = filters.ALL) -> list[model.Endpoint]:
        """Endpoints, by id."""
        with self._core.database.read() as tx:
            return store.endpoint_list(tx, options)

    def get(self, endpoint_id: str) -> model.Endpoint:
        """Raises EntityNotFound."""
        with self._core.database.read() as tx:
            return found(store.endpoint_get(tx, endpoint_id), "endpoint", endpoint_id)

    def create(self, endpoint: model.Endpoint, *, make_region: bool = False) -> model.Endpoint:
        """Raises InvalidEndpointUrl, EntityNotFound (service, region).

        `make_region`: a region that isn't there is made, as stock does for the old `region` field.
        """
        _require_url(endpoint.url)
        with self._core.database.write() as tx:
            if make_region and endpoint.region_id is not None:
                store.region_insert(tx, model.Region(endpoint.region_id))
            self._require_neighbours(tx, endpoint)
            store.endpoint_insert(tx, endpoint)
        return endpoint

    def update(
        self, endpoint_id: str, change: Callable[[model.Endpoint], model.Endpoint], *, make_region: bool = False
    ) -> model.Endpoint:
        """As `create`."""
        with self._core.database.write() as tx:
            before = found(store.endpoint_get(tx, endpoint_id), "endpoint", endpoint_id)
            endpoint = change(before)
            if endpoint.url != before.url:
                _require_url(endpoint.url)
            if make_region and endpoint.region_id is not None:
                store.region_insert(tx, model.Region(endpoint.region_id))
            self._require_neighbours(tx, endpoint)
            store.endpoint_update(tx, endpoint)
        return endpoint

    def delete(self, endpoint_id: str) -> None:
        """Raises EntityNotFound."""
        with self._core.database.write() as tx:
            found(store.endpoint_get(tx, endpoint_id), "endpoint", endpoint_id)
            store.endpoint_delete(tx, endpoint_id)

    def _require_neighbours(self, tx: Transaction, endpoint: model.Endpoint) -> None:
        found(store.service_get(tx, endpoint.service_id), "service", endpoint.service_id)
        if endpoint.region_id is not None:
            found(store.region_get(tx, endpoint.region_id), "region", endpoint.region_id)


class Catalog:
    """Regions, services, endpoints; and all of it as clients read it."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.regions = Regions(core)
        self.services = Services(core)
        self.endpoints = Endpoints(core)

    def entries(self) -> list[model.CatalogService]:
        """Enabled services with their enabled endpoints."""
        with self._core.database.read() as tx:
            return store.catalog_list(tx)


def _require_url(url: str) -> None:
    fits = _URL.match(url) is not None and len(url) <= 225
    if not fits or any(name not in _FILLED_IN or not s for name, s in _TEMPLATE.findall(url)):
        raise identity_errors.InvalidEndpointUrl(url[:255])
