"""One request on its way through the pipeline: what the ASGI scope says of it."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from stackspan.core import errors, ids
from stackspan.core.context import RequestContext
from stackspan.core.version import Version
from stackspan.http.errors import AddressTooLong
from stackspan.http.request import BodyStream, Query, Request
from stackspan.http.routing import Route, ServiceApi

Scope = MutableMapping[str, Any]

MAX_ADDRESS_BYTES = 64 * 1024  # the longest real ones name a thousand ids


class Call:
    """The request, and what the pipeline has found out about it so far."""

    def __init__(self, scope: Scope, *, forwarded: bool) -> None:
        self.method: str = scope["method"]
        self._raw_path: bytes = (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0]
        self._raw_query: bytes = scope.get("query_string", b"")
        self.path = unquote(self._raw_path.decode("latin-1"))
        self.headers = _headers(scope["headers"])
        self.request_id = ids.new_request_id()
        self.client = scope["client"][0] if scope.get("client") else ""
        self.local_path = self.path
        self.version: Version | None = None
        self.route: Route | None = None
        scheme, host, prefix = scope.get("scheme", "http"), self.headers.get("host", "localhost"), ""
        if forwarded:
            scheme = self._forwarded("proto") or scheme
            host = self._forwarded("host") or host
            prefix = self._forwarded("prefix").rstrip("/")
        self.url_root = f"{scheme}://{host}{prefix}"

    @property
    def token(self) -> str:
        """The caller's token, or ""."""
        return self.headers.get("x-auth-token", "")

    def check(self) -> None:
        """Refuse an address that can't be meant. Raises Invalid, AddressTooLong."""
        if len(self._raw_path) + len(self._raw_query) > MAX_ADDRESS_BYTES:
            raise AddressTooLong
        if "\x00" in self.path or b"%00" in self._raw_query or b"\x00" in self._raw_query:
            raise errors.Invalid("Invalid input: NUL characters are not allowed.")

    def request(
        self,
        api: ServiceApi,
        params: Mapping[str, str],
        context: RequestContext,
        body: bytes,
        stream: BodyStream | None,
    ) -> Request:
        """What the handler gets."""
        query = self._raw_query.decode("utf-8", "replace")
        return Request(
            method=self.method,
            path=self.local_path,
            path_params=params,
            query=Query(parse_qsl(query, keep_blank_values=True) if query else ()),
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
        """The headers that every answer of the service carries."""
        headers = {}
        if api.request_id_header:
            headers[api.request_id_header] = self.request_id
        if api.microversions is not None:
            headers.update(api.microversions.response_headers(self.version))
        return headers

    def _forwarded(self, name: str) -> str:
        # With several proxies in a row the first value is the one the client used.
        return self.headers.get(f"x-forwarded-{name}", "").split(",")[0].strip()


def _headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers
