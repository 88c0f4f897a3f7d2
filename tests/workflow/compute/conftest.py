"""One connection to the simulated vCenter for all trials of Compute."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.vcsim import Vcsim, vcsim
from tests.workflow.compute import lab

__all__ = ["site", "vcsim"]


@pytest.fixture(scope="session")
def site(vcsim: Vcsim) -> Iterator[lab.Site]:
    found = lab.open_site(vcsim)
    yield found
    found.fleet.close()
