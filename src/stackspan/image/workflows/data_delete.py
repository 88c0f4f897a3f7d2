"""Delete a deleted image's bytes from its store."""

from __future__ import annotations

from stackspan.image import operations
from stackspan.image.operations import DataDelete
from stackspan.image.stores import Stores
from stackspan.workflow import Outcome, Step, StepContext, Workflow


def workflow(stores: Stores) -> Workflow[DataDelete]:
    """The definition."""

    def delete(ctx: StepContext[DataDelete]) -> Outcome:
        stores.get(ctx.params.store_id).delete(ctx.params.location)
        return Outcome()

    return Workflow(operations.DATA_DELETE, [Step("delete", delete)])
