"""What a handler gets and gives back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import msgspec

from stackspan.core import errors
from stackspan.core.context import RequestContext
from stackspan.core.version import Version
from stackspan.http import validation

T = TypeVar("T")


class BodyStream(Protocol):
    """The request's body as it arrives, for handlers of routes with `stream_request`."""

    def read(self, size: int = 65536) -> bytes:
        """Up to about `size` bytes; b"" at the end. Raises Invalid if the client goes away."""
        ...


class Query:
    """Query parameters, in order and with repeats."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.pairs = tuple(pairs)

    def get(self, name: str, default: str | None = None) -> str | None:
        """The last value of `name`, as the stock services take it, or `default`."""
        found = default
        for key, value in self.pairs:
            if key == name:
                found = value
        return found

    def integer(self, name: str, minimum: int = 0, maximum: int = (1 << 31) - 1) -> int | None:
        """The whole number given as `name`, or None. Raises Invalid for anything else and out of bounds."""
        text = self.get(name)
        if text is None:
            return None
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 19):
            raise errors.Invalid(f"{name} param must be an integer")
        if not minimum <= int(text) <= maximum:
            raise errors.Invalid(f"{name} param must be between {minimum} and {maximum}")
        return int(text)

    def all(self, name: str) -> list[str]:
        """All values of `name`, in order."""
        return [value for key, value in self.pairs if key == name]

    def __contains__(self, name: str) -> bool:
        return any(key == name for key, _ in self.pairs)

    def names(self) -> set[str]:
        """The parameter names that were given."""
        return {key for key, _ in self.pairs}


@dataclass
class Request:
    """One request, authenticated and routed."""

    method: str
    path: str  # below the service's prefix, decoded
    path_params: Mapping[str, str]
    query: Query
    headers: Mapping[str, str]  # names in lower case
    context: RequestContext
    version: Version | None  # the microversion to answer in; None where the service has none
    url_root: str  # scheme://host[:port], without prefix
    service_url: str  # url_root + the service's prefix: absolute links start here
    body: bytes = b""
    stream: BodyStream | None = None
    content_type: str = ""
    client: str = ""

    def json(self, kind: type[T]) -> T:
        """The body as a msgspec type; raises Invalid in the stock services' words (see `validation`)."""
        return validation.decode(self.body, kind)

    def json_any(self) -> Any:
        """The body as plain JSON; raises Invalid when malformed."""
        return validation.decode(self.body, Any)

    def param(self, name: str) -> str:
        """A path parameter."""
        return self.path_params[name]


@dataclass
class Response:
    """A handler's answer.

    `body` is encoded as JSON unless it is bytes; `stream` yields the bytes of a long answer (then `body` is unused).
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    stream: Iterator[bytes] | None = None

    def encoded(self) -> bytes:
        """The body's bytes."""
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        return msgspec.json.encode(self.body)


def no_content() -> Response:
    """204 without a body."""
    return Response(204)


def require(condition: bool, message: str) -> None:
    """Raise Invalid(message) unless `condition`."""
    if not condition:
        raise errors.Invalid(message)
