"""The demo, as a newcomer runs it: real processes, the real `openstack` command, and nothing left behind."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

STACKSPAN = pathlib.Path(sys.executable).with_name("stackspan")


def processes_of(folder: pathlib.Path) -> list[str]:
    """Command lines of processes that name the folder."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(folder) in line and "pytest" not in line:
                found.append(line)
    return found


@pytest.mark.timeout(900)
def test_the_demo_does_all_it_sets_out_to_do(tmp_path: pathlib.Path) -> None:
    done = subprocess.run(
        [STACKSPAN, "demo", "--dir", tmp_path / "demo"], capture_output=True, text=True, timeout=850, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "The demo did all it set out to do." in done.stdout
    assert processes_of(tmp_path) == []
    log = (tmp_path / "demo" / "log" / "serve.log").read_text()
    assert "Traceback" not in log
    assert "1qaz@WSX" not in log


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seconds", [0.5, 3.0, 9.0])
def test_ctrl_c_leaves_nothing_running(tmp_path: pathlib.Path, seconds: float) -> None:
    demo = subprocess.Popen(
        [STACKSPAN, "demo", "--dir", tmp_path / "demo"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    with pytest.raises(subprocess.TimeoutExpired):
        demo.wait(seconds)
    demo.send_signal(signal.SIGINT)
    assert demo.wait(60) == 130
    deadline = time.monotonic() + 20
    while processes_of(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_of(tmp_path) == []


def test_two_demos_in_one_folder_are_told_apart(tmp_path: pathlib.Path) -> None:
    first = subprocess.Popen(
        [STACKSPAN, "demo", "--keep", "--dir", tmp_path / "demo"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "demo" / "pids" / "vcenter.pid").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        second = subprocess.run(
            [STACKSPAN, "demo", "--dir", tmp_path / "demo"], capture_output=True, text=True, timeout=60, check=False
        )
        assert second.returncode == 1
        assert "Another demo runs in" in second.stdout
    finally:
        first.send_signal(signal.SIGINT)
        first.wait(60)
