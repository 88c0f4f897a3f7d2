"""Query strings: which parameters a version knows, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from stackspan.core import ids
from stackspan.core.version import Version
from stackspan.http.request import Request
from stackspan.placement import errors, versions
from stackspan.placement.api.common import ids_canonical, version_of
from stackspan.placement.model import MAX_INT, RequestGroup

_BAD = "Invalid query string parameters: "
_GROUP_KEY = re.compile(r"(resources|required|member_of)([1-9][0-9]*)?\Z")


def check(request: Request, known: Collection[str], required: Collection[str] = ()) -> None:
    """Raise Refused for a parameter that the version doesn't know, and for a missing one."""
    unknown = sorted(request.query.names() - set(known))
    if unknown:
        shown = ", ".join(repr(name[:255]) for name in unknown)
        were = "was" if len(unknown) == 1 else "were"
        raise errors.Refused(f"{_BAD}Additional properties are not allowed ({shown} {were} unexpected)")
    for name in required:
        if name not in request.query:
            raise errors.Refused(f"{_BAD}'{name}' is a required property")


def uuid(request: Request, name: str) -> str | None:
    """A uuid parameter in canonical form. Raises Refused."""
    value = request.query.get(name)
    if value is None:
        return None
    if not ids.is_uuid_like(value):
        raise errors.Refused(f"{_BAD}{value[:255]!r} is not a 'uuid'")
    return ids_canonical(value)


def owner(request: Request, name: str) -> str | None:
    """A project's or user's id: 1–255 characters. Raises Refused."""
    value = request.query.get(name)
    if value is not None and not 1 <= len(value) <= 255:
        raise errors.Refused(f"{_BAD}{value[:255]!r} is too {'long' if value else 'short'}")
    return value


def limit(request: Request) -> int | None:
    """`limit`: the first, as stock takes it. Raises Refused."""
    values = request.query.all("limit")
    for value in values:
        if not re.fullmatch(r"[1-9][0-9]{0,17}", value):
            raise errors.Refused(f"{_BAD}{value[:255]!r} does not match '^[1-9][0-9]*$'")
    return int(values[0]) if values else None


def resources(text: str) -> dict[str, int]:
    """`VCPU:2,MEMORY_MB:1024`. Raises Refused."""
    form = (
        "Badly formed resources parameter. Expected resources query string parameter in form: "
        "?resources=VCPU:2,MEMORY_MB:1024. Got: "
    )
    if not text.strip():
        raise errors.Refused(f"{form}empty string.")
    found = {}
    for entry in text.split(","):
        name, colon, amount = entry.partition(":")
        if not colon or ":" in amount:
            raise errors.Refused(f"{form}{entry[:255]}.")
        if not re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", amount):
            raise errors.Refused(
                f"Requested resource {name[:255]} expected positive integer amount. Got: {amount[:255]}."
            )
        if int(amount) < 1:
            raise errors.Refused(f"Requested resource {name[:255]} requires amount >= 1. Got: {int(amount)}.")
        found[name] = min(int(amount), MAX_INT + 1)  # beyond what any inventory has, and what SQL compares
    return found


def traits(request: Request, name: str) -> tuple[frozenset[str], frozenset[str]]:
    """(required, forbidden) of `HW_CPU_X86_VMX,!CUSTOM_MAGIC`; of repeats the last counts. Raises Refused."""
    text = request.query.get(name)
    if text is None:
        return frozenset(), frozenset()
    may_forbid = version_of(request) >= versions.FORBIDDEN_TRAITS
    form = "HW_CPU_X86_VMX,!CUSTOM_MAGIC" if may_forbid else "HW_CPU_X86_VMX,CUSTOM_MAGIC"
    if text.startswith("in:"):
        raise errors.Refused(
            f"{_BAD}The format 'in:HW_CPU_X86_VMX,CUSTOM_MAGIC' only supported since microversion 1.39. "
            f"Got: {text[:255]}"
        )
    entries = [entry.strip() for entry in text.split(",")]
    forbidden = frozenset(entry.lstrip("!") for entry in entries if entry.startswith("!"))
    if not all((*entries, *forbidden)):
        raise errors.Refused(
            f"{_BAD}Expected 'required' parameter value of the form: {form}. Got an empty trait in: {text[:255]}"
        )
    if forbidden and not may_forbid:
        raise errors.Refused(f"{_BAD}Expected 'required' parameter value of the form: {form}. Got: {text[:255]}")
    return frozenset(entry for entry in entries if not entry.startswith("!")), forbidden


def member_of(request: Request, name: str) -> tuple[frozenset[str], ...]:
    """Sets of aggregates, a provider must be in one of each. Raises Refused."""
    values = request.query.all(name)
    if len(values) > 1 and version_of(request) < versions.REPEATED_MEMBER_OF:
        raise errors.Refused(f"Multiple {name} parameters are not supported")
    found = []
    for value in values:
        if value.startswith("!"):
            raise errors.Refused(f"Forbidden {name} parameters are not supported in the specified microversion")
        if "," in value and not value.startswith("in:"):
            raise errors.Refused(
                "Multiple values for 'member_of' must be prefixed with the 'in:' or '!in:' keyword using the valid "
                f"microversion. Got: {value[:255]}"
            )
        aggregates = value.removeprefix("in:").split(",")
        for aggregate in aggregates:
            if not ids.is_uuid_like(aggregate):
                raise errors.Refused(
                    f"{_BAD}Expected 'member_of' parameter to contain valid UUID(s). Got: {aggregate[:255]}"
                )
        found.append(frozenset(ids_canonical(aggregate) for aggregate in aggregates))
    return tuple(found)


def candidate_names(request: Request) -> set[str]:
    """The parameters of GET /allocation_candidates in this version."""
    version = version_of(request)
    since: Sequence[tuple[Version, str]] = (
        (versions.CANDIDATES, "resources"),
        (versions.CANDIDATES_LIMIT, "limit"),
        (versions.CANDIDATES_REQUIRED, "required"),
        (versions.CANDIDATES_MEMBER_OF, "member_of"),
        (versions.GROUPS, "group_policy"),
    )
    known = {name for first, name in since if version >= first}
    if version >= versions.GROUPS:
        known |= {name for name in request.query.names() if _GROUP_KEY.match(name)}
    return known


def groups(request: Request) -> list[RequestGroup]:
    """The request groups, in the order they appear. Raises Refused."""
    suffixes: dict[str, None] = {}
    for name, _value in request.query.pairs:
        match = _GROUP_KEY.match(name)
        if match is not None:
            suffixes[match[2] or ""] = None
    found = [_group(request, suffix) for suffix in suffixes]
    _check_groups(found)
    return found


def group_policy(request: Request, found: Sequence[RequestGroup]) -> str | None:
    """ "none", "isolate" or None. Raises Refused for anything else, and where it is needed and missing."""
    policy = next(iter(request.query.all("group_policy")), None)
    for value in request.query.all("group_policy"):
        if value not in ("none", "isolate"):
            raise errors.Refused(f"{_BAD}{value[:255]!r} is not one of ['none', 'isolate']")
    if policy is None and sum(bool(group.suffix) for group in found) > 1:
        raise errors.Refused(
            'The "group_policy" parameter is required when specifying more than one "resources{N}" parameter.'
        )
    return policy


def _group(request: Request, suffix: str) -> RequestGroup:
    text = request.query.get(f"resources{suffix}")
    required, forbidden = traits(request, f"required{suffix}")
    return RequestGroup(
        suffix=suffix,
        resources={} if text is None else resources(text),
        required=required,
        forbidden=forbidden,
        member_of=member_of(request, f"member_of{suffix}"),
    )


def _check_groups(found: Sequence[RequestGroup]) -> None:
    orphans = [f"required{group.suffix}" for group in found if group.required and not group.resources]
    if orphans:
        raise errors.Refused(
            "All traits parameters must be associated with resources.  Found the following orphaned traits keys: "
            + ", ".join(orphans)
        )
    orphans = [f"member_of{group.suffix}" for group in found if group.member_of and not group.resources]
    if orphans:
        raise errors.Refused(
            "All member_of parameters must be associated with resources. Found the following orphaned member_of keys: "
            + ", ".join(orphans)
        )
    if not all(group.resources for group in found):
        raise errors.Refused("All request groups must specify resources.")
    if not found:
        raise errors.Refused("At least one request group (`resources` or `resources{$S}`) is required.")
    conflicts: Mapping[str, list[str]] = {
        f"required{group.suffix}": sorted(group.required & group.forbidden) for group in found
    }
    shown = sorted(f"{key}: ({name})" for key, names in conflicts.items() for name in names)
    if shown:
        raise errors.Refused(
            "Conflicting required and forbidden traits found in the following traits keys: " + ", ".join(shown)
        )
