"""Placement's stories."""

from __future__ import annotations

from collections.abc import Sequence

from tests.support import api, stories

from stackspan.http.routing import ServiceApi
from stackspan.placement import api as placement_api
from stackspan.placement import policy
from stackspan.placement.service import PlacementService


def build(parts: api.Parts) -> Sequence[ServiceApi]:
    service = PlacementService(parts.database, parts.clock)
    return [placement_api.build_api(service, parts.policy(policy.DEFAULTS, policy.WORDS))]


test_story = stories.for_folder(__file__, build)
