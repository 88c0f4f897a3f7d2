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
from stackspan.workflow.queue import Queue
from stackspan.workflow.registry import Registry, Subscriptions

__all__ = [
    "Cancelled",
    "Operation",
    "Outcome",
    "Params",
    "Queue",
    "Registry",
    "Requeue",
    "Step",
    "StepContext",
    "StepFailed",
    "StepTimes",
    "Subscriptions",
    "Workflow",
]
