"""What the parts of Placement's service share."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from stackspan.config.placement import PlacementSettings
from stackspan.core.clock import Clock
from stackspan.db import Database


@dataclass(frozen=True)
class Parts:
    """The tools every part works with."""

    database: Database
    clock: Clock
    settings: PlacementSettings

    def now(self) -> dt.datetime:
        """The time for created_at and updated_at."""
        return self.clock.now()
