"""What is measured, one function a group of rows."""

from __future__ import annotations

import json
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench import servers
from bench.lab import Lab, cpu_seconds, pss_mib

_FIFTY, _TWENTY, _MANY = 50, 20, 1000
_WATCHING = frozenset(
    {"WaitForUpdatesEx", "CreateFilter", "CreatePropertyCollector", "DestroyPropertyCollector", "ModifyListView"}
)
"""Calls of the watchers and of the wait for tasks: not counted as a boot's."""


@dataclass(frozen=True)
class Row:
    """A line of the table: what was found beside the budget. `met` is None where there is no budget."""

    what: str
    found: str
    budget: str
    met: bool | None
    floor: str = ""


@dataclass(frozen=True)
class Floor:
    """What bare pyVmomi needs, seconds: one boot, `number` boots, twenty deletes."""

    one: float
    boot: float
    delete: float
    number: int

    @property
    def boots_a_second(self) -> float:
        return self.number / self.boot


def floor(lab: Lab) -> Floor:
    """Run the floor on the lab's vCenter, with the service stopped. The image's copy must be there."""
    with sqlite3.connect(lab.layout.root / "state" / "stackspan.db") as database:
        found = database.execute("SELECT vmdk_path, capacity_bytes FROM image_cache WHERE vmdk_path IS NOT NULL")
        path, capacity = found.fetchone()
    command = [sys.executable, "-m", "bench.floor", "--port", str(lab.vcenter_port)]
    command += ["--ca", str(lab.layout.root / "tls" / "ca.pem"), "--parent", path, "--capacity", str(capacity)]
    command += ["--number", str(_FIFTY)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=300)
    return Floor(**json.loads(done.stdout.splitlines()[-1]))


def boots(lab: Lab, least: Floor) -> Iterator[Row]:
    """Boots and deletes, their calls to vCenter, and reading meanwhile. Leaves fifty servers."""
    warm = servers.boot(lab, 3)  # the copies of the image
    servers.delete(lab, warm.ids)
    singles = []
    for _ in range(5):
        one = servers.boot(lab, 1)
        singles.append(one.seconds)
        servers.delete(lab, one.ids)
    took = statistics.median(singles)
    budget = least.one + 0.150
    yield Row(
        "one server, posted to ACTIVE", f"{took * 1000:.0f} ms", f"≤ {budget * 1000:.0f} ms", took <= budget,
        f"{least.one * 1000:.0f} ms",
    )  # fmt: skip
    before, sql_before = lab.calls(), lab.counters()
    fifty = servers.boot(lab, _FIFTY)
    calls, sql = _difference(lab.calls(), before), _difference(lab.counters(), sql_before)
    rate = _FIFTY / fifty.seconds
    least_rate = 0.5 * least.boots_a_second if least.boots_a_second < 50 else 25.0
    yield Row(
        "50 servers at once, all ACTIVE", f"{rate:.0f}/s, {fifty.failed} failed",
        f"≥ {least_rate:.0f}/s", rate >= least_rate and not fifty.failed, f"{least.boots_a_second:.0f}/s",
    )  # fmt: skip
    yield _calls_row("vCenter calls a boot, image cached", calls, _FIFTY)
    yield Row(
        "SQL a boot: statements, commits (durable)",
        f"{sql['statements'] / _FIFTY:.0f}, {(sql['durable_commits'] + sql['other_commits']) / _FIFTY:.1f}"
        f" ({sql['durable_commits'] / _FIFTY:.1f})",
        "", None,
    )  # fmt: skip
    before = lab.calls()
    gone = servers.delete(lab, fifty.ids[:_TWENTY])
    rate, least_rate = _TWENTY / gone.seconds, _TWENTY / least.delete
    yield Row(
        "deleting 20 servers", f"{rate:.0f}/s, {gone.failed} left", "≥ 25/s", rate >= 25 and not gone.failed,
        f"{least_rate:.0f}/s",
    )  # fmt: skip
    yield _calls_row("vCenter calls a delete", _difference(lab.calls(), before), _TWENTY)
    servers.boot(lab, _TWENTY)


def memory(lab: Lab) -> Iterator[Row]:
    """The service's memory with fifty servers."""
    found = pss_mib(lab.service_pid)
    yield Row("memory with 50 servers, PSS", f"{found:.0f} MiB", "≤ 200 MiB", found <= 200)


def reads(lab: Lab) -> Iterator[Row]:
    """GETs, idle and while servers boot. Ends with a thousand servers."""
    one = servers.listing(lab)[0]["id"]
    path = f"/compute/v2.1/servers/{one}"
    yield _time_row("GET one server", [lab.client.timed("GET", path) for _ in range(200)], 4)
    fifty = "/compute/v2.1/servers/detail?limit=50"
    yield _time_row("GET 50 servers with details", [lab.client.timed("GET", fifty) for _ in range(50)], 10)
    seen = servers.during(lambda: servers.boot(lab, _FIFTY), lambda: lab.client.timed("GET", path))
    worst = statistics.quantiles(seen, n=20)[-1]
    yield Row("GET one server while 50 boot, p95", f"{worst * 1000:.1f} ms of {len(seen)}", "≤ 25 ms", worst <= 0.025)
    before = lab.counters()
    lab.client.timed("GET", fifty)
    sql = _difference(lab.counters(), before)
    yield Row("SQL statements for GET 50 servers", str(sql["statements"]), "", None)
    missing = _MANY - len(servers.listing(lab))
    for _ in range(0, missing, _FIFTY * 2):
        servers.boot(lab, min(_FIFTY * 2, missing))
    many = "/compute/v2.1/servers/detail?limit=1000"
    yield _time_row("GET 1,000 servers with details", [lab.client.timed("GET", many) for _ in range(10)], 60)


def tokens(lab: Lab) -> Iterator[Row]:
    """Issue and check of a token."""
    times = []
    for _ in range(50):
        begun = time.perf_counter()
        lab.client.reissue()
        times.append(time.perf_counter() - begun)
    yield _time_row("token issue, hash apart", times, 3)
    arguments = [*lab.layout.config_arguments(), "--token", lab.client.token]
    done = subprocess.run(
        [sys.executable, "-m", "bench.token_check", *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    took = float(done.stdout)
    yield Row("token check", f"{took * 1000:.2f} ms", "≤ 0.3 ms", took <= 0.0003)


def start(lab: Lab) -> Iterator[Row]:
    """From the command to the first answer."""
    yield Row("start to first answer", f"{lab.started_in:.2f} s", "≤ 2 s", lab.started_in <= 2)


def idle(lab: Lab, seconds: float, prefix: str) -> Iterator[Row]:
    """What the service does when nobody asks: calls to vCenter and CPU."""
    time.sleep(5)
    before, cpu = lab.calls(), cpu_seconds(lab.service_pid)
    time.sleep(seconds)
    calls = sum(_difference(lab.calls(), before).values()) * 60 / seconds
    share = (cpu_seconds(lab.service_pid) - cpu) / seconds
    yield Row(f"{prefix}: idle calls to vCenter a minute", f"{calls:.0f}", "constant", None)
    yield Row(f"{prefix}: idle CPU", f"{share:.1%}", "≤ 1 %", share <= 0.01)


def change_seen(lab: Lab, power_off: Callable[[str], None]) -> Iterator[Row]:
    """From a power-off in vCenter to the API's showing it."""
    server = servers.boot(lab, 1).ids[0]
    begun = time.perf_counter()
    power_off(server)
    while time.perf_counter() - begun < 30:
        shown = lab.client.call("GET", f"/compute/v2.1/servers/{server}")["server"]
        if shown["OS-EXT-STS:power_state"] == 4:
            break
        time.sleep(0.01)
    took = time.perf_counter() - begun
    yield Row("10,000 VMs: a change seen", f"{took:.2f} s", "≤ 1 s", took <= 1)


def _calls_row(what: str, calls: dict[str, int], number: int) -> Row:
    counted = {name: count for name, count in calls.items() if name not in _WATCHING}
    total = sum(counted.values()) / number
    said = ", ".join(
        f"{name} {count / number:.2f}" for name, count in sorted(counted.items(), key=lambda item: -item[1])
    )
    return Row(what, f"{total:.2f} ({said})", "≤ 4", total <= 4)


def _time_row(what: str, times: list[float], budget_ms: float) -> Row:
    middle = statistics.median(times) * 1000
    return Row(what, f"{middle:.1f} ms", f"≤ {budget_ms:g} ms", middle <= budget_ms)


def _difference(after: dict[str, int], before: dict[str, int]) -> dict[str, int]:
    found = {name: count - before.get(name, 0) for name, count in after.items()}
    return {**{"statements": 0, "durable_commits": 0, "other_commits": 0}, **found} if "statements" in after else found
