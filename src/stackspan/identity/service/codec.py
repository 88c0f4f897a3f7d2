"""Tokens as text: a short msgpack array, encrypted and signed (Fernet).

32-hex ids are packed into 16 bytes, so that a token stays near 200 characters.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from typing import Any

import msgspec

from stackspan.core import errors
from stackspan.identity import model
from stackspan.identity.service.keys import TokenKeys

_FORMAT = 1
_MAX_LENGTH = 2048
_METHODS = ("password", "token", "application_credential")
_KINDS = (None, model.TargetKind.PROJECT, model.TargetKind.DOMAIN, model.TargetKind.SYSTEM)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_PackedId = Any  # 16 bytes for a 32-hex id, else text; msgspec knows no union of the two


class _Content(msgspec.Struct, array_like=True, frozen=True):
    format: int
    user: _PackedId
    methods: int
    kind: int
    target: _PackedId
    issued_at: int  # µs since 1970
    expires_at: int
    audit_ids: list[bytes]
    user_epoch: int
    scope_epoch: int
    application_credential: _PackedId = None
    trust: _PackedId = None


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Content)


class TokenCodec:
    """Token ↔ text."""

    def __init__(self, keys: TokenKeys) -> None:
        self._keys = keys

    def encode(self, token: model.Token) -> str:
        """The text that the client gets."""
        content = _Content(
            format=_FORMAT,
            user=_pack(token.user_id),
            methods=sum(1 << _METHODS.index(method) for method in token.methods),
            kind=_KINDS.index(token.target.kind if token.target else None),
            target=_pack(token.target.id) if token.target else None,
            issued_at=_micros(token.issued_at),
            expires_at=_micros(token.expires_at),
            audit_ids=[_audit_bytes(audit_id) for audit_id in token.audit_ids],
            user_epoch=token.user_epoch,
            scope_epoch=token.scope_epoch,
            application_credential=_pack(token.application_credential_id),
            trust=_pack(token.trust_id),
        )
        return self._keys.encrypt(_ENCODER.encode(content)).rstrip(b"=").decode("ascii")

    def decode(self, text: str) -> model.Token:
        """What the text says. Raises Unauthenticated for anything that no key of ours made."""
        if not text or len(text) > _MAX_LENGTH or not text.isascii():
            raise errors.Unauthenticated
        packed = self._keys.decrypt(text.encode("ascii") + b"=" * (-len(text) % 4))
        if packed is None:
            raise errors.Unauthenticated
        try:
            content = _DECODER.decode(packed)
        except msgspec.MsgspecError:
            raise errors.Unauthenticated from None
        if content.format != _FORMAT:
            raise errors.Unauthenticated
        kind = _KINDS[content.kind]
        return model.Token(
            user_id=_unpack(content.user) or "",
            methods=tuple(name for bit, name in enumerate(_METHODS) if content.methods >> bit & 1),
            target=None if kind is None else model.Target(kind, _unpack(content.target) or ""),
            issued_at=_EPOCH + dt.timedelta(microseconds=content.issued_at),
            expires_at=_EPOCH + dt.timedelta(microseconds=content.expires_at),
            audit_ids=tuple(_audit_text(audit_id) for audit_id in content.audit_ids),
            user_epoch=content.user_epoch,
            scope_epoch=content.scope_epoch,
            application_credential_id=_unpack(content.application_credential),
            trust_id=_unpack(content.trust),
        )


def _pack(text: str | None) -> _PackedId:
    if text is None or len(text) != 32:
        return text
    try:
        packed = bytes.fromhex(text)
    except ValueError:
        return text
    return packed if packed.hex() == text else text


def _unpack(packed: _PackedId) -> str | None:
    return packed.hex() if isinstance(packed, bytes) else packed


def _micros(moment: dt.datetime) -> int:
    return (moment - _EPOCH) // dt.timedelta(microseconds=1)


def _audit_bytes(audit_id: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(audit_id + "==")
    except binascii.Error:
        return audit_id.encode()


def _audit_text(packed: bytes) -> str:
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode("ascii")
