"""The versions served, and how an answer in the newest one becomes one of an older version.

Handlers and views know the newest version only. A body in an older form is raised to it (`schemas.py`), an answer is
lowered from it here, one difference at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stackspan.core.version import Version
from stackspan.http.microversion import Microversions

VERSIONS: tuple[tuple[Version, str], ...] = (
    (Version(1, 0), "Providers, inventories, usages, allocations"),
    (Version(1, 1), "Aggregates of providers"),
    (Version(1, 2), "Resource classes"),
    (Version(1, 3), "member_of in GET /resource_providers"),
    (Version(1, 4), "resources in GET /resource_providers"),
    (Version(1, 5), "DELETE of all inventories of a provider"),
    (Version(1, 6), "Traits, and traits of providers"),
    (Version(1, 7), "PUT /resource_classes/{name} has no body and makes or confirms the class"),
    (Version(1, 8), "project_id and user_id are required in PUT /allocations/{consumer}"),
    (Version(1, 9), "GET /usages"),
    (Version(1, 10), "GET /allocation_candidates"),
    (Version(1, 11), "Providers link to their allocations"),
    (Version(1, 12), "Allocations by provider (not as a list) in PUT and in candidates; GET shows project and user"),
    (Version(1, 13), "POST /allocations for several consumers"),
    (Version(1, 14), "Provider trees: parent and root of providers, in_tree"),
    (Version(1, 15), "last-modified and cache-control headers"),
    (Version(1, 16), "limit in GET /allocation_candidates"),
    (Version(1, 17), "required in GET /allocation_candidates; summaries show traits"),
    (Version(1, 18), "required in GET /resource_providers"),
    (Version(1, 19), "Aggregates of a provider with its generation"),
    (Version(1, 20), "POST /resource_providers answers with the provider"),
    (Version(1, 21), "member_of in GET /allocation_candidates"),
    (Version(1, 22), "Forbidden traits in required"),
    (Version(1, 23), "Error codes"),
    (Version(1, 24), "member_of may be repeated"),
    (Version(1, 25), "Numbered request groups and group_policy in GET /allocation_candidates"),
    (Version(1, 26), "An inventory may be reserved whole"),
    (Version(1, 27), "Summaries show all resource classes of a provider"),
    (Version(1, 28), "Generations of consumers"),
    (Version(1, 29), "Candidates from provider trees; summaries show parent and root"),
)

AGGREGATES = Version(1, 1)
RESOURCE_CLASSES = Version(1, 2)
LIST_MEMBER_OF = Version(1, 3)
LIST_RESOURCES = Version(1, 4)
DELETE_INVENTORIES = Version(1, 5)
TRAITS = Version(1, 6)
BODILESS_CLASS_PUT = Version(1, 7)
REQUIRED_OWNER = Version(1, 8)
USAGES = Version(1, 9)
CANDIDATES = Version(1, 10)
ALLOCATIONS_LINK = Version(1, 11)
ALLOCATIONS_BY_PROVIDER = Version(1, 12)
POST_ALLOCATIONS = Version(1, 13)
TREES = Version(1, 14)
LAST_MODIFIED = Version(1, 15)
CANDIDATES_LIMIT = Version(1, 16)
CANDIDATES_REQUIRED = Version(1, 17)
LIST_REQUIRED = Version(1, 18)
AGGREGATES_GENERATION = Version(1, 19)
PROVIDER_IN_POST = Version(1, 20)
CANDIDATES_MEMBER_OF = Version(1, 21)
FORBIDDEN_TRAITS = Version(1, 22)
REPEATED_MEMBER_OF = Version(1, 24)
GROUPS = Version(1, 25)
RESERVED_WHOLE = Version(1, 26)
ALL_CLASSES = Version(1, 27)
CONSUMER_GENERATION = Version(1, 28)
CANDIDATE_TREES = Version(1, 29)

MICROVERSIONS = Microversions("placement", VERSIONS[0][0], VERSIONS[-1][0])

Body = dict[str, Any]
_Lowering = tuple[tuple[Version, Callable[[Body], Body]], ...]


def before(version: Version) -> Version:
    """The version before `version`, for a route's window."""
    return Version(version.major, version.minor - 1)


def _without(*names: str) -> Callable[[Body], Body]:
    return lambda body: {name: value for name, value in body.items() if name not in names}


def _without_link(rel: str) -> Callable[[Body], Body]:
    return lambda body: body | {"links": [link for link in body["links"] if link["rel"] != rel]}


def _summaries(change: Callable[[Body], Body]) -> Callable[[Body], Body]:
    def lower(body: Body) -> Body:
        summaries = {uuid: change(summary) for uuid, summary in body["provider_summaries"].items()}
        return body | {"provider_summaries": summaries}

    return lower


def _allocations_as_list(body: Body) -> Body:
    requests = [
        {
            "allocations": [
                {"resource_provider": {"uuid": uuid}, "resources": part["resources"]}
                for uuid, part in request["allocations"].items()
            ]
        }
        for request in body["allocation_requests"]
    ]
    return body | {"allocation_requests": requests}


def _requested_classes(body: Body) -> Body:
    asked = {
        name
        for request in body["allocation_requests"]
        for part in request["allocations"].values()
        for name in part["resources"]
    }
    return _summaries(lambda s: s | {"resources": {n: r for n, r in s["resources"].items() if n in asked}})(body)


_PROVIDER: _Lowering = (
    (TREES, _without("parent_provider_uuid", "root_provider_uuid")),
    (ALLOCATIONS_LINK, _without_link("allocations")),
    (TRAITS, _without_link("traits")),
    (AGGREGATES, _without_link("aggregates")),
)
_AGGREGATES: _Lowering = ((AGGREGATES_GENERATION, _without("resource_provider_generation")),)
_CONSUMER: _Lowering = (
    (CONSUMER_GENERATION, _without("consumer_generation")),
    (ALLOCATIONS_BY_PROVIDER, _without("project_id", "user_id")),
)
_HELD: _Lowering = ((CONSUMER_GENERATION, _without("consumer_generation")),)
_CANDIDATES: _Lowering = (
    (CANDIDATE_TREES, _summaries(_without("parent_provider_uuid", "root_provider_uuid"))),
    (ALL_CLASSES, _requested_classes),
    (CANDIDATES_REQUIRED, _summaries(_without("traits"))),
    (ALLOCATIONS_BY_PROVIDER, _allocations_as_list),
)


def provider(body: Body, version: Version) -> Body:
    """A provider in `version`."""
    return _lowered(_PROVIDER, body, version)


def aggregates(body: Body, version: Version) -> Body:
    """A provider's aggregates in `version`."""
    return _lowered(_AGGREGATES, body, version)


def consumer_allocations(body: Body, version: Version) -> Body:
    """A consumer's allocations in `version`."""
    return _lowered(_CONSUMER, body, version)


def provider_allocations(body: Body, version: Version) -> Body:
    """A provider's allocations in `version`."""
    held: Mapping[str, Body] = body["allocations"]
    return body | {"allocations": {uuid: _lowered(_HELD, part, version) for uuid, part in held.items()}}


def candidates(body: Body, version: Version) -> Body:
    """Allocation candidates in `version`."""
    return _lowered(_CANDIDATES, body, version)


def _lowered(steps: _Lowering, body: Body, version: Version) -> Body:
    for since, lower in steps:
        if version < since:
            body = lower(body)
    return body
