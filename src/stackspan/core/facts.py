"""News that one service tells its neighbours: frozen, JSON-friendly, named in the past tense.

A service publishes one in its own transaction (`workflow.publish(tx, fact)`), which adds a job for each subscriber;
who subscribes to what stands in `app.py`.
"""

from __future__ import annotations

import msgspec


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all facts."""


class ServerDeleted(Fact, frozen=True, kw_only=True):
    """A server has been deleted and nothing of it is left in vCenter."""

    server_id: str
    project_id: str


class ProjectDeleted(Fact, frozen=True, kw_only=True):
    """A project has been removed from Identity."""

    project_id: str


class NetworkSegmentUnused(Fact, frozen=True, kw_only=True):
    """The last port that needed a port group of ours has gone."""

    network_id: str
