"""Identity's HTTP side: routes and handlers, a file per noun."""

from __future__ import annotations

from collections.abc import Sequence

from stackspan.http import errors as http_errors
from stackspan.http import validation
from stackspan.http.policy import Policy
from stackspan.http.routing import Route, ServiceApi
from stackspan.identity.api import auth, catalog, delegations, discovery, grants, people, resources, roles
from stackspan.identity.service import Identity

_ASSUMED = (
    "The server could not comply with the request since it is either malformed or otherwise incorrect. "
    "The client is assumed to be in error."
)

_NOUNS = (
    auth.Auth,
    resources.Domains,
    resources.Projects,
    people.Users,
    people.Groups,
    roles.Roles,
    grants.Grants,
    grants.RoleAssignments,
    catalog.Regions,
    catalog.Services,
    catalog.Endpoints,
    catalog.PolicyDocuments,
    delegations.ApplicationCredentials,
    delegations.Trusts,
    delegations.Credentials,
)


def build_api(identity: Identity, policy: Policy, prefix: str = "/identity") -> ServiceApi:
    """Identity v3 at `prefix`."""
    routes: Sequence[Route] = [
        *discovery.Discovery().routes(),
        *(route for noun in _NOUNS for route in noun(identity, policy).routes()),
    ]
    return ServiceApi(
        name="identity",
        prefix=prefix,
        routes=routes,
        envelope=http_errors.identity_envelope,
        statuses={http_errors.UnsupportedMediaType: 400},
        token_first=False,
        words={
            validation.MalformedBody: f"Expecting to find valid JSON in request body. {_ASSUMED}",
            http_errors.UnsupportedMediaType: f"Expecting to find application/json in Content-Type header. {_ASSUMED}",
        },
    )
