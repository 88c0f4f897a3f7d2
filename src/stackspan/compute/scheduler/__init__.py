"""Filters and weighers over Placement's candidates: pure functions, no database.

Placement has said which clusters have the room, each with which datastore. The filters here leave out what only Compute
knows to be wrong (a disabled service, another zone, an image for another hypervisor, a server group's policy); the
weighers order the rest by what is free, as the stock ones do: each weight is brought to 0…1 over the targets, multiplied
by its option and summed up.

What was promised since the candidates were read (in this transaction, or by requests at the same moment in this process)
is handed in as `Promises` and taken off what is free, so that fifty servers asked for at once don't all go to the cluster
that was emptiest before the first of them.
"""

from __future__ import annotations

from stackspan.compute.scheduler.filters import FILTERS, unsupported
from stackspan.compute.scheduler.ranking import rank, schedule
from stackspan.compute.scheduler.request import (
    NO_VALID_HOST,
    ROOM,
    BootRequest,
    Promises,
    Ranking,
    Rejection,
    Target,
    Use,
)

__all__ = [
    "FILTERS",
    "NO_VALID_HOST",
    "ROOM",
    "BootRequest",
    "Promises",
    "Ranking",
    "Rejection",
    "Target",
    "Use",
    "rank",
    "schedule",
    "unsupported",
]
