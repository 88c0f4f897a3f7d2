"""Identity's decisions: bootstrap, log-ins, lockout, names at the same moment."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime as dt

import pytest
from tests.store.identity.conftest import SECRET, grant, project_make, user_make
from tests.support.clock import TurnableClock

from stackspan.core import errors, facts, ids
from stackspan.core.facts import Fact
from stackspan.db import Database, Transaction
from stackspan.identity import errors as identity_errors
from stackspan.identity import model, tables
from stackspan.identity.service import APIS, ApiEntry, Bootstrapped, Identity, IdentitySettings, ListOptions


def login(name: str, password: str, scope: model.ScopeRequest | None = None) -> model.Login:
    return model.Login(("password",), model.Ref(name=name, domain=model.Ref(id="default")), password, scope=scope)


ON_ADMIN = model.ScopeRequest(model.ScopeKind.PROJECT, model.Ref(name="admin", domain=model.Ref(name="Default")))
ON_SYSTEM = model.ScopeRequest(model.ScopeKind.SYSTEM)


def test_bootstrap(identity: Identity, first: Bootstrapped) -> None:
    for scope in (ON_ADMIN, ON_SYSTEM):
        valid = identity.logins.login(login("admin", "first", scope))
        assert set(valid.state.roles) == {"admin", "manager", "member", "reader"}
    entries = {entry.service.type: entry.endpoints for entry in identity.catalog.entries()}
    assert set(entries) == {"identity", "compute", "placement", "image", "network"}
    assert {(one.interface, one.url) for one in entries["compute"]} == {
        (interface, "/compute/v2.1") for interface in ("public", "internal", "admin")
    }


def test_bootstrap_again_does_no_harm(identity: Identity, other: Identity, first: Bootstrapped) -> None:
    token = identity.logins.login(login("admin", "first", ON_ADMIN)).id
    identity.catalog.services.update(
        identity.catalog.entries()[0].service.id, lambda one: dataclasses.replace(one, name="renamed")
    )
    assert other.bootstrap(password="first") == first
    assert other.bootstrap(password=None) == first
    identity.authenticate(token, None, "req-1")
    assert len(identity.catalog.endpoints.all()) == 15


def test_bootstrap_adds_what_is_new(identity: Identity, first: Bootstrapped) -> None:
    identity.bootstrap(password=None, apis=(*APIS, ApiEntry("block-storage", "cinder", "/volume/v3")))
    assert len(identity.catalog.endpoints.all()) == 18


def test_bootstrap_resets_the_password(identity: Identity, first: Bootstrapped) -> None:
    token = identity.logins.login(login("admin", "first", ON_ADMIN)).id
    identity.users.update(first.admin_user_id, lambda user: dataclasses.replace(user, enabled=False))
    identity.bootstrap(password="second")
    identity.logins.login(login("admin", "second", ON_ADMIN))
    with pytest.raises(errors.Unauthenticated):
        identity.logins.login(login("admin", "first", ON_ADMIN))
    with pytest.raises(errors.Unauthenticated):
        identity.authenticate(token, None, "req-1")


def test_lockout(identity: Identity, first: Bootstrapped, clock: TurnableClock) -> None:
    user = user_make(identity, "ada", "right")
    for _ in range(3):
        with pytest.raises(identity_errors.LoginRefused):
            identity.logins.login(login("ada", "wrong"))
    with pytest.raises(identity_errors.LoginRefused, match="locked"):
        identity.logins.login(login("ada", "right"))
    clock.advance(1801)
    identity.logins.login(login("ada", "right"))
    found = identity.users.find(user.id)
    assert found is not None
    assert found.failed_logins == 0


def test_who_changes_a_password_is_locked_out_too(identity: Identity, first: Bootstrapped) -> None:
    user = user_make(identity, "ada", "right")
    for _ in range(3):
        with pytest.raises(identity_errors.LoginRefused):
            identity.users.change_password(user.id, "wrong", "new")
    with pytest.raises(identity_errors.LoginRefused, match="locked"):
        identity.users.change_password(user.id, "right", "new")


def test_old_failures_are_forgotten(identity: Identity, first: Bootstrapped, clock: TurnableClock) -> None:
    user = user_make(identity, "ada", "right")
    for _ in range(2):
        with pytest.raises(identity_errors.LoginRefused):
            identity.logins.login(login("ada", "wrong"))
    clock.advance(1801)
    with pytest.raises(identity_errors.LoginRefused):
        identity.logins.login(login("ada", "wrong"))
    found = identity.users.find(user.id)
    assert found is not None
    assert found.failed_logins == 1


def test_no_password_lets_nobody_in(identity: Identity, first: Bootstrapped) -> None:
    user_make(identity, "ghost")
    for password in ("", "x"):
        with pytest.raises(errors.Unauthenticated):
            identity.logins.login(login("ghost", password))


def test_a_name_is_taken_once_however_many_want_it(identity: Identity, first: Bootstrapped) -> None:
    def make(_number: int) -> bool:
        try:
            project_make(identity, "wanted")
        except identity_errors.NameTaken:
            return False
        return True

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(make, range(8))) == [False] * 7 + [True]


def test_a_rename_at_the_same_moment(identity: Identity, first: Bootstrapped) -> None:
    projects = [project_make(identity, f"p{number}") for number in range(6)]

    def rename(project: model.Project) -> bool:
        try:
            identity.projects.update(project.id, lambda one: dataclasses.replace(one, name="wanted"))
        except identity_errors.NameTaken:
            return False
        return True

    with concurrent.futures.ThreadPoolExecutor(6) as threads:
        assert sorted(threads.map(rename, projects)) == [False] * 5 + [True]


def test_grants_at_the_same_moment(identity: Identity, first: Bootstrapped) -> None:
    user, project = user_make(identity, "ada"), project_make(identity, "engine")
    with concurrent.futures.ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda _: grant(identity, user, project, first.role_ids["member"]), range(6)))
    target = model.Target(model.TargetKind.PROJECT, project.id)
    assert len(identity.assignments.roles_of(model.Actor(model.ActorKind.USER, user.id), target)) == 1


def test_a_trusts_uses_are_counted_once(identity: Identity, first: Bootstrapped) -> None:
    trustor, trustee = user_make(identity, "ada"), user_make(identity, "bob", "pass")
    project = project_make(identity, "engine")
    assignment = grant(identity, trustor, project, first.role_ids["member"])
    context = identity.authenticate(identity.tokens.issue_for(trustor.id, assignment.target), None, "req-1")
    trust = identity.trusts.create(
        context,
        model.Trust(ids.new_hex(), trustor.id, trustee.id, project.id, True, None, 3, 0, None),
        [model.Ref(name="member")],
        redelegable=False,
    )
    scope = model.ScopeRequest(model.ScopeKind.TRUST, model.Ref(id=trust.id))

    def use(_number: int) -> bool:
        try:
            identity.logins.login(login("bob", "pass", scope))
        except errors.Forbidden:
            return False
        return True

    with concurrent.futures.ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(use, range(6))) == 3


def test_neighbours_hear_of_a_deleted_project(database: Database, clock: TurnableClock) -> None:
    heard: list[Fact] = []

    def publish(tx: Transaction, fact: Fact) -> None:
        assert tx.writable
        heard.append(fact)

    identity = Identity(database, clock, IdentitySettings(secret=SECRET), publish)
    identity.bootstrap(password="first")
    project = project_make(identity, "engine")
    identity.projects.delete(project.id)
    assert heard == [facts.ProjectDeleted(project_id=project.id)]


def test_a_deleted_project_leaves_nothing(identity: Identity, first: Bootstrapped, database: Database) -> None:
    user, project = user_make(identity, "ada"), project_make(identity, "engine")
    identity.users.update(user.id, lambda one: dataclasses.replace(one, default_project_id=project.id))
    grant(identity, user, project, first.role_ids["member"])
    identity.projects.delete(project.id)
    with database.read() as tx:
        for table in (tables.assignment, tables.delegated_role, tables.project_tag):
            rows = [row for row in tx.execute(table.select()) if project.id in row._mapping.values()]
            assert rows == []
        assert identity.user_get(tx, user.id).default_project_id is None


def test_facade(identity: Identity, first: Bootstrapped, database: Database) -> None:
    with database.read() as tx:
        assert identity.project_get(tx, first.admin_project_id).name == "admin"
        assert identity.user_get(tx, first.admin_user_id).name == "admin"
        with pytest.raises(identity_errors.EntityNotFound, match="Could not find project: x"):
            identity.project_get(tx, "x")


def test_credentials_are_sealed(identity: Identity, first: Bootstrapped, database: Database) -> None:
    credential = model.Credential("", first.admin_user_id, None, "totp", "")
    made = identity.credentials.create(credential, "in clear")
    assert "in clear" not in made.credential.encrypted_blob
    found = identity.credentials.find(made.credential.id)
    assert found is not None
    assert found.blob == "in clear"


def test_pages(identity: Identity, first: Bootstrapped) -> None:
    for number in range(5):
        project_make(identity, f"p{number}")
    everything = [one.id for one in identity.projects.all()]
    assert everything == sorted(everything)
    seen: list[str] = []
    marker = None
    while True:
        page = identity.projects.all(ListOptions(limit=2, marker=marker))
        seen += [one.id for one in page[:2]]
        if len(page) <= 2:
            break
        marker = seen[-1]
    assert seen == everything


def test_a_moment_in_the_past(identity: Identity, first: Bootstrapped, clock: TurnableClock) -> None:
    context = identity.authenticate(
        identity.tokens.issue_for(first.admin_user_id, model.Target(model.TargetKind.PROJECT, first.admin_project_id)),
        None,
        "req-1",
    )
    trust = model.Trust(
        ids.new_hex(),
        first.admin_user_id,
        first.admin_user_id,
        first.admin_project_id,
        True,
        clock.now() - dt.timedelta(seconds=1),
        None,
        0,
        None,
    )
    with pytest.raises(identity_errors.ExpiresInThePast):
        identity.trusts.create(context, trust, [model.Ref(name="admin")], redelegable=False)
