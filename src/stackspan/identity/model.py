"""Identity's values."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

DEFAULT_DOMAIN_ID = "default"
SYSTEM = "all"


class TargetKind(enum.Enum):
    """What a role is held on."""

    PROJECT = "project"
    DOMAIN = "domain"
    SYSTEM = "system"


class ActorKind(enum.Enum):
    """Who holds a role."""

    USER = "user"
    GROUP = "group"


@dataclass(frozen=True)
class Target:
    """What a token is scoped to, or a role held on; `id` is "all" for the system."""

    kind: TargetKind
    id: str


SYSTEM_TARGET = Target(TargetKind.SYSTEM, SYSTEM)


@dataclass(frozen=True)
class Actor:
    """A user or a group that holds roles."""

    kind: ActorKind
    id: str


@dataclass(frozen=True)
class Domain:
    id: str
    name: str
    description: str = ""
    enabled: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    tags: Sequence[str] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    token_epoch: int = 0


@dataclass(frozen=True)
class Project:
    """A project; `parent_id` is None where its domain is the parent."""

    id: str
    domain_id: str
    parent_id: str | None
    name: str
    description: str = ""
    enabled: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    tags: Sequence[str] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    token_epoch: int = 0


@dataclass(frozen=True)
class User:
    """A user; without a password hash nobody can log in as it by password."""

    id: str
    domain_id: str
    name: str
    enabled: bool = True
    default_project_id: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    password_hash: str | None = field(default=None, repr=False)
    password_changed_at: dt.datetime | None = None
    failed_logins: int = 0
    failed_login_at: dt.datetime | None = None
    created_at: dt.datetime = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    token_epoch: int = 0


@dataclass(frozen=True)
class Group:
    id: str
    domain_id: str
    name: str
    description: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Role:
    """A role; `domain_id` is None where it counts in all domains."""

    id: str
    name: str
    domain_id: str | None = None
    description: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Assignment:
    actor: Actor
    target: Target
    role_id: str


@dataclass(frozen=True)
class Region:
    id: str
    parent_region_id: str | None = None
    description: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Service:
    id: str
    type: str
    name: str | None = None
    description: str | None = None
    enabled: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Endpoint:
    """An address of a service; a `url` that begins with "/" is on the host by which the client reached us."""

    id: str
    service_id: str
    region_id: str | None
    interface: str
    url: str
    enabled: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CatalogService:
    """A catalog entry: a service and its enabled endpoints."""

    service: Service
    endpoints: Sequence[Endpoint]


@dataclass(frozen=True)
class AccessRule:
    id: str
    user_id: str
    service: str
    method: str
    path: str


@dataclass(frozen=True)
class ApplicationCredential:
    id: str
    user_id: str
    project_id: str
    name: str
    description: str | None
    secret_hash: str = field(repr=False)
    expires_at: dt.datetime | None
    unrestricted: bool
    access_rules: Sequence[AccessRule] | None
    roles: Sequence[Role] = ()


@dataclass(frozen=True)
class Trust:
    id: str
    trustor_user_id: str
    trustee_user_id: str
    project_id: str | None
    impersonation: bool
    expires_at: dt.datetime | None
    remaining_uses: int | None
    redelegation_count: int
    redelegated_trust_id: str | None
    extra: Mapping[str, Any] = field(default_factory=dict)
    roles: Sequence[Role] = ()


@dataclass(frozen=True)
class Credential:
    id: str
    user_id: str
    project_id: str | None
    type: str
    encrypted_blob: str = field(repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PolicyDocument:
    id: str
    type: str
    blob: str
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Token:
    """What a token says; nothing of it counts until `TokenState` has been read.

    `user_epoch` and `scope_epoch` are those of the user and of the scope when it was made.
    """

    user_id: str
    methods: tuple[str, ...]
    target: Target | None
    issued_at: dt.datetime
    expires_at: dt.datetime
    audit_ids: tuple[str, ...]
    user_epoch: int
    scope_epoch: int
    application_credential_id: str | None = None
    trust_id: str | None = None


@dataclass(frozen=True)
class TokenState:
    """What the database says about a token's user and scope right now: one small read.

    The user is the one to act as (a trust may impersonate its trustor). `enabled` is whether the user, its domain, the
    scope, the scope's domain and a trust's trustor all are. `roles` (name → id) has implied roles expanded: those held on
    the scope, and of them, for an application credential or a trust, those handed on.
    """

    user_id: str
    user_name: str
    user_domain_id: str
    user_domain_name: str
    enabled: bool
    user_epoch: int
    scope_name: str | None
    scope_domain_id: str | None
    scope_domain_name: str | None
    scope_epoch: int | None
    roles: Mapping[str, str]
    revoked: bool
    delegation_expires_at: dt.datetime | None
    has_access_rules: bool


@dataclass(frozen=True)
class Ref:
    """A thing as a client names it: by id, or by name, where needed in a domain."""

    id: str | None = None
    name: str | None = None
    domain: Ref | None = None


class ScopeKind(enum.Enum):
    """What a log-in asks to be scoped to."""

    PROJECT = "project"
    DOMAIN = "domain"
    SYSTEM = "system"
    TRUST = "trust"
    UNSCOPED = "unscoped"


@dataclass(frozen=True)
class ScopeRequest:
    kind: ScopeKind
    ref: Ref = field(default_factory=Ref)


@dataclass(frozen=True)
class Login:
    """A log-in: every one of `methods` has to succeed, and for the same user.

    `scope` None: the user's default project where there is one, else unscoped.
    """

    methods: tuple[str, ...]
    user: Ref | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    application_credential: Ref | None = None
    application_credential_user: Ref | None = None
    secret: str | None = field(default=None, repr=False)
    scope: ScopeRequest | None = None


@dataclass(frozen=True)
class ValidToken:
    """A token that counts, with all that its answer shows."""

    id: str = field(repr=False)
    token: Token
    state: TokenState
    trust: Trust | None = None
    application_credential: ApplicationCredential | None = None
