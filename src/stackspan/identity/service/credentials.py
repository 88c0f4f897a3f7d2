"""Credentials (EC2 keys and the like) and policy documents: kept for clients, sealed where they are secret."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable

import msgspec

from stackspan.core import errors, ids
from stackspan.identity import errors as identity_errors
from stackspan.identity import model
from stackspan.identity.service.core import Core, found
from stackspan.identity.store import credentials as store
from stackspan.identity.store import filters, projects, users


@dataclasses.dataclass(frozen=True)
class OpenCredential:
    """A credential with its blob in clear."""

    credential: model.Credential
    blob: str = dataclasses.field(repr=False)


class Credentials:
    """Credentials."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def all(self, options: filters.ListOptions = filters.ALL) -> list[OpenCredential]:
        """Credentials, by id."""
        with self._core.database.read() as tx:
            return [self._open(one) for one in store.credential_list(tx, options)]

    def find(self, credential_id: str) -> OpenCredential | None:
        """The credential, or None."""
        with self._core.database.read() as tx:
            credential = store.credential_get(tx, credential_id)
        return None if credential is None else self._open(credential)

    def create(self, credential: model.Credential, blob: str) -> OpenCredential:
        """An EC2 key's id is made from the key. Raises EntityNotFound (user, project), Invalid, NameTaken."""
        credential_id = ids.new_hex()
        if credential.type.lower() == "ec2":
            credential_id = _ec2_id(blob)
            if credential.project_id is None:
                raise identity_errors.NotExpected("project_id", "credential")
        sealed = self._core.seal.close(blob.encode())
        credential = dataclasses.replace(credential, id=credential_id, encrypted_blob=sealed)
        with self._core.database.write() as tx:
            found(users.user_get(tx, credential.user_id), "user", credential.user_id)
            if credential.project_id is not None:
                found(projects.project_get(tx, credential.project_id), "project", credential.project_id)
            if not store.credential_insert(tx, credential):
                raise identity_errors.NameTaken("credential", f"Duplicate entry found with ID {credential.id}")
        return OpenCredential(credential, blob)

    def update(
        self, credential_id: str, change: Callable[[model.Credential], model.Credential], blob: str | None
    ) -> OpenCredential:
        """`blob` None leaves it. Raises EntityNotFound."""
        with self._core.database.write() as tx:
            credential = change(found(store.credential_get(tx, credential_id), "credential", credential_id))
            if blob is not None:
                credential = dataclasses.replace(credential, encrypted_blob=self._core.seal.close(blob.encode()))
            found(users.user_get(tx, credential.user_id), "user", credential.user_id)
            store.credential_update(tx, credential)
        return self._open(credential)

    def delete(self, credential_id: str) -> None:
        """Raises EntityNotFound."""
        with self._core.database.write() as tx:
            found(store.credential_get(tx, credential_id), "credential", credential_id)
            store.credential_delete(tx, credential_id)

    def _open(self, credential: model.Credential) -> OpenCredential:
        return OpenCredential(credential, self._core.seal.open(credential.encrypted_blob).decode())


class PolicyDocuments:
    """Policy documents: kept and shown; nothing here follows them."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def all(self, options: filters.ListOptions = filters.ALL) -> list[model.PolicyDocument]:
        """Policy documents, by id."""
        with self._core.database.read() as tx:
            return store.policy_list(tx, options)

    def get(self, policy_id: str) -> model.PolicyDocument:
        """Raises EntityNotFound."""
        with self._core.database.read() as tx:
            return found(store.policy_get(tx, policy_id), "policy", policy_id)

    def create(self, policy: model.PolicyDocument) -> model.PolicyDocument:
        """Keep a new one."""
        with self._core.database.write() as tx:
            store.policy_insert(tx, policy)
        return policy

    def update(
        self, policy_id: str, change: Callable[[model.PolicyDocument], model.PolicyDocument]
    ) -> model.PolicyDocument:
        """Raises EntityNotFound."""
        with self._core.database.write() as tx:
            policy = change(found(store.policy_get(tx, policy_id), "policy", policy_id))
            store.policy_update(tx, policy)
        return policy

    def delete(self, policy_id: str) -> None:
        """Raises EntityNotFound."""
        with self._core.database.write() as tx:
            found(store.policy_get(tx, policy_id), "policy", policy_id)
            store.policy_delete(tx, policy_id)


def _ec2_id(blob: str) -> str:
    try:
        access = msgspec.json.decode(blob.encode(), type=dict[str, object]).get("access")
    except msgspec.DecodeError:
        raise errors.Invalid("Invalid blob in credential") from None
    if not isinstance(access, str) or not access:
        raise errors.Invalid("Invalid blob in credential")
    return hashlib.sha256(access.encode()).hexdigest()
