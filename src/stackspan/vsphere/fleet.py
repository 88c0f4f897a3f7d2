"""All vCenters of the configuration.

Several sections may name one vCenter, under different addresses and accounts: they are one entry, known by
`about.instanceUuid`. Each service makes its calls with its own section's account; one watcher serves them all.
Connecting happens in the background, so that the program starts without any vCenter.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stackspan.core import log
from stackspan.vsphere import faults, transport
from stackspan.vsphere.power import PowerOnBatcher
from stackspan.vsphere.session import VCenter
from stackspan.vsphere.tasks import TaskTracker
from stackspan.vsphere.watcher import Watcher

if TYPE_CHECKING:
    from stackspan.config import Settings, VCenterSettings

_log = log.get(__name__)

_PAUSES = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)  # seconds between attempts to connect; the last one stays
_FALLBACKS = ("compute", "volume", "image", "network")  # whose account serves a service that has none


@dataclass(frozen=True)
class Link:
    """One vCenter as one service's account sees it. `watcher` is the same for all services of a vCenter."""

    vcenter_uuid: str
    label: str
    vc: VCenter
    tasks: TaskTracker
    power: PowerOnBatcher
    watcher: Watcher


@dataclass(frozen=True)
class Account:
    """A configured account and how its connection stands. `problem` is empty when all is well."""

    service: str
    section: str
    label: str
    vcenter_uuid: str | None
    problem: str


class _Client:
    """One distinct account: several sections with the same one share it."""

    def __init__(self, settings: VCenterSettings) -> None:
        self.settings = settings
        self.sections: list[VCenterSettings] = [settings]
        self.vc = VCenter(settings)
        self.tasks = TaskTracker(self.vc)
        self.power = PowerOnBatcher(self.vc, self.tasks)
        self.uuid: str | None = None
        self.problem = "not connected yet"


class Fleet:
    """Every configured vCenter. Thread-safe."""

    def __init__(self, settings: Settings) -> None:
        self._lock = threading.Condition()
        self._stop = threading.Event()
        self._clients: list[_Client] = []
        self._watchers: dict[str, Watcher] = {}
        self._on_connected: Callable[[Link], None] | None = None
        by_account: dict[object, _Client] = {}
        for section in settings.vcenters:
            key = (section.host, section.port, section.username, section.password, section.ca_file, section.insecure)
            if key in by_account:
                by_account[key].sections.append(section)
            else:
                by_account[key] = _Client(section)
                self._clients.append(by_account[key])

    def start(self, on_connected: Callable[[Link], None] | None = None) -> None:
        """Connect in the background, as long as it takes.

        Args:
            on_connected: called once for each vCenter, in a thread of ours, as soon as its first account is logged in.
        """
        self._on_connected = on_connected
        for client in self._clients:
            name = f"connect-{client.settings.label}"
            threading.Thread(target=self._connect, args=(client,), name=name, daemon=True).start()

    def get(self, vcenter_uuid: str, service: str = "compute") -> Link:
        """The vCenter as `service` sees it: by its own account, or another section's where it has none.

        Raises VCenterUnavailable until it is connected.
        """
        with self._lock:
            candidates = [c for c in self._clients if c.uuid == vcenter_uuid]
            for wanted in (service, *_FALLBACKS):
                for client in candidates:
                    if any(section.service == wanted for section in client.sections):
                        return self._link(client)
        raise faults.VCenterUnavailable(log_message=f"vCenter {vcenter_uuid} is not connected")

    def all(self, service: str = "compute") -> list[Link]:
        """Every connected vCenter as `service` sees it, by label."""
        with self._lock:
            uuids = {client.uuid for client in self._clients if client.uuid is not None}
        return sorted((self.get(uuid, service) for uuid in uuids), key=lambda link: (link.label, link.vcenter_uuid))

    def of_section(self, section: VCenterSettings) -> Link:
        """The link of exactly this section's account. Raises VCenterUnavailable until it is connected."""
        with self._lock:
            for client in self._clients:
                if section in client.sections and client.uuid is not None:
                    return self._link(client)
        raise faults.VCenterUnavailable(log_message=f"{section.section}: vCenter {section.host} is not connected")

    def accounts(self) -> list[Account]:
        """How every configured account stands."""
        with self._lock:
            return [
                Account(section.service, section.section, section.label, client.uuid, client.problem)
                for client in self._clients
                for section in client.sections
            ]

    def wait_connected(self, timeout: float) -> bool:
        """Wait until every account is connected. False: not within `timeout` seconds."""
        with self._lock:
            return self._lock.wait_for(lambda: all(c.uuid is not None for c in self._clients), timeout)

    def close(self) -> None:
        """Stop watching and waiting, log out."""
        self._stop.set()
        with self._lock:
            watchers = list(self._watchers.values())
        for watcher in watchers:
            watcher.stop()
        for client in self._clients:
            client.tasks.close()
            transport.close(client.vc)
            client.vc.close()

    def _connect(self, client: _Client) -> None:
        attempt = 0
        while not self._stop.is_set():
            try:
                uuid = client.vc.instance_uuid
                client.vc.login()
            except faults.VCenterError as error:
                self._report(client, error, first=attempt == 0)
                if isinstance(error, faults.WrongCredentials):
                    return  # another try might lock the account
                self._stop.wait(_PAUSES[min(attempt, len(_PAUSES) - 1)])
                attempt += 1
                continue
            self._connected(client, uuid)
            return

    def _report(self, client: _Client, error: faults.VCenterError, *, first: bool) -> None:
        with self._lock:
            client.problem = error.log_message
        if first or isinstance(error, faults.WrongCredentials):
            _log.warning("vcenter_not_connected", vcenter=client.settings.label, reason=error.log_message)

    def _connected(self, client: _Client, uuid: str) -> None:
        with self._lock:
            new = uuid not in self._watchers
            if new:
                self._watchers[uuid] = Watcher(client.vc)
            client.uuid = uuid
            client.problem = ""
            link = self._link(client)
            self._lock.notify_all()
        _log.info("vcenter_connected", vcenter=link.label, uuid=uuid, version=client.vc.about.version)
        if new and self._on_connected is not None:
            self._on_connected(link)

    def _link(self, client: _Client) -> Link:
        assert client.uuid is not None
        label = client.settings.label
        return Link(client.uuid, label, client.vc, client.tasks, client.power, self._watchers[client.uuid])
