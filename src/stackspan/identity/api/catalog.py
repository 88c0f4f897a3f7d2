"""`/v3/regions`, `/v3/services`, `/v3/endpoints`, `/v3/policies`."""

from __future__ import annotations

from stackspan.http.policy import Policy
from stackspan.http.request import Request, Response, no_content
from stackspan.http.routing import Route
from stackspan.identity import model, views
from stackspan.identity.api import common
from stackspan.identity.schemas import catalog as schemas
from stackspan.identity.service import Identity


class Regions:
    """Regions."""

    def __init__(self, identity: Identity, policy: Policy) -> None:
        self._regions = identity.catalog.regions
        self._limit = identity.settings.list_limit
        self._policy = policy

    def routes(self) -> list[Route]:
        one = "/v3/regions/{region_id}"
        return [
            Route("GET", "/v3/regions", self.index),
            Route("POST", "/v3/regions", self.create, request_schema=schemas.RegionCreate),
            Route("GET", one, self.show),
            Route("PUT", one, self.put, request_schema=schemas.RegionCreate),
            Route("PATCH", one, self.update, request_schema=schemas.RegionUpdate),
            Route("DELETE", one, self.delete),
        ]

    def index(self, req: Request) -> Response:
        """200."""
        self._policy.check(req.context, "identity:list_regions", {})
        options = common.options(req, ("parent_region_id",), self._limit)
        found = map(views.region, self._regions.all(options))
        return common.collection(req, "regions", common.linked_all(req, found, "regions"), options.limit)

    def create(self, req: Request) -> Response:
        """201; 400, 403, 404 (the parent), 409."""
        self._policy.check(req.context, "identity:create_region", {})
        body, extra = common.body(req, "region", schemas.RegionCreate)
        region = self._regions.create(body.region(extra))
        return common.member(req, 201, "region", "regions", views.region(region))

    def put(self, req: Request) -> Response:
        """201; as `create`, the id comes from the address."""
        self._policy.check(req.context, "identity:create_region", {})
        body, extra = common.body(req, "region", schemas.RegionCreate)
        region = self._regions.create(body.region(extra, req.param("region_id")))
        return common.member(req, 201, "region", "regions", views.region(region))

    def show(self, req: Request) -> Response:
        """200; 404."""
        self._policy.check(req.context, "identity:get_region", {})
        return common.member(req, 200, "region", "regions", views.region(self._regions.get(req.param("region_id"))))

    def update(self, req: Request) -> Response:
        """200; 400 (a circle), 403, 404."""
        self._policy.check(req.context, "identity:update_region", {})
        body, extra = common.changes(req, "region", schemas.RegionUpdate)
        region = self._regions.update(req.param("region_id"), lambda one: body.applied(one, extra))
        return common.member(req, 200, "region", "regions", views.region(region))

    def delete(self, req: Request) -> Response:
        """204; 403 (endpoints are in it), 404."""
        self._policy.check(req.context, "identity:delete_region", {})
        self._regions.delete(req.param("region_id"))
        return no_content()


class Services:
    """Services of the catalog."""

    def __init__(self, identity: Identity, policy: Policy) -> None:
        self._services = identity.catalog.services
        self._limit = identity.settings.list_limit
        self._policy = policy

    def routes(self) -> list[Route]:
        one = "/v3/services/{service_id}"
        return [
            Route("GET", "/v3/services", self.index),
            Route("POST", "/v3/services", self.create, request_schema=schemas.ServiceCreate),
            Route("GET", one, self.show),
            Route("PATCH", one, self.update, request_schema=schemas.ServiceUpdate),
            Route("DELETE", one, self.delete),
        ]

    def index(self, req: Request) -> Response:
        """200; 403."""
        self._policy.check(req.context, "identity:list_services", {})
        options = common.options(req, ("type", "name"), self._limit)
        found = map(views.service, self._services.all(options))
        return common.collection(req, "services", common.linked_all(req, found, "services"), options.limit)

    def create(self, req: Request) -> Response:
        """201; 400, 403."""
        self._policy.check(req.context, "identity:create_service", {})
        body, extra = common.body(req, "service", schemas.ServiceCreate)
        service = self._services.create(body.service(extra))
        return common.member(req, 201, "service", "services", views.service(service))

    def show(self, req: Request) -> Response:
        """200; 403, 404."""
        self._policy.check(req.context, "identity:get_service", {})
        service = self._services.get(req.param("service_id"))
        return common.member(req, 200, "service", "services", views.service(service))

    def update(self, req: Request) -> Response:
        """200; 400, 403, 404."""
        self._policy.check(req.context, "identity:update_service", {})
        body, extra = common.changes(req, "service", schemas.ServiceUpdate)
        service = self._services.update(req.param("service_id"), lambda one: body.applied(one, extra))
        return common.member(req, 200, "service", "services", views.service(service))

    def delete(self, req: Request) -> Response:
        """204; 403, 404."""
        self._policy.check(req.context, "identity:delete_service", {})
        self._services.delete(req.param("service_id"))
        return no_content()


class Endpoints:
    """Endpoints of the catalog."""

    def __init__(self, identity: Identity, policy: Policy) -> None:
        self._endpoints = identity.catalog.endpoints
        self._limit = identity.settings.list_limit
        self._policy = policy

    def routes(self) -> list[Route]:
        one = "/v3/endpoints/{endpoint_id}"
        return [
            Route("GET", "/v3/endpoints", self.index),
            Route("POST", "/v3/endpoints", self.create, request_schema=schemas.EndpointCreate),
            Route("GET", one, self.show),
            Route("PATCH", one, self.update, request_schema=schemas.EndpointUpdate),
            Route("DELETE", one, self.delete),
        ]

    def index(self, req: Request) -> Response:
        """200; 403."""
        self._policy.check(req.context, "identity:list_endpoints", {})
        options = common.options(req, ("interface", "service_id", "region_id"), self._limit)
        found = [views.endpoint(one, req.url_root) for one in self._endpoints.all(options)]
        return common.collection(req, "endpoints", common.linked_all(req, found, "endpoints"), options.limit)

    def create(self, req: Request) -> Response:
        """201; 400, 403, 404 (service, region)."""
        self._policy.check(req.context, "identity:create_endpoint", {})
        body, extra = common.body(req, "endpoint", schemas.EndpointCreate)
        endpoint = self._endpoints.create(body.endpoint(extra), make_region=body.makes_region)
        return self._answer(req, 201, endpoint)

    def show(self, req: Request) -> Response:
        """200; 403, 404."""
        self._policy.check(req.context, "identity:get_endpoint", {})
        return self._answer(req, 200, self._endpoints.get(req.param("endpoint_id")))

    def update(self, req: Request) -> Response:
        """200; 400, 403, 404."""
        self._policy.check(req.context, "identity:update_endpoint", {})
        body, extra = common.changes(req, "endpoint", schemas.EndpointUpdate)
        endpoint = self._endpoints.update(
            req.param("endpoint_id"), lambda one: body.applied(one, extra), make_region=body.makes_region
        )
        return self._answer(req, 200, endpoint)

    def delete(self, req: Request) -> Response:
        """204; 403, 404."""
        self._policy.check(req.context, "identity:delete_endpoint", {})
        self._endpoints.delete(req.param("endpoint_id"))
        return no_content()

    def _answer(self, req: Request, status: int, endpoint: model.Endpoint) -> Response:
        return common.member(req, status, "endpoint", "endpoints", views.endpoint(endpoint, req.url_root))


class PolicyDocuments:
    """Policy documents."""

    def __init__(self, identity: Identity, policy: Policy) -> None:
        self._documents = identity.policies
        self._limit = identity.settings.list_limit
        self._policy = policy

    def routes(self) -> list[Route]:
        one = "/v3/policies/{policy_id}"
        return [
            Route("GET", "/v3/policies", self.index),
            Route("POST", "/v3/policies", self.create, request_schema=schemas.PolicyCreate),
            Route("GET", one, self.show),
            Route("PATCH", one, self.update, request_schema=schemas.PolicyUpdate),
            Route("DELETE", one, self.delete),
        ]

    def index(self, req: Request) -> Response:
        """200; 403."""
        self._policy.check(req.context, "identity:list_policies", {})
        options = common.options(req, ("type",), self._limit)
        found = map(views.policy_document, self._documents.all(options))
        return common.collection(req, "policies", common.linked_all(req, found, "policies"), options.limit)

    def create(self, req: Request) -> Response:
        """201; 400, 403."""
        self._policy.check(req.context, "identity:create_policy", {})
        body, extra = common.body(req, "policy", schemas.PolicyCreate)
        document = self._documents.create(body.policy(extra))
        return common.member(req, 201, "policy", "policies", views.policy_document(document))

    def show(self, req: Request) -> Response:
        """200; 403, 404."""
        self._policy.check(req.context, "identity:get_policy", {})
        document = self._documents.get(req.param("policy_id"))
        return common.member(req, 200, "policy", "policies", views.policy_document(document))

    def update(self, req: Request) -> Response:
        """200; 400, 403, 404."""
        self._policy.check(req.context, "identity:update_policy", {})
        body, extra = common.changes(req, "policy", schemas.PolicyUpdate)
        document = self._documents.update(req.param("policy_id"), lambda one: body.applied(one, extra))
        return common.member(req, 200, "policy", "policies", views.policy_document(document))

    def delete(self, req: Request) -> Response:
        """204; 403, 404."""
        self._policy.check(req.context, "identity:delete_policy", {})
        self._documents.delete(req.param("policy_id"))
        return no_content()
