"""The database goes away with jobs under way, and comes back: nothing is lost, nothing is done twice."""

import dataclasses

import pytest
import sqlalchemy as sa
from tests.support.databases import Postgres
from tests.workflow.engine.lab import (
    CREATE,
    Lab,
    Outside,
    ThingParams,
    create_workflow,
    state_set,
    tables_add,
    thing_row,
)

from stackspan.db import DatabaseError, connect
from stackspan.workflow import EngineSettings, JobState, Outcome, Step, StepContext

SETTINGS = EngineSettings(delay_factor=0.02, poll_seconds=0.1, lease_seconds=2.0, renew_seconds=0.2)


@pytest.mark.slow
def test_connections_are_cut_again_and_again(postgres: Postgres, postgresql_url: str) -> None:
    database = connect(postgresql_url)
    lab = Lab(database)
    tables_add(database)
    outside = Outside()
    names = [f"thing-{number}" for number in range(20)]
    with database.write() as tx:
        for name in names:
            tx.execute(sa.insert(thing_row).values(name=name, state="new"))
            state_set(tx, name, "building")
            lab.queue.enqueue(tx, CREATE, ThingParams(name=name), context=None, resources=[f"thing:{name}"])
    workflow = create_workflow(outside)

    def cut(ctx: StepContext[ThingParams]) -> Outcome:
        if ctx.params.name.endswith("5"):
            postgres.cut(database.url.database or "")
        return workflow.steps[0].run(ctx)

    steps = [Step("plan", cut, saves=False), *workflow.steps[1:]]
    engine = lab.engine(dataclasses.replace(workflow, steps=steps), settings=SETTINGS)
    for _ in range(50):
        try:
            engine.drain(60)
            break
        except DatabaseError:
            continue  # the test's own look was cut
    with database.read() as tx:
        assert {job.state for job in lab.queue.job_list(tx)} == {JobState.DONE}
        assert {row.state for row in tx.execute(sa.select(thing_row))} == {"active"}
    assert len(outside.things) == 60
    assert set(outside.made.values()) == {1}
    lab.close()
    database.close()
