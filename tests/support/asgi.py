"""Requests to an ASGI application in process: an event loop in a thread, no socket."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec

ROOT = "http://openstack.example"


@dataclass(frozen=True)
class Reply:
    """An answer; header names are in lower case, `sent` is (name, value) as they were sent."""

    status: int
    headers: Mapping[str, str]
    sent: tuple[tuple[str, str], ...]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        """The body; None where there is none."""
        return msgspec.json.decode(self.content) if self.content else None


class InProcess:
    """Sends requests to `app` one by one. Close it: it owns a thread."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="asgi", daemon=True)
        self._thread.start()

    def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        body: bytes | Iterable[bytes] = b"",
        *,
        cut_off: bool = False,
        leaves: bool = False,
        timeout_seconds: float = 60.0,
    ) -> Reply | None:
        """One request. `target` is path and query as they go over the wire; other characters are escaped.

        Args:
            body: bytes, or the chunks it arrives in.
            cut_off: the client goes away after the last chunk, before its body is complete.
            leaves: the client goes away once its body is complete, without waiting for the answer.

        Returns None where the application answered nothing.
        """
        chunks = [body] if isinstance(body, bytes) else list(body)
        pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
        future = asyncio.run_coroutine_threadsafe(
            self._send(method, target, pairs, chunks, cut_off, leaves), self._loop
        )
        return future.result(timeout_seconds)

    def close(self) -> None:
        """Stop the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _send(
        self,
        method: str,
        target: str,
        headers: list[tuple[str, str]],
        chunks: list[bytes],
        cut_off: bool,
        leaves: bool,
    ) -> Reply | None:
        path, _, query = target.partition("?")
        raw_path = quote(path, safe="%/:@!$&'()*+,;=~-._").encode()
        messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": chunk, "more_body": cut_off or at < len(chunks) - 1}
            for at, chunk in enumerate(chunks)
        ]
        answered = asyncio.Event()
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if messages:
                return messages.pop(0)
            if not (cut_off or leaves):
                await answered.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                answered.set()

        scope = {
            "type": "http",
            "method": method,
            "scheme": ROOT.partition(":")[0],
            "path": path,
            "raw_path": raw_path,
            "query_string": quote(query, safe="%/:@!$&'()*+,;=~-._?[]{}").encode(),
            "headers": [(b"host", ROOT.partition("//")[2].encode())]
            + [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
            "client": ("192.0.2.1", 4711),
        }
        await self._app(scope, receive, send)
        if not sent:
            return None
        pairs = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in sent[0]["headers"])
        content = b"".join(message.get("body", b"") for message in sent[1:])
        return Reply(sent[0]["status"], dict(pairs), pairs, content)
