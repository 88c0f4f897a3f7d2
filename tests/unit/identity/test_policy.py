"""Policy defaults: who may what, by persona."""

from __future__ import annotations

import pytest

from stackspan.core.context import RequestContext
from stackspan.http.policy import Policy
from stackspan.identity import policy

POLICY = Policy(policy.DEFAULTS, words=policy.WORDS)
LADDER = ("admin", "manager", "member", "reader")


def persona(role: str, **scope: str) -> RequestContext:
    return RequestContext("req-1", user_id="me", roles=frozenset(LADDER[LADDER.index(role) :]), **scope)  # type: ignore[arg-type]


PEOPLE = {
    "admin": persona("admin", project_id="p", project_domain_id="d"),
    "system_admin": persona("admin", system_scope="all"),
    "system_reader": persona("reader", system_scope="all"),
    "domain_manager": persona("manager", domain_id="d"),
    "domain_reader": persona("reader", domain_id="d"),
    "manager": persona("manager", project_id="p", project_domain_id="d"),
    "member": persona("member", project_id="p", project_domain_id="d"),
    "reader": persona("reader", project_id="p", project_domain_id="d"),
}
IN_DOMAIN = {
    "target.domain_id": "d",
    "target.domain.id": "d",
    "target.user.id": "other",
    "target.user.domain_id": "d",
    "target.group.domain_id": "d",
    "target.project.id": "q",
    "target.project.domain_id": "d",
    "target.role.name": "member",
    "target.role.domain_id": None,
    "user_id": "other",
    "target.credential.user_id": "other",
}
ADMINS = {"admin", "system_admin"}
READERS = {*ADMINS, "system_reader"}
MANAGED = {*ADMINS, "domain_manager"}
DOMAIN_READERS = {*READERS, "domain_manager", "domain_reader"}
MATRIX = {
    "identity:list_domains": DOMAIN_READERS,
    "identity:create_domain": ADMINS,
    "identity:list_projects": DOMAIN_READERS,
    "identity:get_project": DOMAIN_READERS,
    "identity:create_project": MANAGED,
    "identity:list_users": DOMAIN_READERS,
    "identity:get_user": DOMAIN_READERS,
    "identity:create_user": MANAGED,
    "identity:delete_user": MANAGED,
    "identity:create_group": MANAGED,
    "identity:add_user_to_group": MANAGED,
    "identity:create_grant": MANAGED,
    "identity:list_grants": DOMAIN_READERS,
    "identity:create_system_grant_for_user": ADMINS,
    "identity:list_role_assignments": DOMAIN_READERS,
    "identity:create_role": ADMINS,
    "identity:list_roles": {*READERS, "domain_manager"},
    "identity:list_services": READERS,
    "identity:create_endpoint": ADMINS,
    "identity:list_regions": set(PEOPLE),
    "identity:list_credentials": READERS,
    "identity:list_application_credentials": READERS,
    "identity:list_trusts": READERS,
    "identity:create_application_credential": set(),
}


@pytest.mark.parametrize("rule", MATRIX)
def test_matrix(rule: str) -> None:
    assert {name for name, context in PEOPLE.items() if POLICY.allows(context, rule, IN_DOMAIN)} == MATRIX[rule]


ELSEWHERE = {key: "elsewhere" if value == "d" else value for key, value in IN_DOMAIN.items()}


@pytest.mark.parametrize("rule", [rule for rule, allowed in MATRIX.items() if "domain_manager" in allowed])
def test_a_domains_people_have_no_power_elsewhere(rule: str) -> None:
    if rule in ("identity:list_regions", "identity:list_roles"):
        return
    for name in ("domain_manager", "domain_reader"):
        assert not POLICY.allows(PEOPLE[name], rule, ELSEWHERE)


def test_a_manager_hands_out_no_more_than_it_has() -> None:
    target = {**IN_DOMAIN, "target.role.name": "admin"}
    assert not POLICY.allows(PEOPLE["domain_manager"], "identity:create_grant", target)


def test_oneself() -> None:
    own = {**IN_DOMAIN, "target.user.id": "me", "user_id": "me"}
    for rule in ("identity:get_user", "identity:list_user_projects", "identity:create_application_credential"):
        assert POLICY.allows(PEOPLE["reader"], rule, own)


def test_every_rule_can_be_checked() -> None:
    for rule in policy.DEFAULTS:
        for context in PEOPLE.values():
            POLICY.allows(context, rule[0], {})
