"""The ladder of versions has no gap, and each route's windows neither gap nor overlap."""

from __future__ import annotations

import pathlib

from stackspan.core.clock import SystemClock
from stackspan.db import connect
from stackspan.http.policy import Policy
from stackspan.placement import api, policy, versions
from stackspan.placement.service import PlacementService


def test_one_line_per_version() -> None:
    assert [version.minor for version, _line in versions.VERSIONS] == list(range(30))
    assert all(version.major == 1 and line for version, line in versions.VERSIONS)


def test_named_differences_are_of_the_ladder() -> None:
    known = {version for version, _line in versions.VERSIONS}
    named = {value for name, value in vars(versions).items() if name.isupper() and isinstance(value, versions.Version)}
    assert named <= known


def test_windows_dont_overlap(tmp_path: pathlib.Path) -> None:
    database = connect(f"sqlite:///{tmp_path / 'x.db'}")
    rules = Policy(policy.DEFAULTS)
    built = api.build_api(PlacementService(database, SystemClock()), rules)
    database.close()
    served: dict[tuple[str, str], list[int]] = {}
    for route in built.routes:
        found = [version.minor for version, _line in versions.VERSIONS if route.serves(version)]
        served.setdefault((route.method, route.path), []).extend(found)
    for key, minors in served.items():
        assert sorted(minors) == list(range(min(minors), 30)), key


def test_every_rule_is_a_stock_one() -> None:
    names = [rule[0] for rule in policy.DEFAULTS]
    assert len(names) == len(set(names))
    mine = {value for name, value in vars(policy).items() if isinstance(value, str) and value.startswith("placement:")}
    assert mine <= set(names)
