"""Workers that hang, freeze, stop or lose the database, in one process."""

import dataclasses
import threading
import time

import pytest
import sqlalchemy as sa
from tests.support import trials
from tests.workflow.engine.lab import FAST, Lab, ThingParams, workflow_of

from stackspan.workflow import EngineSettings, JobState, Outcome, Step, StepContext, retry
from stackspan.workflow import tables as t
from stackspan.workflow.crash import CrashAt
from stackspan.workflow.engine import EngineCrashed

QUICK_LEASE = EngineSettings(delay_factor=0.02, poll_seconds=0.05, lease_seconds=0.6, renew_seconds=0.1)


def wait_for(condition: object, seconds: float = 20.0) -> None:
    """Wait until `condition()` holds."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it didn't come true in time"
        time.sleep(0.01)


class Hanging:
    """A step that hangs on its first runs until it is let go."""

    def __init__(self, times: int = 1) -> None:
        self._times = times
        self.let_go = threading.Event()
        self.epochs: list[int] = []

    def run(self, ctx: StepContext[ThingParams]) -> Outcome:
        self.epochs.append(ctx.epoch)
        if len(self.epochs) <= self._times:
            self.let_go.wait(60)
        return Outcome(result={"epoch": ctx.epoch})


def test_a_step_beyond_its_deadline_is_run_again_under_a_new_epoch(lab: Lab) -> None:
    hanging = Hanging()
    ended: list[int] = []
    step = Step("hang", hanging.run, deadline_seconds=0.1)
    engine = lab.engine(workflow_of(step, on_done=lambda tx, ctx: ended.append(ctx.epoch)))
    job_id = lab.enqueue()
    wait_for(lambda: lab.job(job_id).state is JobState.DONE)
    assert hanging.epochs == [1, 2]
    hanging.let_go.set()  # the first run returns: its save must not count
    wait_for(lambda: engine._board.threads == 0)
    assert ended == [2]
    assert lab.job(job_id).epoch == 2


def test_a_step_that_always_hangs_fails_and_is_undone(lab: Lab) -> None:
    hanging = Hanging(times=1000)
    undone: list[str] = []
    step = Step("hang", hanging.run, lambda ctx: undone.append(ctx.step), deadline_seconds=0.05)
    engine = lab.engine(workflow_of(step))
    job_id = lab.enqueue()
    engine.drain()
    hanging.let_go.set()
    assert lab.job(job_id).state is JobState.FAILED
    assert lab.job(job_id).failure.user_message == "The operation took too long and was given up."
    assert len(hanging.epochs) == 3
    assert undone == ["hang"]


def test_a_hanging_undo_ends_stuck(lab: Lab) -> None:
    hanging = Hanging(times=1000)
    step = Step("run", lambda ctx: 1 / 0, lambda ctx: hanging.run(ctx) and None, deadline_seconds=0.05)  # type: ignore[arg-type,return-value]
    engine = lab.engine(workflow_of(step))
    job_id = lab.enqueue()
    engine.drain()
    hanging.let_go.set()
    assert lab.job(job_id).state is JobState.UNDO_STUCK


def test_a_dead_workers_jobs_are_taken_over_in_time(postgresql_lab: Lab) -> None:
    lab = postgresql_lab
    crash = CrashAt("after_step")
    step = Step("run", lambda ctx: Outcome(result={"epoch": ctx.epoch}))
    first = lab.engine(workflow_of(step), settings=QUICK_LEASE, crash=crash)
    second = lab.engine(settings=QUICK_LEASE)  # is there already, but knows nothing of it
    third = lab.engine(
        workflow_of(Step("run", lambda ctx: Outcome()), operation=trials_unknown()), settings=QUICK_LEASE
    )
    job_id = lab.enqueue()
    with pytest.raises(EngineCrashed):
        first.drain()
    first.join_crashed()
    crashed_at = time.monotonic()
    last = lab.engine(workflow_of(step), settings=QUICK_LEASE)
    wait_for(lambda: lab.job(job_id).state is JobState.DONE)
    # Lease, renewal and poll at their worst; with the real 10, 3 and 1 seconds that is 14.
    assert time.monotonic() - crashed_at < 0.6 + 0.1 + 0.05 + 1.0
    assert lab.job(job_id).epoch == 2
    assert {second.worker_id, third.worker_id, last.worker_id} != {first.worker_id}


def trials_unknown() -> object:
    from tests.workflow.engine.lab import DELETE

    return DELETE


def test_a_worker_whose_lease_is_gone_goes_on_as_another(postgresql_lab: Lab) -> None:
    lab = postgresql_lab
    hanging = Hanging()
    lost: list[bool] = []

    def run(ctx: StepContext[ThingParams]) -> Outcome:
        outcome = hanging.run(ctx)
        lost.append(ctx.cancel_requested())
        return outcome

    engine = lab.engine(workflow_of(Step("run", run)), settings=QUICK_LEASE)
    old = engine.worker_id
    job_id = lab.enqueue()
    wait_for(lambda: len(hanging.epochs) == 1)
    trials.expire_leases(lab.database)
    wait_for(lambda: engine.worker_id != old)
    wait_for(lambda: lab.job(job_id).state is JobState.DONE)
    hanging.let_go.set()
    engine.drain()
    wait_for(lambda: len(lost) == 2)
    assert lost == [False, True], "the first run is told that its claim is lost"
    with lab.database.read() as tx:
        assert [row.id for row in tx.execute(sa.select(t.worker.c.id))] == [engine.worker_id]


def test_stop_lets_the_step_finish_and_hands_the_job_back(lab: Lab) -> None:
    hanging = Hanging()
    steps = [Step("first", hanging.run), Step("second", lambda ctx: Outcome())]
    engine = lab.engine(workflow_of(*steps))
    job_id = lab.enqueue()
    wait_for(lambda: len(hanging.epochs) == 1)
    stopper = threading.Thread(target=engine.stop)
    stopper.start()
    hanging.let_go.set()
    stopper.join(10)
    job = lab.job(job_id)
    assert (job.state, job.claimed_by, job.step, job.crashes) == (JobState.QUEUED, None, "second", 0)
    lab.engine(workflow_of(*steps)).drain()
    assert lab.job(job_id).state is JobState.DONE
    assert hanging.epochs == [1], "the first step had been saved"


def test_stop_does_not_wait_for_ever(lab: Lab) -> None:
    hanging = Hanging()
    step = Step("run", hanging.run)
    engine = lab.engine(workflow_of(step))
    job_id = lab.enqueue()
    wait_for(lambda: len(hanging.epochs) == 1)
    engine.stop(timeout=0.1)
    assert lab.job(job_id).state is JobState.QUEUED
    lab.engine(workflow_of(step)).drain()
    hanging.let_go.set()
    assert lab.job(job_id).epoch == 2
    with lab.database.read() as tx:
        assert len(tx.execute(sa.select(t.worker)).all()) == 1


def test_a_job_under_which_workers_die_ends_stuck(sqlite_lab: Lab) -> None:
    lab = sqlite_lab
    told: list[bool] = []
    workflow = workflow_of(Step("run", lambda ctx: Outcome()), on_failed=lambda tx, ctx: told.append(ctx.undone))
    job_id = lab.enqueue(resources=["server:1"])
    for _ in range(retry.MAX_CRASHES):
        crash = CrashAt("before_save")
        engine = lab.engine(workflow, crash=crash)
        with pytest.raises(EngineCrashed):
            engine.drain()
        engine.join_crashed()
    lab.engine(workflow).drain()
    job = lab.job(job_id)
    assert job.state is JobState.STUCK
    assert told == [False]
    with lab.database.write() as tx:
        assert lab.queue.job_retry(tx, job_id)
    lab.engine(workflow).drain()
    assert lab.job(job_id).state is JobState.DONE


def test_after_repeated_crashes_a_job_waits_so_that_others_get_on(sqlite_lab: Lab) -> None:
    lab = sqlite_lab
    job_id = lab.enqueue()
    with lab.database.write() as tx:
        tx.execute(sa.update(t.job).values(claimed_by="gone", state=JobState.RUNNING, crashes=4))
    engine = lab.engine()
    assert lab.job(job_id).crashes == 5
    with lab.database.read() as tx:
        assert tx.execute(sa.select(t.job.c.not_before)).scalar_one() is not None
    engine.stop()


def test_a_lost_thread_is_noticed(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    """What an outage of the database leaves: a job that is claimed by a living worker and runs nowhere."""
    engine = lab.engine(workflow_of(Step("run", lambda ctx: Outcome())))
    job_id = lab.enqueue(after=[lab.enqueue(trials_unknown())])  # type: ignore[arg-type]
    with lab.database.write() as tx:
        tx.execute(
            sa.update(t.job).where(t.job.c.id == job_id).values(claimed_by=engine.worker_id, state="running", epoch=1)
        )
        tx.execute(sa.delete(t.job_after))
    engine._claimer.dropped()
    wait_for(lambda: lab.job(job_id).state is JobState.DONE)
    assert "had lost its thread" in caplog.text


def test_idle_costs_nothing(lab: Lab) -> None:
    engine = lab.engine(workflow_of(Step("run", lambda ctx: Outcome())), settings=EngineSettings())
    lab.enqueue()
    engine.drain()
    threading.Event().wait(1.5)  # one look after the last commit
    statements, cpu, began = lab.database.statement_count, time.process_time(), time.monotonic()
    threading.Event().wait(3.0)
    seconds = time.monotonic() - began
    assert (time.process_time() - cpu) / seconds < 0.01
    per_second = (lab.database.statement_count - statements) / seconds
    assert per_second <= (0 if lab.database.dialect == "sqlite" else 5)


def test_new_work_is_seen_at_once_from_another_process(lab: Lab) -> None:
    # Another queue on another connection, as the CLI has it: NOTIFY on PostgreSQL, the poll on SQLite.
    from tests.workflow.engine.lab import OTHER

    from stackspan.db import connect
    from stackspan.workflow import Queue

    settings = dataclasses.replace(FAST, poll_seconds=1.0 if lab.database.dialect == "sqlite" else 30.0)
    ran = threading.Event()

    def run(ctx: StepContext[ThingParams]) -> Outcome:
        ran.set()
        return Outcome()

    engine = lab.engine(workflow_of(Step("run", run)), settings=settings)
    engine.drain()
    threading.Event().wait(0.5)  # LISTEN has been sent
    other = connect(lab.database.url.render_as_string(hide_password=False))
    began = time.monotonic()
    with other.write() as tx:
        Queue().enqueue(tx, OTHER, ThingParams(), context=None)
    assert ran.wait(5)
    assert time.monotonic() - began < 5, "the poll alone would have taken 30 s on PostgreSQL"
    other.close()
