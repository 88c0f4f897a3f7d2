"""Which error is tried again, after how long, and how often: the one table.

Counts are kept per class and step; progress clears them.
"""

from __future__ import annotations

import enum
import random
from dataclasses import dataclass

from stackspan.core import errors


class Fault(enum.StrEnum):
    """What went wrong with a step, as far as trying again is concerned."""

    NEVER = "never"
    BRIEF = "brief"
    CONNECTION = "connection"
    HELD = "held"
    BUG = "bug"  # an exception of no class of ours
    TIMEOUT = "timeout"  # the step's deadline passed


@dataclass(frozen=True)
class Rule:
    """Delays grow from `first` by `factor` to `longest` seconds; the run number `runs` is the last."""

    runs: int
    first: float = 0.0
    factor: float = 2.0
    longest: float = 30.0

    def delay(self, failed: int) -> float:
        """Seconds to wait after so many failed runs, before jitter."""
        return min(self.longest, self.first * self.factor ** (failed - 1))


RULES = {
    Fault.NEVER: Rule(runs=1),
    Fault.BRIEF: Rule(runs=20, first=0.1, longest=5.0),  # ≈ 1 minute
    Fault.CONNECTION: Rule(runs=64, first=0.5, longest=30.0),  # ≈ 30 minutes: a vCenter restarts in ten to twenty
    Fault.HELD: Rule(runs=60, first=2.0, longest=30.0),  # ≈ 28 minutes: a backup's snapshot
    Fault.BUG: Rule(runs=3, first=1.0, factor=4.0),
    Fault.TIMEOUT: Rule(runs=3, first=1.0, factor=4.0),
}
MAX_CRASHES = 10  # workers that may die under a job between two saves before it is parked

_BY_RETRY = {
    errors.Retry.NEVER: Fault.NEVER,
    errors.Retry.BRIEF: Fault.BRIEF,
    errors.Retry.CONNECTION: Fault.CONNECTION,
    errors.Retry.HELD: Fault.HELD,
}


def classify(error: BaseException) -> Fault:
    """The class of an error that a step raised."""
    if isinstance(error, errors.Internal) or not isinstance(error, errors.StackspanError):
        return Fault.BUG
    return _BY_RETRY[error.retry]


def delay_after(fault: Fault, failed: int) -> float | None:
    """Seconds until the next run after `failed` failed ones, ±20 % so that many don't come back together; None: give up."""
    rule = RULES[fault]
    if failed >= rule.runs:
        return None
    return rule.delay(failed) * random.uniform(0.8, 1.2)
