"""The real application in process on a SQLite file of its own, with people to ask as: what API tests run against.

    def build(parts: api.Parts) -> list[ServiceApi]:
        placement = PlacementService(parts.database, parts.clock, …)
        return [placement_api.build_api(placement, parts.policy(placement_policy.DEFAULTS))]

    with api.serve(build, tmp_path) as served:
        reply = served.request("GET", "/placement/resource_providers", as_="admin")

Identity is always served. A bootstrapped database is made once per process and copied: an `Api` costs few milliseconds.
"""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from tests.support.asgi import InProcess, Reply
from tests.support.clock import TurnableClock

from stackspan.core import ids
from stackspan.db import Database, connect, metadata
from stackspan.http.app import HttpApp, HttpSettings
from stackspan.http.policy import Policy, Rule
from stackspan.http.routing import ServiceApi
from stackspan.identity import api as identity_api
from stackspan.identity import model
from stackspan.identity import policy as identity_policy
from stackspan.identity.service import Identity, IdentitySettings

SECRET = b"the secret that seals the test database"
ADMIN_PASSWORD = "admin-password"
PASSWORD = "password-of-everyone-else"


@dataclass(frozen=True)
class Persona:
    """Somebody to ask as."""

    token: str
    user_id: str
    user_name: str
    project_id: str | None
    project_name: str | None


@dataclass
class Parts:
    """What a service is built from."""

    database: Database
    clock: TurnableClock
    identity: Identity
    folder: pathlib.Path  # empty, the test's own
    cleanups: list[Callable[[], None]] = field(default_factory=list)

    def policy(self, defaults: Sequence[Rule], words: str | None = None) -> Policy:
        """A policy of those rules."""
        return Policy(defaults) if words is None else Policy(defaults, words=words)

    def on_close(self, cleanup: Callable[[], None]) -> None:
        """Call `cleanup` when the test is over, last one first."""
        self.cleanups.append(cleanup)


Build = Callable[[Parts], Sequence[ServiceApi]]


@dataclass
class Api:
    """The application, and who there is.

    Personas: `admin` (admin on project `admin`), `member`, `reader` and `manager` (on project `demo`), `alt` (member of
    project `alt`), `system_admin`, `system_reader`, `domain_admin`, `domain_reader` (on `Default`), `service` (admin and
    service on project `service`), `unscoped`; `none` has no token.
    """

    parts: Parts
    personas: Mapping[str, Persona]
    http: InProcess
    apis: Sequence[ServiceApi]

    def request(
        self,
        method: str,
        path: str,
        *,
        as_: str = "admin",
        json: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        microversion: str | None = None,
    ) -> Reply:
        """One request. `microversion` is `<service type> <version>`, such as `compute 2.90`."""
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        if as_ != "none":
            sent.setdefault("x-auth-token", self.personas[as_].token)
        if microversion is not None:
            sent.setdefault("openstack-api-version", microversion)
        content = body or b""
        if json is not None:
            content = msgspec.json.encode(json)
            sent.setdefault("content-type", "application/json")
        reply = self.http.send(method, path, sent, content)
        assert reply is not None, "no answer"
        return reply

    def close(self) -> None:
        """Stop everything."""
        while self.parts.cleanups:
            self.parts.cleanups.pop()()
        self.http.close()
        self.parts.database.close()


@contextlib.contextmanager
def serve(build: Build | None, folder: pathlib.Path, settings: HttpSettings | None = None) -> Iterator[Api]:
    """The APIs that `build` gives, and Identity, on a fresh database in `folder`."""
    shutil.copyfile(_template(), folder / "stackspan.db")
    database = connect(f"sqlite:///{folder / 'stackspan.db'}")
    clock = TurnableClock()
    identity = Identity(database, clock, IdentitySettings(secret=SECRET))
    parts = Parts(database, clock, identity, folder)
    apis = [identity_api.build_api(identity, parts.policy(identity_policy.DEFAULTS, identity_policy.WORDS))]
    apis += build(parts) if build is not None else []
    app = HttpApp(apis, identity.authenticate, settings or HttpSettings(threads=4))
    parts.on_close(app.close)
    api = Api(parts, _personas(identity), InProcess(app), apis)
    try:
        yield api
    finally:
        api.close()


_TEMPLATES: dict[frozenset[str], pathlib.Path] = {}


def _template() -> pathlib.Path:
    """A bootstrapped database file with all tables that are defined by now; removed with the process."""
    key = frozenset(metadata.tables)
    if key not in _TEMPLATES:
        path = pathlib.Path(_folder().name) / f"{len(_TEMPLATES)}.db"
        database = connect(f"sqlite:///{path}")
        with database.write() as tx:
            metadata.create_all(tx.connection)
        identity = Identity(database, TurnableClock(), IdentitySettings(secret=SECRET))
        identity.bootstrap(password=ADMIN_PASSWORD)
        _people_make(identity)
        database.close()
        _TEMPLATES[key] = path
    return _TEMPLATES[key]


_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []


def _folder() -> tempfile.TemporaryDirectory[str]:
    if not _FOLDERS:
        _FOLDERS.append(tempfile.TemporaryDirectory(prefix="stackspan-api-"))
    return _FOLDERS[0]


@dataclass(frozen=True)
class _Place:
    kind: model.TargetKind | None
    name: str | None
    roles: tuple[str, ...]


_PROJECT, _DOMAIN, _SYSTEM = model.TargetKind.PROJECT, model.TargetKind.DOMAIN, model.TargetKind.SYSTEM
_PLACES = {
    "admin": _Place(_PROJECT, "admin", ()),
    "member": _Place(_PROJECT, "demo", ("member",)),
    "reader": _Place(_PROJECT, "demo", ("reader",)),
    "manager": _Place(_PROJECT, "demo", ("manager",)),
    "alt": _Place(_PROJECT, "alt", ("member",)),
    "system_admin": _Place(_SYSTEM, None, ("admin",)),
    "system_reader": _Place(_SYSTEM, None, ("reader",)),
    "domain_admin": _Place(_DOMAIN, None, ("admin",)),
    "domain_reader": _Place(_DOMAIN, None, ("reader",)),
    "service": _Place(_PROJECT, "service", ("admin", "service")),
    "unscoped": _Place(None, None, ()),
}


def _people_make(identity: Identity) -> None:
    role_ids = {role.name: role.id for role in identity.roles.all()}
    projects = {project.name: project for project in identity.projects.all()}
    for name in ("demo", "alt", "service"):
        projects[name] = identity.projects.create(model.Project(ids.new_hex(), model.DEFAULT_DOMAIN_ID, None, name))
    for name, place in _PLACES.items():
        if name == "admin":
            continue
        user = identity.users.create(model.User(ids.new_hex(), model.DEFAULT_DOMAIN_ID, name), PASSWORD)
        target = _target(place, {one.name: one.id for one in projects.values()})
        actor = model.Actor(model.ActorKind.USER, user.id)
        for role in place.roles:
            assert target is not None
            identity.assignments.grant(model.Assignment(actor, target, role_ids[role]))


def _personas(identity: Identity) -> dict[str, Persona]:
    users = {user.name: user for user in identity.users.all()}
    projects = {project.name: project.id for project in identity.projects.all()}
    personas = {}
    for name, place in _PLACES.items():
        target = _target(place, projects)
        project = place.name if place.kind is _PROJECT else None
        personas[name] = Persona(
            token=identity.tokens.issue_for(users[name].id, target),
            user_id=users[name].id,
            user_name=name,
            project_id=projects[project] if project else None,
            project_name=project,
        )
    return personas


def _target(place: _Place, projects: Mapping[str, str]) -> model.Target | None:
    if place.kind is None:
        return None
    if place.kind is _SYSTEM:
        return model.SYSTEM_TARGET
    if place.kind is _DOMAIN:
        return model.Target(_DOMAIN, model.DEFAULT_DOMAIN_ID)
    return model.Target(_PROJECT, projects[place.name or ""])
