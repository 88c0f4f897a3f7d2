"""What can be set about an engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class EngineSettings:
    """Settings of one process's engine.

    Args:
        max_threads: jobs running at a time in this process (at most 256).
        bounds: how many jobs with a limit key may run at a time among all processes, by key (`vcenter:<uuid>`) or by
            the key's part before the colon (`vcenter`); a key without a bound isn't limited.
        lease_seconds, renew_seconds: of a worker's lease, on PostgreSQL.
        poll_seconds: how often to look without having been woken.
        max_wait_seconds: how long a step may go on asking for a Requeue before its job fails.
        delay_factor: on all retry delays; tests make time short with it.
        listen_url: where to LISTEN on PostgreSQL, where a pooler stands before the database; None: the database's own.
    """

    max_threads: int = 256
    bounds: Mapping[str, int] = field(default_factory=dict)
    lease_seconds: float = 10.0
    renew_seconds: float = 3.0
    poll_seconds: float = 1.0
    max_wait_seconds: float = 6 * 3600.0
    delay_factor: float = 1.0
    listen_url: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.max_threads <= 256:
            raise ValueError("max_threads must be between 1 and 256")
        if self.renew_seconds * 2 > self.lease_seconds:
            raise ValueError("a lease must last at least two renewals")

    def bound(self, key: str) -> int | None:
        """How many jobs with this limit key may run; None: any number."""
        return self.bounds.get(key, self.bounds.get(key.partition(":")[0]))
