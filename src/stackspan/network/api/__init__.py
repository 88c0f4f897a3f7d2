"""Network's HTTP side: `build_api` lists every route."""

from __future__ import annotations

from stackspan.http import errors as http_errors
from stackspan.http.policy import Policy
from stackspan.http.routing import ServiceApi
from stackspan.network import errors
from stackspan.network.api import discovery, networks, ports, quotas, security_groups, subnets
from stackspan.network.service import NetworkService

__all__ = ["build_api"]


def build_api(service: NetworkService, policy: Policy, prefix: str = "/network") -> ServiceApi:
    """The Network API v2.0 under `prefix`."""
    return ServiceApi(
        name="network",
        prefix=prefix,
        routes=[
            *discovery.routes(),
            *networks.NetworksApi(service, policy).routes(),
            *subnets.SubnetsApi(service, policy).routes(),
            *ports.PortsApi(service, policy).routes(),
            *security_groups.SecurityGroupsApi(service, policy).routes(),
            *quotas.QuotasApi(service, policy).routes(),
        ],
        envelope=http_errors.network_envelope,
        statuses={errors.OverQuota: 409},
    )
