"""/v2/images: records, tags, deactivation."""

from __future__ import annotations

import dataclasses
from typing import Any

from stackspan.core import errors as core_errors
from stackspan.core import ids
from stackspan.http.policy import Policy
from stackspan.http.request import Request, Response, no_content
from stackspan.http.routing import Route
from stackspan.image import errors, schemas, views
from stackspan.image.api import listing
from stackspan.image.api.patching import MEDIA_TYPES, patched
from stackspan.image.model import CONTAINER_FORMATS, DISK_FORMATS, VISIBILITIES, Image, Status
from stackspan.image.service import ImageService
from stackspan.image.service.images import ImageRequest

_MAX_INT = 2147483647


class ImagesApi:
    """Handlers of image records."""

    def __init__(self, service: ImageService, policy: Policy) -> None:
        self._service = service
        self._images = service.images
        self._policy = policy

    def routes(self) -> list[Route]:
        """All of them."""
        one = "/v2/images/{image_id}"
        return [
            Route("GET", "/v2/images", self.list),
            Route("POST", "/v2/images", self.create),
            Route("GET", one, self.show),
            Route("PATCH", one, self.update, content_types=MEDIA_TYPES),
            Route("DELETE", one, self.delete),
            Route("PUT", one + "/tags/{tag}", self.tag_add),
            Route("DELETE", one + "/tags/{tag}", self.tag_remove),
            Route("POST", one + "/actions/deactivate", self.deactivate),
            Route("POST", one + "/actions/reactivate", self.reactivate),
        ]

    def create(self, request: Request) -> Response:
        """201 with Location; 400, 403, 409 (id taken), 413."""
        body = request.json_any()
        if not isinstance(body, dict):
            raise core_errors.Invalid("Request body must be a JSON object.")
        for name in body:
            if name in schemas.READ_ONLY:
                raise errors.ReadOnly(name)
            if name.startswith(schemas.RESERVED_PREFIX):
                raise errors.ReservedProperty(name)
        checked = _checked(body)
        project_id = checked.get("owner") or request.context.project_id
        self._authorise(request, "add_image", project_id)
        if checked.get("visibility") == "public":
            self._authorise(request, "publicize_image", project_id)
        wanted = ImageRequest(
            **{name: value for name, value in checked.items() if value is not None or name in ("name",)},
            properties=_properties(body),
        )
        row = self._images.create(request.context, wanted)
        location = f"{request.service_url}/v2/images/{row.id}"
        return Response(201, views.image(row), headers={"Location": location})

    def list(self, request: Request) -> Response:
        """200; 400 for bad filters, marker, sort."""
        self._policy.check(request.context, "get_images", {})
        rows = self._images.list(request.context)
        return listing.respond(request, rows, self._images.memberships(request.context))

    def show(self, request: Request) -> Response:
        """200; 404."""
        return Response(200, views.image(self._get(request)))

    def update(self, request: Request) -> Response:
        """200; 400, 403, 404, 409, 413, 415."""
        before = self._get(request)
        self._authorise(request, "modify_image", before.owner)
        after = patched(request, views.image(before))
        changed = {name: value for name, value in after.items() if name in schemas.BASE}
        checked = _checked({name: value for name, value in changed.items() if name != "id"})
        if checked["visibility"] != before.visibility and checked["visibility"] == "public":
            self._authorise(request, "publicize_image", before.owner)
        formats = (checked["disk_format"], checked["container_format"])
        if before.status is not Status.QUEUED and formats != (before.disk_format, before.container_format):
            raise errors.ReadOnly("disk_format" if formats[0] != before.disk_format else "container_format")
        if checked["owner"] != before.owner and not request.context.is_admin:
            raise core_errors.Forbidden("You are not permitted to change the owner of this image.")
        checked["tags"] = tuple(sorted(set(checked["tags"])))
        row = dataclasses.replace(before, **checked, properties=_properties(after))
        return Response(200, views.image(self._images.replace(request.context, before, row)))

    def delete(self, request: Request) -> Response:
        """204; 403 (protected), 404."""
        found = self._get(request)
        self._authorise(request, "delete_image", found.owner)
        self._images.delete(request.context, found.id)
        return no_content()

    def tag_add(self, request: Request) -> Response:
        """204; 400, 403, 404, 413."""
        found, tag = self._get(request), request.param("tag")
        self._authorise(request, "modify_image", found.owner)
        _check_text(tag, "tag")
        row = dataclasses.replace(found, tags=tuple(sorted({*found.tags, tag})))
        self._images.replace(request.context, found, row)
        return no_content()

    def tag_remove(self, request: Request) -> Response:
        """204; 403, 404."""
        found, tag = self._get(request), request.param("tag")
        self._authorise(request, "modify_image", found.owner)
        if tag not in found.tags:
            raise errors.TagNotFound(tag, found.id)
        row = dataclasses.replace(found, tags=tuple(name for name in found.tags if name != tag))
        self._images.replace(request.context, found, row)
        return no_content()

    def deactivate(self, request: Request) -> Response:
        """204; 403, 404, 409."""
        found = self._get(request)
        self._authorise(request, "deactivate", found.owner)
        self._images.deactivate(request.context, found.id)
        return no_content()

    def reactivate(self, request: Request) -> Response:
        """204; 403, 404, 409."""
        found = self._get(request)
        self._authorise(request, "reactivate", found.owner)
        self._images.reactivate(request.context, found.id)
        return no_content()

    def _get(self, request: Request) -> Image:
        self._policy.check(request.context, "get_image", {})
        return self._images.get(request.context, request.param("image_id"))

    def _authorise(self, request: Request, rule: str, project_id: Any) -> None:
        self._policy.check(request.context, rule, {"project_id": project_id, "owner": project_id})


def _checked(body: dict[str, Any]) -> dict[str, Any]:
    """The base attributes under the model's names. Raises Invalid in the stock words."""
    checked: dict[str, Any] = {}
    for name, value in body.items():
        if name not in schemas.BASE:
            continue
        _CHECKS[name](value, name)
        checked["hidden" if name == "os_hidden" else name] = value
    return checked


def _properties(body: dict[str, Any]) -> dict[str, str]:
    found = {name: value for name, value in body.items() if name not in schemas.BASE | schemas.READ_ONLY}
    for name, value in found.items():
        if not isinstance(value, str):
            raise core_errors.Invalid(
                f"Provided object does not match schema 'image': {value!r} is not of type 'string'"
            )
        _check_text(name, "property name")
        if len(value) > 65535:
            raise core_errors.Invalid(f"Provided object does not match schema 'image': {name} is too long")
    return found


def _check_text(value: Any, name: str) -> None:
    if value is not None and (not isinstance(value, str) or len(value) > 255):
        raise core_errors.Invalid(f"Provided object does not match schema 'image': {name} is not a string of ≤ 255")


def _check_bool(value: Any, name: str) -> None:
    if not isinstance(value, bool):
        raise core_errors.Invalid(f"Provided object does not match schema 'image': {name} is not of type 'boolean'")


def _check_int(value: Any, name: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_INT:
        raise core_errors.Invalid(
            f"Provided object does not match schema 'image': {name} is not an integer from 0 to {_MAX_INT}"
        )


def _check_tags(value: Any, name: str) -> None:
    if not isinstance(value, list):
        raise core_errors.Invalid(f"Provided object does not match schema 'image': {name} is not of type 'array'")
    for tag in value:
        if not isinstance(tag, str) or len(tag) > 255:
            raise core_errors.Invalid(f"Provided object does not match schema 'image': {tag!r} is not a tag")


def _check_id(value: Any, name: str) -> None:
    if not isinstance(value, str) or not ids.is_uuid(value):
        raise core_errors.Invalid(f"Provided object does not match schema 'image': {name} is not a UUID")


def _one_of(allowed: tuple[str, ...], *, null: bool) -> Any:
    def check(value: Any, name: str) -> None:
        if not (value in allowed if isinstance(value, str) else null and value is None):
            raise core_errors.Invalid(
                f"Invalid {name.replace('_', ' ')} '{value}' for image."
                if "format" in name
                else f"Provided object does not match schema 'image': {value!r} is not one of {list(allowed)}"
            )

    return check


_CHECKS: dict[str, Any] = {
    "id": _check_id,
    "name": _check_text,
    "owner": _check_text,
    "visibility": _one_of(VISIBILITIES, null=False),
    "container_format": _one_of(CONTAINER_FORMATS, null=True),
    "disk_format": _one_of(DISK_FORMATS, null=True),
    "min_disk": _check_int,
    "min_ram": _check_int,
    "protected": _check_bool,
    "os_hidden": _check_bool,
    "tags": _check_tags,
}
