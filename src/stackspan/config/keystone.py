"""Identity's settings: keystone.conf for the embedded Keystone, `[keystone_authtoken]` for the operator's own."""

from __future__ import annotations

import enum
import pathlib
from dataclasses import dataclass

from stackspan.config.secret import Secret


class IdentityMode(enum.Enum):
    """Who answers for tokens."""

    EMBEDDED = "embedded"
    KEYSTONE = "keystone"


@dataclass(frozen=True)
class KeystoneSettings:
    """Group `[keystone_authtoken]`: the operator's Keystone, and our account there.

    Args:
        www_authenticate_uri: what clients are told in `WWW-Authenticate`.
        auth_url: where we authenticate and check tokens.
        cafile: bundle of certificate authorities. `insecure`: don't verify the certificate.
    """

    auth_url: str
    username: str
    password: Secret
    project_name: str = "service"
    user_domain: str = "Default"
    project_domain: str = "Default"
    www_authenticate_uri: str | None = None
    region_name: str | None = None
    cafile: str | None = None
    insecure: bool = False
    interface: str = "internal"
    service_token_roles: tuple[str, ...] = ("service",)
    service_token_roles_required: bool = False


@dataclass(frozen=True)
class IdentitySettings:
    """Identity's settings. Times in seconds.

    Args:
        keystone: the operator's Keystone; set where `mode` is KEYSTONE.
        token_expiration: life of a new token.
        max_active_keys: Fernet keys kept, the staged one included.
        lockout_attempts: failed log-ins in a row that lock an account; None: never.
        lockout_duration: how long it stays locked; None: until an admin enables it.
        max_project_tree_depth, list_limit, max_password_length: as in stock.
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
