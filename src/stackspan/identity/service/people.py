"""Users, groups, and who is in which."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from stackspan.core import errors
from stackspan.db import Transaction
from stackspan.identity import errors as identity_errors
from stackspan.identity import model
from stackspan.identity.service import lockout, passwords
from stackspan.identity.service.core import Core, found
from stackspan.identity.service.resources import group_remove, user_remove
from stackspan.identity.store import domains, filters, users


class Users:
    """Users."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def all(self, options: filters.ListOptions = filters.ALL, group_id: str | None = None) -> list[model.User]:
        """Users, by id; a group's where one is given."""
        with self._core.database.read() as tx:
            return users.user_list(tx, options, group_id)

    def find(self, user_id: str) -> model.User | None:
        """The user, or None."""
        with self._core.database.read() as tx:
            return users.user_get(tx, user_id)

    def create(self, user: model.User, password: str | None) -> model.User:
        """Raises NameTaken, EntityNotFound (the domain), Forbidden (the password)."""
        now = self._core.clock.now()
        hashed = self._hash(password) if password is not None else None
        user = dataclasses.replace(
            user, created_at=now, password_hash=hashed, password_changed_at=now if hashed else None
        )
        with self._core.database.write() as tx:
            found(domains.domain_get(tx, user.domain_id), "domain", user.domain_id)
            if not users.user_insert(tx, user):
                raise _taken(user)
        return user

    def update(
        self, user_id: str, change: Callable[[model.User], model.User], password: str | None = None
    ) -> model.User:
        """A new password or disabling cuts all the user's tokens. Raises EntityNotFound, NameTaken, Forbidden."""
        hashed = self._hash(password) if password is not None else None
        with self._core.database.write() as tx:
            before = found(users.user_get(tx, user_id), "user", user_id)
            user = change(before)
            if hashed is not None:
                user = dataclasses.replace(user, password_hash=hashed, password_changed_at=self._core.clock.now())
            if hashed is not None or (before.enabled and not user.enabled):
                user = dataclasses.replace(user, token_epoch=before.token_epoch + 1)
            if not users.user_update(tx, user):
                raise _taken(user)
            if hashed is not None:
                users.user_login_succeeded(tx, user_id)
        return user

    def change_password(self, user_id: str, original: str, password: str) -> None:
        """By the user itself; cuts its tokens. Raises Unauthenticated (wrong original), Invalid, Forbidden."""
        user = lockout.password_check(self._core, self.find(user_id), original)
        if not user.enabled:
            raise identity_errors.LoginRefused(f"user {user_id} is disabled")
        if user.options.get("lock_password"):
            raise errors.Invalid(
                "You cannot change your password at this time due to password policy disallowing password changes. "
                "Please contact your administrator to reset your password."
            )
        self.update(user_id, lambda current: current, password)

    def delete(self, user_id: str) -> None:
        """Cuts its tokens. Raises EntityNotFound."""
        with self._core.database.write() as tx:
            found(users.user_get(tx, user_id), "user", user_id)
            user_remove(tx, user_id)

    def _hash(self, password: str) -> str:
        limit = self._core.settings.max_password_bytes
        if len(password.encode()) > limit:
            raise errors.Forbidden(
                f"The password length must be less than or equal to {limit}. The server could not comply with the "
                "request because the password is invalid."
            )
        return passwords.password_hash(password)


class Groups:
    """Groups and their members."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def all(self, options: filters.ListOptions = filters.ALL, user_id: str | None = None) -> list[model.Group]:
        """Groups, by id; a user's where one is given."""
        with self._core.database.read() as tx:
            return users.group_list(tx, options, user_id)

    def find(self, group_id: str) -> model.Group | None:
        """The group, or None."""
        with self._core.database.read() as tx:
            return users.group_get(tx, group_id)

    def create(self, group: model.Group) -> model.Group:
        """Raises NameTaken, EntityNotFound (the domain)."""
        with self._core.database.write() as tx:
            found(domains.domain_get(tx, group.domain_id), "domain", group.domain_id)
            if not users.group_insert(tx, group):
                raise _taken(group)
        return group

    def update(self, group_id: str, change: Callable[[model.Group], model.Group]) -> model.Group:
        """Raises EntityNotFound, NameTaken."""
        with self._core.database.write() as tx:
            group = change(found(users.group_get(tx, group_id), "group", group_id))
            if not users.group_update(tx, group):
                raise _taken(group)
        return group

    def delete(self, group_id: str) -> None:
        """Its members lose the roles that it gave. Raises EntityNotFound."""
        with self._core.database.write() as tx:
            found(users.group_get(tx, group_id), "group", group_id)
            group_remove(tx, group_id)

    def add(self, group_id: str, user_id: str) -> None:
        """Raises EntityNotFound."""
        with self._core.database.write() as tx:
            self._require(tx, group_id, user_id)
            users.membership_insert(tx, user_id, group_id)

    def contains(self, group_id: str, user_id: str) -> None:
        """Raises EntityNotFound, MemberNotFound."""
        with self._core.database.read() as tx:
            self._require(tx, group_id, user_id)
            if not users.membership_get(tx, user_id, group_id):
                raise identity_errors.MemberNotFound(user_id, group_id)

    def remove(self, group_id: str, user_id: str) -> None:
        """Raises EntityNotFound, MemberNotFound."""
        with self._core.database.write() as tx:
            self._require(tx, group_id, user_id)
            if not users.membership_delete(tx, user_id, group_id):
                raise identity_errors.MemberNotFound(user_id, group_id)

    def _require(self, tx: Transaction, group_id: str, user_id: str) -> None:
        found(users.user_get(tx, user_id), "user", user_id)
        found(users.group_get(tx, group_id), "group", group_id)


def _taken(entity: model.User | model.Group) -> identity_errors.NameTaken:
    kind = "user" if isinstance(entity, model.User) else "group"
    return identity_errors.NameTaken(
        kind, f"Duplicate entry found with name {entity.name} at domain ID {entity.domain_id}"
    )
