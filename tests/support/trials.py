"""The trials that every workflow passes. Its test module subclasses `WorkflowTrials` and says how to set up a world:

    class TestServerCreate(trials.WorkflowTrials):
        @pytest.fixture
        def make_world(self, fresh_sqlite, simulator):
            @contextlib.contextmanager
            def make():
                with fresh_sqlite() as database:
                    yield ServerCreateWorld(database, simulator)   # a subclass of trials.World
            return make

and gets: it works; each step twice; failure before and after each step's effect leaves nothing; each undo twice; a crash at
each crash point, forward and back; a worker frozen past its lease and thawed; where the world can `delete`, a delete at each
step. A world is used for one job and thrown away, so it must be cheap: a copied database, objects with names of their own.
"""

from __future__ import annotations

import abc
import contextlib
import dataclasses
import faulthandler
import gc
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest
import sqlalchemy as sa

from stackspan.db import Database
from stackspan.workflow import Engine, EngineSettings, Outcome, Queue, Registry, StepContext, StepFailed, Workflow
from stackspan.workflow import tables as t
from stackspan.workflow.crash import STEP_POINTS, UNDO_POINTS, CrashAt, CrashPoints
from stackspan.workflow.engine import EngineCrashed
from stackspan.workflow.records import JobState

SETTINGS = EngineSettings(delay_factor=0.02, poll_seconds=0.1, lease_seconds=600.0, renew_seconds=0.1)
# The worker that freezes: its lease thread must not notice before the trial is over.
_FROZEN = dataclasses.replace(SETTINGS, renew_seconds=120.0)

Run = Callable[[StepContext[Any]], Outcome]


class World(abc.ABC):
    """One job's setting: the database, what is outside of it, and what must be true in the end."""

    database: Database
    queue: Queue

    @abc.abstractmethod
    def workflows(self) -> Sequence[Workflow[Any]]:
        """All definitions that the job needs; the one under trial first."""

    @abc.abstractmethod
    def submit(self) -> str:
        """Ask for the operation, as a service does; returns the job's id."""

    @abc.abstractmethod
    def assert_done(self) -> None:
        """The goal is reached, once: no second object, rows in their final state."""

    @abc.abstractmethod
    def assert_undone(self) -> None:
        """Nothing is left outside, and the rows tell of a failure."""

    def delete(self) -> None:
        """Ask for the resource's deletion: cancel what runs and queue the delete behind. Optional."""
        raise NotImplementedError

    def assert_deleted(self) -> None:
        """Nothing is left of it at all. Goes with `delete`."""
        raise NotImplementedError


MakeWorld = Callable[[], AbstractContextManager[World]]


@contextlib.contextmanager
def engine(
    world: World,
    change: Callable[[Workflow[Any]], Workflow[Any]] | None = None,
    *,
    crash: CrashPoints | None = None,
    settings: EngineSettings = SETTINGS,
) -> Iterator[Engine]:
    """A started engine that knows the world's workflows, the one under trial changed by `change`."""
    subject, *others = world.workflows()
    registry = Registry([change(subject) if change else subject, *others])
    running = Engine(world.database, registry, world.queue, settings, crash=crash)
    running.start()
    try:
        yield running
    finally:
        running.stop(timeout=10)


def state_of(world: World, job_id: str) -> JobState:
    """The job's state."""
    with world.database.read() as tx:
        report = world.queue.job_get(tx, job_id)
    assert report is not None
    return report.state


def expire_leases(database: Database) -> None:
    """By the database's clock, every worker's lease is over."""
    with database.write() as tx:
        tx.execute(sa.update(t.worker).values(expires_at=sa.literal(0, sa.BigInteger())))


def run_through_crash(
    world: World, crash: CrashAt, change: Callable[[Workflow[Any]], Workflow[Any]] | None = None
) -> str:
    """Submit, let the engine die at the crash point, finish with a new one on the same database. Returns the job's id."""
    with engine(world, change, crash=crash) as first:
        job_id = world.submit()
        try:
            first.drain()
        except EngineCrashed:
            first.join_crashed()
    if crash.crashed:
        expire_leases(world.database)
        with engine(world, change) as second:
            second.drain()
    return job_id


# ---- real processes ------------------------------------------------------------------------------------------------


class Child:
    """A forked process that runs `main`: warm, so that a test can afford many.

    `main` opens its own connections: nothing of the parent's may be used in it. The parent closes its own to a SQLite
    file before (`Database.close`; it opens again by itself): the library would believe the parent's locks to be the child's.
    """

    def __init__(self, main: Callable[[], object]) -> None:
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                gc.disable()
                faulthandler.dump_traceback_later(15, exit=True)
                main()
                status = 0
            except BaseException:  # noqa: BLE001 - the process ends here, whatever it was
                traceback.print_exc()
            finally:
                os._exit(status)

    def signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def wait(self, timeout: float = 60.0) -> int:
        """Wait for its end: its exit status, or minus the signal that killed it."""
        deadline = time.monotonic() + timeout
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                raise TimeoutError("the child did not end")
            time.sleep(0.005)


def kill_at(point: str, step: str | None = None, *, workflow: str | None = None) -> CrashAt:
    """kill -9 of the own process at a crash point."""
    return CrashAt(point, step, workflow=workflow, action=lambda: os.kill(os.getpid(), signal.SIGKILL))


# ---- changed workflows ---------------------------------------------------------------------------------------------


def with_step(workflow: Workflow[Any], name: str, **changes: Any) -> Workflow[Any]:
    """The workflow with one step changed."""
    steps = [dataclasses.replace(step, **changes) if step.name == name else step for step in workflow.steps]
    return dataclasses.replace(workflow, steps=steps)


def each_step_twice(workflow: Workflow[Any]) -> Workflow[Any]:
    """Each step does its work, forgets it, and does it again: as after a crash before the save."""

    def twice(run: Run) -> Run:
        def run_twice(ctx: StepContext[Any]) -> Outcome:
            run(ctx)
            return run(dataclasses.replace(ctx, attempt=ctx.attempt + 1))

        return run_twice

    for step in workflow.steps:
        workflow = with_step(workflow, step.name, run=twice(step.run))
    return workflow


def each_undo_twice(workflow: Workflow[Any]) -> Workflow[Any]:
    """Each undo runs twice."""

    def twice(undo: Callable[[StepContext[Any]], None]) -> Callable[[StepContext[Any]], None]:
        def undo_twice(ctx: StepContext[Any]) -> None:
            undo(ctx)
            undo(ctx)

        return undo_twice

    for step in workflow.steps:
        if step.undo is not None:
            workflow = with_step(workflow, step.name, undo=twice(step.undo))
    return workflow


def failing_at(workflow: Workflow[Any], name: str, *, after_effect: bool = True) -> Workflow[Any]:
    """The step fails for good: before it did anything, or when it had done all."""
    (step,) = [step for step in workflow.steps if step.name == name]

    def fail(ctx: StepContext[Any]) -> Outcome:
        if after_effect:
            step.run(ctx)
        raise StepFailed("A trial made it fail.", f"trial: {name} fails")

    return with_step(workflow, name, run=fail)


class Freeze:
    """Stops a step, once, when it has done its work and before it can be saved."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._thaw = threading.Event()

    def at(self, workflow: Workflow[Any], name: str) -> Workflow[Any]:
        """The workflow whose step freezes."""
        (step,) = [step for step in workflow.steps if step.name == name]

        def freeze(ctx: StepContext[Any]) -> Outcome:
            outcome = step.run(ctx)
            self.reached.set()
            assert self._thaw.wait(60), "nobody thawed the worker"
            return outcome

        return with_step(workflow, name, run=freeze)

    def thaw(self) -> None:
        """Let it go on."""
        self._thaw.set()


class WorkflowTrials(abc.ABC):
    """Subclasses give the fixture `make_world`."""

    @pytest.fixture
    @abc.abstractmethod
    def make_world(self) -> MakeWorld:
        """How to make a fresh world."""

    def test_it_works(self, make_world: MakeWorld) -> None:
        with make_world() as world, engine(world) as running:
            job_id = world.submit()
            running.drain()
            assert state_of(world, job_id) is JobState.DONE
            world.assert_done()

    def test_each_step_twice(self, make_world: MakeWorld) -> None:
        with make_world() as world, engine(world, each_step_twice) as running:
            job_id = world.submit()
            running.drain()
            assert state_of(world, job_id) is JobState.DONE
            world.assert_done()

    @pytest.mark.parametrize("after_effect", [False, True], ids=["before", "after"])
    def test_failure_at_each_step_leaves_nothing(self, make_world: MakeWorld, after_effect: bool) -> None:
        for name in _steps(make_world):

            def change(workflow: Workflow[Any], name: str = name) -> Workflow[Any]:
                return failing_at(workflow, name, after_effect=after_effect)

            with make_world() as world, _naming(f"failure at {name}"), engine(world, change) as running:
                job_id = world.submit()
                running.drain()
                assert state_of(world, job_id) is JobState.FAILED
                world.assert_undone()

    def test_each_undo_twice(self, make_world: MakeWorld) -> None:
        last = _steps(make_world)[-1]
        with make_world() as world, engine(world, lambda w: each_undo_twice(failing_at(w, last))) as running:
            job_id = world.submit()
            running.drain()
            assert state_of(world, job_id) is JobState.FAILED
            world.assert_undone()

    @pytest.mark.parametrize("point", STEP_POINTS)
    def test_crash_at_each_step(self, make_world: MakeWorld, point: str) -> None:
        for name in _steps(make_world):
            with make_world() as world, _naming(f"crash {point} of {name}"):
                job_id = run_through_crash(world, CrashAt(point, name, workflow=world.workflows()[0].operation.name))
                assert state_of(world, job_id) is JobState.DONE
                world.assert_done()

    @pytest.mark.parametrize("point", UNDO_POINTS)
    def test_crash_at_each_undo(self, make_world: MakeWorld, point: str) -> None:
        steps = _steps(make_world)
        for name in steps:
            with make_world() as world, _naming(f"crash {point} of {name}"):
                crash = CrashAt(point, name, workflow=world.workflows()[0].operation.name)
                job_id = run_through_crash(world, crash, lambda w: failing_at(w, steps[-1]))
                assert state_of(world, job_id) is JobState.FAILED
                world.assert_undone()

    def test_a_frozen_worker_thaws_too_late(self, make_world: MakeWorld) -> None:
        for name in _steps(make_world):
            freeze = Freeze()

            def change(workflow: Workflow[Any], name: str = name, freeze: Freeze = freeze) -> Workflow[Any]:
                return freeze.at(workflow, name)

            with make_world() as world, _naming(f"frozen at {name}"):
                with engine(world, change, settings=_FROZEN):
                    job_id = world.submit()
                    assert freeze.reached.wait(30)
                    expire_leases(world.database)
                    with engine(world) as other:
                        other.drain()
                        assert state_of(world, job_id) is JobState.DONE
                        world.assert_done()
                        freeze.thaw()
                assert state_of(world, job_id) is JobState.DONE
                world.assert_done()

    def test_delete_during_each_step(self, make_world: MakeWorld) -> None:
        for name in _steps(make_world):
            freeze = Freeze()

            def change(workflow: Workflow[Any], name: str = name, freeze: Freeze = freeze) -> Workflow[Any]:
                return freeze.at(workflow, name)

            with make_world() as world, _naming(f"delete during {name}"), engine(world, change) as running:
                if type(world).delete is World.delete:
                    pytest.skip("this world's resource can't be deleted")
                job_id = world.submit()
                assert freeze.reached.wait(30)
                world.delete()
                freeze.thaw()
                running.drain()
                assert state_of(world, job_id) is JobState.CANCELLED
                world.assert_deleted()


def _steps(make_world: MakeWorld) -> list[str]:
    with make_world() as world:
        return [step.name for step in world.workflows()[0].steps]


@contextlib.contextmanager
def _naming(trial: str) -> Iterator[None]:
    try:
        yield
    except AssertionError as error:
        error.add_note(f"in the trial: {trial}")
        raise
