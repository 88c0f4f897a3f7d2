"""Which job runs when: resources, prerequisites, limits, Requeue."""

import dataclasses
import threading
import time
from typing import Any

from tests.workflow.engine.lab import FAST, OTHER, Lab, ThingParams, workflow_of

from stackspan.workflow import JobState, Outcome, Requeue, Step, StepContext, Workflow


class Recorder:
    """A step that notes who ran, in which order, and how many at a time."""

    def __init__(self, seconds: float = 0.0) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._now: list[str] = []
        self.order: list[str] = []
        self.together = 0

    def run(self, ctx: StepContext[ThingParams]) -> Outcome:
        name = ctx.params.name
        with self._lock:
            self.order.append(name)
            self._now.append(name)
            self.together = max(self.together, len(self._now))
        time.sleep(self._seconds)
        with self._lock:
            self._now.remove(name)
        return Outcome()

    def workflow(self) -> Workflow[Any]:
        return workflow_of(Step("record", self.run))


def test_jobs_on_one_resource_run_one_after_the_other_in_order(lab: Lab) -> None:
    recorder = Recorder(0.005)
    names = [f"job-{number}" for number in range(8)]
    with lab.database.write() as tx:
        for name in names:
            lab.queue.enqueue(tx, OTHER, ThingParams(name=name), context=None, resources=["server:1"])
    lab.engine(recorder.workflow()).drain()
    assert recorder.order == names
    assert recorder.together == 1


def test_a_job_on_two_resources_waits_for_both_and_holds_both(lab: Lab) -> None:
    recorder = Recorder(0.02)
    lab.enqueue(name="a", resources=["server:1"])
    lab.enqueue(name="b", resources=["volume:1"])
    lab.enqueue(name="both", resources=["server:1", "volume:1"])
    lab.enqueue(name="after-a", resources=["server:1"])
    lab.enqueue(name="free", resources=["server:2"])
    lab.engine(recorder.workflow()).drain()
    assert recorder.order.index("both") > max(recorder.order.index("a"), recorder.order.index("b"))
    assert recorder.order[-1] == "after-a"
    assert recorder.order.index("free") < recorder.order.index("both")


def test_jobs_without_a_common_resource_run_at_the_same_time(lab: Lab) -> None:
    barrier = threading.Barrier(10, timeout=20)

    def meet(ctx: StepContext[ThingParams]) -> Outcome:
        barrier.wait()
        return Outcome()

    for number in range(10):
        lab.enqueue(resources=[f"server:{number}"])
    lab.engine(workflow_of(Step("meet", meet))).drain()


def test_a_job_waits_for_its_prerequisites_however_they_end(lab: Lab) -> None:
    order: list[str] = []

    def run(ctx: StepContext[ThingParams]) -> Outcome:
        time.sleep(0.02)
        order.append(ctx.params.name)
        if ctx.params.name == "fails":
            raise LookupError("a bug")
        return Outcome()

    with lab.database.write() as tx:
        first = lab.queue.enqueue(tx, OTHER, ThingParams(name="works"), context=None)
        second = lab.queue.enqueue(tx, OTHER, ThingParams(name="fails"), context=None)
        lab.queue.enqueue(tx, OTHER, ThingParams(name="last"), context=None, after=[first, second, "never-was"])
    lab.engine(workflow_of(Step("run", run))).drain()
    assert lab.job(first).state is JobState.DONE
    assert lab.job(second).state is JobState.FAILED
    assert order[-1] == "last"
    assert order.count("fails") == 3


def test_limits_hold_and_do_not_hold_up_others(lab: Lab) -> None:
    recorder = Recorder(0.01)
    settings = dataclasses.replace(FAST, bounds={"vcenter": 3, "vcenter:big": 5})
    for number in range(12):
        lab.enqueue(name=f"small-{number}", limits=["vcenter:small"])
    other = lab.enqueue(name="other", limits=["vcenter:other"])
    engine = lab.engine(recorder.workflow(), settings=settings)
    engine.drain()
    assert recorder.together <= 4  # three of vcenter:small and the other
    assert recorder.order.index("other") < 6, "a job behind others' limit must not wait for it"
    small = [name for name in recorder.order if name != "other"]
    assert small[:3] == ["small-0", "small-1", "small-2"] or sorted(small[:3]) == ["small-0", "small-1", "small-2"]
    assert lab.job(other).state is JobState.DONE


def test_three_workers_keep_a_common_limit_and_run_each_job_once(postgresql_lab: Lab) -> None:
    lab = postgresql_lab
    recorder = Recorder(0.002)
    settings = dataclasses.replace(FAST, bounds={"vcenter": 4})
    engines = [lab.engine(recorder.workflow(), settings=settings) for _ in range(3)]
    with lab.database.write() as tx:
        for number in range(120):
            lab.queue.enqueue(
                tx,
                OTHER,
                ThingParams(name=f"job-{number}"),
                context=None,
                resources=[f"server:{number % 40}"],
                limits=["vcenter:1"],
            )
    engines[0].drain(60)
    assert sorted(recorder.order) == sorted(f"job-{number}" for number in range(120))
    assert recorder.together <= 4


def test_requeue_gives_back_thread_and_limit(lab: Lab) -> None:
    opened = threading.Event()
    order: list[str] = []

    def run(ctx: StepContext[ThingParams]) -> Outcome:
        if ctx.params.name == "waits" and not opened.is_set():
            raise Requeue("the door to open", after_seconds=0.05)
        opened.set()
        order.append(ctx.params.name)
        return Outcome()

    settings = dataclasses.replace(FAST, max_threads=1, bounds={"vcenter": 1})
    waiting = lab.enqueue(name="waits", limits=["vcenter:1"])
    lab.enqueue(name="opens", limits=["vcenter:1"])
    lab.engine(workflow_of(Step("run", run)), settings=settings).drain()
    assert order == ["opens", "waits"]
    assert lab.job(waiting).epoch >= 2


def test_requeue_can_wait_for_jobs(lab: Lab) -> None:
    order: list[str] = []

    def run(ctx: StepContext[ThingParams]) -> Outcome:
        if ctx.params.name == "waits" and "needed" not in order:
            with lab.database.write() as tx:
                needed = lab.queue.enqueue(tx, OTHER, ThingParams(name="needed"), context=ctx)
            raise Requeue("what it needs", after_jobs=[needed])
        order.append(ctx.params.name)
        return Outcome()

    job_id = lab.enqueue(name="waits")
    lab.engine(workflow_of(Step("run", run))).drain()
    assert order == ["needed", "waits"]
    assert lab.job(job_id).state is JobState.DONE


def test_waiting_for_ever_ends_in_a_failure(lab: Lab) -> None:
    def run(ctx: StepContext[ThingParams]) -> Outcome:
        raise Requeue("what never comes", after_seconds=0.01)

    job_id = lab.enqueue()
    settings = dataclasses.replace(FAST, max_wait_seconds=0.1)
    lab.engine(workflow_of(Step("run", run)), settings=settings).drain()
    job = lab.job(job_id)
    assert job.state is JobState.FAILED
    assert job.failure.user_message == "The operation waited too long and was given up."
    assert "what never comes" in job.failure.log_message


def test_only_known_workflows_are_claimed(lab: Lab) -> None:
    newer = dataclasses.replace(OTHER, version=2)
    unknown = lab.enqueue(newer)
    known = lab.enqueue()
    recorder = Recorder()
    old = lab.engine(recorder.workflow())
    deadline = time.monotonic() + 10
    while lab.job(known).state is not JobState.DONE and time.monotonic() < deadline:
        time.sleep(0.01)
    assert lab.job(unknown).state is JobState.QUEUED
    assert lab.job(unknown).waits_for == "a worker that knows thing.other version 2"
    old.stop()
    lab.engine(recorder.workflow(), workflow_of(Step("record", recorder.run), operation=newer)).drain()
    assert lab.job(unknown).state is JobState.DONE


def test_waiting_for_what_waits_for_oneself_is_a_bug(lab: Lab) -> None:
    def run(ctx: StepContext[ThingParams]) -> Outcome:
        if ctx.params.name == "behind":
            return Outcome()
        with lab.database.write() as tx:
            behind = lab.queue.enqueue(tx, OTHER, ThingParams(name="behind"), context=ctx, resources=["server:1"])
        raise Requeue("what is behind it", after_jobs=[behind])

    job_id = lab.enqueue(resources=["server:1"])
    lab.engine(workflow_of(Step("run", run))).drain()
    assert lab.job(job_id).state is JobState.FAILED
    assert "waits for this one's resource" in lab.job(job_id).failure.log_message
