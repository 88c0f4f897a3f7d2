"""/resource_providers/{uuid}/inventories and /usages."""

from __future__ import annotations

import datetime as dt
from typing import Any

from stackspan.http.policy import Policy
from stackspan.http.request import Request, Response, no_content
from stackspan.http.routing import Route
from stackspan.placement import policy, schemas, versions, views
from stackspan.placement.api.common import accepts_json, answer, decode, version_of
from stackspan.placement.model import Inventory, Provider
from stackspan.placement.service import PlacementService


class Inventories:
    """Handlers of inventories."""

    def __init__(self, service: PlacementService, rules: Policy) -> None:
        self._service = service
        self._inventories = service.inventories
        self._policy = rules

    def routes(self) -> list[Route]:
        """All of them."""
        all_of = "/resource_providers/{uuid}/inventories"
        one = all_of + "/{resource_class}"
        return [
            Route("GET", all_of, self.list, statuses=(200, 403, 404)),
            Route("POST", all_of, self.create, request_schema=schemas.InventoryPost),
            Route("PUT", all_of, self.replace, request_schema=schemas.InventoriesPut),
            Route("DELETE", all_of, self.delete_all, min_version=versions.DELETE_INVENTORIES),
            Route("GET", one, self.show, statuses=(200, 403, 404)),
            Route("PUT", one, self.update, request_schema=schemas.InventoryPut),
            Route("DELETE", one, self.delete, statuses=(204, 403, 404, 409)),
            Route("GET", "/resource_providers/{uuid}/usages", self.usages, statuses=(200, 403, 404)),
        ]

    def list(self, request: Request) -> Response:
        """200; 403, 404."""
        self._policy.check(request.context, policy.INVENTORIES_LIST, {})
        accepts_json(request)
        provider, found, newest = self._inventories.list(request.param("uuid"))
        return answer(request, views.inventories(provider, found), newest or self._now())

    def show(self, request: Request) -> Response:
        """200; 403, 404."""
        self._policy.check(request.context, policy.INVENTORIES_SHOW, {})
        accepts_json(request)
        provider, found, changed = self._inventories.get(request.param("uuid"), request.param("resource_class"))
        return answer(request, _one(provider, found), changed)

    def create(self, request: Request) -> Response:
        """201; 400, 403, 404, 409."""
        self._policy.check(request.context, policy.INVENTORIES_CREATE, {})
        uuid = self._service.providers.get(request.param("uuid")).uuid
        body = decode(request, schemas.InventoryPost)
        wanted = _inventory(body.resource_class, body)
        provider = self._inventories.create(uuid, wanted, whole=_whole(request))
        response = answer(request, _one(provider, wanted), self._now(), status=201)
        response.headers["Location"] = (
            f"{request.service_url}/resource_providers/{uuid}/inventories/{wanted.resource_class}"
        )
        return response

    def update(self, request: Request) -> Response:
        """200; 400, 403, 404, 409."""
        self._policy.check(request.context, policy.INVENTORIES_UPDATE, {})
        uuid = self._service.providers.get(request.param("uuid")).uuid
        body = decode(request, schemas.InventoryPut)
        wanted = _inventory(request.param("resource_class"), body)
        provider = self._inventories.update(uuid, wanted, body.resource_provider_generation, whole=_whole(request))
        return answer(request, _one(provider, wanted), self._now())

    def replace(self, request: Request) -> Response:
        """200; 400, 403, 404, 409."""
        self._policy.check(request.context, policy.INVENTORIES_UPDATE, {})
        uuid = self._service.providers.get(request.param("uuid")).uuid
        body = decode(request, schemas.InventoriesPut)
        wanted = [_inventory(name, one) for name, one in body.inventories.items()]
        generation = body.resource_provider_generation
        provider, found, newest = self._inventories.replace(uuid, wanted, generation, whole=_whole(request))
        return answer(request, views.inventories(provider, found), newest or self._now())

    def delete(self, request: Request) -> Response:
        """204; 403, 404, 409."""
        self._policy.check(request.context, policy.INVENTORIES_DELETE, {})
        self._inventories.delete(request.param("uuid"), request.param("resource_class"))
        return no_content()

    def delete_all(self, request: Request) -> Response:
        """204; 403, 404, 409."""
        self._policy.check(request.context, policy.INVENTORIES_DELETE, {})
        self._inventories.delete_all(request.param("uuid"))
        return no_content()

    def usages(self, request: Request) -> Response:
        """200; 403, 404."""
        self._policy.check(request.context, policy.PROVIDER_USAGES, {})
        accepts_json(request)
        provider, found = self._inventories.usages(request.param("uuid"))
        body = {"resource_provider_generation": provider.generation, "usages": dict(found)}
        return answer(request, body, self._now())

    def _now(self) -> dt.datetime:
        return self._service.clock.now()


def _one(provider: Provider, found: Inventory) -> dict[str, Any]:
    return views.inventory(found) | {"resource_provider_generation": provider.generation}


def _whole(request: Request) -> bool:
    return version_of(request) >= versions.RESERVED_WHOLE


def _inventory(resource_class: str, body: schemas.InventoryBody | schemas.InventoryPut) -> Inventory:
    return Inventory(
        resource_class,
        total=body.total,
        reserved=body.reserved,
        min_unit=body.min_unit,
        max_unit=body.max_unit,
        step_size=body.step_size,
        allocation_ratio=body.allocation_ratio,
    )
