"""Time, as a seam: tests put a clock of their own here."""

from __future__ import annotations

import datetime as dt
import time
from typing import Protocol


class Clock(Protocol):
    """Wall-clock and monotonic time."""

    def now(self) -> dt.datetime:
        """The time in UTC, aware, with microseconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def iso_z(moment: dt.datetime) -> str:
    """`2026-11-23T10:00:00Z`: Compute's, Image's and Network's form."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_micro(moment: dt.datetime, suffix: str = "") -> str:
    """`2026-11-23T10:00:00.000000` (+ `Z` for Identity): Block Storage's and Compute actions' form."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + suffix
