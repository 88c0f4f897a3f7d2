"""Access rules: what an application credential may be used for, as the stock token middleware matches it."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence


def permits(rules: Sequence[tuple[str, str, str]], service_type: str, method: str, path: str) -> bool:
    """Whether one of `rules` (service type, method, path) covers the request.

    In a path `*` and `{name}` stand for one segment, `**` for any number of them.
    """
    return any(
        service == service_type and verb.upper() == method and _pattern(pattern).match(path) is not None
        for service, verb, pattern in rules
    )


@functools.lru_cache(maxsize=1024)
def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*|\*|\{[^/{}]*\})", path)
    text = "".join(_part(part) for part in parts)
    return re.compile(text + r"\Z")


def _part(part: str) -> str:
    if part == "**":
        return ".*"
    if part == "*" or (part.startswith("{") and part.endswith("}")):
        return "[^/]+"
    return re.escape(part)
