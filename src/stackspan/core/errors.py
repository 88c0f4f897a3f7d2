"""The error tree. Errors are named by meaning and know no HTTP.

    StackspanError
    ├── Invalid                  what the caller sent can't be right
    │   └── TooLarge             a body or value above its limit
    ├── Unauthenticated          no token, or one that no longer counts
    ├── Forbidden                the caller may not do this
    │   └── QuotaExceeded        … because the project's quota is used up
    ├── NotFound                 no such thing, or not the caller's to see
    ├── Conflict                 the thing's state, or a thing of that name, is in the way
    │   └── Stale                a compare-and-set lost: read again and retry
    ├── Unsupported              a version, format or media type that isn't served
    ├── Unavailable              a part we need (vCenter, the database, capacity) is not there now
    └── Internal                 our own mistake; the message for the user says nothing of it

`http/errors.py` maps this tree to statuses, by class hierarchy; each service subclasses it in its `errors.py` with the
stock service's words. Every error carries two messages: one for the user and one for the log.
"""

from __future__ import annotations

import enum


class Retry(enum.Enum):
    """What a job step may do after this error (see `workflow/retry.py` for bounds)."""

    NEVER = "never"  # invalid, no space, no permission: fail at once
    BRIEF = "brief"  # a passing collision: TaskInProgress, ConcurrentAccess, a lost compare-and-set
    CONNECTION = "connection"  # connection, session, vCenter restarting: patient
    HELD = "held"  # another product or operation holds the entity: minutes


class StackspanError(Exception):
    """Base of all our errors.

    Args:
        user_message: what the API's user reads; no names of vCenter objects, no secrets.
        log_message: what the operator reads in the log; defaults to the user's.
    """

    retry = Retry.NEVER
    default_message = "An unexpected error occurred."

    def __init__(self, user_message: str | None = None, log_message: str | None = None) -> None:
        self.user_message = user_message or self.default_message
        self.log_message = log_message or self.user_message
        super().__init__(self.log_message)


class Invalid(StackspanError):
    """What the caller sent can't be right."""


class TooLarge(Invalid):
    """A body or value is above its limit."""


class Unauthenticated(StackspanError):
    """There is no token, or it no longer counts."""

    default_message = "The request you have made requires authentication."


class Forbidden(StackspanError):
    """The caller may not do this."""

    default_message = "You are not authorized to perform the requested action."


class QuotaExceeded(Forbidden):
    """The project's quota is used up."""


class NotFound(StackspanError):
    """There is no such thing, or it is not the caller's to see."""

    default_message = "The resource could not be found."


class Conflict(StackspanError):
    """The thing's state, or another of that name, is in the way."""


class Stale(Conflict):
    """A compare-and-set lost against another writer."""

    retry = Retry.BRIEF


class Unsupported(StackspanError):
    """A version, format or media type that isn't served."""


class Unavailable(StackspanError):
    """A part that is needed isn't there now."""

    retry = Retry.CONNECTION
    default_message = "The service is currently unable to handle the request. Please try again later."


class Internal(StackspanError):
    """Our own mistake."""
