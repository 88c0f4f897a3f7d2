"""Request bodies: decoded straight into msgspec types, with errors in the words users of the stock services know.

A schema is a `msgspec.Struct` (use the base `Body`: unknown fields are refused) whose fields carry `msgspec.Meta` bounds;
it stands in a service's `schemas.py` with the window of microversions it serves.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeVar

import msgspec

from stackspan.core import errors

T = TypeVar("T")

_INT64 = 1 << 63
_MANY_DIGITS = re.compile(rb"\d{19}")

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
"""A display name: 1–255 characters."""

_AT = re.compile(r"^(?P<reason>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
_DECODERS: dict[Any, msgspec.json.Decoder[Any]] = {}  # built on first use: building costs more than decoding


class MalformedBody(errors.Invalid):
    """The body isn't JSON at all."""

    def __init__(self) -> None:
        super().__init__("Malformed request body: it is not valid JSON.")


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Base of request schemas: a field that isn't declared is refused."""


class OpenBody(msgspec.Struct, kw_only=True):
    """Base of request schemas where the stock service ignores fields it doesn't know."""


def decode(body: bytes, kind: type[T]) -> T:
    """Decode a JSON body into `kind`. Raises Invalid: malformed JSON, wrong types, unknown or missing fields, bounds.

    What no database can hold is refused here for all: NUL characters, whole numbers beyond 64 bits.
    """
    decoder = _DECODERS.get(kind)
    if decoder is None:
        decoder = _DECODERS[kind] = msgspec.json.Decoder(kind)
    try:
        result: T = decoder.decode(body)
    except msgspec.ValidationError as error:
        raise errors.Invalid(_in_stock_words(str(error), body)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedBody from error
    if b"\\u0000" in body or _MANY_DIGITS.search(body):
        _refuse_unstorable(msgspec.json.decode(body))
    return result


def _refuse_unstorable(value: Any) -> None:
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, str) and "\x00" in one:
            raise errors.Invalid("Invalid input: NUL characters are not allowed.")
        if isinstance(one, int) and not -_INT64 <= one < _INT64:
            raise errors.Invalid(f"Invalid input: {str(one)[:32]} is out of range.")
        if isinstance(one, dict):
            pending += [*one, *one.values()]
        elif isinstance(one, list):
            pending += one


def convert(value: Any, kind: type[T]) -> T:
    """Like `decode`, for a value that is JSON already (a part of a body)."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise errors.Invalid(_in_stock_words(str(error), None)) from error


def _in_stock_words(text: str, body: bytes | None) -> str:
    match = _AT.match(text)
    reason, path = (match["reason"], match["path"]) if match else (text, None)
    if path is None:
        return f"Invalid input: {reason}."
    field = path.removeprefix("$").lstrip(".") or "body"
    unknown = re.search(r"unknown field `([^`]*)`", reason)
    if unknown:
        return (
            f"Invalid input for field/attribute {field}. Additional properties are not allowed "
            f"('{unknown[1]}' was unexpected)"
        )
    missing = re.search(r"missing required field `([^`]*)`", reason)
    if missing:
        return f"Invalid input for field/attribute {field}. '{missing[1]}' is a required property"
    value = _value_at(body, path) if body is not None else None
    shown = f" Value: {value}." if value is not None else ""
    return f"Invalid input for field/attribute {field.rsplit('.', 1)[-1]}.{shown} {reason}"


def _value_at(body: bytes, path: str) -> str | None:
    # Only for the message: find the offending value, bounded, so that the user sees what was refused.
    try:
        value = msgspec.json.decode(body)
        for key, index in re.findall(r"\.([^.\[\]]+)|\[(\d+)\]", path.removeprefix("$")):
            value = value[key] if key else value[int(index)]
    except (msgspec.DecodeError, KeyError, IndexError, TypeError, RecursionError):
        return None
    return str(value)[:64]
