"""The operator's four files alone, with nothing of ours beside them but where the state goes: one hypervisor, no error."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Any

import pytest

from stackspan.cli.demo import command as demo
from stackspan.cli.demo import tls
from stackspan.cli.demo.layout import Layout
from stackspan.cli.demo.processes import Processes

STACKSPAN = str(pathlib.Path(sys.executable).with_name("stackspan"))
FILES = ("nova.conf", "nova-compute.conf", "glance-api.conf", "cinder.conf")


def ask(url: str, token: str = "", body: Any = None) -> tuple[Any, dict[str, str]]:
    """A request's JSON answer and headers."""
    request = urllib.request.Request(url, data=None if body is None else json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("X-Auth-Token", token)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read()), dict(answer.headers)


@pytest.mark.timeout(180)
def test_four_files_alone(tmp_path: pathlib.Path) -> None:
    layout = Layout(tmp_path)
    processes = Processes(layout)
    layout.prepare()
    tls.write_certificates(tmp_path / "tls")
    try:
        port = demo.start_vcenter(layout, processes)
        listen = demo.free_port()
        layout.write_config("127.0.0.1", port, listen)
        own = layout.config / "stackspan.conf"
        own.write_text(
            f"[stackspan]\nstate_path = {tmp_path / 'state'}\n[stackspan_api]\nlisten = 127.0.0.1:{listen}\n"
        )
        files = [word for name in (*FILES, "stackspan.conf") for word in ("--config-file", str(layout.config / name))]
        subprocess.run([STACKSPAN, "config", "check", *files], check=True, stdout=subprocess.DEVNULL)
        password = "pass word"
        subprocess.run([STACKSPAN, "bootstrap", *files, "--password-stdin"], input=password, text=True, check=True)
        processes.start("serve", [STACKSPAN, "serve", *files])
        root = f"http://127.0.0.1:{listen}"
        deadline = time.monotonic() + 60
        while True:
            try:
                ask(f"{root}/healthz")
                break
            except (urllib.error.URLError, ConnectionError):
                assert processes.alive("serve"), layout.log("serve").read_text()
                assert time.monotonic() < deadline, layout.log("serve").read_text()
                time.sleep(0.1)
        user = {"name": "admin", "domain": {"id": "default"}, "password": password}
        scope = {"project": {"name": "admin", "domain": {"id": "default"}}}
        login = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope}}
        _, headers = ask(f"{root}/identity/v3/auth/tokens", body=login)
        token = headers["x-subject-token"] if "x-subject-token" in headers else headers["X-Subject-Token"]
        listed, _ = ask(f"{root}/compute/v2.1/os-hypervisors/detail", token)
        (hypervisor,) = listed["hypervisors"]
        assert hypervisor["state"] == "up"
        assert hypervisor["hypervisor_type"] == "VMware vCenter Server"
        assert hypervisor["service"]["host"].endswith("-cluster1")
        log = layout.log("serve").read_text()
        assert "[error" not in log
        assert "Traceback" not in log
        assert "rbd-sas has no section" in log
    finally:
        processes.stop_all()
