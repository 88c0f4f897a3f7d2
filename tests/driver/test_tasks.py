"""Waiting for tasks, many at once, over lost sessions and vanished tasks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from pyVmomi import vim, vmodl
from tests.driver.conftest import Place
from tests.driver.hand_tasks import HandTask
from tests.support.vcsim import Vcsim

from stackspan.vsphere import faults, specs, vms
from stackspan.vsphere.session import VCenter
from stackspan.vsphere.tasks import TaskTracker

Eventually = Callable[..., None]


def start_create(place: Place, name: str) -> str:
    spec = specs.create_spec(place.plan(name))
    return vms.create(place.vc, place.folder, place.cluster.resource_pool, spec, op_id="req-1", activation_id=name)


def test_the_result_is_plain_and_timed(place: Place, tasks: TaskTracker) -> None:
    done = tasks.wait(start_create(place, "a"))
    assert done.state == "success"
    assert isinstance(done.result, str)
    assert done.result.startswith("vm-")
    assert done.queued is not None
    assert done.finished is not None
    assert done.finished >= done.queued
    assert done.finished.tzname() == "UTC"


def test_a_finished_task_can_be_waited_for_again(place: Place, tasks: TaskTracker) -> None:
    task = start_create(place, "a")
    assert tasks.wait(task).result == tasks.wait(task).result


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (vim.fault.NoDiskSpace(datastore="ds1", file="a"), faults.NoDiskSpace),
        (vim.fault.NoPermission(privilegeId="VirtualMachine.Interact.PowerOn"), faults.NoPermission),
        (vim.fault.ConcurrentAccess(), faults.ConcurrentAccess),
        (vim.fault.TaskInProgress(task=vim.Task("task-1")), faults.TaskInProgress),
        (vim.fault.FileLocked(file="a"), faults.HeldByOther),
        (vim.fault.InsufficientFailoverResourcesFault(), faults.InsufficientResources),
        (vim.fault.HostConnectFault(), faults.HostUnavailable),
        (vmodl.fault.InvalidArgument(invalidProperty="spec"), faults.InvalidSpec),
        (vmodl.fault.SystemError(reason="broken"), faults.VCenterError),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_tasks_fault_is_raised_translated(
    place: Place, tasks: TaskTracker, fault: Exception, expected: type[faults.VCenterError]
) -> None:
    task = HandTask(place.vc, place.folder)
    task.run()
    task.fail(fault)
    with pytest.raises(expected) as caught:
        tasks.wait(task.moref)
    assert type(caught.value) is expected
    ended = tasks.outcome(task.moref)
    assert ended.state == "error"
    assert type(ended.error) is expected


def test_a_task_that_vcenter_never_knew_is_unknown_not_failed(tasks: TaskTracker) -> None:
    with pytest.raises(faults.TaskUnknown):
        tasks.wait("task-999999", timeout=60)


def test_hundreds_wait_with_one_pending_call(place: Place, tasks: TaskTracker) -> None:
    with ThreadPoolExecutor(100) as threads:
        started = list(threads.map(lambda number: start_create(place, f"m{number}"), range(100)))
        results = list(threads.map(tasks.wait, started))
    assert len({done.result for done in results}) == 100
    assert place.vc.counts.snapshot()["ModifyListView"].calls <= 30


def test_many_outcomes_at_once(place: Place, tasks: TaskTracker) -> None:
    good, bad = HandTask(place.vc, place.folder), HandTask(place.vc, place.folder)
    good.succeed()
    bad.fail(vim.fault.NoDiskSpace(datastore="ds1", file="a"))
    found = tasks.outcomes([good.moref, bad.moref, "task-999999", good.moref])
    assert isinstance(found["task-999999"], faults.TaskUnknown)
    assert {ref: type(end).__name__ for ref, end in found.items() if ref != "task-999999"} == {
        good.moref: "TaskResult",
        bad.moref: "TaskResult",
    }


def _waiting(tasks: TaskTracker, task: HandTask, threads: ThreadPoolExecutor, eventually: Eventually) -> Future[object]:
    """A thread that waits for the task, once vCenter was asked to watch it."""
    found: Future[object] = threads.submit(tasks.wait, task.moref)
    eventually(lambda: task.moref in tasks.watched)
    return found


def test_waiting_survives_a_lost_session(
    place: Place, tasks: TaskTracker, vcsim: Vcsim, eventually: Eventually
) -> None:
    task = HandTask(place.vc, place.folder)
    with ThreadPoolExecutor(1) as threads:
        found = _waiting(tasks, task, threads, eventually)
        vcsim.drop_sessions()
        task.run()
        assert not found.done()
        task.succeed()
        assert found.result(timeout=30).state == "success"  # type: ignore[attr-defined]


def test_what_ended_while_the_session_was_lost_is_learnt(
    place: Place, tasks: TaskTracker, vcsim: Vcsim, eventually: Eventually
) -> None:
    other = VCenter(vcsim.settings())
    other.login()
    task = HandTask(other, place.folder)
    with ThreadPoolExecutor(1) as threads:
        found = _waiting(tasks, task, threads, eventually)
        vcsim.drop_sessions()
        task.succeed()
        place.vc.login()
        place.vc.forget_session(place.vc.generation)
        place.vc.login()
        assert found.result(timeout=30).state == "success"  # type: ignore[attr-defined]
    other.close()


def test_a_timeout_counts_from_the_start_and_leaves_the_task_alone(place: Place, tasks: TaskTracker) -> None:
    task = HandTask(place.vc, place.folder)
    task.run()
    with pytest.raises(faults.TaskTimeout):
        tasks.wait(task.moref, timeout=0.2)
    task.succeed()
    assert tasks.wait(task.moref).state == "success"


def test_running_tasks_are_found_by_entity_and_settled(
    place: Place, tasks: TaskTracker, eventually: Eventually
) -> None:
    task = HandTask(place.vc, place.folder)
    task.run()
    eventually(lambda: [info.moref for info in tasks.find_running(entity=place.folder)] == [task.moref])
    with ThreadPoolExecutor(1) as threads:
        settled = threads.submit(tasks.settle, entity=place.folder)
        task.succeed()
        assert [(end.moref, end.state) for end in settled.result(30)] == [(task.moref, "success")]
    assert tasks.find_running(entity=place.folder) == []
    assert tasks.find_running(entity="vm-999999") == []
    assert tasks.find_running(activation_id="job-8/step-2") == []


def test_a_cancelable_task_is_cancelled_another_waited_for(
    place: Place, tasks: TaskTracker, eventually: Eventually
) -> None:
    cancelable = HandTask(place.vc, place.folder, cancelable=True)
    cancelable.run()
    ended = tasks.cancel_or_wait(cancelable.moref)
    assert ended is not None
    assert isinstance(ended.error, faults.TaskCancelled)
    stubborn = HandTask(place.vc, place.folder)
    stubborn.run()
    with ThreadPoolExecutor(1) as threads:
        waited = threads.submit(tasks.cancel_or_wait, stubborn.moref)
        eventually(lambda: stubborn.moref in tasks.watched)
        assert not waited.done()
        stubborn.succeed()
        done = waited.result(30)
    assert done is not None
    assert done.state == "success"
    assert tasks.cancel_or_wait("task-999999") is None


def test_closing_tells_the_waiters(vc: VCenter, place: Place, eventually: Eventually) -> None:
    tracker = TaskTracker(vc)
    task = HandTask(vc, place.folder)
    with ThreadPoolExecutor(1) as threads:
        found = _waiting(tracker, task, threads, eventually)
        tracker.close()
        with pytest.raises(faults.VCenterUnavailable):
            found.result(10)
    with pytest.raises(faults.VCenterUnavailable):
        tracker.wait(task.moref)
    task.succeed()


def test_nothing_is_asked_while_nobody_waits(place: Place, tasks: TaskTracker, eventually: Eventually) -> None:
    tasks.wait(start_create(place, "a"))
    eventually(lambda: not tasks.watched, timeout=20)
    still = threading.Event()
    still.wait(0.5)  # vCenter's word that the task has left the view
    before = place.vc.counts.snapshot()
    still.wait(1.5)
    assert place.vc.counts.snapshot() == before
