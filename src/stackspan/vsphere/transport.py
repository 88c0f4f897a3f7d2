"""HTTP connections for files: kept open and shared by threads, one request at a time each."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from stackspan.vsphere import faults
from stackspan.vsphere.session import VCenter

TIMEOUT = 120.0  # seconds without a byte moving
_IDLE = 50.0  # seconds; below the proxy's idle timeout
_KEEP = 32  # idle connections

Body = bytes | Iterable[bytes]


@dataclass
class _Pool:
    lock: threading.Lock = field(default_factory=threading.Lock)
    idle: list[tuple[float, http.client.HTTPSConnection]] = field(default_factory=list)


def _pool(vc: VCenter) -> _Pool:
    pool = vc.memory.setdefault("http", _Pool())
    assert isinstance(pool, _Pool)
    return pool


@contextmanager
def connection(vc: VCenter) -> Iterator[http.client.HTTPSConnection]:
    """A connection to the vCenter itself. It goes back to the pool if its answer was read to the end."""
    pool = _pool(vc)
    now = time.monotonic()
    with pool.lock:
        fresh = [(since, conn) for since, conn in pool.idle if now - since < _IDLE]
        stale = [conn for since, conn in pool.idle if now - since >= _IDLE]
        found = fresh.pop()[1] if fresh else None
        pool.idle = fresh
    for old in stale:
        old.close()
    host = vc.settings.host.strip("[]")
    conn = found or http.client.HTTPSConnection(host, vc.settings.port, timeout=TIMEOUT, context=vc.tls_context)
    done = False
    try:
        yield conn
        done = True
    finally:
        with pool.lock:
            keep = done and conn.sock is not None and len(pool.idle) < _KEEP
            if keep:
                pool.idle.append((time.monotonic(), conn))
        if not keep:
            conn.close()


def close(vc: VCenter) -> None:
    """Close the idle connections."""
    pool = _pool(vc)
    with pool.lock:
        idle, pool.idle = pool.idle, []
    for _since, conn in idle:
        conn.close()


def pinned(host: str, port: int, vc: VCenter, thumbprint: str | None) -> http.client.HTTPSConnection:
    """A connection to an ESXi host, verified before a byte of ours is sent.

    The host's certificate must be signed by an authority we trust or, where vCenter gave us its `thumbprint` over a
    verified connection, match that. Raises CertificateRefused.
    """
    conn = http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=vc.tls_context)
    try:
        conn.connect()
        return conn
    except ssl.SSLCertVerificationError as error:
        conn.close()
        if not thumbprint:
            raise faults.CertificateRefused(log_message=f"{host}: {error}") from error
    unverified = ssl.create_default_context()
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    conn = http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=unverified)
    conn.connect()
    certificate = conn.sock.getpeercert(binary_form=True) or b""
    wanted = thumbprint.replace(":", "").lower()
    digest = hashlib.sha256 if len(wanted) == 64 else hashlib.sha1
    if not hmac.compare_digest(digest(certificate).hexdigest(), wanted):
        conn.close()
        raise faults.CertificateRefused(log_message=f"{host} shows another certificate than vCenter names")
    return conn


def send(
    conn: http.client.HTTPSConnection, method: str, url: str, body: Body | None, headers: Mapping[str, str]
) -> http.client.HTTPResponse:
    """One request and the head of its answer. Raises VCenterUnavailable when the connection breaks."""
    try:
        conn.request(method, url, body=body, headers=dict(headers))
        return conn.getresponse()
    except (OSError, http.client.HTTPException) as error:
        raise faults.translate(error, f"{method} {url.partition('?')[0]}") from error
