"""Placement's settings: placement.conf."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass

from oslo_config import cfg

from stackspan.config import policy
from stackspan.config.reading import ServiceConf


@dataclass(frozen=True)
class PlacementSettings:
    """Placement's settings.

    Args:
        randomize_allocation_candidates: in `GET /allocation_candidates`, instead of a stable order.
        max_allocation_candidates: most that are made for a request; -1: no bound.
    """

    randomize_allocation_candidates: bool = False
    max_allocation_candidates: int = -1
    policy_file: pathlib.Path | None = None


_PLACEMENT = (
    cfg.BoolOpt("randomize_allocation_candidates", default=False),
    cfg.IntOpt("max_allocation_candidates", default=-1),
)


def from_conf(conf: ServiceConf) -> PlacementSettings:
    """Placement's settings; what is wrong is noted in the conf's report."""
    group = conf.register("placement", _PLACEMENT)
    return PlacementSettings(
        randomize_allocation_candidates=group.boolean("randomize_allocation_candidates"),
        max_allocation_candidates=group.integer("max_allocation_candidates"),
        policy_file=policy.policy_file(conf),
    )
