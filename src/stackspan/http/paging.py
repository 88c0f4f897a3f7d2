"""Paging, as the stock services do it: `limit`, `marker`, and a link to the next page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from stackspan.core import errors
from stackspan.http.request import Request


@dataclass(frozen=True)
class Page:
    """What a list request asks for.

    Args:
        limit: entries to return, never above the service's maximum.
        marker: the id after which the page starts, or None.
        explicit: whether the caller gave a limit.
    """

    limit: int
    marker: str | None
    explicit: bool


def page_of(request: Request, maximum: int = 1000) -> Page:
    """The page that `request` asks for. Raises Invalid in the stock words for a limit that isn't a whole number ≥ 0."""
    text = request.query.get("limit")
    limit = maximum
    if text is not None:
        digits = text.strip().removeprefix("-")
        if not (digits.isascii() and digits.isdigit()):
            raise errors.Invalid("limit param must be an integer")
        if text.strip().startswith("-"):
            raise errors.Invalid("limit param must be positive")
        limit = int(digits[:19])  # far above any maximum already
    return Page(min(limit, maximum), request.query.get("marker"), text is not None)


def next_query(request: Request, marker: str, drop: Sequence[str] = ("marker",)) -> str:
    """The query string of the next page: the request's own, with `marker` after everything else."""
    pairs = [(key, value) for key, value in request.query.pairs if key not in drop]
    return urlencode([*pairs, ("marker", marker)])
