"""/resource_classes and /traits"""

from __future__ import annotations

from stackspan.core import errors as core_errors
from stackspan.http import validation
from stackspan.http.policy import Policy
from stackspan.http.request import Request, Response, no_content
from stackspan.http.routing import Route
from stackspan.placement import errors, policy, schemas, versions, views
from stackspan.placement.api import query
from stackspan.placement.api.common import accepts_json, answer, cache_headers, decode, prefix_of
from stackspan.placement.service import PlacementService


class ResourceClasses:
    """Handlers of resource classes."""

    def __init__(self, service: PlacementService, rules: Policy) -> None:
        self._service = service
        self._classes = service.resource_classes
        self._policy = rules

    def routes(self) -> list[Route]:
        """All of them."""
        one, since = "/resource_classes/{name}", versions.RESOURCE_CLASSES
        return [
            Route("GET", "/resource_classes", self.list, min_version=since),
            Route("POST", "/resource_classes", self.create, min_version=since, request_schema=schemas.ClassBody),
            Route("GET", one, self.show, min_version=since),
            Route(
                "PUT",
                one,
                self.rename,
                min_version=since,
                max_version=versions.before(versions.BODILESS_CLASS_PUT),
                request_schema=schemas.ClassBody,
            ),
            Route("PUT", one, self.ensure, min_version=versions.BODILESS_CLASS_PUT),
            Route("DELETE", one, self.delete, min_version=since),
        ]

    def list(self, request: Request) -> Response:
        """200; 403."""
        self._policy.check(request.context, policy.CLASSES_LIST, {})
        accepts_json(request)
        found = self._classes.list()
        modified = max((time for time in found.values() if time is not None), default=self._service.clock.now())
        shown = [views.resource_class(name, prefix_of(request)) for name in found]
        return answer(request, {"resource_classes": shown}, modified)

    def create(self, request: Request) -> Response:
        """201; 400, 403, 409."""
        self._policy.check(request.context, policy.CLASSES_CREATE, {})
        name = decode(request, schemas.ClassBody).name
        self._classes.create(name)
        return Response(201, headers={"Location": f"{request.service_url}/resource_classes/{name}"})

    def show(self, request: Request) -> Response:
        """200; 403, 404."""
        self._policy.check(request.context, policy.CLASSES_SHOW, {})
        accepts_json(request)
        name = request.param("name")
        changed = self._classes.get(name)
        return answer(request, views.resource_class(name, prefix_of(request)), changed or self._service.clock.now())

    def rename(self, request: Request) -> Response:
        """200; 400, 403, 404, 409."""
        self._policy.check(request.context, policy.CLASSES_UPDATE, {})
        new = decode(request, schemas.ClassBody).name
        self._classes.rename(request.param("name"), new)
        return Response(200, views.resource_class(new, prefix_of(request)))

    def ensure(self, request: Request) -> Response:
        """201, 204 where it was there; 400, 403."""
        self._policy.check(request.context, policy.CLASSES_UPDATE, {})
        try:
            name = validation.convert(request.param("name"), schemas.CustomName, "name")
        except core_errors.Invalid as error:
            raise errors.Refused(f"JSON does not validate: {error.user_message}") from error
        new = self._classes.ensure(name)
        return Response(201 if new else 204, headers={"Location": f"{request.service_url}/resource_classes/{name}"})

    def delete(self, request: Request) -> Response:
        """204; 400, 403, 404, 409."""
        self._policy.check(request.context, policy.CLASSES_DELETE, {})
        self._classes.delete(request.param("name"))
        return no_content()


class Traits:
    """Handlers of traits."""

    def __init__(self, service: PlacementService, rules: Policy) -> None:
        self._service = service
        self._traits = service.traits
        self._policy = rules

    def routes(self) -> list[Route]:
        """All of them."""
        one, since = "/traits/{name}", versions.TRAITS
        return [
            Route("GET", "/traits", self.list, min_version=since),
            Route("GET", one, self.show, min_version=since),
            Route("PUT", one, self.ensure, min_version=since),
            Route("DELETE", one, self.delete, min_version=since),
        ]

    def list(self, request: Request) -> Response:
        """200; 400, 403."""
        self._policy.check(request.context, policy.TRAITS_LIST, {})
        accepts_json(request)
        query.check(request, ("name", "associated"))
        names, prefix = _names(request)
        found = self._traits.list(names=names, prefix=prefix, associated=_associated(request))
        modified = max((time for time in found.values() if time is not None), default=self._service.clock.now())
        return answer(request, {"traits": list(found)}, modified)

    def show(self, request: Request) -> Response:
        """204; 403, 404."""
        self._policy.check(request.context, policy.TRAITS_SHOW, {})
        made = self._traits.get(request.param("name"))
        return Response(204, headers=cache_headers(request, made or self._service.clock.now()))

    def ensure(self, request: Request) -> Response:
        """201, 204 where it was there; 400, 403."""
        self._policy.check(request.context, policy.TRAITS_UPDATE, {})
        name = request.param("name")
        try:
            validation.convert(name, schemas.CustomName)
        except core_errors.Invalid as error:
            raise errors.Refused(
                "The trait is invalid. A valid trait must be no longer than 255 characters, start with the prefix "
                '"CUSTOM_" and use following characters: "A"-"Z", "0"-"9" and "_"'
            ) from error
        new, made = self._traits.ensure(name)
        headers = cache_headers(request, made) | {"Location": f"{request.service_url}/traits/{name}"}
        return Response(201 if new else 204, headers=headers)

    def delete(self, request: Request) -> Response:
        """204; 400, 403, 404, 409."""
        self._policy.check(request.context, policy.TRAITS_DELETE, {})
        self._traits.delete(request.param("name"))
        return no_content()


def _names(request: Request) -> tuple[list[str] | None, str]:
    text = request.query.get("name")
    if text is None:
        return None, ""
    operator, colon, value = text.partition(":")
    if not colon:
        raise errors.Refused(
            "Badly formatted name parameter. Expected name query string parameter in form: "
            f'?name=[in|startswith]:[name1,name2|prefix]. Got: "{text[:255]}"'
        )
    if operator == "in":
        return value.split(","), ""
    return None, value if operator == "startswith" else ""


def _associated(request: Request) -> bool | None:
    text = request.query.get("associated")
    if text is None:
        return None
    if text.lower() not in ("true", "false"):
        raise errors.Refused('The query parameter "associated" only accepts "true" or "false"')
    return text.lower() == "true"
