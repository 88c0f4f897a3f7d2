"""Durable workflows on the service's own database. See `model.py` for what they promise."""

from stackspan.workflow.model import (
    Cancelled,
    Operation,
    Outcome,
    Params,
    Requeue,
    Step,
    StepContext,
    StepFailed,
    StepTimes,
    Workflow,
)

__all__ = [
    "Cancelled",
    "Operation",
    "Outcome",
    "Params",
    "Requeue",
    "Step",
    "StepContext",
    "StepFailed",
    "StepTimes",
    "Workflow",
]
