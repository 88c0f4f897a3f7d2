"""Finding routes: paths, methods, windows of versions."""

from __future__ import annotations

import pytest

from stackspan.core.version import Version
from stackspan.http import errors as http_errors
from stackspan.http.errors import MethodNotAllowed, RouteNotFound
from stackspan.http.request import Request, Response
from stackspan.http.routing import Route, Router, ServiceApi


def handler(_req: Request) -> Response:
    return Response()


def router(*routes: Route) -> Router:
    return Router(ServiceApi("compute", "/compute", routes, http_errors.compute_envelope))


def test_a_static_segment_wins_over_a_parameter() -> None:
    found = router(Route("GET", "/servers/{id}", handler), Route("GET", "/servers/detail", handler))
    assert found.find("GET", "/servers/detail", None)[0].path == "/servers/detail"
    route, params = found.find("GET", "/servers/5", None)
    assert (route.path, params) == ("/servers/{id}", {"id": "5"})


def test_a_parameter_is_tried_where_the_static_segment_leads_nowhere() -> None:
    found = router(Route("GET", "/a/{x}/c", handler), Route("GET", "/a/b/d", handler))
    assert found.find("GET", "/a/b/c", None)[1] == {"x": "b"}


def test_paths_are_matched_whole() -> None:
    found = router(Route("GET", "/servers", handler), Route("GET", "/servers/{id}", handler))
    for path in ("/servers/", "/server", "/servers/5/", "/servers//", "/", ""):
        with pytest.raises(RouteNotFound):
            found.find("GET", path, None)


def test_head_is_served_where_get_is() -> None:
    found = router(Route("GET", "/a", handler), Route("GET", "/b", handler), Route("HEAD", "/b", handler))
    assert found.find("HEAD", "/a", None)[0].method == "GET"
    assert found.find("HEAD", "/b", None)[0].method == "HEAD"


def test_another_method_names_those_there_are() -> None:
    found = router(Route("GET", "/a", handler), Route("POST", "/a", handler))
    with pytest.raises(MethodNotAllowed) as refused:
        found.find("DELETE", "/a", None)
    assert refused.value.allowed == "GET, HEAD, POST"


def test_windows_of_versions() -> None:
    old = Route("GET", "/a", handler, max_version=Version(2, 9))
    new = Route("GET", "/a", handler, min_version=Version(2, 10))
    late = Route("GET", "/b", handler, min_version=Version(2, 10))
    found = router(old, new, late)
    assert found.find("GET", "/a", Version(2, 9))[0] is old
    assert found.find("GET", "/a", Version(2, 10))[0] is new
    with pytest.raises(RouteNotFound):
        found.find("GET", "/b", Version(2, 9))


def test_a_method_that_only_another_version_has_is_not_found() -> None:
    found = router(Route("GET", "/a", handler, min_version=Version(2, 10)))
    with pytest.raises(RouteNotFound):
        found.find("POST", "/a", Version(2, 1))
