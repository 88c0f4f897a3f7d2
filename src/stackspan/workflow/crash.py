"""Named places at which a test lets a worker die.

An engine is given a `CrashPoints`; the one that programs run with does nothing. A test's raises `Crash`, which nothing
catches: the engine is dropped where it stands, writes nothing more, and a new one on the same database takes over. Or it
kills the process for real.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

# In the order in which a step meets them. `in_*` is inside the transaction, just before its commit.
STEP_POINTS = ("before_step", "after_step", "before_save", "in_save", "after_save")
UNDO_POINTS = ("before_fail", "in_fail", "after_fail", "before_undo", "after_undo", "before_undo_save", "in_undo_save",
               "after_undo_save")  # fmt: skip
CANCEL_POINTS = ("before_cancel", "in_cancel", "after_cancel")
POINTS = ("after_claim", *STEP_POINTS, *UNDO_POINTS, *CANCEL_POINTS)


class Crash(BaseException):
    """The worker dies here."""


class CrashPoints:
    """Never crashes."""

    def at(self, point: str, workflow: str, step: str) -> None:
        """The worker is at `point` (one of POINTS) of a step of a workflow (`server.create`)."""


class CrashAt(CrashPoints):
    """Crashes once, the `nth` time that a worker is at a point.

    Args:
        point: one of POINTS.
        step: only at this step; None: at any.
        workflow: only in this workflow; None: in any.
        nth: 1 is the first time.
        action: what to do instead of raising Crash, such as killing the process.
    """

    def __init__(
        self,
        point: str,
        step: str | None = None,
        *,
        workflow: str | None = None,
        nth: int = 1,
        action: Callable[[], None] | None = None,
    ) -> None:
        if point not in POINTS:
            raise ValueError(f"{point} is no crash point")
        self._point, self._step, self._workflow = point, step, workflow
        self._left = nth
        self._action = action
        self._lock = threading.Lock()
        self.crashed = False

    def at(self, point: str, workflow: str, step: str) -> None:
        """Crash, if this is the place and the time."""
        if point != self._point or self._step not in (None, step) or self._workflow not in (None, workflow):
            return
        with self._lock:
            self._left -= 1
            if self._left != 0:
                return
            self.crashed = True
        if self._action is None:
            raise Crash(f"{point} {step}")
        self._action()
