"""Trials that every route of every service passes; a service's API tests call them with its name.

    def test_sweep(tmp_path):
        with api.serve(build, tmp_path) as served:
            assert sweeps.no_token(served, "network") == []
            assert sweeps.unknown_ids(served, "network") == []
            assert sweeps.odd_bodies(served, "network") == []
            assert sweeps.odd_queries(served, "network") == []

Each returns what went wrong, a line a request: a 500, or a status that a stock service wouldn't give.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.support.api import Api
from tests.support.asgi import Reply

from stackspan.http.routing import Route, ServiceApi

_PARAMETER = re.compile(r"\{[^}]+\}")
UNKNOWN = "0123456789abcdef0123456789abcdef"
UNKNOWN_UUID = "01234567-89ab-cdef-0123-456789abcdef"
ODD_IDS = (UNKNOWN, UNKNOWN_UUID, "nothing", "%F0%9F%98%80", "a" * 300, "..", "%27%22%3B--", "%ff", "-1", "9" * 30)
ODD_BODIES = (
    b"",
    b"{",
    b"[]",
    b"null",
    b"5",
    b'"text"',
    b"{}",
    b'{"x": {}}',
    b'{"\\u0000": 1}',
    b"\xff\xfe",
    b"[" * 50_000,
    b'{"a": 1e999}',
    b'{"a": 99999999999999999999999}',
)
ODD_VALUES = (
    "null",
    "5",
    '"x"',
    "[]",
    "{}",
    "true",
    '{"x": 99999999999999999999}',
    '{"name": {"a": 1}}',
    '{"id": "\\u0000"}',
)
ODD_QUERIES = (
    "limit=-1",
    "limit=x",
    "limit=99999999999999999999",
    "limit=0",
    "limit=",
    "marker=nothing",
    "marker=%00",
    "name=%ff",
    "name=",
    "sort_key=nothing&sort_dir=sideways",
    "sort=nothing:up",
    "id=in:",
    "fields=nothing",
    "&&&=",
    "a=1&a=2&name=a&name=b",
    "enabled=maybe",
    "name__regex=%5B",
    "changes-since=yesterday",
)


def no_token(served: Api, name: str) -> list[str]:
    """Every route that isn't anonymous answers 401, whatever the body."""
    wrong = []
    for route in _api(served, name).routes:
        if not route.anonymous:
            reply = _ask(served, name, route, UNKNOWN, "none", b"{")
            if reply.status != 401:
                wrong.append(f"{route.method} {route.path}: {reply.status}")
    return wrong


def unknown_ids(served: Api, name: str) -> list[str]:
    """Every route with ids in its path refuses those that aren't there, for everybody, with an error body."""
    wrong = []
    for route in _api(served, name).routes:
        if not _PARAMETER.search(route.path):
            continue
        for persona in ("admin", "member"):
            for odd in ODD_IDS:
                reply = _ask(
                    served, name, route, odd, persona, b"{}" if route.method in ("POST", "PUT", "PATCH") else b""
                )
                if reply.status >= 500 or (reply.status < 400 and odd == UNKNOWN and route.method != "GET"):
                    wrong.append(f"{route.method} {route.path} with {odd[:40]} as {persona}: {reply.status}")
    return wrong


def odd_bodies(served: Api, name: str) -> list[str]:
    """No body makes a 500, and none that is no JSON object is taken."""
    wrong = []
    for route in _bodied(_api(served, name)):
        noun = route.path.rstrip("/").rpartition("/")[2].replace("-", "_")
        nouns = {noun, noun.removesuffix("s"), noun.removesuffix("ies") + "y"}
        bodies = [*ODD_BODIES, *(f'{{"{one}": {value}}}'.encode() for one in sorted(nouns) for value in ODD_VALUES)]
        for body in bodies:
            for persona in ("admin", "member"):
                reply = _ask(served, name, route, UNKNOWN, persona, body)
                if reply.status >= 500 or (reply.status < 300 and body in ODD_BODIES[1:7]):
                    wrong.append(f"{route.method} {route.path} with {body[:60]!r} as {persona}: {reply.status}")
    return wrong


def odd_queries(served: Api, name: str) -> list[str]:
    """No query makes a 500."""
    wrong = []
    for route in _api(served, name).routes:
        if route.method != "GET":
            continue
        for query in ODD_QUERIES:
            path = _path(_api(served, name), route, UNKNOWN)
            reply = served.request("GET", f"{path}?{query}", as_="admin", microversion=_version(served, name, route))
            if reply.status >= 500:
                wrong.append(f"GET {route.path}?{query}: {reply.status}")
    return wrong


def _api(served: Api, name: str) -> ServiceApi:
    return next(api for api in served.apis if api.name == name)


def _bodied(api: ServiceApi) -> Iterator[Route]:
    for route in api.routes:
        if route.method in ("POST", "PUT", "PATCH") and not route.stream_request:
            yield route


def _path(api: ServiceApi, route: Route, value: str) -> str:
    return api.prefix + _PARAMETER.sub(value, route.path)


def _version(served: Api, name: str, route: Route) -> str | None:
    microversions = _api(served, name).microversions
    if microversions is None:
        return None
    return f"{microversions.service_type} {route.max_version or microversions.maximum}"


def _ask(served: Api, name: str, route: Route, value: str, persona: str, body: bytes) -> Reply:
    headers = {"content-type": route.content_types[0]} if body else {}
    return served.request(
        route.method,
        _path(_api(served, name), route, value),
        as_=persona,
        body=body,
        headers=headers,
        microversion=_version(served, name, route),
    )
