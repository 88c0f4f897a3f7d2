"""`stackspan serve` with a slower disk or with counters: for the benchmark only.

    python -m bench.served --commit-ms 4 --counters /tmp/counters.sock -- serve --config-file …

A commit that must survive a power loss waits for the disk; on this machine's disk that may cost next to nothing. `--commit-ms`
adds that time to each such commit, as a disk would: inside the transaction, so that others wait as they would there.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import socketserver
import sys
import threading
import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Engine

_SYNCHRONOUS = "stackspan_synchronous"  # what db.engine notes of a connection


class Counters:
    """SQL statements by their first word, and commits, durable ones apart."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.found: collections.Counter[str] = collections.Counter()

    def add(self, name: str) -> None:
        with self.lock:
            self.found[name] += 1


def slow_commits(seconds: float) -> None:
    """Every durable commit takes `seconds` longer."""

    @event.listens_for(Engine, "commit")
    def _wait(connection: sa.Connection) -> None:
        if connection.info.get(_SYNCHRONOUS) == "FULL":
            time.sleep(seconds)


def count(path: str) -> None:
    """Answer every connection to the UNIX socket `path` with the counters as JSON."""
    counters = Counters()

    @event.listens_for(Engine, "before_cursor_execute")
    def _statement(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        counters.add("statements")
        counters.add(statement.split(None, 1)[0].lower())

    @event.listens_for(Engine, "commit")
    def _commit(connection: sa.Connection) -> None:
        kind = connection.info.get(_SYNCHRONOUS)
        if kind is not None:
            counters.add("durable_commits" if kind == "FULL" else "other_commits")

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with counters.lock:
                self.wfile.write(json.dumps(counters.found).encode())

    server = socketserver.ThreadingUnixStreamServer(path, Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main() -> None:
    """Parse our options, then become the `stackspan` command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--commit-ms", type=float, default=0.0)
    parser.add_argument("--counters")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    said = parser.parse_args()
    if said.commit_ms:
        slow_commits(said.commit_ms / 1000)
    if said.counters:
        count(said.counters)
    sys.argv = ["stackspan", *(word for word in said.command if word != "--")]
    from stackspan.cli.main import run

    run()


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
