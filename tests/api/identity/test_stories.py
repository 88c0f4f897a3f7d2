"""Identity's stories."""

from __future__ import annotations

from tests.support import stories

test_story = stories.for_folder(__file__, None)
