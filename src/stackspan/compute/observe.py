"""A vCenter's changes → what Compute shows of its servers: power, ESXi host, NIC ports, and a state that nobody here changed.

A server is matched by moref and instanceUuid together. `vm_state` follows an observation only when no job holds the server,
the VM and its host are connected, and a second read says the same; "off" is read again only after a while, since a VM that
is off because its host died is not stopped: HA is about to start it again. Nothing is ever powered off from here.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stackspan.compute.model import PowerState, Server, ServerFilter, VmState
from stackspan.compute.service import ComputeService
from stackspan.compute.service.records import fault_of, server_failed
from stackspan.compute.store import servers as server_store
from stackspan.core import log
from stackspan.db import Transaction
from stackspan.vsphere import faults, vms
from stackspan.vsphere.changes import Change, FullView, HostChange, Removed, VmChange, VmHardwareChange
from stackspan.vsphere.fleet import Link
from stackspan.vsphere.types import ConnectionState, VmHardware, VmSummary
from stackspan.vsphere.types import PowerState as VmPower
from stackspan.workflow import StepFailed

_LOG = log.get(__name__)
_VANISHED = dt.timedelta(minutes=10)
_SURE_SECONDS = 20.0  # how long a VM must be off before its server counts as stopped
_POWER = {VmPower.ON: PowerState.RUNNING, VmPower.OFF: PowerState.SHUTDOWN, VmPower.SUSPENDED: PowerState.SUSPENDED}
_STATES = {VmPower.ON: VmState.ACTIVE, VmPower.OFF: VmState.STOPPED, VmPower.SUSPENDED: VmState.SUSPENDED}
_FOLLOWING = frozenset(_STATES.values())


class ServerObserver:
    """Keeps the observed columns of one vCenter's servers true.

    Args:
        guard: called first in every transaction; raises where this process doesn't lead any more.
        sure_seconds: how long a VM must be off before its server counts as stopped.
    """

    def __init__(
        self,
        compute: ComputeService,
        link: Link,
        guard: Callable[[Transaction], None] | None = None,
        *,
        sure_seconds: float = _SURE_SECONDS,
    ) -> None:
        self._compute = compute
        self._parts = compute.parts
        self._link = link
        self._guard = guard
        self._sure_seconds = sure_seconds
        self._hosts: dict[str, tuple[str, bool]] = {}  # moref → (name, connected)

    def on_changes(self, changes: Sequence[Change]) -> None:
        """Take a batch from the watcher; what it changes is committed when this returns."""
        seen: dict[str, VmSummary] = {}
        gone: set[str] = set()
        hardware: dict[str, VmHardware] = {}
        present: frozenset[str] | None = None
        for change in changes:
            if isinstance(change, HostChange):
                connected = change.host.connection is ConnectionState.CONNECTED
                self._hosts[change.moref] = (change.host.name, connected)
            elif isinstance(change, VmChange):
                seen[change.moref] = change.vm
                gone.discard(change.moref)
            elif isinstance(change, VmHardwareChange):
                hardware[change.moref] = change.hardware
            elif isinstance(change, Removed) and change.kind == "vm":
                seen.pop(change.moref, None)
                gone.add(change.moref)
            elif isinstance(change, FullView) and change.present is not None:
                present = change.present.get("vm", frozenset())
        if seen or gone:
            self._seen(seen, gone)
        if hardware:
            self._plugged(hardware)
        if present is not None:
            self._whole_view(present)

    def settle(self) -> None:
        """Servers whose VM has been missing for ten minutes are in ERROR. To be called now and then."""
        now = self._parts.now()
        with self._parts.database.read() as tx:
            missing = server_store.vanished_list(tx, self._link.vcenter_uuid)
        for server in missing:
            if server.vm_state is VmState.ERROR or server.vanished_at is None or now - server.vanished_at < _VANISHED:
                continue
            with self._parts.database.write() as tx:
                self._check(tx)
                if not self._held(tx, server):
                    failure = StepFailed("The server's virtual machine is missing on the virtualization platform.")
                    server_failed(tx, server.id, fault_of(server.id, failure, now))

    # -- inside ------------------------------------------------------------------------------------------------------

    def _check(self, tx: Transaction) -> None:
        if self._guard is not None:
            self._guard(tx)

    def _held(self, tx: Transaction, server: Server) -> bool:
        """Whether somebody works on the server, or it isn't as it was read."""
        found = server_store.server_get(tx, server.id)
        if found is None or found.deleted or found.task_state is not None or found.vm_state is not server.vm_state:
            return True
        return self._parts.queue.busy(tx, f"server:{server.id}")

    def _ours(self, tx: Transaction, morefs: Sequence[str]) -> dict[str, Server]:
        found = server_store.server_ids_by_moref(tx, self._link.vcenter_uuid, morefs)
        servers = server_store.server_list(tx, ServerFilter(ids=list(found.values()), limit=len(found) or 1))
        by_id = {server.id: server for server in servers}
        return {moref: by_id[server_id] for moref, server_id in found.items() if server_id in by_id}

    def _whole_view(self, present: frozenset[str]) -> None:
        """After a lost session: what is ours and isn't there has vanished; all others get their devices watched."""
        with self._parts.database.write(durable=False) as tx:
            self._check(tx)
            self._compute.nodes.ensure(tx)
        with self._parts.database.read() as tx:
            ours = server_store.server_ids_by_moref(tx, self._link.vcenter_uuid)
        self._link.watcher.track([moref for moref in ours if moref in present])
        missing = {moref for moref in ours if moref not in present}
        if missing:
            self._seen({}, missing)

    def _seen(self, seen: Mapping[str, VmSummary], gone: set[str]) -> None:
        with self._parts.database.read() as tx:
            servers = self._ours(tx, [*seen, *gone])
            missing = {server.id: server for server in server_store.vanished_list(tx, self._link.vcenter_uuid)}
        changes: dict[str, dict[str, Any]] = {}
        follow: list[tuple[Server, VmSummary]] = []
        for moref, server in servers.items():
            if moref in gone:
                changes[server.id] = {"vanished_at": server.vanished_at or self._parts.now()}
                continue
            vm = seen[moref]
            if vm.instance_uuid.lower() != server.id:
                continue  # a moref that another VM has now
            changes[server.id] = self._differing(server, vm)
            if self._may_follow(server, vm):
                follow.append((server, vm))
        for moref, vm in seen.items():
            server_back = missing.get(vm.instance_uuid.lower())
            if server_back is not None and moref not in servers and self._is_back(server_back, moref):
                changes[server_back.id] = {**self._differing(server_back, vm), "vm_moref": moref}
        self._write({server_id: values for server_id, values in changes.items() if values})
        for server, vm in follow:
            self._follow_soon(server, vm)

    def _write(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        if not changes:
            return
        with self._parts.database.write(durable=False) as tx:
            self._check(tx)
            for server_id, values in changes.items():
                server_store.server_observe(tx, server_id, values)

    def _is_back(self, server: Server, moref: str) -> bool:
        """Whether the VM under another moref is the missing one: its host was removed and added again.

        A copy that has our instanceUuid beside the original is somebody else's.
        """
        old = server.vm_moref
        if old is not None and vms.read_many(self._link.vc, [old]):
            return False
        self._link.watcher.track([moref])
        _LOG.info("a missing VM is back", server=server.id, vm=moref, was=old)
        return True

    def _differing(self, server: Server, vm: VmSummary) -> dict[str, Any]:
        name, _ = self._hosts.get(vm.host or "", (None, False))
        wanted: dict[str, Any] = {"power_state": int(_POWER[vm.power_state]), "vanished_at": None}
        if name is not None:
            wanted["esxi_host"] = name
        now = {"power_state": int(server.power_state), "esxi_host": server.esxi_host, "vanished_at": server.vanished_at}
        return {key: value for key, value in wanted.items() if now[key] != value}

    def _plugged(self, hardware: Mapping[str, VmHardware]) -> None:
        """The ports on the distributed switch that vCenter gave to our NICs."""
        with self._parts.database.read() as tx:
            servers = self._ours(tx, list(hardware))
            nics = self._parts.network.nics_by_server(tx, [server.id for server in servers.values()])
        found = []
        for moref, server in servers.items():
            keys = {nic.mac: nic.port_key for nic in hardware[moref].nics}
            for nic in nics.get(server.id, ()):
                key = keys.get(nic.mac)
                if key is not None and key != nic.port_key:
                    found.append((nic.port_id, key))
        if found:
            with self._parts.database.write(durable=False) as tx:
                self._check(tx)
                for port_id, key in found:
                    self._parts.network.nic_bound(tx, port_id, key)

    def _may_follow(self, server: Server, vm: VmSummary) -> bool:
        _, connected = self._hosts.get(vm.host or "", (None, False))
        return (
            server.task_state is None
            and server.vm_state in _FOLLOWING
            and _STATES[vm.power_state] is not server.vm_state
            and vm.connection is ConnectionState.CONNECTED
            and connected
        )

    def _follow_soon(self, server: Server, vm: VmSummary) -> None:
        """At once where it runs (again); after a while where it is off."""
        if vm.power_state is not VmPower.OFF or self._sure_seconds <= 0:
            self._follow(server, vm)
            return
        timer = threading.Timer(self._sure_seconds, self._follow, (server, vm))
        timer.daemon = True
        timer.start()

    def _follow(self, server: Server, vm: VmSummary) -> None:
        """Somebody changed it in vCenter: once a second read says so too, the state follows."""
        try:
            state = vms.read(self._link.vc, vm.moref)
        except faults.VCenterError:
            return  # the next full view tells
        connected = state.connection is ConnectionState.CONNECTED
        if state.power_state is not vm.power_state or state.instance_uuid != server.id or not connected:
            return
        to = _STATES[vm.power_state]
        with self._parts.database.write() as tx:
            self._check(tx)
            if self._held(tx, server):
                return
            server_store.server_move(tx, server.id, self._parts.now(), vm_state=to, task_state=None)
        _LOG.info("changed in vCenter", server=server.id, vm_state=to.value, vm=vm.moref)
