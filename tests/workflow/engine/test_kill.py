"""Real processes that are killed (-9), or frozen and thawed, with jobs under way."""

import contextlib
import os
import pathlib
import signal
import time

import pytest
import sqlalchemy as sa
from tests.support import trials
from tests.support.databases import FreshDatabase
from tests.workflow.engine.lab import CREATE, DELETE, LabWorld, Outside, ThingParams, thing_row

from stackspan.db import Database, connect
from stackspan.workflow import Engine, EngineSettings, JobState, Registry
from stackspan.workflow.crash import STEP_POINTS, UNDO_POINTS, CrashPoints

STEPS = ("plan", "base", "body", "head")
QUICK_LEASE = EngineSettings(delay_factor=0.02, poll_seconds=0.1, lease_seconds=1.0, renew_seconds=0.2)

pytestmark = pytest.mark.slow


class Folder(Outside):
    """Things as folders: they outlive a process, and are there or not."""

    def __init__(self, path: pathlib.Path, seconds: float = 0.0) -> None:
        super().__init__()
        self._path = path
        self._seconds = seconds
        path.mkdir(exist_ok=True)

    def make(self, name: str) -> None:
        time.sleep(self._seconds)
        with contextlib.suppress(FileExistsError):
            (self._path / name).mkdir()
            with (self._path.parent / "made.log").open("a") as log:
                log.write(f"{name}\n")
        time.sleep(self._seconds)

    def remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            (self._path / name).rmdir()

    @property  # type: ignore[override]
    def things(self) -> set[str]:  # type: ignore[override]
        return {path.name for path in self._path.iterdir()}

    @things.setter
    def things(self, value: set[str]) -> None:
        pass

    @property  # type: ignore[override]
    def made(self) -> dict[str, int]:  # type: ignore[override]
        names = (self._path.parent / "made.log").read_text().split()
        return {name: names.count(name) for name in names}

    @made.setter
    def made(self, value: dict[str, int]) -> None:
        pass


def serve(database: Database, world: LabWorld, crash: CrashPoints, fail_at: str | None) -> None:
    """What the child does: an engine of its own, until it is killed or all is done."""
    own = connect(database.url.render_as_string(hide_password=False))
    subject, other = world.workflows()
    if fail_at is not None:
        subject = trials.failing_at(subject, fail_at)
    engine = Engine(own, Registry([subject, other]), world.queue, trials.SETTINGS, crash=crash)
    engine.start()
    engine.drain(20)
    os._exit(0)


def run_killed(database: Database, folder: pathlib.Path, point: str, step: str, fail_at: str | None) -> LabWorld:
    """One job whose worker is killed at a point, finished by another worker."""
    folder.mkdir()
    world = LabWorld(database, Folder(folder / "things"))
    job_id = world.submit()
    database.close()  # SQLite must not be carried over a fork: its locks would be believed to be the child's
    child = trials.Child(lambda: serve(database, world, trials.kill_at(point, step), fail_at))
    killed = child.wait() == -signal.SIGKILL
    # A step without undo has no undo points, one without save of its own no save points; its neighbours have them.
    expected = step != "plan" or point in ("before_step", "after_step")
    if fail_at is not None:
        expected = step != "plan" and (not point.endswith("_fail") or step == fail_at)
    assert killed == expected, f"{point} of {step}: killed={killed}"
    trials.expire_leases(database)
    with trials.engine(world, (lambda w: trials.failing_at(w, fail_at)) if fail_at else None) as engine:
        engine.drain()
    assert trials.state_of(world, job_id) is (JobState.FAILED if fail_at else JobState.DONE)
    return world


@pytest.mark.parametrize("point", STEP_POINTS)
def test_killed_at_each_step(fresh_database: FreshDatabase, tmp_path: pathlib.Path, point: str) -> None:
    for step in STEPS:
        with fresh_database() as database:
            run_killed(database, tmp_path / step, point, step, None).assert_done()


@pytest.mark.parametrize("point", UNDO_POINTS)
def test_killed_at_each_undo(fresh_database: FreshDatabase, tmp_path: pathlib.Path, point: str) -> None:
    for step in STEPS:
        with fresh_database() as database:
            run_killed(database, tmp_path / step, point, step, "head").assert_undone()


def test_workers_killed_and_frozen_under_load(postgresql_database: Database, tmp_path: pathlib.Path) -> None:
    """Three workers, 20 creates and 20 deletes: one worker is killed, one is frozen past its lease and thawed."""
    database = postgresql_database
    outside = Folder(tmp_path / "things", seconds=0.02)
    world = LabWorld(database, outside)
    old = [f"old-{number}" for number in range(20)]
    new = [f"new-{number}" for number in range(20)]
    for name in old:
        for part in ("base", "body", "head"):
            outside.make(f"{name}-{part}")

    def work() -> None:
        own = connect(database.url.render_as_string(hide_password=False))
        Engine(own, Registry(world.workflows()), world.queue, QUICK_LEASE).start()
        signal.pause()

    children = [trials.Child(work) for _ in range(3)]
    try:
        with database.write() as tx:
            for name in old + new:
                tx.execute(sa.insert(thing_row).values(name=name, state="new"))
                operation = CREATE if name in new else DELETE
                world.queue.enqueue(tx, operation, ThingParams(name=name), context=None, resources=[f"thing:{name}"])
        time.sleep(0.15)
        children[0].signal(signal.SIGKILL)
        children[1].signal(signal.SIGSTOP)
        time.sleep(1.5)  # longer than its lease
        children[1].signal(signal.SIGCONT)
        deadline = time.monotonic() + 60
        while True:
            with database.read() as tx:
                left = world.queue.job_list(tx, unfinished=True)
            if not left:
                break
            assert time.monotonic() < deadline, left
            time.sleep(0.05)
    finally:
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                child.signal(signal.SIGKILL)
                child.wait()
    with database.read() as tx:
        states = {job.state for job in world.queue.job_list(tx)}
        rows = {row.name: row.state for row in tx.execute(sa.select(thing_row))}
    assert states == {JobState.DONE}
    assert outside.things == {f"{name}-{part}" for name in new for part in ("base", "body", "head")}
    assert set(outside.made.values()) == {1}
    assert {rows[name] for name in new} == {"active"}
    assert {rows[name] for name in old} == {"deleted"}
