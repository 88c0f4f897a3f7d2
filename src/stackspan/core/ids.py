"""Identifiers, as the stock services shape them."""

from __future__ import annotations

import re
import uuid

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")


def new_uuid() -> str:
    """A random UUID in canonical form (36 characters): servers, images, networks, jobs."""
    return str(uuid.uuid4())


def new_hex() -> str:
    """A random UUID as 32 hex digits: projects, users, roles, endpoints."""
    return uuid.uuid4().hex


def new_request_id() -> str:
    """`req-<uuid>`, the value of X-Openstack-Request-Id."""
    return f"req-{uuid.uuid4()}"


def is_uuid(text: str) -> bool:
    """Whether `text` is a UUID in canonical lower-case form."""
    return _UUID.match(text) is not None


def is_uuid_like(text: str) -> bool:
    """Whether `text` reads as a UUID with or without dashes and in any case, as the stock services accept it."""
    try:
        return uuid.UUID(text).hex == text.lower().replace("-", "")
    except (ValueError, AttributeError, TypeError):
        return False
