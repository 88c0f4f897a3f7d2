"""The demo's story: what a user types, in order, each answer checked.

Two servers boot on two VLANs, the second from the cached image; they are shown, stopped, started and deleted. A check that
fails ends the demo with what was expected and what was found.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stackspan.cli.demo.layout import DemoError, Layout, stackspan_command
from stackspan.cli.demo.terminal import Terminal
from stackspan.image.formats import make_qcow2

_WAIT_SECONDS = 120.0
_POLL_SECONDS = 0.5
_IMAGE_BYTES = 256 << 20
_USER_DATA = "#cloud-config\nruncmd:\n  - echo booted by the demo\n"
_FLAVORS = {"demo.small": (512, 1, 1), "demo.medium": (2048, 2, 2)}  # MiB, vCPUs, GiB


@dataclass
class Story:
    """Runs the commands against the demo's service as cloud `demo`."""

    layout: Layout
    terminal: Terminal
    _facts: dict[str, Any] = field(default_factory=dict)

    def prepare(self) -> None:
        """Image, flavors, key pair and networks: what `--keep` leaves in place."""
        self.terminal.title("A user, an image, flavors, a key pair and networks")
        self._user()
        self._image()
        self._flavors()
        self._keypair()
        self._networks()

    def servers(self) -> None:
        """Boot, look, stop, start, delete."""
        self.terminal.title("A server on each network")
        self._boot("web-1", "demo.small", "demo")
        self._boot("web-2", "demo.medium", "demo-101")
        self.terminal.title("Where they are, and how they came to be")
        for name in ("web-1", "web-2"):
            self._show(name)
        self._events("web-1")
        self._events("web-2")
        self._check_cache()
        self.terminal.title("Stop, start, delete")
        self._switch("stop", "web-1", "SHUTOFF")
        self._switch("start", "web-1", "ACTIVE")
        self._delete()

    def unlimited(self) -> None:
        """Lift the quota of the admin project, so that one can play."""
        limits = [word for name in ("instances", "cores", "ram") for word in (f"--{name}", "-1")]
        self._run(["quota", "set", *limits, "--networks", "-1", "--subnets", "-1", "--ports", "-1", "admin"])

    # -- the steps ---------------------------------------------------------------------------------------------------

    def _user(self) -> None:
        self._run(["project", "create", "demo-project"], columns=("id", "name"))
        words = ["user", "create", "--project", "demo-project", "--password", self.layout.user_password, "demo-user"]
        self._run(words, columns=("id", "name"))
        self._run(["role", "add", "--project", "demo-project", "--user", "demo-user", "member"])

    def _image(self) -> None:
        path = self.layout.root / "demo.qcow2"
        make_qcow2.write(path, virtual_size_bytes=_IMAGE_BYTES)
        words = [
            "image",
            "create",
            "--public",
            "--disk-format",
            "qcow2",
            "--container-format",
            "bare",
            "--min-disk",
            "1",
        ]
        image = self._run([*words, "--file", str(path), "demo-image"], columns=("id", "name", "status", "size"))
        image = self._until(["image", "show", "demo-image"], "status", "active", ("id", "status", "size", "checksum"))
        self._check(image["size"] == path.stat().st_size, "the image is active and has the file's size")
        self._facts["image_id"] = image["id"]

    def _flavors(self) -> None:
        for name, (ram, vcpus, disk) in _FLAVORS.items():
            words = [
                "flavor",
                "create",
                "--public",
                "--ram",
                str(ram),
                "--vcpus",
                str(vcpus),
                "--disk",
                str(disk),
                name,
            ]
            flavor = self._run(words, columns=("id", "name", "ram", "vcpus", "disk"))
            self._check(flavor["ram"] == ram, f"flavor {name} has {ram} MiB")

    def _keypair(self) -> None:
        key = self.layout.root / "demo-key"
        key.unlink(missing_ok=True)
        pair = self._run(["keypair", "create", "--private-key", str(key), "demo-key"], columns=("name", "fingerprint"))
        self._check(bool(pair["fingerprint"]) and key.exists(), "the private key was written")

    def _networks(self) -> None:
        for name, vlan, cidr in (("demo", 100, "10.100.0.0/24"), ("demo-101", 101, "10.101.0.0/24")):
            words = ["network", "create", "--share", "--provider-network-type", "vlan"]
            words += ["--provider-physical-network", "physnet1", "--provider-segment", str(vlan), name]
            network = self._run(words, columns=("id", "name", "status", "provider:segmentation_id", "shared"))
            self._check(network["provider:segmentation_id"] == vlan, f"network {name} is on VLAN {vlan}")
            words = ["subnet", "create", "--network", name, "--subnet-range", cidr, f"{name}-subnet"]
            subnet = self._run(words, columns=("id", "name", "cidr", "gateway_ip", "allocation_pools"))
            self._check(subnet["cidr"] == cidr, f"subnet {cidr}")

    def _boot(self, name: str, flavor: str, network: str) -> None:
        user_data = self.layout.root / "user-data.yaml"
        user_data.write_text(_USER_DATA)
        words = ["server", "create", "--image", "demo-image", "--flavor", flavor, "--network", network]
        words += ["--key-name", "demo-key", "--config-drive", "true", "--user-data", str(user_data), name]
        server = self._run(words, columns=("id", "name", "status"))
        self._facts[name] = server["id"]
        server = self._until(["server", "show", name], "status", "ACTIVE", ("id", "name", "status", "addresses"))
        self._check(network in server["addresses"], f"{name} is ACTIVE with an address on {network}")

    def _show(self, name: str) -> None:
        columns = ("OS-EXT-SRV-ATTR:host", "OS-EXT-SRV-ATTR:hypervisor_hostname", "OS-EXT-STS:power_state")
        server = self._run(["server", "show", name], columns=columns)
        self._check("cluster" in str(server["OS-EXT-SRV-ATTR:host"]), f"{name} runs on a vCenter cluster")
        shown = self._own(["server", "show", self._facts[name]])
        self._check(bool(shown.get("esxi_host")), f"DRS put {name} on ESXi host {shown.get('esxi_host')}")

    def _events(self, name: str) -> None:
        events = self._own(["server", "events", self._facts[name]])
        self._facts[f"{name}-events"] = events
        self._check(
            bool(events) and all(row["result"] == "Success" for row in events), f"every step of {name} succeeded"
        )

    def _check_cache(self) -> None:
        cached = [row for row in self._own(["image", "cache"]) if row["image_id"] == self._facts["image_id"]]
        self._check(any(row["servers"] for row in cached), "the servers' disks are children of cached copies")
        copies = [row for row in cached if row["root_gib"] == 0]
        self._check(len(copies) <= 1, "the image was copied to the datastore once")

    def _switch(self, verb: str, name: str, status: str) -> None:
        self._run(["server", verb, name])
        server = self._until(["server", "show", name], "status", status, ("id", "name", "status"))
        self._check(server["status"] == status, f"{name} is {status}")

    def _delete(self) -> None:
        self._run(["server", "delete", "--wait", "web-1", "web-2"])
        left = self._run(["server", "list"], columns=("ID", "Name", "Status"))
        self._check(not left, "no server is left")

    # -- running and checking ----------------------------------------------------------------------------------------

    def _run(self, words: Sequence[str], columns: Sequence[str] = ()) -> Any:
        """Run `openstack <words>` and show it; the answer is the JSON of `columns`, or {} where none are wanted."""
        shown = ["openstack", "--os-cloud", "demo", *words]
        self.terminal.command(["…" if word == self.layout.user_password else word for word in shown])
        extra = ["-f", "json", *(word for column in columns for word in ("-c", column))] if columns else []
        answer, seconds = self._execute([_beside("openstack"), *shown[1:], *extra])
        value = json.loads(answer) if columns else {}
        self.terminal.answer(value, seconds)
        return value

    def _own(self, words: Sequence[str]) -> Any:
        """Run `stackspan <words>` and show it; the answer is its JSON."""
        self.terminal.command(["stackspan", *words])
        command = [stackspan_command(), *words, "--json", *self.layout.config_arguments()]
        answer, seconds = self._execute(command)
        value = json.loads(answer)
        self.terminal.answer(value, seconds)
        return value

    def _execute(self, command: Sequence[str]) -> tuple[str, float]:
        began = time.monotonic()
        done = subprocess.run(command, env=self._environment(), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise DemoError(f"{pathlib.Path(command[0]).name} failed: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout, time.monotonic() - began

    def _until(self, words: Sequence[str], column: str, wanted: str, columns: Sequence[str]) -> Any:
        """Ask until `column` is `wanted`, then show the command once."""
        command = [_beside("openstack"), "--os-cloud", "demo", *words, "-f", "json", "-c", column]
        with self.terminal.waiting(f"waiting for {words[-1]} to be {wanted}"):
            self._poll(command, column, wanted)
        return self._run(words, columns)

    def _poll(self, command: Sequence[str], column: str, wanted: str) -> None:
        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            found = json.loads(self._execute(command)[0])[column]
            if found == wanted:
                return
            if str(found).upper() in ("ERROR", "KILLED") or time.monotonic() > deadline:
                raise DemoError(f"{column} is {found}, expected {wanted}: {self._why(command)}")
            time.sleep(_POLL_SECONDS)

    def _why(self, command: Sequence[str]) -> str:
        return self._execute([*command[:-2], "-c", "fault"])[0].strip() if "server" in command else ""

    def _environment(self) -> Mapping[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("OS_")}
        return {**inherited, "OS_CLIENT_CONFIG_FILE": str(self.layout.clouds), "COLUMNS": "200"}

    def _check(self, holds: bool, text: str) -> None:
        if not holds:
            raise DemoError(f"This did not hold: {text}")
        self.terminal.checked(text)


def _beside(name: str) -> str:
    """A command of this environment, or of the PATH."""
    here = pathlib.Path(sys.executable).with_name(name)
    return str(here) if here.exists() else name
