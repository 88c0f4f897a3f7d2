"""Policies: rules, scopes, overrides."""

from __future__ import annotations

import pathlib

import pytest

from stackspan.core.context import RequestContext
from stackspan.http.policy import PROJECT, SYSTEM, Policy, PolicyForbidden

RULES = (
    ("context_is_admin", "role:admin"),
    ("admin_or_owner", "rule:context_is_admin or project_id:%(project_id)s"),
    ("show", "rule:admin_or_owner"),
    ("move", "rule:context_is_admin", (PROJECT,)),
    ("everybody", ""),
    ("nobody", "!"),
)
MEMBER = RequestContext("req-1", user_id="u", project_id="p", roles=frozenset({"member", "reader"}))
ADMIN = RequestContext("req-1", user_id="a", project_id="q", roles=frozenset({"admin"}))
SYSTEM_ADMIN = RequestContext("req-1", user_id="a", system_scope="all", roles=frozenset({"admin"}))


def test_rules() -> None:
    policy = Policy(RULES)
    assert policy.allows(MEMBER, "show", {"project_id": "p"})
    assert not policy.allows(MEMBER, "show", {"project_id": "q"})
    assert policy.allows(ADMIN, "show", {"project_id": "p"})
    assert policy.allows(MEMBER, "show")
    assert policy.allows(MEMBER, "everybody")
    assert not policy.allows(ADMIN, "nobody")


def test_a_key_that_the_target_lacks_is_no_match() -> None:
    assert not Policy(RULES).allows(MEMBER, "show", {})


def test_the_scope_has_to_fit() -> None:
    policy = Policy(RULES)
    assert policy.allows(ADMIN, "move", {})
    assert not policy.allows(SYSTEM_ADMIN, "move", {})
    assert Policy([("move", "role:admin", (SYSTEM,))]).allows(SYSTEM_ADMIN, "move", {})


def test_words() -> None:
    with pytest.raises(PolicyForbidden, match="Policy doesn't allow move to be performed"):
        Policy(RULES).check(MEMBER, "move", {})
    with pytest.raises(PolicyForbidden, match="No move for you"):
        Policy(RULES, words="No {rule} for you.").check(MEMBER, "move", {})


def test_an_operators_file(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text('"move": "role:member"\n"context_is_admin": "role:boss"\n')
    policy = Policy(RULES, path)
    assert policy.allows(MEMBER, "move", {})
    assert not policy.allows(ADMIN, "show", {"project_id": "p"})
