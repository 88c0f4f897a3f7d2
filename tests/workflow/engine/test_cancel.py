"""Cancel: a delete behind what runs, an operator's giving up, and the race with success."""

import threading
import time

from tests.support import trials
from tests.workflow.engine.lab import (
    CREATE,
    DELETE,
    Lab,
    LabWorld,
    ThingParams,
    delete_workflow,
    state_get,
    workflow_of,
)

from stackspan.db import Database, Transaction
from stackspan.workflow import Cancelled, JobState, Outcome, Requeue, Step, StepContext, StepFailed


def test_a_job_that_never_began_ends_without_running(database: Database) -> None:
    world = LabWorld(database)
    job_id = world.submit()
    world.delete()
    with trials.engine(world) as engine:
        engine.drain()
    assert trials.state_of(world, job_id) is JobState.CANCELLED
    assert world.outside.made == {}
    world.assert_deleted()


def test_on_cancelled_is_told_before_the_delete_runs(lab: Lab) -> None:
    order: list[str] = []

    def remove(ctx: StepContext[ThingParams]) -> Outcome:
        order.append("delete")
        return Outcome()

    create = workflow_of(
        Step("run", lambda ctx: Outcome()), operation=CREATE, on_cancelled=lambda tx, ctx: order.append("cancelled")
    )
    with lab.database.write() as tx:
        first = lab.queue.enqueue(tx, CREATE, ThingParams(), context=None, resources=["server:1"], after=["x"])
    with lab.database.write() as tx:
        # Asked for in the wrong order: the delete must not cancel itself.
        lab.queue.enqueue(tx, DELETE, ThingParams(), context=None, resources=["server:1"])
        lab.queue.cancel(tx, "server:1")
    lab.engine(create, workflow_of(Step("remove", remove), operation=DELETE)).drain()
    assert order == ["cancelled", "delete"]
    assert lab.job(first).state is JobState.CANCELLED


def test_a_waiting_job_is_cancelled_at_once_whatever_it_waits_for(lab: Lab) -> None:
    def wait(ctx: StepContext[ThingParams]) -> Outcome:
        raise Requeue("Godot", after_seconds=3600)

    engine = lab.engine(workflow_of(Step("run", wait)))
    job_id = lab.enqueue(resources=["server:1"])
    deadline = time.monotonic() + 10
    while lab.job(job_id).reason != "Godot" and time.monotonic() < deadline:
        time.sleep(0.01)
    with lab.database.write() as tx:
        lab.queue.cancel(tx, "server:1")
    engine.drain(5)
    assert lab.job(job_id).state is JobState.CANCELLED


def test_a_step_can_notice_between_its_effects(lab: Lab) -> None:
    began, told = threading.Event(), []

    def run(ctx: StepContext[ThingParams]) -> Outcome:
        began.set()
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            ctx.check_cancel()
            time.sleep(0.01)
        raise AssertionError("the cancel wasn't seen")

    def undo(ctx: StepContext[ThingParams]) -> None:
        told.append("undone")

    workflow = workflow_of(Step("run", run, undo), on_cancelled=lambda tx, ctx: told.append("cancelled"))
    engine = lab.engine(workflow)
    job_id = lab.enqueue(resources=["server:1"])
    assert began.wait(10)
    with lab.database.write() as tx:
        lab.queue.cancel(tx, "server:1")
    engine.drain(10)
    assert lab.job(job_id).state is JobState.CANCELLED
    assert told == ["cancelled"]


def test_cancelled_without_a_cancel_is_a_bug(lab: Lab) -> None:
    def run(ctx: StepContext[ThingParams]) -> Outcome:
        raise Cancelled

    job_id = lab.enqueue()
    lab.engine(workflow_of(Step("run", run))).drain()
    assert lab.job(job_id).state is JobState.FAILED


def test_success_is_never_saved_after_a_cancel(lab: Lab) -> None:
    # The cancel commits while the last step runs and the engine hasn't looked yet.
    told: list[str] = []

    def run(ctx: StepContext[ThingParams]) -> Outcome:
        with lab.database.write() as tx:
            lab.queue.cancel(tx, "server:1")
        return Outcome()

    workflow = workflow_of(
        Step("run", run),
        on_done=lambda tx, ctx: told.append("done"),
        on_cancelled=lambda tx, ctx: told.append("cancelled"),
    )
    job_id = lab.enqueue(resources=["server:1"])
    lab.engine(workflow).drain()
    assert lab.job(job_id).state is JobState.CANCELLED
    assert told[-1] == "cancelled"
    assert lab.job(job_id).failure is None


def test_a_failure_with_a_cancel_is_not_undone(database: Database) -> None:
    world = LabWorld(database)

    def fail(ctx: StepContext[ThingParams]) -> Outcome:
        world.delete()
        raise StepFailed("no")

    with trials.engine(world, lambda w: trials.with_step(w, "head", run=fail)) as engine:
        job_id = world.submit()
        engine.drain()
    assert trials.state_of(world, job_id) is JobState.CANCELLED
    world.assert_deleted()


def test_delete_while_it_is_being_undone(database: Database) -> None:
    world = LabWorld(database)
    undone: list[str] = []

    def undo(ctx: StepContext[ThingParams]) -> None:
        undone.append(ctx.step)
        world.delete()

    def change(workflow: trials.Workflow[ThingParams]) -> trials.Workflow[ThingParams]:
        return trials.with_step(trials.failing_at(workflow, "head"), "head", undo=undo)

    with trials.engine(world, change) as engine:
        job_id = world.submit()
        engine.drain()
    assert trials.state_of(world, job_id) is JobState.CANCELLED
    assert undone == ["head"]
    world.assert_deleted()


def test_delete_supersedes_what_is_stuck(database: Database) -> None:
    world = LabWorld(database)

    def refuse(ctx: StepContext[ThingParams]) -> None:
        raise StepFailed("no")

    with trials.engine(world, lambda w: trials.with_step(trials.failing_at(w, "head"), "head", undo=refuse)) as engine:
        job_id = world.submit()
        engine.drain()
        assert trials.state_of(world, job_id) is JobState.UNDO_STUCK
        assert state_get(database) == "error, stuck"
        world.delete()
        engine.drain()
    assert trials.state_of(world, job_id) is JobState.CANCELLED
    world.assert_deleted()
    with database.write() as tx:
        assert not world.queue.job_retry(tx, job_id)


def test_an_operator_gives_a_running_job_up(database: Database) -> None:
    world = LabWorld(database)
    freeze = trials.Freeze()
    with trials.engine(world, lambda w: freeze.at(w, "body")) as engine:
        job_id = world.submit()
        assert freeze.reached.wait(10)
        with database.write() as tx:
            assert world.queue.job_cancel(tx, job_id)
        freeze.thaw()
        engine.drain()
        assert trials.state_of(world, job_id) is JobState.FAILED
        world.assert_undone()
    with database.read() as tx:
        job = world.queue.job_get(tx, job_id)
    assert job is not None
    assert job.failure is not None
    assert job.failure.user_message == "The operation was cancelled by an operator."
    with database.write() as tx:
        assert not world.queue.job_cancel(tx, job_id)


def test_an_operator_gives_up_on_the_last_step(lab: Lab) -> None:
    undone: list[str] = []

    def run(ctx: StepContext[ThingParams]) -> Outcome:
        with lab.database.write() as tx:
            assert lab.queue.job_cancel(tx, ctx.job_id)
        return Outcome()

    job_id = lab.enqueue()
    lab.engine(workflow_of(Step("run", run, lambda ctx: undone.append(ctx.step)))).drain()
    assert lab.job(job_id).state is JobState.FAILED
    assert undone == ["run"]


def test_an_operator_gives_up_on_a_stuck_and_on_a_waiting_job(lab: Lab) -> None:
    def refuse(ctx: StepContext[ThingParams]) -> Outcome:
        raise StepFailed("no")

    undone: list[str] = []

    def undo(ctx: StepContext[ThingParams]) -> None:
        undone.append(ctx.params.name)
        raise StepFailed("no")

    engine = lab.engine(workflow_of(Step("run", refuse, undo)), delete_workflow(LabWorld(lab.database).outside))
    stuck = lab.enqueue(name="stuck", resources=["server:1"])
    engine.drain()
    waiting = lab.enqueue(name="waiting", after=[lab.enqueue(CREATE)])  # nobody knows thing.create here
    with lab.database.write() as tx:
        assert lab.queue.job_cancel(tx, stuck)
        assert lab.queue.job_cancel(tx, waiting)
    deadline = time.monotonic() + 10
    while lab.job(waiting).finished_at is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert lab.job(stuck).state is JobState.CANCELLED
    assert lab.job(waiting).state is JobState.FAILED
    assert undone == ["stuck"], "what never began has nothing to undo"


def test_a_hook_that_fails_does_not_keep_the_delete_away(lab: Lab) -> None:
    deleted = threading.Event()

    def cancelled(tx: Transaction, ctx: StepContext[ThingParams]) -> None:
        raise LookupError("a bug in the hook")

    def remove(ctx: StepContext[ThingParams]) -> Outcome:
        deleted.set()
        return Outcome()

    lab.enqueue(CREATE, resources=["server:1"])
    with lab.database.write() as tx:
        lab.queue.cancel(tx, "server:1")
        lab.queue.enqueue(tx, DELETE, ThingParams(), context=None, resources=["server:1"])
    lab.engine(
        workflow_of(Step("run", remove), operation=CREATE, on_cancelled=cancelled),
        workflow_of(Step("remove", remove), operation=DELETE),
    ).drain()
    assert deleted.is_set()
