"""Tokens as text."""

from __future__ import annotations

import base64
import datetime as dt

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from stackspan.core import errors
from stackspan.identity import model
from stackspan.identity.service.codec import TokenCodec


class Keys:
    """One key, without a database."""

    def __init__(self) -> None:
        self._fernet = Fernet(Fernet.generate_key())

    def encrypt(self, content: bytes) -> bytes:
        return self._fernet.encrypt(content)

    def decrypt(self, token: bytes) -> bytes | None:
        try:
            return self._fernet.decrypt(token)
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it isn't ours
            return None


CODEC = TokenCodec(Keys())  # type: ignore[arg-type]
moments = st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2200, 1, 1)).map(lambda one: one.replace(tzinfo=dt.UTC))
hex_ids = st.text("0123456789abcdef", min_size=32, max_size=32)
any_ids = hex_ids | st.sampled_from(["default", "all", "A" * 32, "0" * 31, "ÄÖÜ"])
audit_ids = st.binary(min_size=16, max_size=16).map(lambda raw: base64.urlsafe_b64encode(raw).rstrip(b"=").decode())
tokens = st.builds(
    model.Token,
    user_id=any_ids,
    methods=st.lists(st.sampled_from(["password", "token", "application_credential"]), unique=True).map(
        lambda names: tuple(name for name in ("password", "token", "application_credential") if name in names)
    ),
    target=st.none() | st.builds(model.Target, st.sampled_from(list(model.TargetKind)), any_ids),
    issued_at=moments,
    expires_at=moments,
    audit_ids=st.tuples(audit_ids) | st.tuples(audit_ids, audit_ids),
    user_epoch=st.integers(0, 2**31),
    scope_epoch=st.integers(0, 2**31),
    application_credential_id=st.none() | hex_ids,
    trust_id=st.none() | hex_ids,
)


@given(tokens)
def test_there_and_back(token: model.Token) -> None:
    text = CODEC.encode(token)
    assert text.isascii()
    assert "=" not in text
    assert CODEC.decode(text) == token


@given(st.text(max_size=300))
def test_nonsense(text: str) -> None:
    with pytest.raises(errors.Unauthenticated):
        CODEC.decode(text)


def test_short() -> None:
    audit_id = "DQRlFnEvPVNIbbj-83Z7UA"
    now = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
    target = model.Target(model.TargetKind.PROJECT, "f" * 32)
    token = model.Token("e" * 32, ("password",), target, now, now, (audit_id, audit_id), 3, 4)
    assert len(CODEC.encode(token)) < 255
