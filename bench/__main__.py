"""`make bench`: the budgets' table, twice: with this machine's disk, and with one that takes 4 ms a commit."""

from __future__ import annotations

import argparse
import contextlib
import ssl
import sys
from collections.abc import Iterator

from pyVim.connect import SmartConnect
from rich.console import Console
from rich.table import Table

from bench import lab as labs
from bench import measures
from bench.measures import Row

_SLOW_COMMIT_MS = 4.0


def main() -> int:
    """Measure and print; 0 if every budget was met."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the 1,000 servers and the 10,000 VMs")
    said = parser.parse_args()
    console = Console(width=150)
    with console.status("this machine's disk"):
        rows = list(_on_disk(0.0, quick=said.quick))
    with console.status(f"a disk that takes {_SLOW_COMMIT_MS:g} ms a commit"):
        slow = {row.what: row for row in _on_disk(_SLOW_COMMIT_MS, quick=True)}
    if not said.quick:
        with console.status("10,000 VMs"):
            rows += list(_large())
    table = Table("what", "budget", "floor", "found", f"commits of {_SLOW_COMMIT_MS:g} ms", "")
    for row in rows:
        other = slow.get(row.what)
        table.add_row(row.what, row.budget, row.floor, row.found, other.found if other else "", _mark(row))
    console.print(table)
    short = [row.what for row in rows if row.met is False]
    console.print("Every budget is met." if not short else "Short of the budget: " + "; ".join(short) + ".")
    return 1 if short else 0


def _on_disk(commit_ms: float, *, quick: bool) -> Iterator[Row]:
    with labs.running(commit_ms=commit_ms) as lab:
        measures.servers.boot(lab, 3)
        lab.stop_service()
        least = measures.floor(lab)
        lab.start_service(commit_ms)
        yield from measures.start(lab)
        yield from measures.boots(lab, least)
        yield from measures.memory(lab)
        yield from measures.tokens(lab)
        if not quick:
            yield from measures.idle(lab, 60, "50 servers")
            yield from measures.reads(lab)


def _large() -> Iterator[Row]:
    with labs.running(["--foreign-vms", "10000"]) as lab:
        yield Row("10,000 VMs: first full view", f"{lab.ready_in:.1f} s", "≤ 10 s", lab.ready_in <= 10)
        with _vcenter(lab) as power_off:
            yield from measures.change_seen(lab, power_off)
        yield from measures.idle(lab, 60, "10,000 VMs")
        found = labs.pss_mib(lab.service_pid)
        yield Row("10,000 VMs: memory, PSS", f"{found:.0f} MiB", "", None)


@contextlib.contextmanager
def _vcenter(lab: labs.Lab) -> Iterator[measures.Callable[[str], None]]:
    """Powers a server's VM off as an administrator of vCenter would."""
    context = ssl.create_default_context(cafile=str(lab.layout.root / "tls" / "ca.pem"))
    instance = SmartConnect(
        host="127.0.0.1", port=lab.vcenter_port, user=labs.VCENTER_USER, pwd=labs.VCENTER_PASSWORD, sslContext=context
    )
    content = instance.RetrieveContent()

    def power_off(server_id: str) -> None:
        vm = content.searchIndex.FindByUuid(None, server_id, True, True)
        vm.PowerOffVM_Task()

    yield power_off


def _mark(row: Row) -> str:
    return "" if row.met is None else ("✓" if row.met else "✗ short")


if __name__ == "__main__":
    sys.exit(main())
