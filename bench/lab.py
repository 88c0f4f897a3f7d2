"""The place where all is measured: a simulated vCenter and the service on it, as `stackspan demo` sets them up."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import secrets
import socket
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bench.client import Client
from stackspan.cli.demo import tls
from stackspan.cli.demo.command import free_port
from stackspan.cli.demo.layout import Layout, stackspan_command
from stackspan.cli.demo.processes import Processes
from stackspan.image.formats import make_qcow2

VCENTER_USER, VCENTER_PASSWORD = "administrator@vsphere.local", "1qaz@WSX"
_READY_SECONDS = 180.0
_IMAGE_BYTES = 64 << 20


@dataclass
class Lab:
    """A running service and its vCenter. Times in seconds."""

    layout: Layout
    processes: Processes
    vcenter_port: int
    control: str
    listen: int
    client: Client
    started_in: float = 0.0
    ready_in: float = 0.0
    image_id: str = ""
    flavor_id: str = ""
    network_id: str = ""

    @property
    def service_pid(self) -> int:
        """The process id of the service."""
        return int(self.layout.pid("serve").read_text())

    def start_service(self, commit_ms: float = 0.0) -> None:
        """Start it, and note how long the first answer and the first full view took."""
        command = [
            sys.executable,
            "-m",
            "bench.served",
            "--counters",
            str(self._counters),
            "--commit-ms",
            str(commit_ms),
        ]
        if commit_ms < 0:
            command = [stackspan_command()]
        begun = time.perf_counter()
        self._counters.unlink(missing_ok=True)
        self.processes.start("serve", [*command, "serve", *self.layout.config_arguments()])
        self.started_in = self._until(f"http://127.0.0.1:{self.listen}/identity/v3", begun)
        self.ready_in = self._until(f"http://127.0.0.1:{self.listen}/healthz", begun)

    def stop_service(self) -> None:
        """End it as an operator would."""
        self.client.forget()
        self.processes.stop("serve")

    def counters(self) -> dict[str, int]:
        """SQL statements and commits since the service's start."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self._counters))
            found: dict[str, int] = json.loads(b"".join(iter(lambda: connection.recv(65536), b"")))
            return found

    def calls(self) -> dict[str, int]:
        """Calls that vCenter has answered since its start, by method."""
        if not self.control:
            return {}
        with urllib.request.urlopen(f"http://{self.control}/calls", timeout=10) as answer:
            found: dict[str, int] = json.loads(answer.read())["calls"]
            return found

    @property
    def _counters(self) -> pathlib.Path:
        return self.layout.root / "counters.sock"

    def _until(self, url: str, begun: float) -> float:
        while time.perf_counter() - begun < _READY_SECONDS:
            with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
                return time.perf_counter() - begun
            if not self.processes.alive("serve"):
                break
            time.sleep(0.005)
        raise RuntimeError(f"the service did not answer: see {self.layout.log('serve')}")


@contextlib.contextmanager
def running(vcenter_options: Sequence[str] = (), *, commit_ms: float = 0.0) -> Iterator[Lab]:
    """A lab for the time of the block, with an image, a flavor and a network of 65,000 addresses."""
    with tempfile.TemporaryDirectory(prefix="stackspan-bench-") as folder:
        layout = Layout(pathlib.Path(folder))
        processes = Processes(layout)
        try:
            lab = _start(layout, processes, vcenter_options)
            lab.start_service(commit_ms)
            lab.client.login()
            _furnish(lab)
            yield lab
        finally:
            processes.stop_all()


def _start(layout: Layout, processes: Processes, options: Sequence[str]) -> Lab:
    from stackspan_vcsim import binary_path

    layout.prepare()
    tls.write_certificates(layout.root / "tls")
    certificates = layout.root / "tls"
    command = [str(binary_path()), "--dir", str(layout.root / "vcenter"), "--exit-with-parent", *options]
    command += ["--cert", str(certificates / "vcenter.pem"), "--key", str(certificates / "vcenter.key")]
    command += ["--username", VCENTER_USER, "--password", VCENTER_PASSWORD]
    announced = processes.start_announcing("vcenter", command, seconds=_READY_SECONDS)
    port = int(announced["url"].split("/")[2].rsplit(":", 1)[1])
    listen = free_port()
    layout.write_config("127.0.0.1", port, listen)
    layout.admin_password = secrets.token_hex(10)
    import subprocess

    bootstrap = [stackspan_command(), "bootstrap", *layout.config_arguments(), "--password-stdin"]
    subprocess.run(bootstrap, input=layout.admin_password + "\n", text=True, check=True, capture_output=True)
    return Lab(layout, processes, port, announced["control"], listen, Client(listen, layout.admin_password))


def _furnish(lab: Lab) -> None:
    client = lab.client
    project = client.call("GET", "/identity/v3/auth/projects")["projects"][0]["id"]
    limits = {"instances": -1, "cores": -1, "ram": -1}
    client.call("PUT", f"/compute/v2.1/os-quota-sets/{project}", {"quota_set": limits})
    client.call("PUT", f"/network/v2.0/quotas/{project}", {"quota": {"port": -1, "network": -1, "subnet": -1}})
    flavor: dict[str, Any] = {"name": "bench", "ram": 128, "vcpus": 1, "disk": 1}
    lab.flavor_id = client.call("POST", "/compute/v2.1/flavors", {"flavor": flavor})["flavor"]["id"]
    network = {"name": "bench", "provider:network_type": "vlan", "provider:physical_network": "physnet1"}
    body = {"network": {**network, "provider:segmentation_id": 100}}
    lab.network_id = client.call("POST", "/network/v2.0/networks", body, expect=201)["network"]["id"]
    subnet = {"network_id": lab.network_id, "ip_version": 4, "cidr": "10.64.0.0/16"}
    client.call("POST", "/network/v2.0/subnets", {"subnet": subnet}, expect=201)
    image = {"name": "bench", "disk_format": "qcow2", "container_format": "bare"}
    lab.image_id = client.call("POST", "/image/v2/images", image, expect=201)["id"]
    path = lab.layout.root / "bench.qcow2"
    make_qcow2.write(path, virtual_size_bytes=_IMAGE_BYTES)
    headers = {"Content-Type": "application/octet-stream"}
    status, _headers, content = client.raw("PUT", f"/image/v2/images/{lab.image_id}/file", path.read_bytes(), headers)
    if status != 204:
        raise RuntimeError(f"the image was refused: {status} {content!r}")


def pss_mib(pid: int) -> float:
    """Memory of a process with its share of what it shares, MiB."""
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel tells no PSS")


def cpu_seconds(pid: int) -> float:
    """CPU time a process has used so far, seconds."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
