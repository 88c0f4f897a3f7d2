"""The keys that tokens are made with: in the database, sealed, so that all processes share them.

The key with the highest id issues; the others still read. A process that meets a token it can't read asks the database
for new keys, at most once a second, so a rotation needs no word to anyone.
"""

from __future__ import annotations

import threading

from cryptography.fernet import Fernet, InvalidToken

from stackspan.identity.service.core import Core
from stackspan.identity.store import tokens as store

_RELOAD_SECONDS = 1.0


class TokenKeys:
    """Encrypts and decrypts tokens with the keys in the database."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._lock = threading.Lock()
        self._fernets: tuple[Fernet, ...] = ()
        self._read_at: float | None = None

    def encrypt(self, content: bytes) -> bytes:
        """With the newest key; makes the first one where there is none."""
        if not self._fernets:
            self.ensure()
        return self._fernets[0].encrypt(content)

    def decrypt(self, token: bytes) -> bytes | None:
        """None where no key reads it."""
        content = self._try(token)
        if content is None and self._reload():
            content = self._try(token)
        return content

    def ensure(self) -> None:
        """Make the first key where there is none."""
        self._reload(force=True)
        if not self._fernets:
            with self._core.database.write() as tx:
                store.key_insert(tx, 1, self._new(), self._core.clock.now())
            self._reload(force=True)

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
        self._reload(force=True)
        return new_id

    def _new(self) -> str:
        return self._core.seal.close(Fernet.generate_key())

    def _try(self, token: bytes) -> bytes | None:
        for fernet in self._fernets:
            try:
                return fernet.decrypt(token)
            except InvalidToken:
                continue
        return None

    def _reload(self, *, force: bool = False) -> bool:
        with self._lock:
            now = self._core.clock.monotonic()
            if not force and self._read_at is not None and now - self._read_at < _RELOAD_SECONDS:
                return False
            with self._core.database.read() as tx:
                sealed = [encrypted for _, encrypted, _ in store.key_list(tx)]
            self._fernets = tuple(Fernet(self._core.seal.open(one)) for one in sealed)
            self._read_at = now
            return True
