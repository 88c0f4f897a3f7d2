"""What becomes of a step that raises: retries by class, failure, undo, stuck."""

import dataclasses
import itertools
import logging
import threading
from typing import Any

import pytest
import sqlalchemy as sa
from tests.support import trials
from tests.workflow.engine.lab import FAST, Lab, LabWorld, Outside, ThingParams, create_workflow, events, workflow_of

from stackspan.core import errors
from stackspan.db import Database, Transaction
from stackspan.workflow import EngineSettings, JobState, Outcome, Step, StepContext, StepFailed, retry
from stackspan.workflow import tables as t
from stackspan.workflow.records import StepState


class Busy(errors.Conflict):
    retry = errors.Retry.BRIEF


class Held(errors.Conflict):
    retry = errors.Retry.HELD


def raising(error: Exception, times: int) -> Any:
    """A step that raises `times` times, then works. Has `.attempts`."""

    def run(ctx: StepContext[ThingParams]) -> Outcome:
        run.attempts.append(ctx.attempt)  # type: ignore[attr-defined]
        if len(run.attempts) <= times:  # type: ignore[attr-defined]
            raise error
        return Outcome()

    run.attempts = []  # type: ignore[attr-defined]
    return run


@pytest.mark.parametrize(
    ("error", "runs"),
    [
        (StepFailed("no"), 1),
        (Busy("busy"), 20),
        (errors.Unavailable(), 64),
        (Held("held"), 60),
        (ZeroDivisionError("a bug"), 3),
        (errors.Internal(), 3),
    ],
)
def test_each_class_has_its_bound(sqlite_lab: Lab, error: Exception, runs: int) -> None:
    settings = dataclasses.replace(FAST, delay_factor=0.0001)
    step = raising(error, times=1000)
    job_id = sqlite_lab.enqueue()
    sqlite_lab.engine(workflow_of(Step("run", step)), settings=settings).drain()
    assert step.attempts == list(range(1, runs + 1))
    job = sqlite_lab.job(job_id)
    assert job.state is JobState.FAILED
    assert job.failure.kind == type(error).__name__
    assert job.failure.step == "run"


def test_delays_grow_and_are_bounded() -> None:
    for fault in retry.Fault:
        rule = retry.RULES[fault]
        delays = [retry.delay_after(fault, failed) for failed in range(1, rule.runs)]
        assert all(delay is not None and 0 < delay <= rule.longest * 1.2 for delay in delays)
        assert retry.delay_after(fault, rule.runs) is None


def test_an_error_that_passes_is_survived_without_a_trace_in_the_result(lab: Lab) -> None:
    step = raising(errors.Unavailable(), times=5)
    job_id = lab.enqueue()
    lab.engine(workflow_of(Step("run", step))).drain()
    assert lab.job(job_id).state is JobState.DONE
    assert lab.job(job_id).faults == {}
    with lab.database.read() as tx:
        (saved,) = lab.queue.job_steps(tx, job_id)
    assert saved.attempts == 6


def test_a_long_delay_gives_the_thread_back(lab: Lab) -> None:
    # One thread: the second job can only run while the first waits for its retry.
    settings = dataclasses.replace(FAST, max_threads=1, delay_factor=1.0)
    step = raising(Held("held"), times=1)
    first = lab.enqueue(name="first")
    engine = lab.engine(workflow_of(Step("run", step)), settings=settings)
    deadline = itertools.count()
    while lab.job(first).reason is None and next(deadline) < 1000:
        threading.Event().wait(0.01)
    job = lab.job(first)
    assert job.state is JobState.QUEUED
    assert job.reason == "held"
    assert job.faults == {"held": 1}
    assert job.waits_for.startswith("held (again at ")
    second = lab.enqueue(name="second")
    engine.drain()
    assert lab.job(second).finished_at < lab.job(first).finished_at


def test_a_bug_tells_the_user_nothing_and_the_log_once(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    told: list[StepFailed | None] = []
    undone: list[str] = []

    def works(ctx: StepContext[ThingParams]) -> Outcome:
        return Outcome(result={"made": "it"})

    def undo(ctx: StepContext[ThingParams]) -> None:
        undone.append(ctx.step)
        assert ctx.failure is not None

    def failed(tx: Transaction, ctx: StepContext[ThingParams]) -> None:
        assert ctx.undone
        assert ctx.results["works"] == {"made": "it"}
        told.append(ctx.failure)

    bug = raising(KeyError("secret detail"), times=1000)
    job_id = lab.enqueue()
    workflow = workflow_of(Step("works", works, undo), Step("bug", bug, undo), on_failed=failed)
    lab.engine(workflow).drain()
    assert lab.job(job_id).state is JobState.FAILED
    assert undone == ["bug", "works"]
    assert len(told) == 1
    assert told[0] is not None
    assert told[0].user_message == "An unexpected error occurred."
    assert told[0].log_message == "KeyError: 'secret detail'"
    assert told[0].kind == "KeyError"
    assert told[0].step == "bug"
    assert caplog.text.count("Traceback") == 1


def test_results_that_are_too_big_or_no_json_are_bugs(sqlite_lab: Lab) -> None:
    job_ids = []
    for number, result in enumerate([{"big": "x" * 20_000}, {"odd": object()}]):

        def run(ctx: StepContext[ThingParams], result: Any = result) -> Outcome:
            return Outcome(result=result)

        operation = dataclasses.replace(trials_operation(), name=f"odd.{number}")
        job_ids.append(sqlite_lab.enqueue(operation))
        sqlite_lab.engine(workflow_of(Step("run", run), operation=operation)).stop()
        with trials_engine(sqlite_lab, workflow_of(Step("run", run), operation=operation)) as engine:
            engine.drain()
    assert [sqlite_lab.job(job_id).state for job_id in job_ids] == [JobState.FAILED] * 2


def trials_operation() -> Any:
    from tests.workflow.engine.lab import OTHER

    return OTHER


def trials_engine(lab: Lab, workflow: Any) -> Any:
    from stackspan.workflow import Engine, Registry

    return Engine(lab.database, Registry([workflow]), lab.queue, FAST)


def test_a_save_that_raises_runs_the_step_again_and_leaves_nothing_written(lab: Lab) -> None:
    runs = []

    def save(tx: Transaction) -> None:
        tx.execute(sa.insert(t.leader).values(name=f"row-{len(runs)}", holder="x", epoch=1, expires_at=None))

    def run(ctx: StepContext[ThingParams]) -> Outcome:
        runs.append(ctx.attempt)
        return Outcome(save=save)  # NULL in a column that refuses it: an IntegrityError

    job_id = lab.enqueue()
    lab.engine(workflow_of(Step("run", run))).drain()
    assert runs == [1, 2, 3]
    assert lab.job(job_id).state is JobState.FAILED


def test_a_hook_that_raises_ends_visibly_stuck(lab: Lab) -> None:
    def failed(tx: Transaction, ctx: StepContext[ThingParams]) -> None:
        raise LookupError("in the hook")

    job_id = lab.enqueue()
    engine = lab.engine(workflow_of(Step("run", raising(StepFailed("no"), 1000)), on_failed=failed))
    engine.drain()
    job = lab.job(job_id)
    assert job.state is JobState.UNDO_STUCK
    assert "in the hook" in job.failure.log_message
    assert job.failure.user_message == "no"


def test_an_undo_that_cannot_be_done_is_stuck_until_retried(lab: Lab) -> None:
    allowed = threading.Event()
    told: list[bool] = []
    undone: list[str] = []

    def undo(ctx: StepContext[ThingParams]) -> None:
        if ctx.step == "second" and not allowed.is_set():
            raise StepFailed("vCenter refuses.")
        undone.append(ctx.step)

    workflow = workflow_of(
        Step("first", lambda ctx: Outcome(), undo),
        Step("second", raising(StepFailed("no"), 1000), undo),
        on_failed=lambda tx, ctx: told.append(ctx.undone),
    )
    job_id = lab.enqueue(resources=["server:1"])
    engine = lab.engine(workflow)
    engine.drain()
    assert lab.job(job_id).state is JobState.UNDO_STUCK
    assert "vCenter refuses." in lab.job(job_id).reason
    assert told == [False]
    assert undone == []
    with lab.database.read() as tx:
        assert not lab.queue.busy(tx, "server:1"), "what is stuck must not keep a delete away"
    allowed.set()
    with lab.database.write() as tx:
        assert lab.queue.job_retry(tx, job_id)
    engine.drain()
    assert lab.job(job_id).state is JobState.FAILED
    assert undone == ["second", "first"]
    assert told == [False, True]
    with lab.database.write() as tx:
        assert not lab.queue.job_retry(tx, job_id)


def test_undo_retries_by_class(lab: Lab) -> None:
    failures = iter([errors.Unavailable(), Busy("busy"), ValueError("a bug")])

    def undo(ctx: StepContext[ThingParams]) -> None:
        for error in failures:
            raise error

    job_id = lab.enqueue()
    lab.engine(workflow_of(Step("run", raising(StepFailed("no"), 1000), undo))).drain()
    assert lab.job(job_id).state is JobState.FAILED
    with lab.database.read() as tx:
        (saved,) = lab.queue.job_steps(tx, job_id)
    assert saved.state is StepState.UNDONE


def test_steps_are_told_with_their_times_and_errors(database: Database) -> None:
    world = LabWorld(database)
    with trials.engine(world, lambda w: trials.failing_at(w, "body")) as engine:
        world.submit()
        engine.drain()
    assert events(database) == [("plan", None), ("base", None), ("body", "trial: body fails")]


def test_five_steps_cost_five_saves(database: Database) -> None:
    lab = Lab(database)
    engine = lab.engine(workflow_of(*[Step(f"step-{number}", lambda ctx: Outcome()) for number in range(5)]))
    engine.drain()
    before = database.commit_count
    lab.enqueue()
    engine.drain()
    lab.close()
    assert database.commit_count - before <= 1 + 1 + 5 + 1  # enqueue, claim, saves; the worker's end


def test_parameters_and_results_are_cleared_at_the_end(database: Database) -> None:
    outside = Outside()
    world = LabWorld(database, outside)
    with trials.engine(world) as engine:
        world.submit()
        engine.drain()
    with database.read() as tx:
        assert tx.execute(sa.select(t.job.c.params)).scalar_one() is None
        assert {row.result for row in tx.execute(sa.select(t.job_step.c.result))} == {None}
        assert tx.execute(sa.select(t.job_step.c.tasks).where(t.job_step.c.name == "body")).scalar_one() == [
            "task-body"
        ]
        assert tx.execute(sa.select(t.job_resource)).all() == []
    assert create_workflow(outside).operation.version == 1


def test_unreadable_parameters_are_stuck_not_lost(lab: Lab) -> None:
    job_id = lab.enqueue()
    with lab.database.write() as tx:
        tx.execute(sa.update(t.job).values(params={"name": 7}))
    lab.engine(workflow_of(Step("run", lambda ctx: Outcome()))).drain()
    assert lab.job(job_id).state is JobState.STUCK


def test_settings_refuse_nonsense() -> None:
    with pytest.raises(ValueError):
        EngineSettings(max_threads=257)
    with pytest.raises(ValueError):
        EngineSettings(lease_seconds=3, renew_seconds=2)


def test_errors_with_odd_characters_can_be_stored(lab: Lab) -> None:
    job_id = lab.enqueue()
    lab.engine(workflow_of(Step("run", raising(StepFailed("odd \0 \ud800", "log \0 \udfff"), 1000)))).drain()
    assert lab.job(job_id).state is JobState.FAILED
    assert lab.job(job_id).failure.user_message == "odd  ?"
