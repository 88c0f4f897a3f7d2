"""Every call to vCenter goes through `invoke`: operation id, activation id, count, seconds, translated fault.

vCenter writes the `operationID` of the SOAP header into its logs (vpxd, hostd); `activationId` is kept in the task that
the call starts, so that a resumed job finds its own. Both travel in pyVmomi's request context, which is per thread.
"""

from __future__ import annotations

import collections
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pyVmomi.VmomiSupport import GetRequestContext

# (method, seconds, outcome): outcome is "ok" or the name of the fault. Called in the caller's thread: be quick.
CallObserver = Callable[[str, float, str], None]

# Calls that change nothing, or whose repetition leaves nothing behind that outlives the session: repeated by themselves
# after a broken connection. All others are left to the job, which looks first.
_REPEATABLE_PREFIXES = ("Retrieve", "Find", "Query", "Fetch", "Search", "Check", "HasPrivilege", "CurrentTime")
_REPEATABLE = frozenset({"HttpNfcLeaseProgress", "PlaceVm", "CreateImportSpec", "Login"})


@dataclass
class MethodCount:
    """How often a method was called, for how many seconds in all, and how many calls failed."""

    calls: int = 0
    seconds: float = 0.0
    failures: int = 0


class CallCounts:
    """Counts per method; thread-safe. Feeds the tests' call budgets and, through an observer, /metrics."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, MethodCount] = collections.defaultdict(MethodCount)

    def add(self, method: str, seconds: float, outcome: str) -> None:
        """Count one finished call."""
        with self._lock:
            count = self._counts[method]
            count.calls += 1
            count.seconds += seconds
            count.failures += outcome != "ok"

    def snapshot(self) -> dict[str, MethodCount]:
        """A copy of the counts, by method."""
        with self._lock:
            return {name: MethodCount(c.calls, c.seconds, c.failures) for name, c in self._counts.items()}


def repeatable(method: str) -> bool:
    """Whether `method` may be called again without looking first."""
    return method in _REPEATABLE or method.startswith(_REPEATABLE_PREFIXES)


@contextlib.contextmanager
def request_context(op_id: str | None, activation_id: str | None) -> Iterator[None]:
    """Sends `operationID` and `activationId` in the SOAP header of this thread's calls inside the block."""
    context = GetRequestContext()
    before = dict(context)
    if op_id:
        context["operationID"] = op_id
    if activation_id:
        context["activationId"] = activation_id
    try:
        yield
    finally:
        context.clear()
        context.update(before)


@contextlib.contextmanager
def observed(method: str, observers: tuple[CallObserver, ...]) -> Iterator[None]:
    """Times the block and tells the observers, failure or not."""
    start = time.perf_counter()
    outcome = "ok"
    try:
        yield
    except BaseException as error:
        outcome = str(getattr(error, "_wsdlName", type(error).__name__))
        raise
    finally:
        seconds = time.perf_counter() - start
        for observe in observers:
            observe(method, seconds, outcome)


def bound_method(managed_object: Any, method: str) -> Callable[..., Any]:
    """The method of a pyVmomi managed object by its WSDL name (`PowerOnVM_Task`)."""
    found: Callable[..., Any] = getattr(managed_object, method)
    return found
