"""Identity's settings: keystone.conf for the embedded Keystone, `[keystone_authtoken]` for the operator's own."""

from __future__ import annotations

import enum
import pathlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from oslo_config import cfg

from stackspan.config import policy
from stackspan.config.findings import Finding, Kind, Place
from stackspan.config.ini import DEFAULT
from stackspan.config.reading import ServiceConf, compiles
from stackspan.config.secret import Secret
from stackspan.config.vcenter import check_readable

AUTHTOKEN = "keystone_authtoken"


class IdentityMode(enum.Enum):
    """Who answers for tokens."""

    EMBEDDED = "embedded"
    KEYSTONE = "keystone"


@dataclass(frozen=True)
class KeystoneSettings:
    """Group `[keystone_authtoken]`: the operator's Keystone, and our account there.

    Args:
        auth_url: where we authenticate and check tokens.
        user_domain_name, project_domain_name: None where an id is given instead.
        www_authenticate_uri: what clients are told in `WWW-Authenticate`.
        cafile: bundle of certificate authorities. `insecure`: don't verify the certificate.
    """

    auth_url: str
    username: str
    password: Secret
    project_name: str
    user_domain_name: str | None = "Default"
    user_domain_id: str | None = None
    project_domain_name: str | None = "Default"
    project_domain_id: str | None = None
    www_authenticate_uri: str | None = None
    region_name: str | None = None
    cafile: str | None = None
    insecure: bool = False
    interface: str = "internal"
    service_token_roles: tuple[str, ...] = ("service",)
    service_token_roles_required: bool = True


@dataclass(frozen=True)
class IdentitySettings:
    """Identity's settings. Times in seconds.

    Args:
        keystone: the operator's Keystone; set where `mode` is KEYSTONE.
        token_expiration: life of a new token.
        allow_expired_window: for how long after that a service's token may vouch for it.
        max_active_keys: Fernet keys kept, the staged one included.
        lockout_attempts: failed log-ins in a row that lock an account; None: never.
        lockout_duration: how long it stays locked; None: until an admin enables it.
        max_project_tree_depth, list_limit, max_password_length: as in stock.
        mode_place: the line that sets `mode`.
    """

    mode: IdentityMode = IdentityMode.EMBEDDED
    keystone: KeystoneSettings | None = None
    token_expiration: int = 3600
    allow_expired_window: int = 172800
    allow_rescope_scoped_token: bool = True
    max_active_keys: int = 3
    default_domain_id: str = "default"
    max_password_length: int = 4096
    list_limit: int | None = None
    max_project_tree_depth: int = 5
    lockout_attempts: int | None = None
    lockout_duration: int | None = 1800
    password_regex: str | None = None
    password_regex_description: str | None = None
    password_expires_days: int | None = None
    unique_last_password_count: int = 0
    minimum_password_age: int = 0
    policy_file: pathlib.Path | None = None
    mode_place: Place = field(default=Place(), compare=False, repr=False)


_DEFAULT = (
    cfg.IntOpt("list_limit"),
    cfg.IntOpt("max_project_tree_depth", default=5),
)
_IDENTITY = (
    cfg.StrOpt("default_domain_id", default="default"),
    cfg.IntOpt("max_password_length", max=4096, default=4096),
)
_TOKEN = (
    cfg.IntOpt("expiration", min=0, default=3600),
    cfg.BoolOpt("allow_rescope_scoped_token", default=True),
    cfg.IntOpt("allow_expired_window", default=172800),
)
_FERNET = (cfg.IntOpt("max_active_keys", min=1, default=3),)
_COMPLIANCE = (
    cfg.IntOpt("lockout_failure_attempts", min=1),
    cfg.IntOpt("lockout_duration", min=1, default=1800),
    cfg.IntOpt("password_expires_days", min=1),
    cfg.IntOpt("unique_last_password_count", min=0, default=0),
    cfg.IntOpt("minimum_password_age", min=0, default=0),
    cfg.StrOpt("password_regex"),
    cfg.StrOpt("password_regex_description"),
)

_HASHING = "Passwords are hashed with argon2id."

IGNORED = {
    "identity": {
        "driver": "Users are in Stackspan's database.",
        "password_hash_algorithm": _HASHING,
        "password_hash_rounds": _HASHING,
        "scrypt_block_size": _HASHING,
        "scrypt_parallelism": _HASHING,
        "salt_bytesize": _HASHING,
    },
    "token": {"provider": "Tokens are Fernet tokens.", "caching": "Tokens are checked by one read, without a cache."},
    "fernet_tokens": {"key_repository": "Keys are in Stackspan's database, encrypted."},
    "DEFAULT": {"admin_token": "The first administrator is made by `stackspan bootstrap`."},
}

_AUTHTOKEN = (
    cfg.StrOpt("auth_type", default="password", deprecated_name="auth_plugin"),
    cfg.StrOpt("auth_section"),
    cfg.URIOpt("auth_url", schemes=["http", "https"], deprecated_name="identity_uri"),
    cfg.StrOpt("username", deprecated_opts=[cfg.DeprecatedOpt("user_name"), cfg.DeprecatedOpt("admin_user")]),
    cfg.StrOpt("password", secret=True, deprecated_name="admin_password"),
    cfg.StrOpt(
        "project_name",
        deprecated_opts=[cfg.DeprecatedOpt("tenant_name"), cfg.DeprecatedOpt("admin_tenant_name")],
    ),
    cfg.StrOpt("user_domain_name"),
    cfg.StrOpt("user_domain_id"),
    cfg.StrOpt("project_domain_name"),
    cfg.StrOpt("project_domain_id"),
    cfg.StrOpt("www_authenticate_uri", deprecated_name="auth_uri"),
    cfg.StrOpt("region_name"),
    cfg.StrOpt("cafile"),
    cfg.BoolOpt("insecure", default=False),
    cfg.StrOpt("interface", default="internal"),
    cfg.ListOpt("service_token_roles", default=["service"]),
    cfg.BoolOpt("service_token_roles_required", default=True),
)  # fmt: skip

_CHOICE = "Set [stackspan] identity = embedded for Stackspan's own; `keystone`, for that one, isn't served yet."


def _keystone(conf: ServiceConf) -> KeystoneSettings | None:
    group = conf.register(AUTHTOKEN, _AUTHTOKEN)
    if group.string("auth_type") not in ("password", "v3password"):
        group.wrong("auth_type", "Only passwords are served.", "Give the account's username and password.")
    if group.text("auth_section"):
        group.wrong("auth_section", "Only this section is read.", "Move the account here.")
    remedies = {
        "auth_url": "Give the Keystone's URL.",
        "username": "Name the service's account there.",
        "password": "Give the account's password.",
        "project_name": "Name the account's project, mostly `service`.",
    }
    complete = [group.required(option, remedy) for option, remedy in remedies.items()]
    check_readable(group, "cafile")
    if not all(complete):
        return None

    def domain_name(kind: str) -> str | None:
        name = group.text(f"{kind}_domain_name")
        return name or (None if group.text(f"{kind}_domain_id") else "Default")

    return KeystoneSettings(
        auth_url=group.string("auth_url"),
        username=group.string("username"),
        password=group.secret("password"),
        project_name=group.string("project_name"),
        user_domain_name=domain_name("user"),
        user_domain_id=group.text("user_domain_id"),
        project_domain_name=domain_name("project"),
        project_domain_id=group.text("project_domain_id"),
        www_authenticate_uri=group.text("www_authenticate_uri"),
        region_name=group.text("region_name"),
        cafile=group.text("cafile"),
        insecure=group.boolean("insecure"),
        interface=group.string("interface"),
        service_token_roles=group.words("service_token_roles"),
        service_token_roles_required=group.boolean("service_token_roles_required"),
    )


def _ask(conf: ServiceConf) -> None:
    """Note that a file brings a Keystone and nobody has said whether it counts."""
    entry = next(iter(conf.raw_group(AUTHTOKEN).values()))
    lines = [
        s.line for file in conf.files for s in file.sections if s.name == AUTHTOKEN and file.source.path == entry.file
    ]
    line = max((line for line in lines if line <= entry.line), default=entry.line)
    reason = "The file brings a Keystone, and nothing says whether it counts."
    conf.report.add(Finding(entry.file, line, entry.group, "", Kind.WRONG, reason, _CHOICE))


def choose(
    mode: IdentityMode | None, own: ServiceConf, others: Sequence[ServiceConf]
) -> tuple[IdentityMode, KeystoneSettings | None]:
    """Whose identity counts, and the operator's Keystone if it does.

    Args:
        mode: what `[stackspan] identity` says, None: nothing.
        own: stackspan.conf's conf, where a missing Keystone is noted.
        others: the services' confs; the first with a `[keystone_authtoken]` gives the account.
    """
    with_keystone = [conf for conf in others if conf.has_group(AUTHTOKEN)]
    if mode is None:
        if with_keystone:
            _ask(with_keystone[0])
        return IdentityMode.EMBEDDED, None
    if mode is IdentityMode.EMBEDDED:
        return mode, None
    if not with_keystone:
        remedy = "Add the section to a stock file, or to stackspan.conf as [nova:keystone_authtoken]."
        own.complain("stackspan", "identity", Kind.WRONG, f"No file has a [{AUTHTOKEN}].", remedy)
        return mode, None
    for conf in with_keystone[1:]:
        for entry in conf.raw_group(AUTHTOKEN).values():
            conf.report.note(entry, Kind.IGNORED, f"The account of {with_keystone[0].service} is used for all.")
    return mode, _keystone(with_keystone[0])


def from_conf(
    conf: ServiceConf, mode: IdentityMode, keystone: KeystoneSettings | None, mode_place: Place
) -> IdentitySettings:
    """Identity's settings; what is wrong is noted in the conf's report."""
    default, identity = conf.register(DEFAULT, _DEFAULT), conf.register("identity", _IDENTITY)
    token, fernet = conf.register("token", _TOKEN), conf.register("fernet_tokens", _FERNET)
    compliance = conf.register("security_compliance", _COMPLIANCE)
    return IdentitySettings(
        mode=mode,
        keystone=keystone,
        token_expiration=token.integer("expiration"),
        allow_expired_window=token.integer("allow_expired_window"),
        allow_rescope_scoped_token=token.boolean("allow_rescope_scoped_token"),
        max_active_keys=fernet.integer("max_active_keys"),
        default_domain_id=identity.string("default_domain_id"),
        max_password_length=identity.integer("max_password_length"),
        list_limit=default.optional_integer("list_limit"),
        max_project_tree_depth=default.integer("max_project_tree_depth"),
        lockout_attempts=compliance.optional_integer("lockout_failure_attempts"),
        lockout_duration=compliance.optional_integer("lockout_duration"),
        password_regex=compiles(compliance, "password_regex"),
        password_regex_description=compliance.text("password_regex_description"),
        password_expires_days=compliance.optional_integer("password_expires_days"),
        unique_last_password_count=compliance.integer("unique_last_password_count"),
        minimum_password_age=compliance.integer("minimum_password_age"),
        policy_file=policy.policy_file(conf),
        mode_place=mode_place,
    )
