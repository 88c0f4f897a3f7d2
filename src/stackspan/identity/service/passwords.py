"""Password hashes: argon2id, m = 19 MiB, t = 2, p = 1. At most two are computed at a time, so that a flood of log-ins
takes neither the memory nor the processors that answering requests needs."""

from __future__ import annotations

import threading

import argon2

_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_AT_ONCE = threading.BoundedSemaphore(2)
# A hash of a random password nobody has: an unknown user costs as long as a wrong password does.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$c3RhY2tzcGFuLW5vYm9keQ$0pX4yQ0Gq0mIu0FzMPZBVyIVlGCqBsmAqXnDPyoMkLM"


def password_hash(password: str) -> str:
    """The hash to store."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def password_matches(stored: str | None, password: str) -> bool:
    """Whether `password` is the one that was hashed; without a stored hash False, after as long a while."""
    with _AT_ONCE:
        try:
            return _HASHER.verify(stored or _NOBODY, password) and stored is not None
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False


def password_outdated(stored: str) -> bool:
    """Whether the hash was made at another cost than today's."""
    return _HASHER.check_needs_rehash(stored)
