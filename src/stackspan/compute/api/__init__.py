"""Compute's HTTP side: `build_api` lists every route."""

from __future__ import annotations

from stackspan.compute import versions
from stackspan.compute.api import discovery, flavors, images, nodes, quotas, server_actions, servers
from stackspan.compute.service import ComputeService
from stackspan.http import errors as http_errors
from stackspan.http.policy import Policy
from stackspan.http.routing import ServiceApi

__all__ = ["build_api"]


def build_api(service: ComputeService, policy: Policy, prefix: str = "/compute") -> ServiceApi:
    """The Compute API v2.1 under `prefix`."""
    nouns = (
        discovery.DiscoveryApi,
        servers.ServersApi,
        server_actions.ServerActionsApi,
        server_actions.ServerMetadataApi,
        flavors.FlavorsApi,
        flavors.KeyPairsApi,
        quotas.QuotasApi,
        nodes.HypervisorsApi,
        nodes.ServicesApi,
        nodes.AggregatesApi,
        nodes.ServerGroupsApi,
        images.ImagesApi,
    )
    return ServiceApi(
        name="compute",
        prefix=prefix,
        routes=[route for noun in nouns for route in noun(service, policy).routes()],
        envelope=http_errors.compute_envelope,
        microversions=versions.RANGE,
        project_root="/v2.1",
        request_id_header="x-compute-request-id",
    )
