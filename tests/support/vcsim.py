"""One simulated vCenter per test run, behind a certificate authority of its own, with the switches of its control endpoint."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import ipaddress
import json
import pathlib
import subprocess
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import stackspan_vcsim
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pyVmomi import vim

from stackspan.config import Secret, VCenterSettings
from stackspan.vsphere import faults, properties
from stackspan.vsphere.session import VCenter

_START_TIMEOUT = 60.0  # seconds


@dataclasses.dataclass(frozen=True)
class Vcsim:
    """A running simulator. `control` is the address `host:port` of its control endpoint."""

    host: str
    port: int
    username: str
    password: str
    ca_file: pathlib.Path
    control: str
    instance_uuid: str

    def settings(self, **changes: Any) -> VCenterSettings:
        """An account at it; `changes` replace fields."""
        settings = VCenterSettings(
            label="sim",
            host=self.host,
            port=self.port,
            username=self.username,
            password=Secret(self.password),
            ca_file=str(self.ca_file),
            pool_size=16,
            api_retry_count=4,
        )
        return dataclasses.replace(settings, **changes)

    def drop_sessions(self) -> None:
        """End every session but the one that does it, as an administrator's hand or a restart would."""
        vc = VCenter(self.settings())
        manager = vc.object(vim.SessionManager, vc.content.sessionManager._moId)
        paths = ["currentSession", "sessionList"]
        values = properties.read_one(vc, vim.SessionManager, manager._moId, paths)
        for session in values["sessionList"]:
            if session.key != values["currentSession"].key:
                with contextlib.suppress(faults.ObjectGone):  # it has just ended by itself
                    vc.call(manager, "TerminateSession", sessionId=[session.key])
        vc.close()


def authority(directory: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path, pathlib.Path]:
    """Make an authority and a certificate for 127.0.0.1 and localhost; (authority, certificate, key) as PEM files."""
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Stackspan tests")])
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    ca = _builder(ca_name, ca_name, ca_key).add_extension(x509.BasicConstraints(True, None), True)
    ca_certificate = ca.add_extension(usage, True).sign(ca_key, hashes.SHA256())
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "vcenter")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    leaf = _builder(name, ca_name, key).add_extension(x509.SubjectAlternativeName(names), False)
    leaf = leaf.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), False)
    certificate = leaf.sign(ca_key, hashes.SHA256())
    files = (directory / "ca.pem", directory / "cert.pem", directory / "key.pem")
    files[0].write_bytes(ca_certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[2].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=30))
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)


@contextlib.contextmanager
def running(directory: pathlib.Path, *options: str) -> Iterator[Vcsim]:
    """A simulator for the time of the block. It ends with this process, however that ends.

    Args:
        directory: empty; holds the certificates, the datastores' files and the log.
        options: more options of the program.
    """
    ca_file, certificate, key = authority(directory)
    files = directory / "datastores"
    files.mkdir()
    arguments = ["--cert", str(certificate), "--key", str(key), "--dir", str(files), "--exit-with-parent", *options]
    with (directory / "vcsim.log").open("wb") as log:
        process = subprocess.Popen([str(stackspan_vcsim.binary_path()), *arguments], stdout=subprocess.PIPE, stderr=log)
    try:
        said = json.loads(_first_line(process, directory / "vcsim.log"))
        url = urlsplit(said["url"])
        yield Vcsim(
            host=str(url.hostname),
            port=int(url.port or 443),
            username=said["username"],
            password=said["password"],
            ca_file=ca_file,
            control=said["control"],
            instance_uuid=said["instance_uuid"],
        )
    finally:
        process.terminate()
        try:
            process.wait(1)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _first_line(process: subprocess.Popen[bytes], log: pathlib.Path) -> bytes:
    assert process.stdout is not None
    watchdog = threading.Timer(_START_TIMEOUT, process.kill)
    watchdog.start()
    line = process.stdout.readline()
    watchdog.cancel()
    if not line:
        raise RuntimeError(f"the simulator did not start: {log.read_text(errors='replace')[-2000:]}")
    return line


@pytest.fixture(scope="session")
def vcsim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vcsim]:
    """The run's one simulator: Datacenter1, cluster1…3 of three hosts, ds1 and ds2, DVS0 with br-int on VLAN 100."""
    with running(tmp_path_factory.mktemp("vcsim")) as found:
        yield found
