"""HttpNfcLease: the transfer of a VM's disks into vCenter.

The lease's URL points at an ESXi host (`*` stands for the vCenter we talk to), which shows a certificate of its own. A
lease dies without regular HttpNfcLeaseProgress, so a thread sends it whether bytes move or not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pyVmomi import vim

from stackspan.core import log
from stackspan.vsphere import calls, faults, properties, transport
from stackspan.vsphere.session import VCenter

_log = log.get(__name__)

_READY_TIMEOUT = 300.0  # seconds for vCenter to make the VM and its empty disks
_KEEP_ALIVE = 15.0  # seconds between two signs of life; leases live for minutes
_CONTENT_TYPE = "application/x-vnd.vmware-streamVmdk"


@dataclass(frozen=True)
class Target:
    """Where one disk of a lease goes."""

    url: str
    thumbprint: str | None
    key: str


@dataclass(frozen=True)
class Lease:
    """A lease that is ready: the VM it makes, and where its disks go."""

    moref: str
    vm: str
    targets: tuple[Target, ...]


@contextmanager
def held(vc: VCenter, moref: str, percent: Callable[[], int], *, op_id: str | None = None) -> Iterator[Lease]:
    """Wait until the lease is ready and keep it alive inside the block; complete it at the end, abort it on failure.

    Aborting makes vCenter remove the half-made VM.
    """
    try:
        lease = _ready(vc, moref)
        with _kept_alive(vc, moref, percent):
            yield lease
        vc.call(_lease(vc, moref), "HttpNfcLeaseComplete", op_id=op_id)
    except BaseException:
        _abort(vc, moref, op_id)
        raise


def upload(vc: VCenter, target: Target, chunks: Iterable[bytes], size: int | None) -> None:
    """Send a streamOptimized VMDK to a lease's target. `size` None: sent in chunks of unknown total.

    Raises VCenterUnavailable, CertificateRefused, InvalidSpec when the host refuses the stream.
    """
    parts = urlsplit(target.url)
    own_host = vc.settings.host.strip("[]")
    host = own_host if parts.hostname in (None, "*") else str(parts.hostname)
    port = parts.port or (vc.settings.port if host == own_host else 443)
    headers = {"Content-Type": _CONTENT_TYPE, "Cookie": vc.cookie, "Overwrite": "t"}
    if size is not None:
        headers["Content-Length"] = str(size)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    with calls.observed("POST lease", vc.observers):
        try:
            conn = transport.pinned(host, port, vc, target.thumbprint)
        except OSError as error:
            raise faults.translate(error, f"connect to {host}") from error
        try:
            response = transport.send(conn, "POST", path, chunks, headers)
            text = response.read()[:500]
        finally:
            conn.close()
    if response.status not in (200, 201, 204):
        log_message = f"POST to {host}: HTTP {response.status} {text.decode(errors='replace')}"
        error_class = faults.VCenterUnavailable if response.status >= 500 else faults.InvalidSpec
        raise error_class(log_message=log_message)


def _lease(vc: VCenter, moref: str) -> Any:
    return vc.object(vim.HttpNfcLease, moref)


def _ready(vc: VCenter, moref: str) -> Lease:
    deadline = time.monotonic() + _READY_TIMEOUT
    pause = 0.02
    while True:
        values = properties.read_one(vc, vim.HttpNfcLease, moref, ["state", "info", "error"])
        state = str(values.get("state"))
        if state == "ready":
            return _parse(moref, values["info"])
        if state in ("error", "done"):
            fault = values.get("error")
            raise (
                faults.translate(fault, "import")
                if fault is not None
                else faults.VCenterError(log_message=f"lease {moref} is {state}")
            )
        if time.monotonic() > deadline:
            raise faults.TaskTimeout(log_message=f"lease {moref} was not ready after {_READY_TIMEOUT:.0f} s")
        time.sleep(pause)
        pause = min(pause * 1.5, 1.0)


def _parse(moref: str, info: Any) -> Lease:
    targets = tuple(
        Target(device.url, device.sslThumbprint or None, device.importKey or device.key)
        for device in info.deviceUrl or ()
        if device.disk is not False
    )
    return Lease(moref, str(info.entity._moId), targets)


@contextmanager
def _kept_alive(vc: VCenter, moref: str, percent: Callable[[], int]) -> Iterator[None]:
    over = threading.Event()

    def run() -> None:
        while not over.wait(_KEEP_ALIVE):
            try:
                vc.call(_lease(vc, moref), "HttpNfcLeaseProgress", percent=max(0, min(percent(), 100)))
            except faults.VCenterError as error:
                # The transfer itself finds out whether the lease still counts.
                _log.info("lease_progress_failed", lease=moref, reason=error.log_message)

    thread = threading.Thread(target=run, name=f"lease-{moref}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _abort(vc: VCenter, moref: str, op_id: str | None) -> None:
    try:
        vc.call(_lease(vc, moref), "HttpNfcLeaseAbort", op_id=op_id)
    except faults.VCenterError as error:
        _log.info("lease_not_aborted", lease=moref, reason=error.log_message)
