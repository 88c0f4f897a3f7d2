"""Identity on each kind of database."""

from __future__ import annotations

import pytest
from tests.support.clock import TurnableClock

from stackspan.core import ids
from stackspan.db import Database
from stackspan.identity import model
from stackspan.identity.service import Bootstrapped, Identity, IdentitySettings

SECRET = b"s" * 32


@pytest.fixture
def clock() -> TurnableClock:
    return TurnableClock()


@pytest.fixture
def identity(database: Database, clock: TurnableClock) -> Identity:
    """As one process sees it."""
    return Identity(database, clock, IdentitySettings(secret=SECRET, lockout_attempts=3))


@pytest.fixture
def other(database: Database, clock: TurnableClock) -> Identity:
    """As another process sees it: nothing in memory is shared."""
    return Identity(database, clock, IdentitySettings(secret=SECRET, lockout_attempts=3))


@pytest.fixture
def first(identity: Identity) -> Bootstrapped:
    """The bootstrapped cloud."""
    return identity.bootstrap(password="first")


def user_make(identity: Identity, name: str, password: str | None = None) -> model.User:
    """A user of the default domain."""
    return identity.users.create(model.User(ids.new_hex(), model.DEFAULT_DOMAIN_ID, name), password)


def project_make(identity: Identity, name: str) -> model.Project:
    """A project of the default domain."""
    return identity.projects.create(model.Project(ids.new_hex(), model.DEFAULT_DOMAIN_ID, None, name))


def grant(identity: Identity, user: model.User, project: model.Project, role_id: str) -> model.Assignment:
    """A role of the user on the project."""
    assignment = model.Assignment(
        model.Actor(model.ActorKind.USER, user.id), model.Target(model.TargetKind.PROJECT, project.id), role_id
    )
    identity.assignments.grant(assignment)
    return assignment
