"""Values that occur in many bodies and queries, as the stock service takes them."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import ipaddress
import re
from typing import Annotated, Any

import msgspec

from stackspan.core import errors, ids

# Printable, no space at either end: `\x00`–`\x1f` and DEL aren't printable.
_NAME = r"^[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?\Z"
_TRUE = frozenset({"true", "1", "on", "yes"})
_FALSE = frozenset({"false", "0", "off", "no"})
_DIGITS = re.compile(r"[0-9]{1,18}\Z", re.ASCII)

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=_NAME)]
ZoneName = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^[^\s:](?:[^\x00-\x1f\x7f:]*[^\s:])?\Z")]
Boolean = bool | str
Number = int | str
MetadataKey = Annotated[str, msgspec.Meta(pattern=r"^[a-zA-Z0-9_:. -]{1,255}\Z")]
MetadataValue = Annotated[str, msgspec.Meta(max_length=255)]
Metadata = dict[MetadataKey, MetadataValue]
Host = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^[a-zA-Z0-9._-]+\Z")]


def _refuse(field: str, value: Any, reason: str) -> errors.Invalid:
    return errors.Invalid(f"Invalid input for field/attribute {field}. Value: {str(value)[:255]}. {reason}")


def boolean(field: str, value: Boolean | None, default: bool = False) -> bool:
    """`true`, `"True"`, `"on"`, … → bool. Raises Invalid."""
    if value is None:
        return default
    if isinstance(value, bool):
        return value
    text = value.strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise _refuse(field, value, f"'{value}' is not one of [True, 'True', False, 'False']")


def query_boolean(name: str, text: str) -> bool:
    """A flag in a query; an empty one is set. Raises Invalid."""
    lowered = text.strip().lower()
    if lowered in _TRUE | {"t", "y", ""}:
        return True
    if lowered in _FALSE | {"f", "n"}:
        return False
    raise errors.Invalid(
        f"Unrecognized value '{text}', acceptable values are: '0', '1', 'f', 'false', 'n', 'no', 'off', 'on', 't', "
        f"'true', 'y', 'yes'"
    )


def number(field: str, value: Number | None, default: int = 0, *, minimum: int = 0, maximum: int = 0x7FFFFFFF) -> int:
    """`5` or `"5"` → int within bounds. Raises Invalid."""
    if value is None:
        return default
    if isinstance(value, str):
        sign = -1 if value.startswith("-") else 1
        if not _DIGITS.match(value.removeprefix("-")):
            raise _refuse(field, value, f"'{value}' does not match '^[0-9]*$'")
        found = sign * int(value.removeprefix("-"))
    else:
        found = value
    if found < minimum:
        raise _refuse(field, value, f"{found} is less than the minimum of {minimum}")
    if found > maximum:
        raise _refuse(field, value, f"{found} is greater than the maximum of {maximum}")
    return found


def uuid(field: str, value: str) -> str:
    """A UUID, with or without dashes, in canonical form. Raises Invalid."""
    if not ids.is_uuid_like(value):
        raise _refuse(field, value, f"'{value}' is not a 'uuid'")
    return value.lower()


def address(field: str, value: str | None, version: int | None = None) -> str | None:
    """An IP address, "" for none. Raises Invalid."""
    if not value:
        return None
    try:
        parsed = ipaddress.ip_address(value)
    except ValueError:
        parsed = None
    if parsed is None or (version is not None and parsed.version != version):
        kind = f"ipv{version}" if version else "ip address"
        raise _refuse(field, value, f"'{value}' is not a '{kind}'")
    return str(parsed)


def base64_text(field: str, value: str | None, maximum: int = 65535) -> str | None:
    """Base64 of at most `maximum` characters. Raises Invalid."""
    if value is None:
        return None
    if len(value) > maximum:
        raise _refuse(field, value, "is too long")
    try:
        base64.b64decode(value.encode("utf-8"), validate=False)
        base64.b64decode("".join(value.split()), validate=True)
    except (ValueError, binascii.Error):
        raise _refuse(field, value, "is not a 'base64'") from None
    return value


def disk_config(value: str | None) -> str | None:
    """Either AUTO or MANUAL. Raises Invalid."""
    if value is not None and value not in ("AUTO", "MANUAL"):
        raise _refuse("OS-DCF:diskConfig", value, f"'{value}' is not one of ['AUTO', 'MANUAL']")
    return value


def moment(name: str, text: str) -> dt.datetime:
    """An ISO 8601 time of a query. Raises Invalid."""
    # A `+` of a zone that was sent unescaped arrives as a space.
    cleaned = text.replace(" ", "+") if "T" in text else text
    try:
        parsed = dt.datetime.fromisoformat(cleaned)
    except ValueError:
        raise errors.Invalid(
            f"Invalid input for query parameters {name}. Value: {text}. '{text}' is not a 'date-time'"
        ) from None
    return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=dt.UTC)


def last_segment(value: str) -> str:
    """The id in a reference that may be a whole URL."""
    return value.rstrip("/").rsplit("/", 1)[-1]
