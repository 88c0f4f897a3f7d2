"""Bytes between the event loop and a handler's thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from stackspan.core import errors

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class ClientGone(errors.Invalid):
    """The client closed the connection before its body was complete; nobody reads the answer."""

    def __init__(self) -> None:
        super().__init__("The client closed the connection before the whole body had arrived.")


class ClientStream:
    """The request body for a handler's thread, pulled from the event loop chunk by chunk."""

    def __init__(self, receive: Receive, loop: asyncio.AbstractEventLoop) -> None:
        self._receive = receive
        self._loop = loop
        self._more = True
        self._left = b""

    def read(self, size: int = 65536) -> bytes:
        """Up to `size` bytes; b"" at the end. Raises ClientGone."""
        while self._more and not self._left:
            message = asyncio.run_coroutine_threadsafe(self._next(), self._loop).result()
            if message["type"] == "http.disconnect":
                self._more = False
                raise ClientGone
            self._left = message.get("body", b"")
            self._more = message.get("more_body", False)
        chunk, self._left = self._left[:size], self._left[size:]
        return chunk

    async def _next(self) -> MutableMapping[str, Any]:
        return await self._receive()


async def collect(receive: Receive, limit: int, declared: str) -> bytes:
    """The whole body. Raises TooLarge above `limit` bytes (also when only declared so), ClientGone."""
    if declared.isascii() and declared.isdigit() and (len(declared) > 18 or int(declared) > limit):
        raise errors.TooLarge("Request is too large.")
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise errors.TooLarge("Request is too large.")
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)
