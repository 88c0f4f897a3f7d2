"""Password hashes."""

from __future__ import annotations

import argon2
import pytest

from stackspan.identity.service import passwords


def test_a_password() -> None:
    stored = passwords.password_hash("päss")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.password_matches(stored, "päss")
    assert not passwords.password_matches(stored, "pass")
    assert not passwords.password_outdated(stored)


def test_nobody_costs_as_much_as_somebody() -> None:
    """An unknown user's password is hashed at the same cost, and never matches."""
    assert not passwords.password_matches(None, "")
    assert argon2.extract_parameters(passwords._NOBODY) == argon2.extract_parameters(passwords.password_hash("x"))
    with pytest.raises(argon2.exceptions.VerifyMismatchError):
        argon2.PasswordHasher().verify(passwords._NOBODY, "x")


@pytest.mark.parametrize("stored", ["", "nonsense", "$2b$12$abcdefghijklmnopqrstuv"])
def test_a_hash_that_is_none(stored: str) -> None:
    assert not passwords.password_matches(stored, "")
