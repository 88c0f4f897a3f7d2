"""Durable workflows on the service's own database. See `model.py` for what they promise."""

from stackspan.workflow.engine import Engine
from stackspan.workflow.leader import Leader
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
from stackspan.workflow.records import JobReport, JobState, StepReport
from stackspan.workflow.registry import Registry, Subscriptions
from stackspan.workflow.settings import EngineSettings

__all__ = [
    "Cancelled",
    "Engine",
    "EngineSettings",
    "JobReport",
    "JobState",
    "Leader",
    "Operation",
    "Outcome",
    "Params",
    "Queue",
    "Registry",
    "Requeue",
    "Step",
    "StepContext",
    "StepFailed",
    "StepReport",
    "StepTimes",
    "Subscriptions",
    "Workflow",
]
