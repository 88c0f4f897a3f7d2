"""The ASGI application: the one pipeline that every request of every service passes.

Handlers are synchronous and run in a pool of threads; only reading and writing bytes is async. The order of the pipeline
is what stock clients see: unknown route 404, then 401, then a bad version, then the handler.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote

import structlog

from stackspan.core import errors, ids, log
from stackspan.core.context import RequestContext
from stackspan.core.version import Version
from stackspan.http import errors as http_errors
from stackspan.http.request import Query, Request, Response
from stackspan.http.routing import Route, Router, ServiceApi

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
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
        max_body_bytes: collected bodies above it are refused with 413 (streams have their own bounds).
        forwarded: believe X-Forwarded-Proto/Host/Prefix (only behind a proxy that sets them).
    """

    threads: int = 32
    max_body_bytes: int = 1 << 20
    forwarded: bool = False


class _ClientStream:
    """The request body for a handler's thread, pulled from the event loop chunk by chunk."""

    def __init__(self, receive: Receive, loop: asyncio.AbstractEventLoop) -> None:
        self._receive = receive
        self._loop = loop
        self._more = True
        self._left = b""

    def read(self, size: int = 65536) -> bytes:
        while self._more and not self._left:
            message = asyncio.run_coroutine_threadsafe(self._next(), self._loop).result()
            if message["type"] == "http.disconnect":
                self._more = False
                raise errors.Invalid("The client closed the connection before the whole body had arrived.")
            self._left = message.get("body", b"")
            self._more = message.get("more_body", False)
        chunk, self._left = self._left[:size], self._left[size:]
        return chunk

    async def _next(self) -> MutableMapping[str, Any]:
        return await self._receive()


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
        self._threads: Executor = ThreadPoolExecutor(self._settings.threads, thread_name_prefix="api")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    def close(self) -> None:
        """Let running handlers finish and give up the threads."""
        self._threads.shutdown(wait=True)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.monotonic()
        call = _Call(scope, self._settings)
        found = self._service_of(call.path)
        if found is None:
            await _send(send, _not_found(call), call, head=scope["method"] == "HEAD")
            return
        api, router = found
        try:
            response = await self._answer(call, api, router, receive)
        except errors.StackspanError as error:
            response = _error_response(error, call, api)
        response.headers.update(call.response_headers(api))
        await self._send_response(send, response, call)
        if self._observe is not None:
            label = call.route.path if call.route else "-"
            self._observe(api.name, call.method, label, response.status, time.monotonic() - began)

    async def _answer(self, call: _Call, api: ServiceApi, router: Router, receive: Receive) -> Response:
        call.local_path = call.path[len(api.prefix) :] or "/"
        unprefixed, project_id = _strip_project(call.local_path, api.project_root)
        if api.microversions is not None:
            call.version = api.microversions.requested(call.headers)
        try:
            call.route, params = router.find(call.method, call.local_path, call.version)
            project_id = None
        except http_errors.RouteNotFound:
            if project_id is None:
                raise
            call.route, params = router.find(call.method, unprefixed, call.version)
        loop = asyncio.get_running_loop()
        stream = _ClientStream(receive, loop) if call.route.stream_request else None
        body = b"" if stream else await self._collect(receive, call)
        return await loop.run_in_executor(
            self._threads, self._handle, call, api, call.route, params, project_id, body, stream
        )

    def _handle(
        self,
        call: _Call,
        api: ServiceApi,
        route: Route,
        params: Mapping[str, str],
        project_id: str | None,
        body: bytes,
        stream: _ClientStream | None,
    ) -> Response:
        structlog.contextvars.bind_contextvars(request_id=call.request_id)
        try:
            context = self._context(call, route)
            if project_id is not None and context.project_id is not None and project_id != context.project_id:
                raise errors.Invalid(
                    f"Malformed request URL: URL's project_id '{project_id}' doesn't match Context's project_id "
                    f"'{context.project_id}'"
                )
            return route.handler(call.request(api, params, context, body, stream))
        except errors.StackspanError as error:
            return _error_response(error, call, api)
        except Exception:  # noqa: BLE001 - the outermost ring: our own mistake, logged once, told without details
            _LOG.exception("request failed", method=call.method, path=call.path)
            return _error_response(errors.Internal(_unexpected(call, api)), call, api)
        finally:
            structlog.contextvars.clear_contextvars()

    def _context(self, call: _Call, route: Route) -> RequestContext:
        token = call.headers.get("x-auth-token")
        if route.anonymous:
            return RequestContext(request_id=call.request_id, is_anonymous=True, token_id=token or "")
        if not token:
            raise errors.Unauthenticated
        return self._authenticate(token, call.headers.get("x-service-token"), call.request_id)

    async def _collect(self, receive: Receive, call: _Call) -> bytes:
        limit = self._settings.max_body_bytes
        declared = call.headers.get("content-length", "0")
        if declared.isdigit() and int(declared) > limit:
            raise errors.TooLarge("Request is too large.")
        chunks, size = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise errors.Invalid("The client closed the connection before the whole body had arrived.")
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                raise errors.TooLarge("Request is too large.")
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)

    def _service_of(self, path: str) -> tuple[ServiceApi, Router] | None:
        for api, router in self._apis:
            if path == api.prefix or path.startswith(api.prefix + "/"):
                return api, router
        return None

    async def _send_response(self, send: Send, response: Response, call: _Call) -> None:
        if response.stream is None or call.method == "HEAD":
            await _send(send, response, call, head=call.method == "HEAD")
            return
        await send(_start(response, call))
        loop = asyncio.get_running_loop()
        stream = response.stream
        try:
            while True:
                chunk = await loop.run_in_executor(self._threads, _next_chunk, stream)
                if chunk is _END:
                    break
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            with contextlib.suppress(AttributeError):
                stream.close()  # type: ignore[attr-defined]


class _Call:
    """One request on its way through the pipeline."""

    def __init__(self, scope: Scope, settings: HttpSettings) -> None:
        self.method: str = scope["method"]
        self.path: str = (
            unquote(scope["raw_path"].split(b"?")[0].decode("latin-1")) if scope.get("raw_path") else scope["path"]
        )
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self.query_string: str = scope.get("query_string", b"").decode("latin-1")
        self.request_id = ids.new_request_id()
        self.client = scope["client"][0] if scope.get("client") else ""
        self.local_path = self.path
        self.version: Version | None = None
        self.route: Route | None = None
        scheme, host, prefix = scope.get("scheme", "http"), self.headers.get("host", "localhost"), ""
        if settings.forwarded:
            scheme = self.headers.get("x-forwarded-proto", scheme).split(",")[0].strip()
            host = self.headers.get("x-forwarded-host", host).split(",")[0].strip()
            prefix = self.headers.get("x-forwarded-prefix", "").rstrip("/")
        self.url_root = f"{scheme}://{host}{prefix}"

    def request(
        self,
        api: ServiceApi,
        params: Mapping[str, str],
        context: RequestContext,
        body: bytes,
        stream: _ClientStream | None,
    ) -> Request:
        return Request(
            method=self.method,
            path=self.local_path,
            path_params=params,
            query=Query(parse_qsl(self.query_string, keep_blank_values=True)),
            headers=self.headers,
            context=context,
            version=self.version,
            url_root=self.url_root,
            service_url=self.url_root + api.prefix,
            body=body,
            stream=stream,
            content_type=self.headers.get("content-type", ""),
            client=self.client,
        )

    def response_headers(self, api: ServiceApi) -> dict[str, str]:
        headers = {}
        if api.request_id_header:
            headers[api.request_id_header] = self.request_id
        if api.microversions is not None:
            headers.update(api.microversions.response_headers(self.version))
        return headers


def _next_chunk(stream: Iterator[bytes]) -> Any:
    return next(stream, _END)


def _strip_project(path: str, root: str | None) -> tuple[str, str | None]:
    """`/v2.1/<project id>/servers` → (`/v2.1/servers`, project id); else the path and None."""
    if root is None or not path.startswith(root + "/"):
        return path, None
    project_id, slash, rest = path[len(root) + 1 :].partition("/")
    if not ids.is_uuid_like(project_id):
        return path, None
    return f"{root}{slash}{rest}", project_id


def _unexpected(call: _Call, api: ServiceApi) -> str:
    if api.name in ("compute", "volume"):
        return "The server has either erred or is incapable of performing the requested operation."
    return (
        f"An unexpected error prevented the server from fulfilling your request. The request id is {call.request_id}."
    )


def _error_response(error: errors.StackspanError, call: _Call, api: ServiceApi) -> Response:
    status = http_errors.status_of(error, api.statuses)
    if status >= 500:
        _LOG.warning("request refused", status=status, reason=error.log_message, request_id=call.request_id)
    report = http_errors.ErrorReport(
        status=status,
        message=error.user_message,
        request_id=call.request_id,
        type_name=getattr(error, "type_name", type(error).__name__),
        code=getattr(error, "code", "placement.undefined_code"),
    )
    envelope = http_errors.identity_envelope if status == 401 else api.envelope
    body, content_type = envelope(report)
    response = Response(status, body, content_type=content_type)
    if status == 401:
        response.headers["WWW-Authenticate"] = f'Keystone uri="{call.url_root}/identity"'
    if isinstance(error, http_errors.MethodNotAllowed):
        response.headers["Allow"] = error.allowed
    return response


def _not_found(call: _Call) -> Response:
    report = http_errors.ErrorReport(404, "The resource could not be found.", call.request_id, "NotFound", "")
    body, content_type = http_errors.identity_envelope(report)
    return Response(404, body, content_type=content_type)


def _start(response: Response, call: _Call, length: int | None = None) -> MutableMapping[str, Any]:
    headers = [(b"x-openstack-request-id", call.request_id.encode())]
    if response.status not in (204, 304) and response.content_type:
        headers.append((b"content-type", response.content_type.encode("latin-1")))
    if length is not None and "Content-Length" not in response.headers and response.status not in (204, 304):
        headers.append((b"content-length", str(length).encode()))
    headers += [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
    return {"type": "http.response.start", "status": response.status, "headers": headers}


async def _send(send: Send, response: Response, call: _Call, *, head: bool) -> None:
    body = response.encoded()
    await send(_start(response, call, len(body)))
    await send({"type": "http.response.body", "body": b"" if head else body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
