"""The pipeline: what every request of every service meets, whatever its handler does."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from collections.abc import Callable, Iterator, Mapping

import msgspec
import pytest
from tests.support.asgi import InProcess, Reply

from stackspan.core import errors
from stackspan.core.context import RequestContext
from stackspan.core.version import Version
from stackspan.http import errors as http_errors
from stackspan.http.app import HttpApp, HttpSettings
from stackspan.http.microversion import Microversions
from stackspan.http.request import Request, Response, no_content
from stackspan.http.routing import Route, ServiceApi

PROJECT = "0123456789abcdef0123456789abcdef"
TOKEN = {"x-auth-token": "good"}


def authenticate(token: str, service_token: str | None, request_id: str) -> RequestContext:
    if token == "ruled":
        return RequestContext(request_id, access_rules=(("compute", "GET", "/v2.1/echo"),))
    if token != "good":
        raise errors.Unauthenticated
    return RequestContext(request_id, user_id="u", project_id=PROJECT)


class Numbers:
    """A stream that tells whether it was closed."""

    def __init__(self) -> None:
        self.closed = threading.Event()
        self.given = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self.given += 1
        if self.given > 100_000:
            raise StopIteration
        return b"x" * 10

    def close(self) -> None:
        self.closed.set()


class Handlers:
    """A service of odd handlers."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.numbers = Numbers()
        self.go_on = threading.Event()

    def slow(self, _req: Request) -> Response:
        assert self.go_on.wait(30)
        return no_content()

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/", self.echo, anonymous=True),
            Route("GET", "/v2.1/echo", self.echo),
            Route("GET", "/v2.1/echo/{name}", self.echo),
            Route("POST", "/v2.1/echo", self.body),
            Route("GET", "/v2.1/none", lambda _req: no_content()),
            Route("GET", "/v2.1/mistake", self.mistake),
            Route("GET", "/v2.1/unencodable", lambda _req: Response(200, object())),
            Route("GET", "/v2.1/location", self.location),
            Route("GET", "/v2.1/numbers", lambda _req: Response(stream=self.numbers)),
            Route("PUT", "/v2.1/file", self.file, stream_request=True),
            Route("PATCH", "/v2.1/patch", self.body, content_types=("application/json-patch+json",)),
            Route("GET", "/v2.1/late", self.echo, min_version=Version(2, 10)),
            Route("GET", "/v2.1/full", self.full),
            Route("GET", "/v2.1/slow", self.slow, slow=True),
        ]

    def echo(self, req: Request) -> Response:
        self.calls.append("echo")
        return Response(
            200,
            {
                "params": req.path_params,
                "query": req.query.pairs,
                "version": str(req.version),
                "root": req.url_root,
                "service": req.service_url,
                "project": req.context.project_id,
            },
        )

    def body(self, req: Request) -> Response:
        self.calls.append("body")
        return Response(200, {"body": req.json_any()})

    def mistake(self, _req: Request) -> Response:
        raise KeyError("secret detail")

    def location(self, req: Request) -> Response:
        return Response(201, headers={"Location": f"/{req.query.get('name')}"})

    def file(self, req: Request) -> Response:
        assert req.stream is not None
        size = 0
        while chunk := req.stream.read(1000):
            size += len(chunk)
        self.calls.append(f"file {size}")
        return Response(200, {"size": size})

    def full(self, _req: Request) -> Response:
        raise errors.QuotaExceeded("Quota exceeded.", "quota of project p is used up")


Ask = Callable[..., Reply]


@pytest.fixture
def handlers() -> Handlers:
    return Handlers()


@pytest.fixture
def seen() -> list[tuple[str, str, str, int]]:
    return []


@pytest.fixture
def client(handlers: Handlers, seen: list[tuple[str, str, str, int]]) -> Iterator[InProcess]:
    def observe(service: str, method: str, route: str, status: int, seconds: float) -> None:
        assert seconds >= 0
        seen.append((service, method, route, status))

    compute = ServiceApi(
        "compute",
        "/compute",
        handlers.routes(),
        http_errors.compute_envelope,
        statuses={errors.QuotaExceeded: 413},
        microversions=Microversions("compute", Version(2, 1), Version(2, 20), "X-OpenStack-Nova-API-Version"),
        project_root="/v2.1",
        request_id_header="x-compute-request-id",
    )
    app = HttpApp([compute], authenticate, HttpSettings(threads=4, max_body_bytes=1000), observe)
    client = InProcess(app)
    yield client
    client.close()
    app.close()


@pytest.fixture
def ask(client: InProcess) -> Ask:
    def ask(method: str, path: str, headers: Mapping[str, str] = TOKEN, body: bytes = b"") -> Reply:
        reply = client.send(method, path, headers, body)
        assert reply is not None
        return reply

    return ask


def test_an_answer(ask: Ask, seen: list[tuple[str, str, str, int]]) -> None:
    reply = ask("GET", "/compute/v2.1/echo/n%20m?a=1&a=2&b")
    assert reply.status == 200
    assert reply.json()["params"] == {"name": "n m"}
    assert reply.json()["query"] == [["a", "1"], ["a", "2"], ["b", ""]]
    assert reply.json()["service"] == "http://openstack.example/compute"
    assert reply.headers["x-openstack-request-id"] == reply.headers["x-compute-request-id"]
    assert reply.headers["openstack-api-version"] == "compute 2.1"
    assert reply.headers["x-openstack-nova-api-version"] == "2.1"
    assert reply.headers["vary"] == "OpenStack-API-Version, X-OpenStack-Nova-API-Version"
    assert seen == [("compute", "GET", "/v2.1/echo/{name}", 200)]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/compute/v2.1/echo"), ("GET", "/compute/nowhere"), ("PUT", "/compute/v2.1/echo")],
)
def test_without_a_token_401_is_first_of_all(ask: Ask, method: str, path: str) -> None:
    reply = ask(method, path, {"openstack-api-version": "compute 99.1"}, b"{nonsense")
    assert reply.status == 401
    assert reply.json() == {
        "error": {
            "code": 401,
            "message": "The request you have made requires authentication.",
            "title": "Unauthorized",
        }
    }
    assert reply.headers["www-authenticate"] == 'Keystone uri="http://openstack.example/identity"'


def test_a_bad_token(ask: Ask, handlers: Handlers) -> None:
    assert ask("GET", "/compute/v2.1/echo", {"x-auth-token": "bad"}).status == 401
    assert handlers.calls == []


def test_anonymous_routes_need_none(ask: Ask) -> None:
    assert ask("GET", "/compute/", {}).status == 200
    assert ask("GET", "/compute", {}).status == 200


def test_access_rules(ask: Ask) -> None:
    assert ask("GET", "/compute/v2.1/echo", {"x-auth-token": "ruled"}).status == 200
    assert ask("GET", "/compute/v2.1/none", {"x-auth-token": "ruled"}).status == 401


@pytest.mark.parametrize("path", ["/compute/v2.1/echo/", "/compute/v2.1", "/compute/v2.1/late", "/other", "/computer"])
def test_unknown_paths(ask: Ask, path: str) -> None:
    assert ask("GET", path).status == 404


def test_methods(ask: Ask) -> None:
    reply = ask("DELETE", "/compute/v2.1/echo")
    assert reply.status == 405
    assert reply.headers["allow"] == "GET, HEAD, POST"
    reply = ask("OPTIONS", "/compute/v2.1/echo", {})
    assert (reply.status, reply.headers["allow"], reply.content) == (200, "GET, HEAD, POST", b"")


def test_head(ask: Ask) -> None:
    reply = ask("HEAD", "/compute/v2.1/echo")
    assert (reply.status, reply.content) == (200, b"")
    assert int(reply.headers["content-length"]) > 10


def test_head_of_a_stream_reads_nothing(ask: Ask, handlers: Handlers) -> None:
    assert ask("HEAD", "/compute/v2.1/numbers").status == 200
    assert handlers.numbers.given == 0
    assert handlers.numbers.closed.is_set()


def test_no_content(ask: Ask) -> None:
    reply = ask("GET", "/compute/v2.1/none")
    assert (reply.status, reply.content) == (204, b"")
    assert "content-type" not in reply.headers
    assert "content-length" not in reply.headers


def test_versions(ask: Ask) -> None:
    reply = ask("GET", "/compute/v2.1/late", {**TOKEN, "openstack-api-version": "compute 2.10"})
    assert (reply.status, reply.json()["version"]) == (200, "2.10")
    reply = ask("GET", "/compute/v2.1/echo", {**TOKEN, "openstack-api-version": "compute 2.21"})
    assert reply.status == 406
    assert reply.json()["notAcceptable"]["message"].startswith("Version 2.21 is not supported")
    reply = ask("GET", "/compute/v2.1/echo", {**TOKEN, "openstack-api-version": "compute two"})
    assert reply.status == 400


def test_a_project_in_the_path(ask: Ask) -> None:
    assert ask("GET", f"/compute/v2.1/{PROJECT}/echo").status == 200
    reply = ask("GET", f"/compute/v2.1/{PROJECT.replace('0', '1')}/echo")
    assert reply.status == 400
    assert reply.json()["badRequest"]["message"].startswith("Malformed request URL")
    assert ask("GET", "/compute/v2.1/demo/echo").status == 404


def test_a_service_has_its_own_statuses(ask: Ask) -> None:
    reply = ask("GET", "/compute/v2.1/full")
    assert reply.status == 413
    assert reply.json() == {"overLimit": {"code": 413, "message": "Quota exceeded."}}


@pytest.mark.parametrize("path", ["/compute/v2.1/mistake", "/compute/v2.1/unencodable"])
def test_a_mistake_of_ours_tells_nothing(ask: Ask, path: str) -> None:
    reply = ask("GET", path)
    assert reply.status == 500
    assert reply.json() == {
        "computeFault": {
            "code": 500,
            "message": "The server has either erred or is incapable of performing the requested operation.",
        }
    }
    assert "x-openstack-request-id" in reply.headers


def test_a_header_can_not_be_split(ask: Ask) -> None:
    reply = ask("GET", "/compute/v2.1/location?name=a%0d%0aSet-Cookie:%20b")
    assert reply.headers["location"] == "/aSet-Cookie: b"
    assert "set-cookie" not in reply.headers


def test_a_header_beyond_latin_1(ask: Ask) -> None:
    assert ask("GET", "/compute/v2.1/location?name=%E2%82%AC").status == 201


def test_bodies(ask: Ask, handlers: Handlers) -> None:
    json = {**TOKEN, "content-type": "application/json; charset=utf-8"}
    assert ask("POST", "/compute/v2.1/echo", json, b'{"a": 1}').json() == {"body": {"a": 1}}
    assert ask("POST", "/compute/v2.1/echo", TOKEN, b'{"a": 1}').status == 200
    assert ask("POST", "/compute/v2.1/echo", json, b"{nonsense").status == 400
    assert ask("POST", "/compute/v2.1/echo", {**TOKEN, "content-type": "text/plain"}, b"{}").status == 415
    patch = {**TOKEN, "content-type": "application/json-patch+json"}
    assert ask("PATCH", "/compute/v2.1/patch", patch, b"[]").status == 200
    assert ask("PATCH", "/compute/v2.1/patch", json, b"[]").status == 415


def test_bodies_above_the_limit(ask: Ask, client: InProcess, handlers: Handlers) -> None:
    assert ask("POST", "/compute/v2.1/echo", TOKEN, b"[" + b" " * 1000 + b"]").status == 413
    assert ask("POST", "/compute/v2.1/echo", {**TOKEN, "content-length": "1001"}).status == 413
    assert ask("POST", "/compute/v2.1/echo", {**TOKEN, "content-length": "9" * 5000}).status == 413
    reply = client.send("POST", "/compute/v2.1/echo", TOKEN, [b"x" * 600, b"x" * 600])
    assert reply is not None
    assert reply.status == 413
    assert handlers.calls == []


def test_an_address_above_the_limit(ask: Ask) -> None:
    assert ask("GET", "/compute/v2.1/echo?a=" + "x" * 70_000).status == 414
    assert ask("GET", "/compute/v2.1/echo?" + "&".join(f"id={n}" for n in range(5000))).status == 200


@pytest.mark.parametrize("path", ["/compute/v2.1/echo/a%00", "/compute/v2.1/echo?a=%00"])
def test_nul(ask: Ask, path: str) -> None:
    assert ask("GET", path).status == 400


@pytest.mark.parametrize(
    "path", ["/compute/v2.1/echo/%ff", "/compute/v2.1/echo/%", "/compute/v2.1/echo?a=%ff%zz", "/compute/v2.1/echo?=&&;"]
)
def test_odd_escapes(ask: Ask, path: str) -> None:
    assert ask("GET", path).status == 200


def test_a_client_that_leaves_in_its_body(client: InProcess, handlers: Handlers) -> None:
    assert client.send("POST", "/compute/v2.1/echo", TOKEN, [b"{"], cut_off=True) is None
    assert client.send("PUT", "/compute/v2.1/file", TOKEN, [b"abc"], cut_off=True) is None
    assert handlers.calls == []


def test_a_streamed_body(client: InProcess, handlers: Handlers) -> None:
    reply = client.send("PUT", "/compute/v2.1/file", TOKEN, [b"x" * 5000] * 20)
    assert reply is not None
    assert reply.json() == {"size": 100_000}


def test_a_streamed_answer(ask: Ask, handlers: Handlers) -> None:
    handlers.numbers.given = 99_990
    reply = ask("GET", "/compute/v2.1/numbers")
    assert reply.content == b"x" * 100
    assert handlers.numbers.closed.is_set()


def test_a_client_that_leaves_in_the_answer(client: InProcess, handlers: Handlers) -> None:
    client.send("GET", "/compute/v2.1/numbers", TOKEN, leaves=True)
    deadline = time.monotonic() + 10
    while not handlers.numbers.closed.wait(0.01):
        assert time.monotonic() < deadline
    assert handlers.numbers.given < 100_000


def test_a_crowd_of_slow_requests_keeps_nobody_waiting(client: InProcess, ask: Ask, handlers: Handlers) -> None:
    with concurrent.futures.ThreadPoolExecutor(12) as threads:
        crowd = [threads.submit(ask, "GET", "/compute/v2.1/slow") for _ in range(12)]
        assert ask("GET", "/compute/v2.1/echo").status == 200
        assert not any(one.done() for one in crowd)
        handlers.go_on.set()
        assert {one.result().status for one in crowd} == {204}


def test_repeated_headers_are_one_list(client: InProcess) -> None:
    headers = [
        ("X-Auth-Token", "good"),
        ("OpenStack-API-Version", "volume 3.1"),
        ("OpenStack-API-Version", "compute 2.9"),
    ]
    reply = client.send("GET", "/compute/v2.1/echo", headers)
    assert reply is not None
    assert reply.json()["version"] == "2.9"


def test_behind_a_proxy(handlers: Handlers) -> None:
    api = ServiceApi("compute", "/compute", handlers.routes(), http_errors.compute_envelope)
    headers = {
        **TOKEN,
        "x-forwarded-proto": "https",
        "x-forwarded-host": "cloud.example, inner",
        "x-forwarded-prefix": "/openstack/",
    }
    for forwarded, root in ((True, "https://cloud.example/openstack"), (False, "http://openstack.example")):
        app = HttpApp([api], authenticate, HttpSettings(threads=1, forwarded=forwarded))
        client = InProcess(app)
        reply = client.send("GET", "/compute/v2.1/echo", headers)
        assert reply is not None
        assert reply.json()["root"] == root
        client.close()
        app.close()


def test_at_the_root_of_a_port_of_its_own(handlers: Handlers) -> None:
    app = HttpApp([ServiceApi("compute", "", handlers.routes(), http_errors.compute_envelope)], authenticate)
    client = InProcess(app)
    for path in ("/", "/v2.1/echo"):
        reply = client.send("GET", path, TOKEN)
        assert reply is not None
        assert reply.status == 200
        assert msgspec.json.decode(reply.content)["service"] == "http://openstack.example"
    client.close()
    app.close()
