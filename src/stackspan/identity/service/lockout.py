"""Passwords checked, failures counted: the one way in for log-ins and for who changes its own password."""

from __future__ import annotations

import datetime as dt

from stackspan.identity import errors as identity_errors
from stackspan.identity import model
from stackspan.identity.service import passwords
from stackspan.identity.service.core import Core
from stackspan.identity.store import users


def password_check(core: Core, user: model.User | None, password: str) -> model.User:
    """The user whose password it is. Raises LoginRefused, after as long a while where there is no such user.

    Costs tens of milliseconds: no transaction may be open.
    """
    now = core.clock.now()
    if user is not None and _is_locked(core, user, now):
        raise identity_errors.LoginRefused(f"the account is locked for user {user.id}")
    matches = passwords.password_matches(user.password_hash if user else None, password)
    if user is None:
        raise identity_errors.LoginRefused("no such user")
    if not matches:
        _count_failure(core, user, now)
        raise identity_errors.LoginRefused(f"wrong password of user {user.id}")
    _after_success(core, user, password)
    return user


def _is_locked(core: Core, user: model.User, now: dt.datetime) -> bool:
    settings = core.settings
    return (
        settings.lockout_attempts > 0
        and user.failed_logins >= settings.lockout_attempts
        and user.failed_login_at is not None
        and now < user.failed_login_at + dt.timedelta(seconds=settings.lockout_seconds)
        and not user.options.get("ignore_lockout_failure_attempts")
    )


def _count_failure(core: Core, user: model.User, now: dt.datetime) -> None:
    settings = core.settings
    if not settings.lockout_attempts:
        return
    since = user.failed_login_at
    stale = since is None or now >= since + dt.timedelta(seconds=settings.lockout_seconds)
    with core.database.write(durable=False) as tx:
        users.user_login_failed(tx, user.id, now, first=stale)


def _after_success(core: Core, user: model.User, password: str) -> None:
    stored = user.password_hash or ""
    outdated = passwords.password_outdated(stored)
    if not user.failed_logins and not outdated:
        return
    fresh = passwords.password_hash(password) if outdated else ""
    with core.database.write(durable=False) as tx:
        users.user_login_succeeded(tx, user.id)
        if outdated:
            users.user_rehash(tx, user.id, stored, fresh)
