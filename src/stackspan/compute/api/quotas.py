"""`/os-quota-sets`, `/os-quota-class-sets`, `/limits`."""

from __future__ import annotations

from stackspan.compute import policy
from stackspan.compute.api.common import Handlers
from stackspan.compute.schemas import others as schemas
from stackspan.compute.schemas import values
from stackspan.compute.service.base import QUOTA_RESOURCES
from stackspan.compute.views import others as views
from stackspan.http.request import Request, Response
from stackspan.http.routing import Route


class QuotasApi(Handlers):
    """Handlers of quotas."""

    def routes(self) -> list[Route]:
        """All routes of quotas and limits."""
        one = "/v2.1/os-quota-sets/{project_id}"
        classes = "/v2.1/os-quota-class-sets/{name}"
        return [
            Route("GET", one, self.show, statuses=(200, 400)),
            Route("PUT", one, self.update, request_schema=schemas.QuotaUpdate, statuses=(200, 400)),
            Route("DELETE", one, self.delete, statuses=(202,)),
            Route("GET", one + "/defaults", self.defaults, statuses=(200,)),
            Route("GET", one + "/detail", self.detail, statuses=(200, 400)),
            Route("GET", classes, self.class_show, statuses=(200,)),
            Route("PUT", classes, self.class_update, request_schema=schemas.QuotaClassUpdate, statuses=(200, 400)),
            Route("GET", "/v2.1/limits", self.limits, statuses=(200,)),
        ]

    def show(self, request: Request) -> Response:
        """200, 400 for an unknown project."""
        project_id, user_id = self._whose(request, "show")
        found = self.service.quotas.get(project_id, user_id)
        limits = {resource: quota.limit for resource, quota in found.items()}
        return Response(200, {"quota_set": views.quota_set(limits, project_id)})

    def detail(self, request: Request) -> Response:
        """200, 400 for an unknown project."""
        project_id, user_id = self._whose(request, "detail")
        return Response(
            200, {"quota_set": views.quota_detail(self.service.quotas.get(project_id, user_id), project_id)}
        )

    def defaults(self, request: Request) -> Response:
        """200."""
        project_id = request.param("project_id")
        self.policy.check(request.context, policy.QUOTAS + "defaults", {"project_id": project_id})
        return Response(200, {"quota_set": views.quota_set(self.service.quotas.defaults(), project_id)})

    def update(self, request: Request) -> Response:
        """200, 400."""
        self.admin(request, policy.QUOTAS + "update")
        body = request.json(schemas.QuotaUpdate).quota_set
        found = self.service.quotas.set(
            request.param("project_id"),
            schemas.limits(body, QUOTA_RESOURCES),
            user_id=request.query.get("user_id") or "",
            force=values.boolean("force", body.force),
        )
        return Response(200, {"quota_set": views.quota_set({name: quota.limit for name, quota in found.items()})})

    def delete(self, request: Request) -> Response:
        """202."""
        self.admin(request, policy.QUOTAS + "delete")
        self.service.quotas.delete(request.param("project_id"), request.query.get("user_id"))
        return Response(202)

    def class_show(self, request: Request) -> Response:
        """200."""
        self.admin(request, policy.QUOTA_CLASSES + "show")
        name = request.param("name")
        return Response(200, {"quota_class_set": views.quota_set(self.service.quotas.class_get(name), name)})

    def class_update(self, request: Request) -> Response:
        """200, 400."""
        self.admin(request, policy.QUOTA_CLASSES + "update")
        body = request.json(schemas.QuotaClassUpdate).quota_class_set
        found = self.service.quotas.class_set(request.param("name"), schemas.limits(body, QUOTA_RESOURCES))
        return Response(200, {"quota_class_set": views.quota_set(found)})

    def limits(self, request: Request) -> Response:
        """200; 403 for another project's limits."""
        self.own(request, policy.LIMITS)
        project_id = request.query.get("tenant_id")
        if project_id is not None and project_id != request.context.project_id:
            self.policy.check(request.context, policy.LIMITS_OTHER, {"project_id": project_id})
        found = self.service.quotas.absolute(request.context, project_id)
        return Response(200, {"limits": {"rate": [], "absolute": views.absolute_limits(found)}})

    def _whose(self, request: Request, rule: str) -> tuple[str, str]:
        project_id = request.param("project_id")
        self.policy.check(request.context, policy.QUOTAS + rule, {"project_id": project_id})
        return project_id, request.query.get("user_id") or ""
