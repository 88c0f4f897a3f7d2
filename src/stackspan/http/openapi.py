"""An OpenAPI 3.1 document, made from the route tables and the msgspec types of bodies.

Routes that share method and path in different windows of versions become one operation whose body is any of theirs; the
windows stand in `x-openstack-versions`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from stackspan.http.routing import Route, ServiceApi

_PARAMETER = re.compile(r"\{([^}]+)\}")
_SECURITY = {"token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"}}
_SUCCESS = {"POST": (200,), "PUT": (200,), "PATCH": (200,), "DELETE": (204,)}


def build(apis: Sequence[ServiceApi], title: str = "Stackspan", version: str = "1") -> dict[str, Any]:
    """The document of all that `apis` serve; it is plain JSON."""
    kinds = {kind for api in apis for route in api.routes for kind in (route.request_schema, route.response_schema)}
    ordered = sorted(
        (kind for kind in kinds if kind is not None), key=lambda kind: (kind.__module__, kind.__qualname__)
    )
    refs, components = msgspec.json.schema_components(ordered, ref_template="#/components/schemas/{name}")
    schemas = dict(zip(ordered, refs, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for api in apis:
        for (method, path), routes in _grouped(api.routes).items():
            whole = (api.prefix + path).rstrip("/") or "/"
            paths.setdefault(whole, {}).setdefault(method.lower(), _operation(api, routes, schemas))
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "tags": [{"name": api.name} for api in apis],
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": components, "securitySchemes": _SECURITY},
        "security": [{"token": []}],
    }


def _grouped(routes: Iterable[Route]) -> dict[tuple[str, str], list[Route]]:
    grouped: dict[tuple[str, str], list[Route]] = {}
    for route in routes:
        grouped.setdefault((route.method, route.path), []).append(route)
    return grouped


def _operation(api: ServiceApi, routes: Sequence[Route], schemas: dict[type, Any]) -> dict[str, Any]:
    first = routes[0]
    operation: dict[str, Any] = {
        "tags": [api.name],
        "operationId": _operation_id(api, first),
        "responses": _responses(routes, schemas),
    }
    summary = (getattr(first.handler, "__doc__", None) or "").strip()
    if summary:
        operation["description"] = summary
    names = _PARAMETER.findall(first.path)
    if names:
        operation["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
        ]
    bodies = [schemas[route.request_schema] for route in routes if route.request_schema is not None]
    if bodies or first.stream_request:
        schema = _any_of(bodies) if bodies else {"type": "string", "format": "binary"}
        content_types = first.content_types if bodies else ("application/octet-stream",)
        operation["requestBody"] = {"required": True, "content": {one: {"schema": schema} for one in content_types}}
    if first.anonymous:
        operation["security"] = []
    windows = [
        f"{route.min_version or ''}–{route.max_version or ''}"
        for route in routes
        if route.min_version is not None or route.max_version is not None
    ]
    if windows:
        operation["x-openstack-versions"] = windows
    return operation


def _responses(routes: Sequence[Route], schemas: dict[type, Any]) -> dict[str, Any]:
    statuses = sorted({status for route in routes for status in route.statuses})
    if not any(status < 400 for status in statuses):
        statuses = sorted({*statuses, *_SUCCESS.get(routes[0].method, (200,))})
    shown = [schemas[route.response_schema] for route in routes if route.response_schema is not None]
    responses: dict[str, Any] = {}
    for status in statuses:
        response: dict[str, Any] = {"description": HTTPStatus(status).phrase}
        if shown and status < 300 and status != HTTPStatus.NO_CONTENT:
            response["content"] = {"application/json": {"schema": _any_of(shown)}}
        responses[str(status)] = response
    responses["default"] = {"description": "An error in the service's own form."}
    return responses


def _any_of(schemas: Sequence[Any]) -> Any:
    distinct = [schema for at, schema in enumerate(schemas) if schema not in schemas[:at]]
    return distinct[0] if len(distinct) == 1 else {"anyOf": distinct}


def _operation_id(api: ServiceApi, route: Route) -> str:
    # Not from the handler's name: several routes may share a handler.
    words = [word.strip("{}") for word in route.path.split("/") if word]
    return re.sub(r"[^A-Za-z0-9_]", "_", "_".join([api.name, *words, route.method.lower()]))
