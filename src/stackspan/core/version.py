"""Microversions: two numbers, compared as such."""

from __future__ import annotations

import re
from typing import NamedTuple

_FORM = re.compile(r"([1-9]\d{0,8}|0)\.([1-9]\d{0,8}|0)\Z", re.ASCII)


class Version(NamedTuple):
    """A microversion such as 2.104."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


def parse(text: str) -> Version:
    """`"2.104"` → Version(2, 104). Raises ValueError for anything that isn't two plain decimal numbers."""
    match = _FORM.match(text)
    if match is None:
        raise ValueError(text)
    return Version(int(match[1]), int(match[2]))
