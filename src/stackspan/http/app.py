"""The ASGI application: the one pipeline that every request of every service passes.

Handlers are synchronous and run in a pool of threads; only reading and writing bytes is async. What a client without a
token sees is 401, whatever else is wrong (as behind the stock token middleware); then an unknown route is 404, then a bad
version or body is told.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from stackspan.core import errors, ids, log
from stackspan.core.context import RequestContext
from stackspan.http import access_rules, refusals
from stackspan.http import errors as http_errors
from stackspan.http.call import Call, Scope
from stackspan.http.request import Response
from stackspan.http.routing import Route, Router, ServiceApi
from stackspan.http.streams import ClientGone, ClientStream, Receive, collect

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_LOG = log.get(__name__)
_END = object()


class Authenticate(Protocol):
    """Turns a token into the caller; Identity's façade fits."""

    def __call__(self, token: str, service_token: str | None, request_id: str) -> RequestContext:
        """Raise Unauthenticated where the token doesn't count."""
        ...


class Observe(Protocol):
    """Told of every answered request (metrics)."""

    def __call__(self, service: str, method: str, route: str, status: int, seconds: float) -> None: ...


@dataclass(frozen=True)
class HttpSettings:
    """How requests are taken.

    Args:
        threads: handlers that run at the same time.
        stream_threads: of them apart, those that read a streamed body: one lasts as long as its client sends.
        slow_threads: of them apart, those of routes marked slow.
        max_body_bytes: collected bodies above it are refused with 413 (streams have their own bounds).
        forwarded: believe X-Forwarded-Proto/Host/Prefix (only behind a proxy that sets them).
    """

    threads: int = 32
    stream_threads: int = 32
    slow_threads: int = 4
    max_body_bytes: int = 1 << 20
    forwarded: bool = False


class HttpApp:
    """The ASGI callable.

    Args:
        apis: the services, each with its prefix.
        authenticate: token → caller.
        settings: limits.
        observe: called after each request.
    """

    def __init__(
        self,
        apis: Sequence[ServiceApi],
        authenticate: Authenticate,
        settings: HttpSettings | None = None,
        observe: Observe | None = None,
    ) -> None:
        self._settings = settings or HttpSettings()
        self._authenticate = authenticate
        self._observe = observe
        self._apis = sorted(((api, Router(api)) for api in apis), key=lambda pair: -len(pair[0].prefix))
        self._threads = ThreadPoolExecutor(self._settings.threads, thread_name_prefix="api")
        self._stream_threads = ThreadPoolExecutor(self._settings.stream_threads, thread_name_prefix="api-stream")
        self._slow_threads = ThreadPoolExecutor(self._settings.slow_threads, thread_name_prefix="api-slow")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    def close(self) -> None:
        """Let running handlers finish and give up the threads."""
        for threads in (self._threads, self._stream_threads, self._slow_threads):
            threads.shutdown(wait=True)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.monotonic()
        call = Call(scope, forwarded=self._settings.forwarded)
        found = self._service_of(call.path)
        if found is None:
            await _send(send, refusals.no_service(call), call)
            return
        api, router = found
        try:
            response = await self._answer(call, api, router, receive)
        except ClientGone:
            return
        except errors.StackspanError as error:
            response = refusals.response(_first_of_all(error, call, api), call, api)
        except Exception:  # noqa: BLE001 - the outermost ring, as in `_handle`
            response = _mistake(call, api)
        response.headers = {**call.response_headers(api), **response.headers}
        await self._send_response(send, response, call, receive)
        if self._observe is not None:
            label = call.route.path if call.route else "-"
            self._observe(api.name, call.method, label, response.status, time.monotonic() - began)

    async def _answer(self, call: Call, api: ServiceApi, router: Router, receive: Receive) -> Response:
        call.check()
        call.local_path = call.path[len(api.prefix) :] or "/"
        if api.microversions is not None:
            call.version = api.microversions.requested(call.headers)
        try:
            route, params, project_id = _route_of(call, api, router)
        except http_errors.MethodNotAllowed as error:
            if call.method != "OPTIONS":
                raise
            return Response(200, headers={"Allow": error.allowed})
        call.route = route
        if not route.anonymous and not call.token:
            raise errors.Unauthenticated
        loop = asyncio.get_running_loop()
        stream = ClientStream(receive, loop) if route.stream_request else None
        declared = call.headers.get("content-length", "")
        body = b"" if stream else await collect(receive, self._settings.max_body_bytes, declared)
        if body:
            _check_content_type(call, route)
        threads = self._stream_threads if stream else self._slow_threads if route.slow else self._threads
        return await loop.run_in_executor(threads, self._handle, call, api, route, params, project_id, body, stream)

    def _handle(
        self,
        call: Call,
        api: ServiceApi,
        route: Route,
        params: Mapping[str, str],
        project_id: str | None,
        body: bytes,
        stream: ClientStream | None,
    ) -> Response:
        structlog.contextvars.bind_contextvars(request_id=call.request_id)
        try:
            context = self._context(call, api, route)
            if project_id is not None and context.project_id is not None and project_id != context.project_id:
                raise errors.Invalid(
                    f"Malformed request URL: URL's project_id '{project_id}' doesn't match Context's project_id "
                    f"'{context.project_id}'"
                )
            response = route.handler(call.request(api, params, context, body, stream))
            if response.stream is None:
                response.body = response.encoded()  # here, not on the event loop: lists are long
            return response
        except ClientGone:
            raise
        except errors.StackspanError as error:
            return refusals.response(error, call, api)
        except Exception:  # noqa: BLE001 - the outermost ring: our own mistake, logged once, told without details
            return _mistake(call, api)
        finally:
            structlog.contextvars.clear_contextvars()

    def _context(self, call: Call, api: ServiceApi, route: Route) -> RequestContext:
        if route.anonymous:
            return RequestContext(request_id=call.request_id, is_anonymous=True, token_id=call.token)
        context = self._authenticate(call.token, call.headers.get("x-service-token"), call.request_id)
        rules = context.access_rules
        if rules is not None and not context.service_roles:
            service_type = api.service_type or api.name
            if not access_rules.permits(rules, service_type, call.method, call.local_path):
                raise errors.Unauthenticated
        return context

    def _service_of(self, path: str) -> tuple[ServiceApi, Router] | None:
        for api, router in self._apis:
            if path == api.prefix or path.startswith(api.prefix + "/"):
                return api, router
        return None

    async def _send_response(self, send: Send, response: Response, call: Call, receive: Receive) -> None:
        if response.stream is None or call.method == "HEAD":
            _close(response.stream)
            await _send(send, response, call)
            return
        await send(_start(response, call))
        loop = asyncio.get_running_loop()
        stream = response.stream
        # The server tells of a client that went away only to who listens; the bytes of an image are not read for nobody.
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            while not gone.done():
                chunk = await loop.run_in_executor(self._threads, next, stream, _END)
                if chunk is _END:
                    await send({"type": "http.response.body", "body": b""})
                    break
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        finally:
            gone.cancel()
            await loop.run_in_executor(self._threads, _close, stream)


def _route_of(call: Call, api: ServiceApi, router: Router) -> tuple[Route, dict[str, str], str | None]:
    """The route, its parameters, and the project id that stood in the path, if one did."""
    try:
        return *router.find(call.method, call.local_path, call.version), None
    except http_errors.RouteNotFound:
        unprefixed, project_id = _strip_project(call.local_path, api.project_root)
        if project_id is None:
            raise
        return *router.find(call.method, unprefixed, call.version), project_id


def _strip_project(path: str, root: str | None) -> tuple[str, str | None]:
    """`/v2.1/<project id>/servers` → (`/v2.1/servers`, project id); else the path and None."""
    if root is None or not path.startswith(root + "/"):
        return path, None
    project_id, slash, rest = path[len(root) + 1 :].partition("/")
    if not ids.is_uuid_like(project_id):
        return path, None
    return f"{root}{slash}{rest}", project_id


def _check_content_type(call: Call, route: Route) -> None:
    given = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given and given not in route.content_types:
        raise http_errors.UnsupportedMediaType(given[:255])


def _first_of_all(error: errors.StackspanError, call: Call, api: ServiceApi) -> errors.StackspanError:
    anonymous = call.route is not None and call.route.anonymous
    if api.token_first and not call.token and not anonymous:
        return errors.Unauthenticated()
    return error


def _mistake(call: Call, api: ServiceApi) -> Response:
    _LOG.exception("request failed", method=call.method, path=call.path, request_id=call.request_id)
    return refusals.response(errors.Internal(refusals.unexpected(call, api)), call, api)


def _start(response: Response, call: Call, length: int | None = None) -> MutableMapping[str, Any]:
    headers = [(b"x-openstack-request-id", call.request_id.encode())]
    bodiless = response.status in (204, 304)
    if not bodiless and response.content_type and (length or response.stream is not None):
        headers.append((b"content-type", _header_value(response.content_type)))
    if length is not None and not bodiless and "Content-Length" not in response.headers:
        headers.append((b"content-length", str(length).encode()))
    headers += [(name.lower().encode("latin-1"), _header_value(value)) for name, value in response.headers.items()]
    return {"type": "http.response.start", "status": response.status, "headers": headers}


def _header_value(text: str) -> bytes:
    # A name that a user chose may end up here (a Location): it must not begin a header of its own.
    return text.encode("utf-8", "replace").translate(None, b"\r\n\x00")


async def _send(send: Send, response: Response, call: Call) -> None:
    body = response.encoded()
    await send(_start(response, call, len(body)))
    silent = call.method == "HEAD" or response.status in (204, 304)
    await send({"type": "http.response.body", "body": b"" if silent else body})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _close(stream: Iterator[bytes] | None) -> None:
    with contextlib.suppress(AttributeError):
        stream.close()  # type: ignore[union-attr]


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
