"""Power on, many VMs a call; DRS picks the host, or we do where DRS doesn't.

`PowerOnMultiVM_Task` with OverrideAutomationLevel=fullyAutomated places and starts many VMs at once; its result says for
each VM whether it was attempted (with a task of its own), not attempted (with a fault), or only recommended (DRS in
manual mode may do so in spite of the override). Where DRS is off or only recommends, we choose among the usable hosts of
the VM's cluster the one with the most free memory.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyVmomi import vim

from stackspan.core import log
from stackspan.vsphere import faults, inventory, properties
from stackspan.vsphere.session import VCenter
from stackspan.vsphere.tasks import TaskTracker
from stackspan.vsphere.types import HostInfo, TaskResult

_log = log.get(__name__)

_GATHER = 0.02  # seconds in which concurrent power-ons join one call
_MAX_BATCH = 100  # VMs in one call
_DEFAULT_TIMEOUT = 600.0  # seconds
_ASK_AFTER = 15.0  # seconds after which a power-on that doesn't end is asked for a question that blocks it


@dataclass(frozen=True)
class PowerOnResult:
    """What became of one VM: the `host` (moref) it runs on, or `error`. `task` is its own power-on task, if it had one."""

    moref: str
    host: str | None = None
    task: str | None = None
    event_chain_id: int | None = None
    error: faults.VCenterError | None = None


def power_on_many(
    vc: VCenter,
    tasks: TaskTracker,
    datacenter: str,
    morefs: Sequence[str],
    *,
    op_id: str | None = None,
    activation_id: str | None = None,
    timeout: float = _DEFAULT_TIMEOUT,
) -> dict[str, PowerOnResult]:
    """Power on VMs of one datacenter and wait; one result for each, none is lost.

    A VM that runs already counts as success. Raises what concerns all: VCenterUnavailable, NoPermission, TaskUnknown.
    """
    options = [vim.option.OptionValue(key="OverrideAutomationLevel", value="fullyAutomated")]
    task = vc.call(
        vc.object(vim.Datacenter, datacenter),
        "PowerOnMultiVM_Task",
        vm=[vc.object(vim.VirtualMachine, ref) for ref in morefs],
        option=options,
        op_id=op_id,
        activation_id=activation_id,
    )
    result = tasks.wait(task._moId, timeout).result
    attempted = {info.vm._moId: properties.moref(info.task) for info in getattr(result, "attempted", None) or ()}
    outcomes: dict[str, PowerOnResult] = {}
    for info in getattr(result, "notAttempted", None) or ():
        outcomes[info.vm._moId] = PowerOnResult(info.vm._moId, error=faults.translate(info.fault, "power on"))
    outcomes.update(_ends(vc, tasks, attempted, timeout))
    only_recommended = [ref for ref in morefs if ref not in outcomes]
    verified = _verified(vc, morefs, outcomes)
    left = [ref for ref in only_recommended if isinstance(verified[ref].error, faults.InsufficientResources)]
    for cluster, refs in _by_cluster(vc, left).items():
        verified.update(
            power_on_at_best_host(vc, tasks, cluster, refs, op_id=op_id, activation_id=activation_id, timeout=timeout)
        )
    return verified


def power_on_at_best_host(
    vc: VCenter,
    tasks: TaskTracker,
    cluster: str,
    morefs: Sequence[str],
    *,
    op_id: str | None = None,
    activation_id: str | None = None,
    timeout: float = _DEFAULT_TIMEOUT,
) -> dict[str, PowerOnResult]:
    """Power on VMs in a cluster whose DRS doesn't place: each on the usable host with the most free memory.

    A host that turns out to lack resources, or to be unavailable, is passed over for the next.
    """
    hosts = [host for host in inventory.hosts(vc, cluster) if host.usable]
    sizes = properties.read(vc, vim.VirtualMachine, list(morefs), ["summary.config.memorySizeMB"])
    free = {host.moref: host.memory_mib - host.memory_used_mib for host in hosts}
    outcomes: dict[str, PowerOnResult] = {}
    for ref in morefs:
        size = int(sizes.get(ref, {}).get("summary.config.memorySizeMB") or 0)
        outcomes[ref] = _on_one_of(vc, tasks, ref, _ranked(hosts, free), op_id, activation_id, timeout)
        placed = outcomes[ref].host
        if placed in free:
            free[placed] -= size
    return _verified(vc, morefs, outcomes)


def _by_cluster(vc: VCenter, morefs: Sequence[str]) -> dict[str, list[str]]:
    """The VMs by the cluster they are in; those on standalone hosts are left out."""
    if not morefs:
        return {}
    homes = properties.read(vc, vim.VirtualMachine, list(morefs), ["resourcePool"])
    pools = {ref: properties.moref(values.get("resourcePool")) for ref, values in homes.items()}
    names = sorted({pool for pool in pools.values() if pool is not None})
    owners = properties.read(vc, vim.ResourcePool, names, ["owner"])
    found: dict[str, list[str]] = {}
    for ref, pool in pools.items():
        owner = owners.get(pool or "", {}).get("owner")
        if isinstance(owner, vim.ClusterComputeResource):
            found.setdefault(str(owner._moId), []).append(ref)
    return found


def _ranked(hosts: Iterable[HostInfo], free: Mapping[str, int]) -> list[str]:
    return sorted((host.moref for host in hosts), key=lambda ref: (-free[ref], ref))


def _on_one_of(
    vc: VCenter,
    tasks: TaskTracker,
    ref: str,
    hosts: Sequence[str],
    op_id: str | None,
    activation_id: str | None,
    timeout: float,
) -> PowerOnResult:
    last: faults.VCenterError = faults.InsufficientResources(log_message=f"no usable host for {ref}")
    for host in hosts:
        try:
            task = vc.call(
                vc.object(vim.VirtualMachine, ref),
                "PowerOnVM_Task",
                host=vc.object(vim.HostSystem, host),
                op_id=op_id,
                activation_id=activation_id,
            )._moId
            done = tasks.wait(task, timeout)
            return PowerOnResult(ref, host, task, done.event_chain_id)
        except (faults.InsufficientResources, faults.HostUnavailable, faults.InvalidState) as error:
            last = error
        except faults.InvalidPowerState as error:
            return PowerOnResult(ref, error=error)
    return PowerOnResult(ref, error=last)


def _ends(
    vc: VCenter, tasks: TaskTracker, attempted: Mapping[str, str | None], timeout: float
) -> dict[str, PowerOnResult]:
    """Wait for the VMs' own tasks; one that takes long because its VM waits for an answer is given up with its text."""
    found: dict[str, PowerOnResult] = {}
    waiting = {ref: task for ref, task in attempted.items() if task is not None}
    deadline = time.monotonic() + timeout
    while waiting:
        patience = min(_ASK_AFTER, max(deadline - time.monotonic(), 0.1))
        ends = tasks.outcomes(list(waiting.values()), patience)
        late = [ref for ref, task in waiting.items() if isinstance(ends[task], faults.TaskTimeout)]
        asked = _questions(vc, late)
        for ref, task in list(waiting.items()):
            if ref in asked:
                error = faults.QuestionPending(f"The server waits for an answer: {asked[ref]}", f"{ref}: {asked[ref]}")
                found[ref] = PowerOnResult(ref, task=task, error=error)
            elif ref in late and time.monotonic() < deadline:
                continue
            else:
                found[ref] = _outcome(ref, task, ends[task])
            del waiting[ref]
    return found


def _questions(vc: VCenter, morefs: Sequence[str]) -> dict[str, str]:
    """The texts of the questions that block these VMs."""
    found = properties.read(vc, vim.VirtualMachine, list(morefs), ["runtime.question"])
    asked = {ref: values.get("runtime.question") for ref, values in found.items()}
    return {ref: question.text for ref, question in asked.items() if question is not None}


def _outcome(ref: str, task: str | None, end: TaskResult | faults.VCenterError | None) -> PowerOnResult:
    if isinstance(end, faults.VCenterError):
        return PowerOnResult(ref, task=task, error=end)
    if end is None:
        return PowerOnResult(ref, task=task)
    error = faults.translate(end.error, "power on") if end.error is not None else None
    return PowerOnResult(ref, task=task, event_chain_id=end.event_chain_id, error=error)


def _verified(vc: VCenter, morefs: Sequence[str], outcomes: Mapping[str, PowerOnResult]) -> dict[str, PowerOnResult]:
    """Fill in hosts from one read of all; what runs is a success whatever was said of it, what doesn't is an error."""
    found = properties.read(vc, vim.VirtualMachine, list(morefs), ["runtime.host", "runtime.powerState"])
    result: dict[str, PowerOnResult] = {}
    for ref in morefs:
        said = outcomes.get(ref, PowerOnResult(ref))
        values = found.get(ref)
        if values is None:
            error: faults.VCenterError | None = faults.ObjectGone(log_message=f"{ref} is gone", moref=ref)
        elif str(values.get("runtime.powerState")) == "poweredOn":
            error = None
        else:
            error = said.error or faults.InsufficientResources(
                log_message=f"{ref}: vCenter recommended a host but did not power on"
            )
        host = properties.moref(values.get("runtime.host")) if values is not None and error is None else None
        result[ref] = PowerOnResult(ref, host, said.task, said.event_chain_id, error)
    return result


@dataclass
class _Request:
    """One thread's wish."""

    moref: str
    op_id: str | None
    activation_id: str | None
    timeout: float
    done: threading.Event = field(default_factory=threading.Event)
    result: PowerOnResult | None = None
    error: faults.VCenterError | None = None


class PowerOnBatcher:
    """Joins the power-ons of many threads into one call per datacenter (or per cluster where DRS doesn't place).

    The first to come gathers for 20 ms, then makes the call for all in its own thread: no thread of ours, nothing to stop.
    """

    def __init__(self, vc: VCenter, tasks: TaskTracker) -> None:
        self._vc = vc
        self._tasks = tasks
        self._lock = threading.Lock()
        self._gathering: dict[tuple[str, str], list[_Request]] = {}

    def power_on(
        self,
        datacenter: str,
        moref: str,
        *,
        cluster: str | None = None,
        drs_places: bool = True,
        op_id: str | None = None,
        activation_id: str | None = None,
        timeout: float = _DEFAULT_TIMEOUT,
    ) -> PowerOnResult:
        """Power the VM on and wait. A VM that runs already counts as success.

        Args:
            datacenter: moref of its datacenter.
            cluster: moref of its cluster; needed where `drs_places` is False (`ClusterInfo.drs_places`).

        Raises: the VM's own fault (InsufficientResources, QuestionPending, …) or the call's.
        """
        request = _Request(moref, op_id, activation_id, timeout)
        key = ("cluster", cluster) if cluster is not None and not drs_places else ("datacenter", datacenter)
        with self._lock:
            batch = self._gathering.get(key)
            leads = batch is None or len(batch) >= _MAX_BATCH
            if batch is None or leads:
                batch = self._gathering[key] = []
            batch.append(request)
        if leads:
            self._lead(key, batch)
        elif not request.done.wait(timeout + 2 * _DEFAULT_TIMEOUT):
            raise faults.TaskTimeout(log_message=f"power-on of {moref} got no answer")
        if request.error is not None:
            raise request.error
        assert request.result is not None
        if request.result.error is not None:
            raise request.result.error
        return request.result

    def _lead(self, key: tuple[str, str], batch: list[_Request]) -> None:
        time.sleep(_GATHER)
        with self._lock:
            if self._gathering.get(key) is batch:
                del self._gathering[key]
        try:
            results = self._run(key, batch)
            for request in batch:
                request.result = results[request.moref]
        except faults.VCenterError as error:
            for request in batch:
                request.error = error
        finally:
            for request in batch:
                if request.result is None and request.error is None:
                    request.error = faults.VCenterUnavailable(log_message="the power-on of this batch broke off")
                request.done.set()

    def _run(self, key: tuple[str, str], batch: Sequence[_Request]) -> dict[str, PowerOnResult]:
        morefs = list(dict.fromkeys(request.moref for request in batch))
        # One call carries one activation id: the first one's. Power-ons are found again by entity.
        common: dict[str, Any] = {
            "op_id": batch[0].op_id,
            "activation_id": batch[0].activation_id,
            "timeout": max(request.timeout for request in batch),
        }
        kind, where = key
        if kind == "cluster":
            return power_on_at_best_host(self._vc, self._tasks, where, morefs, **common)
        try:
            return power_on_many(self._vc, self._tasks, where, morefs, **common)
        except (faults.ObjectGone, faults.InvalidSpec, faults.InvalidState, faults.InvalidPowerState) as error:
            if len(morefs) == 1:
                return {morefs[0]: self._verified_alone(morefs[0], error)}
            # One VM that is gone or runs already must not fail its neighbours: each by itself.
            _log.info("power_on_batch_refused", vms=len(morefs), reason=error.log_message)
            return {ref: self._alone(where, ref, common) for ref in morefs}

    def _alone(self, datacenter: str, ref: str, common: Mapping[str, Any]) -> PowerOnResult:
        try:
            return power_on_many(self._vc, self._tasks, datacenter, [ref], **common)[ref]
        except faults.VCenterError as error:
            return self._verified_alone(ref, error)

    def _verified_alone(self, ref: str, error: faults.VCenterError) -> PowerOnResult:
        return _verified(self._vc, [ref], {ref: PowerOnResult(ref, error=error)})[ref]
