"""Everything at once, by a seeded die: faults of each class, requeues, deletes at any moment, engines that crash anywhere.

Whatever happens, in the end every job has ended, nobody ever shared a resource, and what is outside agrees with the states.
"""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from tests.workflow.engine.lab import CREATE, DELETE, FAST, Lab, Outside, ThingParams

from stackspan.core import errors
from stackspan.workflow import Engine, JobState, Outcome, Registry, Requeue, Step, StepContext, StepFailed, Workflow
from stackspan.workflow import tables as t
from stackspan.workflow.crash import Crash, CrashPoints

PARTS = ("one", "two", "three", "four")
JOBS = 60


class Dice(CrashPoints):
    """Decides what goes wrong. Crashes now and then, until told to stop."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self.crashing = True
        self.crashes = 0

    def roll(self) -> float:
        with self._lock:
            return self._random.random()

    def at(self, point: str, workflow: str, step: str) -> None:
        if self.crashing and self.roll() < 0.012:
            with self._lock:
                self.crashes += 1
            raise Crash(point)


class Scene:
    """Creates and deletes of named things, each with four parts, and who holds which name."""

    def __init__(self, dice: Dice) -> None:
        self.outside = Outside()
        self._dice = dice
        self._lock = threading.Lock()
        self._holders: dict[str, str] = {}
        self.trespasses: list[str] = []

    @contextmanager
    def _holding(self, ctx: StepContext[ThingParams]) -> Iterator[None]:
        with self._lock:
            if ctx.params.name in self._holders:
                self.trespasses.append(f"{ctx.params.name}: {self._holders[ctx.params.name]} and {ctx.job_id}")
            self._holders[ctx.params.name] = ctx.job_id
        try:
            yield
        finally:
            with self._lock:
                self._holders.pop(ctx.params.name, None)

    def _go_wrong(self) -> None:
        roll = self._dice.roll()
        if roll < 0.05:
            raise errors.Unavailable
        if roll < 0.08:
            raise errors.Stale
        if roll < 0.09:
            raise ZeroDivisionError
        if roll < 0.13:
            raise StepFailed("no luck")
        if roll < 0.18:
            raise Requeue("better luck", after_seconds=0.01)

    def _make(self, part: str) -> Any:
        def run(ctx: StepContext[ThingParams]) -> Outcome:
            with self._holding(ctx):
                if self._dice.roll() < 0.5:
                    self._go_wrong()
                ctx.check_cancel()
                self.outside.make(f"{ctx.params.name}-{part}")
                self._go_wrong()
            return Outcome(result={"part": part})

        return run

    def _unmake(self, part: str) -> Any:
        def undo(ctx: StepContext[ThingParams]) -> None:
            with self._holding(ctx):
                if self._dice.roll() < 0.1:
                    raise errors.Unavailable
                self.outside.remove(f"{ctx.params.name}-{part}")

        return undo

    def _remove(self, ctx: StepContext[ThingParams]) -> Outcome:
        with self._holding(ctx):
            if self._dice.roll() < 0.1:
                raise errors.Unavailable
            for part in PARTS:
                self.outside.remove(f"{ctx.params.name}-{part}")
        return Outcome()

    def workflows(self) -> list[Workflow[Any]]:
        """The two definitions; one step of the create is saved with the next."""
        steps = [Step(part, self._make(part), self._unmake(part), saves=part != "two") for part in PARTS]
        return [Workflow(CREATE, steps), Workflow(DELETE, [Step("remove", self._remove)])]


class Crew:
    """Engines that are replaced when they crash."""

    def __init__(self, lab: Lab, scene: Scene, dice: Dice, size: int) -> None:
        self._lab = lab
        self._scene = scene
        self._dice = dice
        self._engines = [self._new() for _ in range(size)]

    def _new(self) -> Engine:
        registry = Registry(self._scene.workflows())
        engine = Engine(self._lab.database, registry, self._lab.queue, FAST, crash=self._dice)
        engine.start()
        return engine

    def look(self) -> None:
        """Replace who has crashed."""
        for number, engine in enumerate(self._engines):
            if engine.crashed:
                engine.join_crashed()
                with self._lab.database.write() as tx:
                    tx.execute(sa.delete(t.worker).where(t.worker.c.id == engine.worker_id))
                self._engines[number] = self._new()

    def stop(self) -> None:
        for engine in self._engines:
            engine.stop()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 140))
def test_whatever_happens(lab: Lab, seed: int) -> None:
    dice = Dice(seed)
    scene = Scene(dice)
    crew = Crew(lab, scene, dice, size=1 if lab.database.dialect == "sqlite" else 2)
    names = [f"thing-{number}" for number in range(JOBS)]
    deletes: dict[str, str] = {}
    creates = {name: lab.enqueue(CREATE, name=name, resources=[f"thing:{name}"]) for name in names}
    chooser = random.Random(seed)
    deadline = time.monotonic() + 90
    while True:
        crew.look()
        if len(deletes) < JOBS // 2:
            name = chooser.choice(names)
            with lab.database.write() as tx:
                lab.queue.cancel(tx, f"thing:{name}")
                deletes[name] = lab.queue.enqueue(
                    tx, DELETE, ThingParams(name=name), context=None, resources=[f"thing:{name}"]
                )
        with lab.database.read() as tx:
            left = lab.queue.job_list(tx, unfinished=True)
        if not left and len(deletes) >= JOBS // 2:
            break
        if time.monotonic() > deadline - 45:
            dice.crashing = False
        assert time.monotonic() < deadline, left
        time.sleep(0.01)
    crew.look()
    crew.stop()
    assert scene.trespasses == []
    assert dice.crashes > 0
    for name in names:
        parts = {part for part in PARTS if f"{name}-{part}" in scene.outside.things}
        created = lab.job(creates[name]).state
        if name in deletes:
            assert lab.job(deletes[name]).state is JobState.DONE
            assert created in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)
            assert parts == set(), name
        else:
            assert created in (JobState.DONE, JobState.FAILED)
            assert parts == (set(PARTS) if created is JobState.DONE else set()), (name, created)
