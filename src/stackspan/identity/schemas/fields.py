"""Kinds of fields that several bodies have."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from stackspan.core import errors
from stackspan.http.validation import Body

T = TypeVar("T")

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"[\S]+")]
ShortName = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"[\S]+")]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[a-zA-Z0-9-]+$")]
AnyId = Annotated[str, msgspec.Meta(max_length=64)]
Tag = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^[^,/]*$")]
Tags = Annotated[list[Tag], msgspec.Meta(max_length=80)]

_OURS = frozenset({"id", "links"})


class ImmutableOption(Body):
    """The one option of domains, projects and roles; null takes it back."""

    immutable: bool | UnsetType | None = UNSET


def given(value: T | UnsetType, default: T) -> T:
    """`value`, or `default` where the client left it out."""
    return default if isinstance(value, UnsetType) else value


def merged(old: Mapping[str, Any], options: Body | UnsetType | None) -> dict[str, Any]:
    """The options after a change; those set to null are gone."""
    if options is None or isinstance(options, UnsetType):
        return dict(old)
    changed = {**old, **msgspec.to_builtins(options)}
    return {name: value for name, value in changed.items() if value is not None}


def extras(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The client's own fields after a change; what is ours isn't theirs to set."""
    return {**old, **{name: value for name, value in new.items() if name not in _OURS}}


def require_unique(tags: list[str] | UnsetType) -> None:
    """Raise Invalid where a tag is given twice."""
    if not isinstance(tags, UnsetType) and len(set(tags)) != len(tags):
        raise errors.Invalid(f"Invalid input for field/attribute tags. Value: {tags}. {tags} has non-unique elements")


def moment(text: str | None) -> dt.datetime | None:
    """An ISO 8601 time; without a zone it is UTC. Raises Invalid in the stock words."""
    if text is None:
        return None
    try:
        parsed = dt.datetime.fromisoformat(text)
        parsed = parsed.replace(tzinfo=dt.UTC) if parsed.tzinfo is None else parsed.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise errors.Invalid(
            "Timestamp not in expected format. The server could not comply with the request since it is either "
            "malformed or otherwise incorrect. The client is assumed to be in error."
        ) from None
    return parsed
