"""One thread-safe client per vCenter account: logs in when first needed and renews its session in one place.

The session cookie is shared by every connection of the client: those of the pool, and the ones that waiting collectors
open for themselves (`new_stub`). pyVmomi would take a new cookie from any answer, and a late `NotAuthenticated` then
throws away the session that another thread has just renewed; so cookies are taken at log-in only.

A wrong password ends all attempts until the program is restarted with a right one: repeated tries lock the account.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.parsers.expat import ExpatError

from pyVmomi import SoapStubAdapter, vim, vmodl
from pyVmomi.VmomiSupport import versionIdMap

from stackspan.core import log
from stackspan.vsphere import calls, faults

if TYPE_CHECKING:
    from stackspan.config import VCenterSettings
    from stackspan.vsphere.collector import Collector

_log = log.get(__name__)

SOCKET_TIMEOUT = 60.0  # seconds; a call that hangs longer is given up
_LEAST_POOL = 64  # connections kept: as many as threads call at once; idle ones are closed anyway
_IDLE_CONNECTION = 50  # seconds; below the idle timeout of vCenter's proxy, so that we close first
_BASE_VERSION = "vim.version.version11"  # 6.5: every vCenter we may meet speaks it
_RETRY_PAUSES = (0.1, 0.5, 2.0, 5.0)  # seconds between tries of a repeatable call; the last one stays
_MAX_READ_RETRIES = 4  # a job or request thread isn't held longer: the job engine retries with patience

# What a call may raise: faults of both trees, broken connections, and answers that pyVmomi's parser trips over
# (KeyError: unknown type; AttributeError: unknown field or enum value).
_FAULTS = (vmodl.MethodFault, http.client.HTTPException, OSError, ExpatError, KeyError, AttributeError)


@dataclass(frozen=True)
class About:
    """What a vCenter says of itself."""

    instance_uuid: str
    name: str
    version: str
    build: str
    api_version: str
    api_type: str


class _Cookie:
    """The session's cookie, shared by all stubs, and the number of log-ins so far."""

    def __init__(self) -> None:
        self.value = ""
        self.generation = 0


class SessionStub(SoapStubAdapter):  # type: ignore[misc]  # pyVmomi is untyped
    """pyVmomi's stub with the client's shared cookie; `keep_cookies`: takes the cookie of answers (log-in only)."""

    def __init__(self, shared: _Cookie, *, keep_cookies: bool = False, **arguments: Any) -> None:
        self._shared = shared
        self._keep_cookies = keep_cookies
        self._in_use: Any = None
        super().__init__(**arguments)

    def GetConnection(self) -> Any:
        self._in_use = super().GetConnection()
        return self._in_use

    def interrupt(self) -> None:
        """Break the call under way, if there is one, from another thread; for stubs with one connection."""
        sock = getattr(self._in_use, "sock", None)
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    @property
    def cookie(self) -> str:
        return self._shared.value

    @cookie.setter
    def cookie(self, value: str) -> None:
        if self._keep_cookies:
            self._shared.value = value


def _best_version(api_version: str) -> str:
    """pyVmomi's newest API version that a vCenter of `api_version` ("8.0.3.0") serves."""

    def number(text: str) -> tuple[int, ...] | None:
        parts = text.split(".")
        return tuple(int(p) for p in parts) if all(p.isdigit() for p in parts) else None

    served = number(api_version) or ()
    known = ((number(v), name) for name, v in versionIdMap.items() if name.startswith("vim.version.v"))
    fitting = [(n, name) for n, name in known if n is not None and n <= served]
    return max(fitting)[1] if fitting else _BASE_VERSION


class VCenter:
    """A vCenter, as one account sees it. Safe to share between threads; connects when first used.

    Args:
        settings: address, account, certificate authority, `pool_size` (connections kept = threads that call at once).

    Attributes:
        calls_observer: called after every call with (method, seconds, outcome); for metrics. None: nobody.
        counts: calls so far, by method.
        memory: what this package's functions remember of this vCenter (folder paths, connections), by subject.
    """

    def __init__(self, settings: VCenterSettings) -> None:
        self.settings = settings
        self.counts = calls.CallCounts()
        self._collectors: weakref.WeakSet[Collector] = weakref.WeakSet()
        self._collectors_lock = threading.Lock()
        self.memory: dict[str, object] = {}
        self.calls_observer: calls.CallObserver | None = None
        self._shared = _Cookie()
        self._login_lock = threading.Lock()
        self._setup_lock = threading.Lock()
        self._failure: tuple[float, faults.VCenterError] | None = None
        self._refused: faults.WrongCredentials | None = None
        self._tls: ssl.SSLContext | None = None
        self._stub: SessionStub | None = None
        self._content: vim.ServiceInstanceContent | None = None
        self._about: About | None = None
        self._version = _BASE_VERSION
        self._closed = False

    # ---- what it is

    @property
    def label(self) -> str:
        """The operator's short name for it, used in service hosts and logs."""
        return str(self.settings.label)

    @property
    def about(self) -> About:
        """Its identity and release; connects if need be (no log-in). Raises VCenterUnavailable."""
        self._connect()
        assert self._about is not None
        return self._about

    @property
    def instance_uuid(self) -> str:
        """`about.instanceUuid`: the same for every address and account of one vCenter."""
        return self.about.instance_uuid

    @property
    def content(self) -> vim.ServiceInstanceContent:
        """The service content (root folder, property collector, managers); for use inside this package."""
        self._connect()
        assert self._content is not None
        return self._content

    @property
    def generation(self) -> int:
        """Rises with each log-in: views, filters and collectors of an older generation are gone."""
        return self._shared.generation

    @property
    def cookie(self) -> str:
        """The session's cookie header, for transfers of files; logs in if need be."""
        self.login()
        return self._shared.value

    @property
    def tls_context(self) -> ssl.SSLContext:
        """The TLS settings that verify this vCenter (unless `insecure`)."""
        with self._setup_lock:
            if self._tls is None:
                self._tls = self._make_tls()
            return self._tls

    # ---- calls

    def object(self, cls: Any, moref: str, stub: SessionStub | None = None) -> Any:
        """A pyVmomi managed object of type `cls` by its id; for use inside this package."""
        self._connect()
        return cls(moref, stub or self._stub)

    def call(
        self,
        managed_object: Any,
        method: str,
        *args: Any,
        op_id: str | None = None,
        activation_id: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Call a method of a managed object by its WSDL name and return pyVmomi's result.

        A lost session is renewed and the call repeated (vCenter refused it, so nothing happened). A broken connection
        is retried for calls that change nothing, and for others where the request can't have been sent.

        Raises: a `faults.VCenterError` subclass, whatever went wrong.
        """
        doing = f"{method} {getattr(managed_object, '_moId', '')}".strip()
        function = calls.bound_method(managed_object, method)
        attempt = 0
        renewed = 0
        while True:
            generation = self.login()
            try:
                with calls.request_context(op_id, activation_id), calls.observed(method, self.observers):
                    return function(*args, **kwargs)
            except vim.fault.NotAuthenticated as fault:
                renewed += 1
                if renewed > 3:
                    raise faults.translate(fault, doing) from fault
                self.forget_session(generation)
            except _FAULTS as fault:
                error = faults.translate(fault, doing)
                again = calls.repeatable(method) or faults.never_sent(fault)
                if not (again and isinstance(error, faults.VCenterUnavailable)) or attempt >= self._read_retries:
                    raise error from fault
                time.sleep(_RETRY_PAUSES[min(attempt, len(_RETRY_PAUSES) - 1)])
                attempt += 1

    def new_stub(self, timeout: float = SOCKET_TIMEOUT) -> SessionStub:
        """A connection of its own with this client's session, for a collector that waits up to `timeout` seconds."""
        self._connect()
        return self._make_stub(timeout, pool_size=1)

    def register(self, collector: Collector) -> None:
        """Tell this collector when its session was replaced."""
        with self._collectors_lock:
            self._collectors.add(collector)

    # ---- session

    def login(self) -> int:
        """Log in unless there is a session; one thread does, the others wait for it. Returns the session's generation.

        Raises WrongCredentials (and from then on at once), VCenterUnavailable.
        """
        if self._shared.value and not self._closed:
            return self._shared.generation
        if self._closed:
            raise faults.VCenterUnavailable(log_message=f"the client of {self.label} is closed")
        self._connect()
        asked = time.monotonic()
        with self._login_lock:
            if self._shared.value:
                return self._shared.generation
            if self._refused is not None:
                raise self._refused
            try:
                self._shared_failure(asked, self._login)
            except faults.WrongCredentials as error:
                self._refused = error
                _log.error("vcenter_refuses_account", vcenter=self.label, account=self.settings.username)
                raise
            return self._shared.generation

    def forget_session(self, generation: int) -> None:
        """Drop the session of `generation`, so that the next call logs in; no effect if it was renewed meanwhile."""
        with self._login_lock:
            if self._shared.generation == generation:
                self._shared.value = ""

    def close(self) -> None:
        """Log out and close the connections. The client can't be used after it."""
        self._closed = True
        stub = self._stub
        if stub is None:
            return
        if self._shared.value and self._content is not None:
            try:
                vim.SessionManager(self._content.sessionManager._moId, stub).Logout()
            except _FAULTS as fault:
                _log.info("logout_failed", vcenter=self.label, reason=faults.describe(fault))
        self._shared.value = ""
        stub.DropConnections()

    # ---- inside

    @property
    def observers(self) -> tuple[calls.CallObserver, ...]:
        """Who is told of every call; for use inside this package."""
        observer = self.calls_observer
        return (self.counts.add,) if observer is None else (self.counts.add, observer)

    @property
    def _read_retries(self) -> int:
        return min(int(self.settings.api_retry_count), _MAX_READ_RETRIES)

    def _make_tls(self) -> ssl.SSLContext:
        if self.settings.ca_file:
            try:
                return ssl.create_default_context(cafile=str(self.settings.ca_file))
            except OSError as error:
                raise faults.CertificateRefused(log_message=f"ca_file {self.settings.ca_file}: {error}") from error
        context = ssl.create_default_context()
        if self.settings.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _make_stub(
        self, timeout: float, pool_size: int, shared: _Cookie | None = None, *, keep_cookies: bool = False
    ) -> SessionStub:
        return SessionStub(
            shared or self._shared,
            keep_cookies=keep_cookies,
            host=self.settings.host,
            port=int(self.settings.port),
            path="/sdk",
            version=self._version,
            poolSize=pool_size,
            sslContext=self.tls_context,
            httpConnectionTimeout=timeout,
            connectionPoolTimeout=_IDLE_CONNECTION,
            # Unpacking costs more of our processor than the bytes cost a data centre's network.
            acceptCompressedResponses=False,
        )

    def _connect(self) -> None:
        """Read the service content once (it needs no log-in) and settle the API version."""
        if self._content is not None:
            return
        tls = self.tls_context
        with self._setup_lock:
            if self._content is not None:
                return
            self._tls = tls
        asked = time.monotonic()
        with self._login_lock:
            if self._content is None:
                self._shared_failure(asked, self._read_content)

    def _read_content(self) -> None:
        stub = self._make_stub(SOCKET_TIMEOUT, 1, _Cookie())
        instance = vim.ServiceInstance("ServiceInstance", stub)
        content = self._guarded("RetrieveServiceContent", lambda: instance.content)
        about = content.about
        self._version = _best_version(about.apiVersion or "")
        self._stub = self._make_stub(SOCKET_TIMEOUT, max(self.settings.pool_size, _LEAST_POOL))
        self._about = About(
            instance_uuid=about.instanceUuid or "",
            name=about.name or "",
            version=about.version or "",
            build=about.build or "",
            api_version=about.apiVersion or "",
            api_type=about.apiType or "",
        )
        self._content = content
        stub.DropConnections()

    def _shared_failure(self, asked: float, attempt: Callable[[], None]) -> None:
        """Make the attempt, or share the failure of one that ended while we waited since `asked` for our turn.

        Otherwise 200 threads would queue for a socket timeout each.
        """
        if self._failure is not None and self._failure[0] >= asked:
            raise self._failure[1]
        try:
            attempt()
        except faults.VCenterError as error:
            self._failure = (time.monotonic(), error)
            raise

    def _login(self) -> None:
        # A cookie holder of its own, so that no other thread sends the cookie before it is logged in.
        jar = _Cookie()
        stub = self._make_stub(SOCKET_TIMEOUT, 1, jar, keep_cookies=True)
        assert self._content is not None
        manager = vim.SessionManager(self._content.sessionManager._moId, stub)
        password = self.settings.password.reveal()
        self._guarded("Login", lambda: manager.Login(userName=self.settings.username, password=password, locale="en"))
        self._shared.generation += 1
        self._shared.value = jar.value
        stub.DropConnections()
        with self._collectors_lock:
            collectors = list(self._collectors)
        for collector in collectors:
            # What still waits under an older session waits for nothing.
            if collector.generation != self._shared.generation:
                collector.interrupt()
        _log.info("vcenter_session", vcenter=self.label, generation=self._shared.generation)

    def _guarded(self, method: str, function: Callable[[], Any]) -> Any:
        try:
            with calls.observed(method, self.observers):
                return function()
        except _FAULTS as fault:
            raise faults.translate(fault, f"{method} at {self.settings.host}") from fault
