"""What services see of the queue: transactions, sizes, facts, reports."""

import datetime as dt
import threading

import msgspec
import pytest
import sqlalchemy as sa
from tests.workflow.engine.lab import CONTEXT, DELETE, OTHER, Lab, ThingParams, workflow_of

from stackspan.core.facts import Fact, ServerDeleted
from stackspan.workflow import JobState, Outcome, Queue, Step, StepContext, StepFailed, Subscriptions
from stackspan.workflow import tables as t
from stackspan.workflow.store import reports


class Nonsense(Exception):
    """Rolls a test's transaction back."""


def test_a_job_is_there_if_the_transaction_is(lab: Lab) -> None:
    woken: list[bool] = []
    lab.queue.listen(lambda: woken.append(True))

    def refused() -> None:
        with lab.database.write() as tx:
            lab.queue.enqueue(tx, OTHER, ThingParams(), context=None, resources=["server:1"])
            assert lab.queue.busy(tx, "server:1"), "its own transaction sees it"
            raise Nonsense

    with pytest.raises(Nonsense):
        refused()
    assert woken == []
    with lab.database.read() as tx:
        assert not lab.queue.busy(tx, "server:1")
        assert lab.queue.job_list(tx) == []
    job_id = lab.enqueue(resources=["server:1"])
    assert woken == [True]
    with lab.database.read() as tx:
        assert lab.queue.busy(tx, "server:1")
        assert lab.queue.busy_many(tx, ["server:1", "server:2"]) == {"server:1"}
        assert lab.queue.busy_many(tx, []) == set()
        job = lab.queue.job_get(tx, job_id)
        assert lab.queue.job_get(tx, "no-such-job") is None
    assert job is not None
    assert (job.request_id, job.project_id, job.user_id) == ("req-lab", "project-1", "user-1")
    assert job.resources == ("server:1",)


def test_jobs_cannot_be_queued_by_a_reader(lab: Lab) -> None:
    with lab.database.read() as tx, pytest.raises(RuntimeError):
        lab.queue.enqueue(tx, OTHER, ThingParams(), context=None)


def test_parameters_are_bounded_and_typed(lab: Lab) -> None:
    class Others(ThingParams, frozen=True, kw_only=True):
        pass

    with lab.database.write() as tx:
        with pytest.raises(ValueError, match="16384"):
            lab.queue.enqueue(tx, OTHER, ThingParams(name="x" * 16_384), context=None)
        with pytest.raises(TypeError):
            lab.queue.enqueue(tx, OTHER, "thing", context=None)  # type: ignore[arg-type]
        lab.queue.enqueue(tx, OTHER, Others(), context=None)


def test_the_order_is_drawn_at_the_commit(postgresql_lab: Lab) -> None:
    """Two transactions: the one that locks the resource's row first is first in the queue, whoever asked first."""
    lab = postgresql_lab
    with lab.database.write() as tx:
        tx.execute(sa.insert(t.leader).values(name="row", holder="x", epoch=1, expires_at=dt.datetime.now(dt.UTC)))
    change = sa.update(t.leader).values(epoch=t.leader.c.epoch + 1)
    asked, locked = threading.Event(), threading.Event()

    def slow() -> None:
        with lab.database.write() as tx:
            lab.queue.enqueue(tx, OTHER, ThingParams(name="second"), context=None, resources=["server:1"])
            asked.set()
            assert locked.wait(10)
            tx.execute(change)

    thread = threading.Thread(target=slow)
    thread.start()
    assert asked.wait(10)
    with lab.database.write() as tx:
        tx.execute(change)
        locked.set()
        lab.queue.enqueue(tx, OTHER, ThingParams(name="first"), context=None, resources=["server:1"])
    thread.join(10)
    with lab.database.read() as tx:
        names = [row.params["name"] for row in tx.execute(sa.select(t.job.c.params).order_by(t.job.c.seq))]
    assert names == ["first", "second"]


def test_facts_become_jobs(lab: Lab) -> None:
    subscriptions = Subscriptions()
    subscriptions.add(
        ServerDeleted,
        OTHER,
        lambda fact: ThingParams(name=fact.server_id),
        resources=lambda f: [f"server:{f.server_id}"],
    )
    subscriptions.add(ServerDeleted, DELETE, lambda fact: None if fact.server_id == "s1" else ThingParams())
    queue = Queue(subscriptions)

    class Unheard(Fact, frozen=True, kw_only=True):
        pass

    with lab.database.write() as tx:
        queue.publish(tx, ServerDeleted(server_id="s1", project_id="p"), context=CONTEXT)
        queue.publish(tx, ServerDeleted(server_id="s2", project_id="p"))
        queue.publish(tx, Unheard())
    with lab.database.read() as tx:
        jobs = sorted((job.name, job.resources, job.project_id) for job in queue.job_list(tx))
    assert jobs == [
        ("thing.delete", (), None),
        ("thing.other", ("server:s1",), "project-1"),
        ("thing.other", ("server:s2",), None),
    ]


def test_a_step_queues_jobs_with_its_save(lab: Lab) -> None:
    def run(ctx: StepContext[ThingParams]) -> Outcome:
        return Outcome(save=lambda tx: lab.queue.enqueue(tx, DELETE, ThingParams(), context=ctx) and None)

    lab.enqueue()
    lab.engine(workflow_of(Step("run", run)), workflow_of(Step("run", lambda ctx: Outcome()), operation=DELETE)).drain()
    with lab.database.read() as tx:
        found = {job.name: (job.state, job.request_id) for job in lab.queue.job_list(tx)}
    assert found["thing.delete"] == (JobState.DONE, "req-lab")


def test_what_a_job_waits_for_is_told(lab: Lab) -> None:
    def run(ctx: StepContext[ThingParams]) -> Outcome:
        return Outcome()

    engine = lab.engine(workflow_of(Step("run", run)))
    engine.stop()
    first = lab.enqueue(name="first", resources=["server:1"], limits=["vcenter:1"])
    second = lab.enqueue(name="second", resources=["server:1"])
    third = lab.enqueue(name="third", after=[first])
    limited = lab.enqueue(name="fourth", limits=["vcenter:1"])
    with lab.database.write() as tx:
        tx.execute(
            sa.insert(t.worker).values(
                id="w", host="h", pid=1, workflows=["thing.other/1"], started_at=dt.datetime.now(dt.UTC),
                expires_at=dt.datetime.now(dt.UTC),
            )
        )  # fmt: skip
        tx.execute(sa.update(t.job).where(t.job.c.id == first).values(claimed_by="w", state=JobState.RUNNING, epoch=1))
    with lab.database.read() as tx:
        jobs = {job.id: job.waits_for for job in lab.queue.job_list(tx, bounds={"vcenter": 1})}
        assert [job.id for job in lab.queue.job_list(tx, resource="server:1")] == [second, first]
        assert [job.id for job in lab.queue.job_list(tx, states=[JobState.RUNNING])] == [first]
        assert len(lab.queue.job_list(tx, request_id="req-lab", limit=3)) == 3
        counts = {(name, state): number for name, state, number, _age in reports.job_counts(tx)}
    assert jobs == {
        first: None,
        second: f"server:1, held by thing.other {first}",
        third: f"thing.other {first}",
        limited: "limit vcenter:1, 1 at a time",
    }
    assert counts == {("thing.other", JobState.RUNNING): 1, ("thing.other", JobState.QUEUED): 3}


def test_ended_jobs_are_purged_with_their_steps(lab: Lab) -> None:
    def run(ctx: StepContext[ThingParams]) -> Outcome:
        if ctx.params.name == "fails":
            raise StepFailed("no")
        return Outcome()

    engine = lab.engine(workflow_of(Step("run", run)))
    lab.enqueue(limits=["vcenter:1"], after=["x"])
    lab.enqueue(name="fails")
    engine.drain()
    waiting = lab.enqueue(DELETE)
    with lab.database.write() as tx:
        assert reports.jobs_purge(tx, dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)) == 0
        assert reports.jobs_purge(tx, dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)) == 2
        assert reports.jobs_purge(tx, dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)) == 0
    with lab.database.read() as tx:
        assert [job.id for job in lab.queue.job_list(tx)] == [waiting]
        for table in (t.job_step, t.job_limit, t.job_after):
            assert tx.execute(sa.select(table)).all() == []


def test_parameters_survive_as_they_were(lab: Lab) -> None:
    from stackspan.workflow import Operation, Params

    class Rich(Params, frozen=True, kw_only=True):
        when: dt.datetime
        parts: tuple[str, ...]
        nested: dict[str, int]

    operation = Operation("rich", 1, Rich)
    sent = Rich(when=dt.datetime(2026, 11, 23, tzinfo=dt.UTC), parts=("a", "ü"), nested={"n": 1})
    got: list[Rich] = []
    with lab.database.write() as tx:
        lab.queue.enqueue(tx, operation, sent, context=None)

    def run(ctx: StepContext[Rich]) -> Outcome:
        got.append(ctx.params)
        assert ctx.op_id.startswith(ctx.request_id)
        assert ctx.activation_id == f"{ctx.job_id}/run"
        return Outcome()

    lab.engine(workflow_of(Step("run", run), operation=operation)).drain()  # type: ignore[arg-type]
    assert got == [sent]
    assert msgspec.json.encode(got[0]) == msgspec.json.encode(sent)
