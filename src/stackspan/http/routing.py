"""Routes as data, and finding one.

A service lists its routes; nothing registers itself on import. Paths are matched whole: a trailing slash is another path.
Two routes may share method and path if their version windows don't overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from stackspan.core import errors
from stackspan.core.version import Version
from stackspan.http.errors import Envelope, MethodNotAllowed, RouteNotFound
from stackspan.http.microversion import Microversions
from stackspan.http.request import Request, Response

Handler = Callable[[Request], Response]


@dataclass(frozen=True)
class Route:
    """One method on one path.

    Args:
        method: GET, POST, …
        path: below the service's prefix, `{name}` stands for one segment.
        handler: parse, one call, render.
        min_version / max_version: the window it is served in; None is open.
        anonymous: no token is asked for.
        stream_request: the handler reads `request.stream`; the body isn't collected.
        slow: runs in few threads of its own, so that quick requests never wait behind a crowd of these (password hashes).
        content_types: of a body that is taken; none given by the client counts as the first. A streamed body has any.
        request_schema / response_schema: msgspec types, for the OpenAPI document.
        statuses: what it answers when all is well and otherwise, for the OpenAPI document.
    """

    method: str
    path: str
    handler: Handler
    min_version: Version | None = None
    max_version: Version | None = None
    anonymous: bool = False
    stream_request: bool = False
    slow: bool = False
    content_types: tuple[str, ...] = ("application/json",)
    request_schema: type | None = None
    response_schema: type | None = None
    statuses: tuple[int, ...] = ()

    def serves(self, version: Version | None) -> bool:
        """Whether `version` is inside this route's window."""
        if version is None:
            return True
        return (self.min_version is None or self.min_version <= version) and (
            self.max_version is None or version <= self.max_version
        )


@dataclass(frozen=True)
class ServiceApi:
    """All of one service's HTTP side.

    Args:
        name: `compute`, `image`, …
        prefix: `/compute`; "" at a stock port of its own.
        routes: every route.
        envelope: writes error bodies.
        statuses: this service's own statuses where they differ from the common table.
        microversions: its range, or None.
        project_root: a path such as `/v2.1` after which a project id segment may stand.
        request_id_header: a second header of the request id, such as `x-compute-request-id`.
        token_first: who has no token gets 401 whatever else is wrong, as behind the stock token middleware.
        words: this service's own words for errors that the pipeline itself raises.
        service_type: as application credentials' access rules name it; default `name`.
    """

    name: str
    prefix: str
    routes: Sequence[Route]
    envelope: Envelope
    statuses: Mapping[type[errors.StackspanError], int] = field(default_factory=dict)
    microversions: Microversions | None = None
    project_root: str | None = None
    request_id_header: str | None = None
    token_first: bool = True
    words: Mapping[type[errors.StackspanError], str] = field(default_factory=dict)
    service_type: str | None = None


@dataclass
class _Node:
    static: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    routes: dict[str, list[tuple[Route, tuple[str, ...]]]] = field(default_factory=dict)


class Router:
    """Finds a service's route by method, path and version."""

    def __init__(self, api: ServiceApi) -> None:
        self._root = _Node()
        for route in api.routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        node, names = self._root, []
        for segment in route.path.split("/")[1:]:
            if segment.startswith("{") and segment.endswith("}"):
                names.append(segment[1:-1])
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.static.setdefault(segment, _Node())
        node.routes.setdefault(route.method, []).append((route, tuple(names)))

    def find(self, method: str, path: str, version: Version | None) -> tuple[Route, dict[str, str]]:
        """The route and its path parameters; HEAD is served where GET is. Raises RouteNotFound or MethodNotAllowed."""
        allowed: set[str] = set()
        methods = ("HEAD", "GET") if method == "HEAD" else (method,)
        for node, values in _matches(self._root, path.split("/")[1:], ()):
            for served in methods:
                for route, names in node.routes.get(served, ()):
                    if route.serves(version):
                        return route, dict(zip(names, values, strict=True))
            allowed.update(
                other
                for other, candidates in node.routes.items()
                if any(route.serves(version) for route, _ in candidates)
            )
        if allowed:
            if "GET" in allowed:
                allowed.add("HEAD")
            raise MethodNotAllowed(", ".join(sorted(allowed)))
        raise RouteNotFound


def _matches(node: _Node, segments: Sequence[str], values: tuple[str, ...]) -> list[tuple[_Node, tuple[str, ...]]]:
    """All nodes that the segments lead to, static ones before parameters."""
    if not segments:
        return [(node, values)] if node.routes else []
    found = []
    if segments[0] in node.static:
        found += _matches(node.static[segments[0]], segments[1:], values)
    if node.parameter is not None and segments[0]:
        found += _matches(node.parameter, segments[1:], (*values, segments[0]))
    return found
