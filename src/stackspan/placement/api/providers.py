"""/resource_providers, and the aggregates and traits of one."""

from __future__ import annotations

import msgspec

from stackspan.core import ids
from stackspan.http.policy import Policy
from stackspan.http.request import Request, Response, no_content
from stackspan.http.routing import Route
from stackspan.placement import errors, policy, schemas, versions, views
from stackspan.placement.api import query
from stackspan.placement.api.common import (
    accepts_json,
    answer,
    cache_headers,
    decode,
    prefix_of,
    uuid_in,
    version_of,
)
from stackspan.placement.model import Provider
from stackspan.placement.service import PlacementService
from stackspan.placement.service.providers import ProviderFilter


class Providers:
    """Handlers of resource providers."""

    def __init__(self, service: PlacementService, rules: Policy) -> None:
        self._service = service
        self._providers = service.providers
        self._policy = rules

    def routes(self) -> list[Route]:
        """All of them."""
        one = "/resource_providers/{uuid}"
        return [
            Route("GET", "/resource_providers", self.list, statuses=(200, 400, 403)),
            Route("POST", "/resource_providers", self.create, request_schema=schemas.ProviderPost),
            Route("GET", one, self.show, statuses=(200, 403, 404)),
            Route("PUT", one, self.update, request_schema=schemas.ProviderPut),
            Route("DELETE", one, self.delete, statuses=(204, 403, 404, 409)),
            Route("GET", f"{one}/aggregates", self.aggregates, min_version=versions.AGGREGATES),
            Route("PUT", f"{one}/aggregates", self.aggregates_set, min_version=versions.AGGREGATES),
            Route("GET", f"{one}/traits", self.traits, min_version=versions.TRAITS),
            Route(
                "PUT",
                f"{one}/traits",
                self.traits_set,
                min_version=versions.TRAITS,
                request_schema=schemas.ProviderTraitsPut,
            ),
            Route("DELETE", f"{one}/traits", self.traits_delete, min_version=versions.TRAITS),
        ]

    def list(self, request: Request) -> Response:
        """200; 400, 403."""
        self._policy.check(request.context, policy.PROVIDERS_LIST, {})
        accepts_json(request)
        found = self._providers.list(_filter(request))
        modified = max((row.updated_at for row in found), default=self._service.clock.now())
        return answer(request, {"resource_providers": [_shown(request, row) for row in found]}, modified)

    def create(self, request: Request) -> Response:
        """200 (201 before 1.20); 400, 403, 409."""
        self._policy.check(request.context, policy.PROVIDERS_CREATE, {})
        body = decode(request, schemas.provider_post(version_of(request)))
        uuid = ids.new_uuid() if isinstance(body.uuid, msgspec.UnsetType) else uuid_in(body.uuid)
        row = self._providers.create(body.name, uuid, _parent(body))
        location = {"Location": f"{request.service_url}/resource_providers/{row.uuid}"}
        if version_of(request) < versions.PROVIDER_IN_POST:
            return Response(201, headers=location)
        return Response(200, _shown(request, row), headers=cache_headers(request, row.updated_at) | location)

    def show(self, request: Request) -> Response:
        """200; 403, 404."""
        self._policy.check(request.context, policy.PROVIDERS_SHOW, {})
        accepts_json(request)
        row = self._providers.get(request.param("uuid"))
        return answer(request, _shown(request, row), row.updated_at)

    def update(self, request: Request) -> Response:
        """200; 400, 403, 404, 409."""
        self._policy.check(request.context, policy.PROVIDERS_UPDATE, {})
        before = self._providers.get(request.param("uuid"))
        body = decode(request, schemas.provider_put(version_of(request)))
        move = isinstance(body, schemas.ProviderPut) and body.parent_provider_uuid is not msgspec.UNSET
        row = self._providers.update(before.uuid, body.name, _parent(body), move=move)
        return answer(request, _shown(request, row), row.updated_at)

    def delete(self, request: Request) -> Response:
        """204; 403, 404, 409."""
        self._policy.check(request.context, policy.PROVIDERS_DELETE, {})
        self._providers.delete(request.param("uuid"))
        return no_content()

    def aggregates(self, request: Request) -> Response:
        """200; 403, 404."""
        self._policy.check(request.context, policy.AGGREGATES_LIST, {})
        accepts_json(request)
        body = views.aggregates(*self._providers.aggregates(request.param("uuid")))
        return answer(request, versions.aggregates(body, version_of(request)), self._service.clock.now())

    def aggregates_set(self, request: Request) -> Response:
        """200; 400, 403, 404, 409."""
        self._policy.check(request.context, policy.AGGREGATES_UPDATE, {})
        uuid = self._providers.get(request.param("uuid")).uuid
        generation: int | None = None
        if version_of(request) >= versions.AGGREGATES_GENERATION:
            body = decode(request, schemas.AggregatesPut)
            wanted, generation = body.aggregates, body.resource_provider_generation
        else:
            wanted = decode(request, list[str])
        named = [uuid_in(aggregate) for aggregate in wanted]
        if len(set(named)) != len(named):
            raise errors.Refused(f"JSON does not validate: {wanted!r} has non-unique elements")
        shown = views.aggregates(*self._providers.aggregates_set(uuid, named, generation))
        return answer(request, versions.aggregates(shown, version_of(request)), self._service.clock.now())

    def traits(self, request: Request) -> Response:
        """200; 403, 404."""
        self._policy.check(request.context, policy.PROVIDER_TRAITS_LIST, {})
        accepts_json(request)
        body = views.provider_traits(*self._providers.traits(request.param("uuid")))
        return answer(request, body, self._service.clock.now())

    def traits_set(self, request: Request) -> Response:
        """200; 400, 403, 404, 409."""
        self._policy.check(request.context, policy.PROVIDER_TRAITS_UPDATE, {})
        uuid = self._providers.get(request.param("uuid")).uuid
        body = decode(request, schemas.ProviderTraitsPut)
        found = self._providers.traits_set(uuid, body.traits, body.resource_provider_generation)
        return answer(request, views.provider_traits(*found), self._service.clock.now())

    def traits_delete(self, request: Request) -> Response:
        """204; 403, 404, 409."""
        self._policy.check(request.context, policy.PROVIDER_TRAITS_DELETE, {})
        self._providers.traits_set(request.param("uuid"), (), None)
        return no_content()


def _shown(request: Request, row: Provider) -> versions.Body:
    return versions.provider(views.provider(row, prefix_of(request)), version_of(request))


def _parent(body: schemas.ProviderPut | schemas.ProviderPutFlat) -> str | None:
    parent = body.parent_provider_uuid if isinstance(body, schemas.ProviderPut) else None
    return None if parent is None or isinstance(parent, msgspec.UnsetType) else uuid_in(parent)


def _filter(request: Request) -> ProviderFilter:
    version = version_of(request)
    since = (
        (versions.MICROVERSIONS.minimum, "name"),
        (versions.MICROVERSIONS.minimum, "uuid"),
        (versions.LIST_MEMBER_OF, "member_of"),
        (versions.LIST_RESOURCES, "resources"),
        (versions.TREES, "in_tree"),
        (versions.LIST_REQUIRED, "required"),
    )
    query.check(request, [name for first, name in since if version >= first])
    required, forbidden = query.traits(request, "required")
    asked = request.query.get("resources")
    return ProviderFilter(
        name=request.query.get("name") or None,
        uuid=query.uuid(request, "uuid"),
        in_tree=query.uuid(request, "in_tree"),
        member_of=query.member_of(request, "member_of"),
        resources={} if asked is None else query.resources(asked),
        required=required,
        forbidden=forbidden,
    )
