"""A small outside world and workflows that change it, for the engine's own tests.

The outside world is a set of named things. As in vCenter, making one whose name is taken is refused.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from tests.support import trials

from stackspan.core import ids
from stackspan.core.context import RequestContext
from stackspan.db import Database, Transaction
from stackspan.workflow import (
    Engine,
    EngineSettings,
    Operation,
    Outcome,
    Params,
    Queue,
    Registry,
    Step,
    StepContext,
    StepTimes,
    Workflow,
)

FAST = EngineSettings(delay_factor=0.02, poll_seconds=0.1)
CONTEXT = RequestContext("req-lab", user_id="user-1", project_id="project-1")


class ThingParams(Params, frozen=True, kw_only=True):
    """The key of every outside effect."""

    name: str = "thing"


CREATE = Operation("thing.create", 1, ThingParams)
DELETE = Operation("thing.delete", 1, ThingParams)
OTHER = Operation("thing.other", 1, ThingParams)

# The row of the resource, as a service would have it: kept beside the engine's tables, outside the program's metadata.
_OWN = sa.MetaData()
thing_row = sa.Table(
    "lab_thing", _OWN, sa.Column("name", sa.String(64), primary_key=True), sa.Column("state", sa.String(32))
)
event_row = sa.Table(
    "lab_event",
    _OWN,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("step", sa.String(64)),
    sa.Column("error", sa.Text),
)


class Outside:
    """Named things, and a count of how often each was made."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.things: set[str] = set()
        self.made: dict[str, int] = {}

    def make(self, name: str) -> None:
        """Make a thing, unless it is there."""
        with self._lock:
            if name not in self.things:
                self.things.add(name)
                self.made[name] = self.made.get(name, 0) + 1

    def remove(self, name: str) -> None:
        """Remove a thing, if it is there."""
        with self._lock:
            self.things.discard(name)


def tables_add(database: Database) -> None:
    """Make the lab's tables."""
    with database.write() as tx:
        _OWN.create_all(tx.connection)


def state_set(tx: Transaction, name: str, state: str) -> None:
    """Change the resource's row."""
    tx.execute(sa.update(thing_row).where(thing_row.c.name == name).values(state=state))


def state_get(database: Database, name: str = "thing") -> str | None:
    """The resource's state."""
    with database.read() as tx:
        return tx.execute(sa.select(thing_row.c.state).where(thing_row.c.name == name)).scalar()


def events(database: Database) -> list[tuple[str, str | None]]:
    """What `on_step` wrote: step and error."""
    with database.read() as tx:
        return [(row.step, row.error) for row in tx.execute(sa.select(event_row).order_by(event_row.c.id))]


def create_workflow(outside: Outside) -> Workflow[ThingParams]:
    """Plan (no effect), then make a base, a body, a head, then switch on."""

    def plan(ctx: StepContext[ThingParams]) -> Outcome:
        return Outcome(result={"prefix": f"{ctx.params.name}-"})

    def maker(part: str) -> Callable[[StepContext[ThingParams]], Outcome]:
        def run(ctx: StepContext[ThingParams]) -> Outcome:
            outside.make(ctx.results["plan"]["prefix"] + part)
            return Outcome(
                result={"part": part},
                save=lambda tx: state_set(tx, ctx.params.name, part),
                tasks=[f"task-{part}"],
            )

        return run

    def remover(part: str) -> Callable[[StepContext[ThingParams]], None]:
        return lambda ctx: outside.remove(f"{ctx.params.name}-{part}")

    def done(tx: Transaction, ctx: StepContext[ThingParams]) -> None:
        assert ctx.results["head"]["part"] == "head"
        state_set(tx, ctx.params.name, "active")

    def failed(tx: Transaction, ctx: StepContext[ThingParams]) -> None:
        assert ctx.failure is not None
        state_set(tx, ctx.params.name, "error" if ctx.undone else "error, stuck")

    def step_done(tx: Transaction, ctx: StepContext[ThingParams], times: StepTimes) -> None:
        tx.execute(sa.insert(event_row).values(step=times.step, error=times.error))

    return Workflow(
        CREATE,
        [
            Step("plan", plan, saves=False),
            Step("base", maker("base"), remover("base")),
            Step("body", maker("body"), remover("body")),
            Step("head", maker("head"), remover("head")),
        ],
        on_done=done,
        on_failed=failed,
        on_cancelled=lambda tx, ctx: state_set(tx, ctx.params.name, "cancelled"),
        on_step=step_done,
    )


def delete_workflow(outside: Outside) -> Workflow[ThingParams]:
    """Remove all parts, from any state."""

    def remove(ctx: StepContext[ThingParams]) -> Outcome:
        for part in ("head", "body", "base"):
            outside.remove(f"{ctx.params.name}-{part}")
        return Outcome(save=lambda tx: state_set(tx, ctx.params.name, "deleted"))

    return Workflow(DELETE, [Step("remove", remove)])


def workflow_of(*steps: Step[ThingParams], operation: Operation[ThingParams] = OTHER, **hooks: Any) -> Workflow[Any]:
    """A workflow of those steps."""
    return Workflow(operation, steps, **hooks)


class LabWorld(trials.World):
    """One thing to create."""

    def __init__(self, database: Database, outside: Outside | None = None) -> None:
        self.database = database
        self.outside = outside or Outside()
        self.queue = Queue()
        tables_add(database)
        with database.write() as tx:
            tx.execute(sa.insert(thing_row).values(name="thing", state="new"))

    def workflows(self) -> Sequence[Workflow[Any]]:
        return [create_workflow(self.outside), delete_workflow(self.outside)]

    def submit(self) -> str:
        with self.database.write() as tx:
            state_set(tx, "thing", "building")
            return self.queue.enqueue(tx, CREATE, ThingParams(), context=CONTEXT, resources=["thing:thing"])

    def delete(self) -> None:
        with self.database.write() as tx:
            state_set(tx, "thing", "deleting")
            self.queue.cancel(tx, "thing:thing")
            self.queue.enqueue(tx, DELETE, ThingParams(), context=CONTEXT, resources=["thing:thing"])

    def assert_done(self) -> None:
        assert self.outside.things == {"thing-base", "thing-body", "thing-head"}
        assert set(self.outside.made.values()) == {1}
        assert state_get(self.database) == "active"

    def assert_undone(self) -> None:
        assert self.outside.things == set()
        assert state_get(self.database) == "error"

    def assert_deleted(self) -> None:
        assert self.outside.things == set()
        assert state_get(self.database) == "deleted"


class Lab:
    """A database with a queue, and engines on it, for tests of single properties."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.queue = Queue()
        self._engines: list[Engine] = []

    def engine(self, *workflows: Workflow[Any], settings: EngineSettings = FAST, **more: Any) -> Engine:
        """A started engine, stopped when the test is over."""
        engine = Engine(self.database, Registry(workflows), self.queue, settings, **more)
        engine.start()
        self._engines.append(engine)
        return engine

    def enqueue(self, operation: Operation[ThingParams] = OTHER, name: str = "thing", **more: Any) -> str:
        """Queue one job."""
        more.setdefault("context", CONTEXT)
        with self.database.write() as tx:
            return self.queue.enqueue(tx, operation, ThingParams(name=name), **more)

    def job(self, job_id: str) -> Any:
        """The job, with what it waits for."""
        with self.database.read() as tx:
            (job,) = [job for job in self.queue.job_list(tx) if job.id == job_id]
        return job

    def close(self) -> None:
        """Stop all engines."""
        for engine in self._engines:
            engine.stop(timeout=5)


def new_name() -> str:
    """A name of its own."""
    return ids.new_hex()[:8]
