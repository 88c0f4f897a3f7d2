"""The first domain, roles, admin, project, region and catalog; again without harm.

What is there already is left as an operator made it, but that the admin's password is set where it is given, and that
APIs which came with a newer release are added to the catalog.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from stackspan.core import ids
from stackspan.db import Transaction
from stackspan.identity import model
from stackspan.identity.service import passwords
from stackspan.identity.service.core import Core
from stackspan.identity.store import catalog, domains, filters, projects, roles, users

INTERFACES = ("public", "internal", "admin")
_IMMUTABLE = {"immutable": True}
_LADDER = ("admin", "manager", "member", "reader")  # each implies the next


@dataclass(frozen=True)
class ApiEntry:
    """A served API for the catalog; a `url` beginning with "/" is on whatever host a client reached us by."""

    type: str
    name: str
    url: str


IDENTITY = ApiEntry("identity", "keystone", "/identity")
COMPUTE = ApiEntry("compute", "nova", "/compute/v2.1")
PLACEMENT = ApiEntry("placement", "placement", "/placement")
IMAGE = ApiEntry("image", "glance", "/image")
NETWORK = ApiEntry("network", "neutron", "/network")
APIS = (IDENTITY, COMPUTE, PLACEMENT, IMAGE, NETWORK)


@dataclass(frozen=True)
class Bootstrapped:
    """What is there now."""

    admin_user_id: str
    admin_project_id: str
    role_ids: dict[str, str]
    region_id: str


def run(
    core: Core, *, password: str | None, username: str, project_name: str, region: str, apis: Sequence[ApiEntry]
) -> Bootstrapped:
    """See `Identity.bootstrap`."""
    hashed = passwords.password_hash(password) if password else None
    with core.database.write() as tx:
        _domain(tx)
        role_ids = _roles(tx)
        project_id = _project(tx, project_name)
        user_id = _user(tx, core, username, password, hashed)
        for target in (model.Target(model.TargetKind.PROJECT, project_id), model.SYSTEM_TARGET):
            actor = model.Actor(model.ActorKind.USER, user_id)
            roles.assignment_insert(tx, model.Assignment(actor, target, role_ids["admin"]))
        catalog.region_insert(tx, model.Region(region))
        for api in apis:
            _catalog_entry(tx, region, api)
    return Bootstrapped(user_id, project_id, role_ids, region)


def _domain(tx: Transaction) -> None:
    domains.domain_insert(
        tx, model.Domain(model.DEFAULT_DOMAIN_ID, "Default", "The default domain", options={}, tags=[])
    )


def _roles(tx: Transaction) -> dict[str, str]:
    role_ids = {}
    for name in (*_LADDER, "service"):
        roles.role_insert(tx, model.Role(ids.new_hex(), name, options=_IMMUTABLE))
        role = roles.role_get_by_name(tx, name)
        assert role is not None
        role_ids[name] = role.id
    for prior, implied in itertools.pairwise(_LADDER):
        roles.implication_insert(tx, role_ids[prior], role_ids[implied])
    return role_ids


def _project(tx: Transaction, name: str) -> str:
    present = projects.project_get_by_name(tx, model.DEFAULT_DOMAIN_ID, name)
    if present is not None:
        return present.id
    project = model.Project(
        ids.new_hex(), model.DEFAULT_DOMAIN_ID, None, name, "Bootstrap project for initializing the cloud."
    )
    projects.project_insert(tx, project)
    return project.id


def _user(tx: Transaction, core: Core, name: str, password: str | None, hashed: str | None) -> str:
    present = users.user_get_by_name(tx, model.DEFAULT_DOMAIN_ID, name)
    now = core.clock.now()
    if present is None:
        user = model.User(
            ids.new_hex(),
            model.DEFAULT_DOMAIN_ID,
            name,
            password_hash=hashed,
            password_changed_at=now if hashed else None,
            created_at=now,
        )
        users.user_insert(tx, user)
        return user.id
    same = hashed is None or passwords.password_matches(present.password_hash, password or "")
    if not same or not present.enabled:
        users.user_update(
            tx,
            dataclasses.replace(
                present,
                enabled=True,
                password_hash=present.password_hash if same else hashed,
                password_changed_at=present.password_changed_at if same else now,
                token_epoch=present.token_epoch + (not same),
            ),
        )
        users.user_login_succeeded(tx, present.id)
    return present.id


def _catalog_entry(tx: Transaction, region: str, api: ApiEntry) -> None:
    present = catalog.service_list(tx, filters.equals(type=api.type))
    service = next((one for one in present if one.name == api.name), present[0] if present else None)
    if service is None:
        service = model.Service(ids.new_hex(), api.type, api.name, "")
        catalog.service_insert(tx, service)
    endpoints = catalog.endpoint_list(tx, filters.equals(service_id=service.id, region_id=region))
    for interface in INTERFACES:
        if not any(endpoint.interface == interface for endpoint in endpoints):
            catalog.endpoint_insert(tx, model.Endpoint(ids.new_hex(), service.id, region, interface, api.url))
