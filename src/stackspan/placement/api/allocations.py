"""/allocations, /resource_providers/{uuid}/allocations, /usages."""

from __future__ import annotations

from stackspan.core import ids
from stackspan.http.policy import Policy
from stackspan.http.request import Request, Response, no_content
from stackspan.http.routing import Route
from stackspan.placement import errors, policy, schemas, versions, views
from stackspan.placement.api import query
from stackspan.placement.api.common import accepts_json, answer, decode, ids_canonical, uuid_in, version_of
from stackspan.placement.model import ConsumerWish
from stackspan.placement.service import PlacementService


class Allocations:
    """Handlers of allocations."""

    def __init__(self, service: PlacementService, rules: Policy) -> None:
        self._service = service
        self._consumers = service.consumers
        self._policy = rules

    def routes(self) -> list[Route]:
        """All of them."""
        one = "/allocations/{consumer_uuid}"
        return [
            Route("POST", "/allocations", self.set_many, min_version=versions.POST_ALLOCATIONS),
            Route("GET", one, self.show, statuses=(200, 403)),
            Route("PUT", one, self.set_one, request_schema=schemas.AllocationsBody),
            Route("DELETE", one, self.delete, statuses=(204, 403, 404)),
            Route("GET", "/resource_providers/{uuid}/allocations", self.of_provider, statuses=(200, 403, 404)),
            Route("GET", "/usages", self.usages, min_version=versions.USAGES),
        ]

    def show(self, request: Request) -> Response:
        """200, also for a consumer that isn't there; 403."""
        self._policy.check(request.context, policy.ALLOCATIONS_LIST, {})
        accepts_json(request)
        rows, providers = self._consumers.get(request.param("consumer_uuid"))
        body = versions.consumer_allocations(views.consumer_allocations(rows, providers), version_of(request))
        return answer(request, body, max((row.updated_at for row in rows), default=self._service.clock.now()))

    def set_one(self, request: Request) -> Response:
        """204; 400, 403, 409 (no room, generations)."""
        self._policy.check(request.context, policy.ALLOCATIONS_UPDATE, {})
        consumer = request.param("consumer_uuid")
        if not ids.is_uuid_like(consumer):
            raise errors.Refused(f"Malformed consumer_uuid: {consumer[:255]}")
        body, checked = schemas.raised(decode(request, schemas.allocations_put(version_of(request))))
        self._consumers.set([_wish(ids_canonical(consumer), body, checked)])
        return no_content()

    def set_many(self, request: Request) -> Response:
        """204; 400, 403, 409 (no room, generations)."""
        self._policy.check(request.context, policy.ALLOCATIONS_MANAGE, {})
        wishes = []
        if version_of(request) >= versions.CONSUMER_GENERATION:
            for consumer, body in decode(request, dict[schemas.Uuid36, schemas.AllocationsBody]).items():
                wishes.append(_wish(consumer, body, True))
        else:
            for consumer, unchecked in decode(request, dict[schemas.Uuid36, schemas.AllocationsUnchecked]).items():
                wishes.append(_wish(consumer, *schemas.raised(unchecked)))
        if not wishes:
            raise errors.Refused("JSON does not validate: {} does not have enough properties")
        self._consumers.set(wishes)
        return no_content()

    def delete(self, request: Request) -> Response:
        """204; 403, 404."""
        self._policy.check(request.context, policy.ALLOCATIONS_DELETE, {})
        self._consumers.delete(request.param("consumer_uuid"))
        return no_content()

    def of_provider(self, request: Request) -> Response:
        """200; 403, 404."""
        self._policy.check(request.context, policy.PROVIDER_ALLOCATIONS_LIST, {})
        accepts_json(request)
        provider, rows = self._consumers.of_provider(request.param("uuid"))
        body = versions.provider_allocations(views.provider_allocations(provider, rows), version_of(request))
        return answer(request, body, max((row.updated_at for row in rows), default=self._service.clock.now()))

    def usages(self, request: Request) -> Response:
        """200; 400, 403."""
        project_id = request.query.get("project_id")
        target = {} if project_id is None else {"project_id": project_id}
        self._policy.check(request.context, policy.USAGES, target)
        accepts_json(request)
        query.check(request, ("project_id", "user_id"), required=("project_id",))
        project, user = query.owner(request, "project_id"), query.owner(request, "user_id")
        assert project is not None
        return answer(request, {"usages": dict(self._consumers.usages(project, user))}, self._service.clock.now())


def _wish(consumer: str, body: schemas.AllocationsBody, checked: bool) -> ConsumerWish:
    return ConsumerWish(
        uuid=consumer,
        resources={uuid_in(uuid): part.resources for uuid, part in body.allocations.items()},
        project_id=body.project_id,
        user_id=body.user_id,
        generation=body.consumer_generation,
        checked=checked,
    )
