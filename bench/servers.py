"""Booting and deleting servers through the API, with the times that the service itself noted."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from bench.lab import Lab

_DEADLINE = 300.0
_POLL = 0.1


@dataclass(frozen=True)
class Run:
    """Some servers posted, or deleted, at once. `seconds`: from the first request to the last server's end."""

    ids: tuple[str, ...]
    seconds: float
    failed: int


def boot(lab: Lab, number: int, *, threads: int = 50) -> Run:
    """Post `number` servers at once and wait until all are ACTIVE or ERROR."""
    body = {"imageRef": lab.image_id, "flavorRef": lab.flavor_id, "networks": [{"uuid": lab.network_id}]}

    def post(index: int) -> str:
        server = {**body, "name": f"bench-{index}"}
        created = lab.client.call("POST", "/compute/v2.1/servers", {"server": server}, expect=202)
        return str(created["server"]["id"])

    begun = time.time()
    with ThreadPoolExecutor(min(threads, number)) as pool:
        ids = tuple(pool.map(post, range(number)))
    wanted, servers = set(ids), []
    deadline = time.monotonic() + _DEADLINE
    while time.monotonic() < deadline:
        servers = [server for server in listing(lab) if server["id"] in wanted]
        if len(servers) == number and all(server["status"] in ("ACTIVE", "ERROR") for server in servers):
            break
        time.sleep(_POLL)
    active = [server for server in servers if server["status"] == "ACTIVE"]
    ends = [_seconds(server["OS-SRV-USG:launched_at"]) for server in active]
    return Run(ids, max(ends, default=begun + _DEADLINE) - begun, number - len(active))


def delete(lab: Lab, ids: Sequence[str], *, threads: int = 20) -> Run:
    """Delete servers at once and wait until they are gone."""
    begun = time.time()
    with ThreadPoolExecutor(min(threads, len(ids))) as pool:
        list(pool.map(lambda one: lab.client.call("DELETE", f"/compute/v2.1/servers/{one}", expect=204), ids))
    left, deadline = set(ids), time.monotonic() + _DEADLINE
    while left and time.monotonic() < deadline:
        time.sleep(_POLL)
        left &= {server["id"] for server in listing(lab)}
    ends = [
        _seconds(server["OS-SRV-USG:terminated_at"])
        for server in lab.client.call("GET", "/compute/v2.1/servers/detail?deleted=True&limit=1000")["servers"]
        if server["id"] in ids and server["OS-SRV-USG:terminated_at"]
    ]
    return Run(tuple(ids), max(ends, default=begun + _DEADLINE) - begun, len(left))


def listing(lab: Lab) -> list[dict[str, Any]]:
    """All servers, with details."""
    found: list[dict[str, Any]] = []
    marker = ""
    while True:
        page = lab.client.call("GET", f"/compute/v2.1/servers/detail?limit=1000{marker}")["servers"]
        found += page
        if len(page) < 1000:
            return found
        marker = f"&marker={page[-1]['id']}"


def during(work: Callable[[], object], measure: Callable[[], float]) -> list[float]:
    """What `measure` gave, again and again while `work` was running."""
    found: list[float] = []
    worker = threading.Thread(target=work)
    worker.start()
    while worker.is_alive():
        found.append(measure())
        time.sleep(0.01)
    worker.join()
    return found


def _seconds(stamp: str) -> float:
    return dt.datetime.fromisoformat(stamp).replace(tzinfo=dt.UTC).timestamp()
