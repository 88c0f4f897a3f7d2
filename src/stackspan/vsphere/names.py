"""Names of inventory objects: vCenter stores `%`, `/` and `\\` escaped and allows 80 characters of the result."""

from __future__ import annotations

import re

MAX_NAME = 80
_STOCK_DISPLAY_LENGTH = 41  # characters of a server's display name in its VM's name, as stock nova
_ESCAPED = re.compile(r"%(25|2f|5c)", re.I)


def escape(name: str) -> str:
    """A name as vCenter stores it."""
    return name.replace("%", "%25").replace("/", "%2f").replace("\\", "%5c")


def to_send(name: str) -> str:
    """A name as a request gives it, so that vCenter stores `escape(name)`.

    vCenter escapes by itself, but takes a `%` that begins an escape sequence as one: only that must be escaped by us.
    """
    return _ESCAPED.sub(lambda match: f"%25{match[1]}", name)


def unescape(name: str) -> str:
    """A stored name as people read it."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), name)


def same(stored: str, wanted: str) -> bool:
    """Whether a name read from vCenter is the (unescaped) name `wanted`."""
    return unescape(stored) == wanted


def vm_name(display_name: str, server_id: str) -> str:
    """`<display name> (<server id>)`, cut so that it fits escaped; unescaped, for `specs.VmPlan.name`."""
    kept = ""
    for char in display_name[:_STOCK_DISPLAY_LENGTH]:
        if len(escape(kept + char)) + len(server_id) + 3 > MAX_NAME:
            break
        kept += char
    return f"{kept} ({server_id})"
