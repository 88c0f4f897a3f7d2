"""/v2/images/{id}/members"""

from __future__ import annotations

from typing import Annotated

import msgspec

from stackspan.core import errors as core_errors
from stackspan.http.policy import Policy
from stackspan.http.request import Request, Response, no_content
from stackspan.http.routing import Route
from stackspan.http.validation import Body
from stackspan.image import views
from stackspan.image.model import MEMBER_STATUSES
from stackspan.image.service import ImageService


class MemberNew(Body):
    """A project to share with."""

    member: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class MemberChange(Body):
    """Its decision."""

    status: str


class MembersApi:
    """Handlers of members."""

    def __init__(self, service: ImageService, policy: Policy) -> None:
        self._images = service.images
        self._members = service.members
        self._policy = policy

    def routes(self) -> list[Route]:
        """All of them."""
        path = "/v2/images/{image_id}/members"
        return [
            Route("GET", path, self.list),
            Route("POST", path, self.create, request_schema=MemberNew),
            Route("GET", path + "/{member_id}", self.show),
            Route("PUT", path + "/{member_id}", self.update, request_schema=MemberChange),
            Route("DELETE", path + "/{member_id}", self.delete),
        ]

    def list(self, request: Request) -> Response:
        """200; 403 (not shared), 404."""
        self._check(request, "get_members")
        rows = self._members.list(request.context, request.param("image_id"))
        return Response(200, {"members": [views.member(row) for row in rows], "schema": "/v2/schemas/members"})

    def create(self, request: Request) -> Response:
        """200; 400, 403, 404, 409, 413."""
        self._check(request, "add_member")
        wanted = request.json(MemberNew).member
        return Response(200, views.member(self._members.create(request.context, request.param("image_id"), wanted)))

    def show(self, request: Request) -> Response:
        """200; 404."""
        self._check(request, "get_members")
        row = self._members.get(request.context, request.param("image_id"), request.param("member_id"))
        return Response(200, views.member(row))

    def update(self, request: Request) -> Response:
        """200; 400, 403, 404."""
        self._check(request, "modify_member")
        status = request.json(MemberChange).status
        if status not in MEMBER_STATUSES:
            raise core_errors.Invalid('Status must be "pending", "accepted" or "rejected".')
        image_id, member_id = request.param("image_id"), request.param("member_id")
        return Response(200, views.member(self._members.update(request.context, image_id, member_id, status)))

    def delete(self, request: Request) -> Response:
        """204; 403, 404."""
        self._check(request, "delete_member")
        self._members.delete(request.context, request.param("image_id"), request.param("member_id"))
        return no_content()

    def _check(self, request: Request, rule: str) -> None:
        image = self._images.get(request.context, request.param("image_id"))
        self._policy.check(request.context, rule, {"project_id": image.owner, "owner": image.owner})
