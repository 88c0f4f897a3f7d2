"""The keys that tokens are made with: in the database, sealed, so that all processes share them.

The key with the highest id issues; the others still read. A process that meets a token it can't read asks the database
for new keys, so a rotation needs no word to anyone. A token that nobody made costs that one small read, no more than a
good one does.
"""

from __future__ import annotations

import threading

from cryptography.fernet import Fernet, InvalidToken

from stackspan.identity.service.core import Core
from stackspan.identity.store import tokens as store


class TokenKeys:
    """Encrypts and decrypts tokens with the keys in the database."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._lock = threading.Lock()
        self._fernets: tuple[Fernet, ...] = ()

    def encrypt(self, content: bytes) -> bytes:
        """With the newest key; makes the first one where there is none."""
        if not self._fernets:
            self.ensure()
        return self._fernets[0].encrypt(content)

    def decrypt(self, token: bytes) -> bytes | None:
        """None where no key reads it."""
        tried = self._fernets
        content = _try(tried, token)
        if content is None:
            content = _try(self._reload(tried), token)
        return content

    def ensure(self) -> None:
        """Make the first key where there is none."""
        self._reload(self._fernets)
        if not self._fernets:
            with self._core.database.write() as tx:
                store.key_insert(tx, 1, self._new(), self._core.clock.now())
            self._reload(self._fernets)

    def rotate(self, keep: int = 3) -> int:
        """Issue with a new key from now on, keep the newest `keep`; the new key's id.

        Rotated more often than once in `token_seconds / (keep - 1)`, tokens end before their time.
        """
        with self._core.database.write() as tx:
            present = [key_id for key_id, _, _ in store.key_list(tx)]
            new_id = (present[0] if present else 0) + 1
            store.key_insert(tx, new_id, self._new(), self._core.clock.now())
            for key_id in present[keep - 1 :]:
                store.key_delete(tx, key_id)
        self._reload(self._fernets)
        return new_id

    def _new(self) -> str:
        return self._core.seal.close(Fernet.generate_key())

    def _reload(self, known: tuple[Fernet, ...]) -> tuple[Fernet, ...]:
        """The keys, read anew unless another thread has done so since the caller looked at `known`."""
        with self._lock:
            if self._fernets is known:
                with self._core.database.read() as tx:
                    sealed = [encrypted for _, encrypted, _ in store.key_list(tx)]
                self._fernets = tuple([Fernet(self._core.seal.open(one)) for one in sealed])
            return self._fernets


def _try(fernets: tuple[Fernet, ...], token: bytes) -> bytes | None:
    for fernet in fernets:
        try:
            return fernet.decrypt(token)
        except InvalidToken:
            continue
    return None
