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

_PATH = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_SECRET = re.compile("pass|secret|token|blob", re.IGNORECASE)
_NOTHING = object()
_SCHEMA_TYPES = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "object": "object",
    "array": "array",
    "null": "null",
}
# msgspec's words → JSON schema's. `{value}` is the refused value as Python writes it.
_WORDS = tuple(
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        (
            r"Object contains unknown field `(?P<name>[^`]*)`",
            "Additional properties are not allowed ('{name}' was unexpected)",
        ),
        (r"Object missing required field `(?P<name>[^`]*)`", "'{name}' is a required property"),
        (r"Expected `str` of length >= (?P<bound>\d+)", "{value} is too short"),
        (r"Expected `str` of length <= (?P<bound>\d+)", "{value} is too long"),
        (r"Expected `array` of (?:at least )?length >= (?P<bound>\d+)", "{value} is too short"),
        (r"Expected `array` of (?:at most )?length <= (?P<bound>\d+)", "{value} is too long"),
        (r"Expected `object` of length >= (?P<bound>\d+)", "{value} does not have enough properties"),
        (r"Expected `object` of length <= (?P<bound>\d+)", "{value} has too many properties"),
        (r"Expected `str` matching regex (?P<pattern>.*)", "{value} does not match {pattern}"),
        (r"Expected `(?:int|float)` >= (?P<bound>\S+)", "{value} is less than the minimum of {bound}"),
        (r"Expected `(?:int|float)` <= (?P<bound>\S+)", "{value} is greater than the maximum of {bound}"),
        (r"Expected `(?P<kind>[a-z]+)`, got", "{value} is not of type '{kind}'"),
        (r"Expected `(?P<kind>[a-z]+) \| null`, got", "{value} is not of type '{kind}', 'null'"),
        (r"Invalid enum value", "{value} is not one of the values that are allowed"),
    )
)

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
        raise errors.Invalid(_in_stock_words(str(error), _parsed(body))) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedBody from error
    if b"\\u0000" in body or _MANY_DIGITS.search(body):
        _refuse_unstorable(msgspec.json.decode(body))
    return result


def _parsed(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None


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


def convert(value: Any, kind: type[T], name: str = "") -> T:
    """Like `decode`, for a value that is JSON already: the part of a body that stands under `name`."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise errors.Invalid(_in_stock_words(str(error), value, name)) from error


def _in_stock_words(text: str, whole: Any, within: str = "") -> str:
    """msgspec's reason as the stock services' JSON schema would tell it."""
    match = _AT.match(text)
    reason, path = (match["reason"], match["path"] or "$") if match else (text, "$")
    keys = [key or index for key, index in _PATH.findall(path.removeprefix("$"))]
    value = _value_at(whole, keys)
    name = keys[-1] if keys else within
    if _SECRET.search(name):
        value = "***"
    told = _reason(reason, value)
    if not name or value is _NOTHING:
        return told
    return f"Invalid input for field/attribute {name}. Value: {_shown(value)}. {told}"


def _reason(reason: str, value: Any) -> str:
    for pattern, words in _WORDS:
        match = pattern.match(reason)
        if match is not None:
            groups = {name: _SCHEMA_TYPES.get(one or "", one or "") for name, one in match.groupdict().items()}
            shown = "A value" if value is _NOTHING else _bounded(repr(_hidden(value)))
            return words.format(value=shown, **groups)
    return reason


def _value_at(whole: Any, keys: list[str]) -> Any:
    value = whole
    for key in keys:
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return _NOTHING  # msgspec writes `[...]` for what is below a mapping's keys
    return value


def _hidden(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: "***" if _SECRET.search(str(key)) else _hidden(one) for key, one in value.items()}
    return [_hidden(one) for one in value] if isinstance(value, list) else value


def _shown(value: Any) -> str:
    return _bounded(str(_hidden(value)))


def _bounded(text: str) -> str:
    return text if len(text) <= 256 else text[:253] + "..."
