"""Threads that run jobs: one each, made when needed, reused, gone after a while of nothing to do."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable

_IDLE_SECONDS = 30.0


class Threads:
    """A pool that never queues: the caller counts its jobs and gives no more than it wants threads.

    The threads are daemons, unlike those of `concurrent.futures`: one that hangs in a call must not keep the process.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0
        self._numbers = itertools.count(1)

    def submit(self, work: Callable[[], None]) -> None:
        """Run `work`, which must not raise, in a thread at once."""
        with self._lock:
            reuse = self._idle > 0
            if reuse:
                self._idle -= 1
        if reuse:
            self._work.put(work)
            return
        threading.Thread(
            target=self._run, args=(work,), name=f"{self._name}-{next(self._numbers)}", daemon=True
        ).start()

    def close(self) -> None:
        """Let idle threads end; those at work end after it."""
        with self._lock:
            idle, self._idle = self._idle, 0
        for _ in range(idle):
            self._work.put(None)

    def _run(self, work: Callable[[], None] | None) -> None:
        while work is not None:
            work()
            work = self._next()

    def _next(self) -> Callable[[], None] | None:
        with self._lock:
            self._idle += 1
        try:
            return self._work.get(timeout=_IDLE_SECONDS)
        except queue.Empty:
            pass
        with self._lock:
            if self._idle > 0:
                self._idle -= 1
                return None
        return self._work.get()  # someone has counted on this thread in that very moment
