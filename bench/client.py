"""A client that costs little: kept connections, one per thread, JSON in and out."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


class Refused(Exception):
    """The service answered with another status than was expected."""


class Client:
    """Talks to the service at 127.0.0.1:`port`. Safe for threads."""

    def __init__(self, port: int, password: str) -> None:
        self._port = port
        self._password = password
        self._local = threading.local()
        self.token = ""

    def login(self) -> Json:
        """Get a token as admin; returns its body."""
        user = {"name": "admin", "domain": {"id": "default"}, "password": self._password}
        scope = {"project": {"name": "admin", "domain": {"id": "default"}}}
        return self._auth({"methods": ["password"], "password": {"user": user}}, scope)

    def forget(self) -> None:
        """Drop this thread's connection: the service is about to go."""
        self._local.connection = None

    def reissue(self) -> Json:
        """A token from a token: what an issue costs, the password's hash apart."""
        scope = {"project": {"name": "admin", "domain": {"id": "default"}}}
        return self._auth({"methods": ["token"], "token": {"id": self.token}}, scope, keep=False)

    def call(self, method: str, path: str, body: Any = None, *, expect: int = 200) -> Json:
        """One request with our token. Raises Refused."""
        payload = None if body is None else json.dumps(body).encode()
        status, _headers, content = self.raw(method, path, payload, {"Content-Type": "application/json"})
        if status != expect:
            raise Refused(f"{method} {path}: {status} {content[:500]!r}")
        return json.loads(content) if content else {}

    def raw(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One request; (status, headers in lower case, body)."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        try:
            connection.request(method, path, body, {**headers, "X-Auth-Token": self.token})
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            self._local.connection = None
            raise
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content

    def timed(self, method: str, path: str, *, expect: int = 200) -> float:
        """Seconds of one request."""
        begun = time.perf_counter()
        status, _headers, content = self.raw(method, path, None, {})
        took = time.perf_counter() - begun
        if status != expect:
            raise Refused(f"{method} {path}: {status} {content[:500]!r}")
        return took

    def _auth(self, identity: Json, scope: Json, *, keep: bool = True) -> Json:
        body = json.dumps({"auth": {"identity": identity, "scope": scope}}).encode()
        status, headers, content = self.raw(
            "POST", "/identity/v3/auth/tokens", body, {"Content-Type": "application/json"}
        )
        if status != 201:
            raise Refused(f"no token: {status} {content[:500]!r}")
        if keep:
            self.token = headers["x-subject-token"]
        found: Json = json.loads(content)
        return found
