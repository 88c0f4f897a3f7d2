"""A clock that tests may turn forward."""

from __future__ import annotations

import datetime as dt
import time


class TurnableClock:
    """The machine's clock, plus what `advance` was given."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self._ahead)

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead

    def advance(self, seconds: float) -> None:
        """Turn forward by `seconds`."""
        self._ahead += seconds
