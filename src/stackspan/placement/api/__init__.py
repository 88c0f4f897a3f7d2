"""Placement's HTTP side: `build_api` lists every route."""

from __future__ import annotations

from stackspan.core import errors as core_errors
from stackspan.http import errors as http_errors
from stackspan.http.policy import Policy
from stackspan.http.routing import ServiceApi
from stackspan.placement import versions
from stackspan.placement.api import allocations, candidates, common, discovery, inventories, names, providers
from stackspan.placement.service import PlacementService

__all__ = ["build_api"]

_WORDS: dict[type[core_errors.StackspanError], str] = {
    http_errors.MethodNotAllowed: "The method specified is not allowed for this resource.",
}


def build_api(service: PlacementService, policy: Policy, prefix: str = "/placement") -> ServiceApi:
    """The Placement API under `prefix`."""
    return ServiceApi(
        name="placement",
        prefix=prefix,
        routes=[
            *discovery.Discovery(service.clock).routes(),
            *providers.Providers(service, policy).routes(),
            *inventories.Inventories(service, policy).routes(),
            *allocations.Allocations(service, policy).routes(),
            *candidates.Candidates(service, policy).routes(),
            *names.ResourceClasses(service, policy).routes(),
            *names.Traits(service, policy).routes(),
        ],
        envelope=common.envelope,
        microversions=versions.MICROVERSIONS,
        words=_WORDS,
    )
