"""Compute's stories: what is decided without vCenter."""

from __future__ import annotations

from tests.api.compute import world
from tests.support import stories

test_story = stories.for_folder(__file__, world.build)
