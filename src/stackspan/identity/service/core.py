"""What Identity's parts share: settings, database, clock, sealing of secrets, news to neighbours."""

from __future__ import annotations

import base64
import dataclasses
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from stackspan.core import errors
from stackspan.core.clock import Clock
from stackspan.core.facts import Fact
from stackspan.db import Database, Transaction
from stackspan.identity import errors as identity_errors
from stackspan.identity import model

T = TypeVar("T")


class Publish(Protocol):
    """Tells neighbours in the same transaction; `workflow`'s queue fits."""

    def __call__(self, tx: Transaction, fact: Fact) -> None: ...


@dataclass(frozen=True)
class IdentitySettings:
    """How Identity works.

    Args:
        secret: at least 32 random bytes that seal token keys and credentials in the database; the same on all machines.
        token_seconds: how long a token counts (stock `[token] expiration`).
        lockout_attempts: failed log-ins that lock an account, 0 for never (stock `[security_compliance]
            lockout_failure_attempts`).
        lockout_seconds: how long it stays locked (stock `lockout_duration`).
        list_limit: entries of a list's page at most, None for all (stock `[DEFAULT] list_limit`).
        max_password_bytes: longer ones are refused (stock `max_password_length`).
    """

    secret: bytes = field(repr=False)
    token_seconds: int = 3600
    lockout_attempts: int = 0
    lockout_seconds: int = 1800
    list_limit: int | None = None
    max_password_bytes: int = 4096


class Seal:
    """Encrypts what lies in the database and is not for those who only have the database."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 32:
            raise ValueError("Identity's secret has to be at least 32 bytes")
        derived = HKDF(hashes.SHA256(), 32, None, b"stackspan identity seal").derive(secret)
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def close(self, content: bytes) -> str:
        """Encrypt."""
        return self._fernet.encrypt(content).decode("ascii")

    def open(self, sealed: str) -> bytes:
        """Decrypt. Raises Internal where the secret isn't the one it was sealed with."""
        try:
            return self._fernet.decrypt(sealed.encode("ascii"))
        except InvalidToken:
            raise errors.Internal(
                None, "Identity's secret isn't the one that sealed this database; give back the old secret file."
            ) from None


@dataclass(frozen=True)
class Core:
    """Handed to each part."""

    database: Database
    clock: Clock
    settings: IdentitySettings
    seal: Seal
    publish: Publish


def require_mutable(before: model.Domain | model.Project | model.Role, after: object, kind: str) -> None:
    """Raise Immutable where the option is set, unless the change does nothing but end it."""
    if not before.options.get("immutable"):
        return
    options = getattr(after, "options", {})
    if options.get("immutable") or dataclasses.replace(before, options=options) != after:
        raise identity_errors.Immutable("update", kind, before.id)


def found(entity: T | None, kind: str, entity_id: str) -> T:
    """`entity`, or EntityNotFound in the stock words where it is None."""
    if entity is None:
        raise identity_errors.EntityNotFound(kind, entity_id)
    return entity
