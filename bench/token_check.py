"""Seconds that the check of a token takes inside the service: authenticate() on the service's own database."""

from __future__ import annotations

import argparse
import statistics
import time

from stackspan import app
from stackspan.config import collect, load
from stackspan.core.clock import SystemClock
from stackspan.workflow import Queue, Subscriptions


def main() -> None:
    """Print the median of 1,000 checks."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config-file", action="append", default=[])
    parser.add_argument("--token", required=True)
    said = parser.parse_args()
    settings = load(collect(said.config_file))
    database = app.open_database(settings)
    identity = app.build_identity(settings, database, Queue(Subscriptions(), SystemClock()))
    times = []
    for _ in range(1000):
        begun = time.perf_counter()
        identity.authenticate(said.token, None, "req-bench")
        times.append(time.perf_counter() - begun)
    database.close()
    print(statistics.median(times))


if __name__ == "__main__":
    main()
