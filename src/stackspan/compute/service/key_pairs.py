"""Key pairs: imported or generated."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from stackspan.compute import errors
from stackspan.compute.model import UNLIMITED, KeyPair
from stackspan.compute.service.base import Parts
from stackspan.compute.service.flavors import MarkerNotFound
from stackspan.compute.store import key_pairs as key_pair_store
from stackspan.core.context import RequestContext

SSH = "ssh"
X509 = "x509"
_UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")  # a Windows user's principal name
_RSA_BITS = 2048  # as the stock service generates


class KeyPairs:
    """What the API does with key pairs. `user_id` is whose: the caller's own, or another's for an admin."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def get(self, user_id: str, name: str) -> KeyPair:
        """Raises KeyPairNotFound."""
        with self._parts.database.read() as tx:
            found = key_pair_store.key_pair_get(tx, user_id, name)
        if found is None:
            raise errors.KeyPairNotFound(name, user_id)
        return found

    def list(self, user_id: str, *, limit: int | None = None, marker: str | None = None) -> Sequence[KeyPair]:
        """The user's key pairs by name. Raises MarkerNotFound."""
        with self._parts.database.read() as tx:
            after = None
            if marker is not None:
                after = key_pair_store.key_pair_get(tx, user_id, marker)
                if after is None:
                    raise MarkerNotFound(marker)
            return key_pair_store.key_pair_list(tx, user_id, limit=limit, after=after)

    def import_key(self, context: RequestContext, user_id: str, name: str, kind: str, public_key: str) -> KeyPair:
        """Keep a public key. Raises InvalidKeyPair, KeyPairExists, QuotaExceeded."""
        fingerprint = fingerprint_x509(public_key) if kind == X509 else fingerprint_ssh(public_key)
        return self._add(context, user_id, name, kind, public_key, fingerprint)

    def generate(self, context: RequestContext, user_id: str, name: str) -> tuple[KeyPair, str]:
        """Make an RSA key pair: what is kept, and the private key, which isn't. Raises KeyPairExists, QuotaExceeded."""
        private = rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
        public = private.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        text = public.decode("ascii") + " Generated-by-Nova"
        return self._add(context, user_id, name, SSH, text, fingerprint_ssh(text)), pem.decode("ascii")

    def generate_x509(self, context: RequestContext, user_id: str, name: str) -> tuple[KeyPair, str]:
        """Make an RSA key with a certificate of its own for Windows guests: what is kept, and the private key.

        Raises KeyPairExists, QuotaExceeded.
        """
        private = rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
        certificate = _certificate(private, user_id, self._parts.now())
        text = certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")
        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return self._add(context, user_id, name, X509, text, fingerprint_x509(text)), pem.decode("ascii")

    def delete(self, user_id: str, name: str) -> None:
        """Raises KeyPairNotFound."""
        with self._parts.database.write() as tx:
            if not key_pair_store.key_pair_delete(tx, user_id, name):
                raise errors.KeyPairNotFound(name, user_id)

    def _add(
        self, context: RequestContext, user_id: str, name: str, kind: str, public_key: str, fingerprint: str
    ) -> KeyPair:
        with self._parts.database.write() as tx:
            limit = self._parts.limits(tx, context.project_id or "", user_id)["key_pairs"]
            if limit != UNLIMITED and key_pair_store.key_pair_count(tx, user_id) >= limit:
                raise errors.QuotaExceeded("Quota exceeded, too many key pairs.")
            if key_pair_store.key_pair_get(tx, user_id, name) is not None:
                raise errors.KeyPairExists(name)
            values = {
                "user_id": user_id,
                "name": name,
                "type": kind,
                "public_key": public_key,
                "fingerprint": fingerprint,
                "created_at": self._parts.now(),
            }
            key_pair_store.key_pair_insert(tx, values)
            added = key_pair_store.key_pair_get(tx, user_id, name)
        assert added is not None
        return added


def _certificate(private: rsa.RSAPrivateKey, user_id: str, now: dt.datetime) -> x509.Certificate:
    """A client certificate that names the user, as WinRM asks for one; good for ten years."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, user_id[:64])])
    principal = f"{user_id}@localhost".encode()
    # DER of a UTF8String; a user id is always shorter than what needs the long form.
    upn = x509.OtherName(_UPN, bytes([0x0C, len(principal)]) + principal)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=3650))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([upn]), critical=False)
        .sign(private, hashes.SHA256())
    )


def fingerprint_ssh(public_key: str) -> str:
    """MD5 of an OpenSSH public key, as `ssh-keygen -E md5` shows it. Raises InvalidKeyPair."""
    try:
        serialization.load_ssh_public_key(public_key.strip().encode("utf-8"))
        blob = base64.b64decode(public_key.split()[1])
    except (ValueError, IndexError, UnsupportedAlgorithm, binascii.Error):
        raise errors.InvalidKeyPair("failed to generate fingerprint") from None
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))


def fingerprint_x509(certificate: str) -> str:
    """SHA-1 of a certificate. Raises InvalidKeyPair."""
    try:
        loaded = x509.load_pem_x509_certificate(certificate.encode("utf-8"))
    except ValueError:
        raise errors.InvalidKeyPair("failed to generate X509 fingerprint. Error message: invalid certificate") from None
    digest = loaded.fingerprint(hashes.SHA1()).hex()  # what clients compare with; no security rests on it
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))
