"""Tokens: one small read, and what cuts them on every process at once."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.store.identity.conftest import SECRET, grant, project_make, user_make
from tests.support.clock import TurnableClock

from stackspan.core import errors
from stackspan.db import Database
from stackspan.identity import model
from stackspan.identity.service import Bootstrapped, Identity, IdentitySettings, NewCredential


@dataclasses.dataclass
class Holder:
    """A member of a project, and its token."""

    user: model.User
    project: model.Project
    assignment: model.Assignment
    token: str


@pytest.fixture
def holder(identity: Identity, first: Bootstrapped) -> Holder:
    user, project = user_make(identity, "ada", "pass"), project_make(identity, "engine")
    assignment = grant(identity, user, project, first.role_ids["member"])
    token = identity.tokens.issue_for(user.id, assignment.target)
    return Holder(user, project, assignment, token)


def refused(identity: Identity, token: str) -> bool:
    try:
        identity.authenticate(token, None, "req-1")
    except errors.Unauthenticated:
        return True
    return False


def test_the_caller(other: Identity, holder: Holder) -> None:
    context = other.authenticate(holder.token, None, "req-1")
    assert (context.user_id, context.user_name, context.user_domain_name) == (holder.user.id, "ada", "Default")
    assert (context.project_id, context.project_name, context.project_domain_id) == (
        holder.project.id,
        "engine",
        "default",
    )
    assert context.roles == {"member", "reader"}
    assert (context.domain_id, context.system_scope, context.service_roles) == (None, None, frozenset())


def test_one_statement(identity: Identity, holder: Holder, database: Database) -> None:
    before = database.statement_count
    identity.authenticate(holder.token, None, "req-1")
    assert database.statement_count == before + 1


def test_a_service_token(identity: Identity, holder: Holder, first: Bootstrapped) -> None:
    service = user_make(identity, "nova")
    grant(identity, service, holder.project, first.role_ids["service"])
    token = identity.tokens.issue_for(service.id, holder.assignment.target)
    assert identity.authenticate(holder.token, token, "req-1").service_roles == {"service"}
    with pytest.raises(errors.Unauthenticated):
        identity.authenticate(holder.token, "nonsense", "req-1")


Cut = Callable[[Identity, Holder], object]
CUTS: dict[str, Cut] = {
    "the user is deleted": lambda identity, holder: identity.users.delete(holder.user.id),
    "the user is disabled": lambda identity, holder: identity.users.update(
        holder.user.id, lambda user: dataclasses.replace(user, enabled=False)
    ),
    "the password is new": lambda identity, holder: identity.users.update(holder.user.id, lambda user: user, "new"),
    "the project is deleted": lambda identity, holder: identity.projects.delete(holder.project.id),
    "the project is disabled": lambda identity, holder: identity.projects.update(
        holder.project.id, lambda project: dataclasses.replace(project, enabled=False)
    ),
    "the domain is disabled": lambda identity, holder: identity.domains.update(
        "default", lambda domain: dataclasses.replace(domain, enabled=False)
    ),
    "the role is taken back": lambda identity, holder: identity.assignments.revoke(holder.assignment),
    "the token is revoked": lambda identity, holder: identity.tokens.revoke(_valid(identity, holder.token)),
}


def _valid(identity: Identity, token: str) -> model.ValidToken:
    valid = identity.tokens.find(token)
    assert valid is not None
    return valid


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS.keys())
def test_cut_at_once_on_another_process(identity: Identity, other: Identity, holder: Holder, cut: Cut) -> None:
    other.authenticate(holder.token, None, "req-1")
    cut(identity, holder)
    assert refused(other, holder.token)
    assert other.tokens.find(holder.token) is None


@pytest.mark.parametrize("name", ["the user is disabled", "the project is disabled", "the domain is disabled"])
def test_a_cut_token_stays_cut(identity: Identity, other: Identity, holder: Holder, name: str) -> None:
    CUTS[name](identity, holder)
    identity.users.update(holder.user.id, lambda user: dataclasses.replace(user, enabled=True))
    identity.projects.update(holder.project.id, lambda project: dataclasses.replace(project, enabled=True))
    identity.domains.update("default", lambda domain: dataclasses.replace(domain, enabled=True))
    assert refused(other, holder.token)
    assert not refused(other, identity.tokens.issue_for(holder.user.id, holder.assignment.target))


def test_an_hour(identity: Identity, holder: Holder, clock: TurnableClock) -> None:
    clock.advance(3590)
    assert not refused(identity, holder.token)
    clock.advance(20)
    assert refused(identity, holder.token)


def test_an_exchanged_token_ends_with_its_parent(identity: Identity, holder: Holder, clock: TurnableClock) -> None:
    clock.advance(1800)
    scope = model.ScopeRequest(model.ScopeKind.PROJECT, model.Ref(id=holder.project.id))
    second = identity.logins.login(model.Login(("token",), token=holder.token, scope=scope))
    assert second.token.audit_ids[1] == identity.tokens.decode(holder.token).audit_ids[0]
    clock.advance(1801)
    assert refused(identity, second.id)


def test_implied_roles_are_those_of_now(identity: Identity, holder: Holder, first: Bootstrapped) -> None:
    identity.roles.unimply(first.role_ids["member"], first.role_ids["reader"])
    assert identity.authenticate(holder.token, None, "req-1").roles == {"member"}


def test_an_application_credential_hands_on_what_is_held(
    identity: Identity, other: Identity, holder: Holder, first: Bootstrapped
) -> None:
    context = identity.authenticate(holder.token, None, "req-1")
    new = NewCredential("probe", None, None, None, False, None, None)
    made, secret = identity.application_credentials.create(context, new)
    login = model.Login(("application_credential",), application_credential=model.Ref(id=made.id), secret=secret)
    token = identity.logins.login(login).id
    assert other.authenticate(token, None, "req-1").roles == {"member", "reader"}
    identity.roles.unimply(first.role_ids["member"], first.role_ids["reader"])
    assert other.authenticate(token, None, "req-1").roles == {"member"}
    identity.users.update(holder.user.id, lambda user: dataclasses.replace(user, enabled=False))
    assert refused(other, token)


def test_an_application_credential_ends(identity: Identity, holder: Holder, clock: TurnableClock) -> None:
    context = identity.authenticate(holder.token, None, "req-1")
    end = clock.now() + dt.timedelta(minutes=5)
    made, secret = identity.application_credentials.create(
        context, NewCredential("probe", None, "s", end, False, None, None)
    )
    login = model.Login(("application_credential",), application_credential=model.Ref(id=made.id), secret=secret)
    token = identity.logins.login(login)
    assert token.token.expires_at == end
    clock.advance(301)
    assert refused(identity, token.id)
    with pytest.raises(errors.Unauthenticated):
        identity.logins.login(login)


def test_keys_turn_over(identity: Identity, other: Identity, holder: Holder, clock: TurnableClock) -> None:
    assert not refused(other, holder.token)
    assert identity.keys.rotate() == 2
    clock.advance(2)
    fresh = identity.tokens.issue_for(holder.user.id, holder.assignment.target)
    assert not refused(other, fresh), "the other process has to learn of the key"
    assert not refused(other, holder.token)
    for _ in range(3):
        identity.keys.rotate()
    clock.advance(2)
    late = Identity(identity._core.database, clock, IdentitySettings(secret=SECRET))
    assert refused(late, holder.token), "its key is gone"


def test_another_secret_reads_nothing(holder: Holder, database: Database, clock: TurnableClock) -> None:
    wrong = Identity(database, clock, IdentitySettings(secret=b"w" * 32))
    with pytest.raises(errors.Internal, match="isn't the one that sealed"):
        wrong.authenticate(holder.token, None, "req-1")


def test_revocations_are_forgotten_in_time(identity: Identity, holder: Holder, clock: TurnableClock) -> None:
    identity.tokens.revoke(_valid(identity, holder.token))
    assert identity.tokens.purge() == 0
    clock.advance(3601)
    assert identity.tokens.purge() == 1


@pytest.mark.parametrize("text", ["", "x", "gAAAA", "=" * 40, "é", "a" * 5000, "\x00"])
def test_nonsense(identity: Identity, first: Bootstrapped, text: str) -> None:
    assert refused(identity, text)


def test_not_tampered_with(identity: Identity, holder: Holder) -> None:
    for at in range(0, len(holder.token), 7):
        letter = "A" if holder.token[at] != "A" else "B"
        assert refused(identity, holder.token[:at] + letter + holder.token[at + 1 :])


def test_the_first_requests_of_a_process_may_come_at_once(database: Database, holder: Holder) -> None:
    for _ in range(5):
        fresh = Identity(database, TurnableClock(), IdentitySettings(secret=SECRET))
        together = threading.Barrier(8)

        def check(_number: int, fresh: Identity = fresh, together: threading.Barrier = together) -> bool:
            together.wait()
            return refused(fresh, holder.token)

        with ThreadPoolExecutor(8) as threads:
            assert not any(threads.map(check, range(8)))


def test_a_token_of_a_new_key_is_read_at_once(identity: Identity, other: Identity, holder: Holder) -> None:
    assert refused(other, "gAAAAA" + "A" * 100)
    identity.keys.rotate()
    assert holder.user.id
    token = identity.tokens.issue_for(holder.user.id, holder.assignment.target)
    assert not refused(other, token)
