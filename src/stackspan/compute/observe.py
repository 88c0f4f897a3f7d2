"""A vCenter's changes → what Compute shows of its servers: power, ESXi host, and state where nobody here changed it.

A server is matched by moref and instanceUuid together. `vm_state` follows an observation only when no job holds the server,
the VM and its host are connected, and a second read says the same: a VM that is off because its host died is not stopped,
HA is about to start it again. Nothing is ever powered off from here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stackspan.compute.model import PowerState, Server, TaskState, VmState
from stackspan.compute.service import ComputeService
from stackspan.compute.service.records import fault_of, server_failed
from stackspan.compute.store import servers as server_store
from stackspan.core import log
from stackspan.db import Transaction
from stackspan.vsphere import faults, vms
from stackspan.vsphere.changes import Change, FullView, HostChange, Removed, VmChange
from stackspan.vsphere.fleet import Link
from stackspan.vsphere.types import ConnectionState, VmSummary
from stackspan.vsphere.types import PowerState as VmPower
from stackspan.workflow import StepFailed

_LOG = log.get(__name__)
_VANISHED = dt.timedelta(minutes=10)
_POWER = {VmPower.ON: PowerState.RUNNING, VmPower.OFF: PowerState.SHUTDOWN, VmPower.SUSPENDED: PowerState.SUSPENDED}
_STATES = {VmPower.ON: VmState.ACTIVE, VmPower.OFF: VmState.STOPPED, VmPower.SUSPENDED: VmState.SUSPENDED}
_FOLLOWING = frozenset(_STATES.values())


class ServerObserver:
    """Keeps the observed columns of one vCenter's servers true.

    Args:
        guard: called first in every transaction; raises where this process doesn't lead any more.
    """

    def __init__(self, compute: ComputeService, link: Link, guard: Callable[[Transaction], None] | None = None) -> None:
        self._parts = compute.parts
        self._link = link
        self._guard = guard
        self._hosts: dict[str, tuple[str, bool]] = {}  # moref → (name, connected)

    def on_changes(self, changes: Sequence[Change]) -> None:
        """Take a batch from the watcher; what it changes is committed when this returns."""
        seen: dict[str, VmSummary] = {}
        gone: set[str] = set()
        present: frozenset[str] | None = None
        for change in changes:
            if isinstance(change, HostChange):
                connected = change.host.connection is ConnectionState.CONNECTED
                self._hosts[change.moref] = (change.host.name, connected)
            elif isinstance(change, VmChange):
                seen[change.moref] = change.vm
                gone.discard(change.moref)
            elif isinstance(change, Removed) and change.kind == "vm":
                seen.pop(change.moref, None)
                gone.add(change.moref)
            elif isinstance(change, FullView) and change.present is not None:
                present = change.present.get("vm", frozenset())
        if seen or gone:
            self._seen(seen, gone)
        if present is not None:
            self._whole_view(present)

    def settle(self) -> None:
        """Servers whose VM has been missing for ten minutes are in ERROR. To be called now and then."""
        now = self._parts.now()
        with self._parts.database.write() as tx:
            self._check(tx)
            ours = server_store.server_ids_by_moref(tx, self._link.vcenter_uuid)
            for server_id in ours.values():
                server = server_store.server_get(tx, server_id)
                if server is None or server.vanished_at is None or now - server.vanished_at < _VANISHED:
                    continue
                if server.vm_state is not VmState.ERROR and not self._parts.queue.busy(tx, f"server:{server_id}"):
                    failure = StepFailed("The server's virtual machine is missing on the virtualization platform.")
                    server_failed(tx, server_id, fault_of(server_id, failure, now))

    # -- inside ------------------------------------------------------------------------------------------------------

    def _check(self, tx: Transaction) -> None:
        if self._guard is not None:
            self._guard(tx)

    def _whole_view(self, present: frozenset[str]) -> None:
        """After a lost session: what is ours and isn't there has vanished; all others get their devices watched."""
        with self._parts.database.read() as tx:
            ours = server_store.server_ids_by_moref(tx, self._link.vcenter_uuid)
        self._link.watcher.track([moref for moref in ours if moref in present])
        missing = {moref for moref in ours if moref not in present}
        if missing:
            self._seen({}, missing)

    def _seen(self, seen: Mapping[str, VmSummary], gone: set[str]) -> None:
        with self._parts.database.read() as tx:
            ours = server_store.server_ids_by_moref(tx, self._link.vcenter_uuid, [*seen, *gone])
            servers = {moref: server_store.server_get(tx, server_id) for moref, server_id in ours.items()}
        changes: dict[str, dict[str, Any]] = {}
        follow: list[tuple[Server, VmSummary]] = []
        for moref, server in servers.items():
            if server is None:
                continue
            if moref in gone:
                changes[server.id] = {"vanished_at": self._parts.now()}
                continue
            vm = seen[moref]
            if vm.instance_uuid.lower() != server.id:
                continue  # a moref that another VM has now
            differing = self._differing(server, vm)
            if differing:
                changes[server.id] = differing
            if self._may_follow(server, vm):
                follow.append((server, vm))
        if changes:
            with self._parts.database.write(durable=False) as tx:
                self._check(tx)
                for server_id, values in changes.items():
                    server_store.server_observe(tx, server_id, values)
        for server, vm in follow:
            self._follow(server, vm)

    def _differing(self, server: Server, vm: VmSummary) -> dict[str, Any]:
        name, _ = self._hosts.get(vm.host or "", (None, False))
        wanted: dict[str, Any] = {"power_state": int(_POWER[vm.power_state])}
        if name is not None:
            wanted["esxi_host"] = name
        if server.vanished_at is not None:
            wanted["vanished_at"] = None
        now = {"power_state": int(server.power_state), "esxi_host": server.esxi_host, "vanished_at": server.vanished_at}
        return {key: value for key, value in wanted.items() if now[key] != value}

    def _may_follow(self, server: Server, vm: VmSummary) -> bool:
        _, connected = self._hosts.get(vm.host or "", (None, False))
        return (
            server.task_state is None
            and server.vm_state in _FOLLOWING
            and _STATES[vm.power_state] is not server.vm_state
            and vm.connection is ConnectionState.CONNECTED
            and connected
        )

    def _follow(self, server: Server, vm: VmSummary) -> None:
        """Somebody changed it in vCenter: once a second read says so too, the state follows."""
        try:
            state = vms.read(self._link.vc, vm.moref)
        except faults.ObjectGone:
            return
        if state.power_state is not vm.power_state or state.instance_uuid.lower() != server.id:
            return
        to = _STATES[vm.power_state]
        with self._parts.database.write() as tx:
            self._check(tx)
            found = server_store.server_get(tx, server.id)
            held = self._parts.queue.busy(tx, f"server:{server.id}")
            if held or found is None or found.task_state is not None or found.vm_state is not server.vm_state:
                return
            no_task: TaskState | None = None
            server_store.server_move(tx, server.id, self._parts.now(), vm_state=to, task_state=no_task)
        _LOG.info("changed in vCenter", server=server.id, vm_state=to.value, vm=vm.moref)
