"""Processes of the demo: started in sessions of their own, and ended whatever happens to the demo itself."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from typing import Any

from stackspan.cli.demo.layout import DemoError, Layout

_STOP_SECONDS = 15.0


class Processes:
    """Everything that runs for one demo. `stop_all` may be called at any time, and twice."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: Sequence[str], *, stdout: int | None = None) -> subprocess.Popen[bytes]:
        """Start `command` with its output in DIR/log/<name>.log and its id in DIR/pids/<name>.pid."""
        with self._layout.log(name).open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log if stdout is None else stdout,
                stderr=log,
                start_new_session=True,  # Ctrl-C is ours to pass on, in the right order
            )
        self._running[name] = process
        self._layout.pid(name).write_text(f"{process.pid}\n")
        return process

    def start_announcing(self, name: str, command: Sequence[str], seconds: float = 30.0) -> dict[str, Any]:
        """Start `command`, which prints one line of JSON when it is ready; returns that."""
        process = self.start(name, command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], seconds)
        line = process.stdout.readline() if ready else b""
        if not line:
            raise DemoError(f"{name} did not start: see {self._layout.log(name)}")
        announced: dict[str, Any] = json.loads(line)
        return announced

    def alive(self, name: str) -> bool:
        """Whether the process is still running."""
        return self._running[name].poll() is None

    def stop(self, name: str) -> None:
        """End one of them."""
        _end(self._running.pop(name))
        self._layout.pid(name).unlink(missing_ok=True)

    def stop_all(self) -> None:
        """End what is running, last started first; also a service that somebody started through DIR/serve."""
        for process in reversed(list(self._running.values())):
            _end(process)
        self._running.clear()
        for file in (self._layout.root / "pids").glob("*.pid"):
            _end_foreign(file)
            file.unlink(missing_ok=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _end_foreign(file: pathlib.Path) -> None:
    """End the process of a pid file that isn't our child, if it still is the `stackspan serve` of this demo."""
    try:
        pid = int(file.read_text())
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return
    if str(file.parent.parent).encode() not in command:
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < deadline and pathlib.Path(f"/proc/{pid}").exists():
            time.sleep(0.05)
