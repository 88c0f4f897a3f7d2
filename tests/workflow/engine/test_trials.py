"""The engine passes the workflow trials with a workflow of the lab's, on each database."""

import contextlib
from collections.abc import Iterator

import pytest
from tests.support import trials
from tests.support.databases import FreshDatabase
from tests.workflow.engine.lab import LabWorld


class TestThingCreate(trials.WorkflowTrials):
    @pytest.fixture
    def make_world(self, fresh_database: FreshDatabase) -> trials.MakeWorld:
        @contextlib.contextmanager
        def make() -> Iterator[LabWorld]:
            with fresh_database() as database:
                yield LabWorld(database)

        return make
