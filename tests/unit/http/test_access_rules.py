"""Access rules: which paths a pattern covers."""

from __future__ import annotations

import pytest

from stackspan.http import access_rules


@pytest.mark.parametrize(
    ("pattern", "path", "covered"),
    [
        ("/v2.1/servers", "/v2.1/servers", True),
        ("/v2.1/servers", "/v2.1/servers/5", False),
        ("/v2.1/servers", "/v2x1/servers", False),
        ("/v2.1/servers/*", "/v2.1/servers/5", True),
        ("/v2.1/servers/*", "/v2.1/servers/5/ips", False),
        ("/v2.1/servers/{id}/ips", "/v2.1/servers/5/ips", True),
        ("/v2.1/**", "/v2.1/servers/5/ips", True),
        ("/v2.1/servers/*", "/v2.1/servers/", False),
    ],
)
def test_paths(pattern: str, path: str, covered: bool) -> None:
    assert access_rules.permits([("compute", "GET", pattern)], "compute", "GET", path) is covered


def test_service_and_method_count() -> None:
    rules = [("compute", "GET", "/a")]
    assert not access_rules.permits(rules, "image", "GET", "/a")
    assert not access_rules.permits(rules, "compute", "POST", "/a")
    assert not access_rules.permits([], "compute", "GET", "/a")
