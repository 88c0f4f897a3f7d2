"""The demo's folder: everything the demo makes lies in it.

DIR/config/            the operator's four stock files and stackspan.conf, with the simulated vCenter's address and CA
DIR/tls/               the demo's certificate authority and the vCenter's certificate
DIR/state/             the service's database and keys
DIR/vcenter/           files of the simulated datastores
DIR/log/, DIR/pids/    logs and process ids
DIR/clouds.yaml        clouds `demo` (admin) and `demo-user` (a member of another project)
DIR/serve              runs the service alone, in the foreground
"""

from __future__ import annotations

import fcntl
import os
import pathlib
import re
import secrets
import shutil
import sys
from dataclasses import dataclass, field

import stackspan
from stackspan.core import errors

_STOCK_FILES = ("nova.conf", "nova-compute.conf", "glance-api.conf", "cinder.conf")
_REMADE = ("config", "tls", "state", "vcenter", "log", "pids")


class DemoError(errors.StackspanError):
    """The demo can't go on; the message says the remedy."""


@dataclass
class Layout:
    """Paths and secrets of one demo."""

    root: pathlib.Path
    admin_password: str = field(default_factory=lambda: secrets.token_hex(10), repr=False)
    user_password: str = field(default_factory=lambda: secrets.token_hex(10), repr=False)
    _lock: int = -1

    @property
    def config(self) -> pathlib.Path:
        return self.root / "config"

    @property
    def clouds(self) -> pathlib.Path:
        return self.root / "clouds.yaml"

    @property
    def serve(self) -> pathlib.Path:
        return self.root / "serve"

    def log(self, name: str) -> pathlib.Path:
        """The log file of the process `name`."""
        return self.root / "log" / f"{name}.log"

    def pid(self, name: str) -> pathlib.Path:
        """The file with the process id of `name`."""
        return self.root / "pids" / f"{name}.pid"

    def config_arguments(self) -> list[str]:
        """`--config-file …` for each file, stackspan.conf last."""
        files = [*(self.config / name for name in _STOCK_FILES), self.config / "stackspan.conf"]
        return [word for file in files for word in ("--config-file", str(file))]

    def prepare(self) -> None:
        """Make the folder, empty of an earlier demo's things. Raises DemoError where another demo uses it."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(f"Another demo runs in {self.root}: stop it, or give another folder with --dir.") from None
        for name in _REMADE:
            shutil.rmtree(self.root / name, ignore_errors=True)
            (self.root / name).mkdir(mode=0o700)

    def write_config(self, vcenter_host: str, vcenter_port: int, listen_port: int) -> None:
        """The stock files with the simulated vCenter's address and CA put in, and stackspan.conf."""
        examples = examples_dir()
        ca = self.root / "tls" / "ca.pem"
        for name in _STOCK_FILES:
            text = (examples / "operator-config" / name).read_text()
            (self.config / name).write_text(_readdress(text, vcenter_host, vcenter_port, ca))
        text = (examples / "stackspan.conf").read_text()
        own = (
            f"\n[stackspan]\nstate_path = {self.root / 'state'}\n"
            f"\n[stackspan_database]\nurl = sqlite:///{self.root / 'state' / 'stackspan.db'}\n"
            f"\n[stackspan_api]\nlisten = 127.0.0.1:{listen_port}\n"
        )
        (self.config / "stackspan.conf").write_text(text + own)

    def write_clouds(self, auth_url: str) -> None:
        """clouds.yaml for the `openstack` command; readable by its owner alone."""
        self.clouds.touch(mode=0o600)
        self.clouds.write_text(
            "clouds:\n"
            + _cloud("demo", auth_url, "admin", "admin", self.admin_password)
            + _cloud("demo-user", auth_url, "demo-user", "demo-project", self.user_password)
        )

    def write_serve(self) -> None:
        """DIR/serve: the service alone in the foreground, as the demo starts it."""
        command = " ".join(f"'{word}'" for word in [stackspan_command(), "serve", *self.config_arguments()])
        self.serve.write_text(
            f"#!/bin/sh\n# The demo's service, alone in the foreground.\necho $$ > '{self.pid('serve')}'\nexec {command}\n"
        )
        self.serve.chmod(0o755)


def stackspan_command() -> str:
    """The `stackspan` command beside this interpreter."""
    return str(pathlib.Path(sys.executable).with_name("stackspan"))


def examples_dir() -> pathlib.Path:
    """The folder of example configuration: in the installed package, or at the root of a checkout."""
    package = pathlib.Path(stackspan.__file__).parent
    for folder in (package / "examples", package.parent.parent / "examples"):
        if folder.is_dir():
            return folder
    raise DemoError("The example configuration is missing from this installation: run the demo from a checkout.")


def _readdress(text: str, host: str, port: int, ca: pathlib.Path) -> str:
    text = re.sub(r"^(host_ip\s*=).*$", rf"\1 {host}\nhost_port = {port}\nca_file = {ca}", text, flags=re.M)
    text = re.sub(
        r"^(vmware_host_ip\s*=).*$", rf"\1 {host}\nvmware_host_port = {port}\nvmware_ca_file = {ca}", text, flags=re.M
    )
    return re.sub(r"^(vmware_server_host\s*=).*$", rf"\1 {host}:{port}\nvmware_ca_file = {ca}", text, flags=re.M)


def _cloud(name: str, auth_url: str, user: str, project: str, password: str) -> str:
    return (
        f"  {name}:\n"
        f"    region_name: RegionOne\n"
        f"    identity_api_version: 3\n"
        f"    auth:\n"
        f"      auth_url: {auth_url}\n"
        f"      username: {user}\n"
        f"      password: {password}\n"
        f"      project_name: {project}\n"
        f"      user_domain_name: Default\n"
        f"      project_domain_name: Default\n"
    )
