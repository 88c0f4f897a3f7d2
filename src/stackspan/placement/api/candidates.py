"""/allocation_candidates"""

from __future__ import annotations

from stackspan.http.policy import Policy
from stackspan.http.request import Request, Response
from stackspan.http.routing import Route
from stackspan.placement import policy, versions, views
from stackspan.placement.api import query
from stackspan.placement.api.common import accepts_json, answer, version_of
from stackspan.placement.service import PlacementService
from stackspan.placement.service.matching import CandidateRequest


class Candidates:
    """Handler of allocation candidates."""

    def __init__(self, service: PlacementService, rules: Policy) -> None:
        self._service = service
        self._policy = rules

    def routes(self) -> list[Route]:
        """All of them."""
        return [Route("GET", "/allocation_candidates", self.list, min_version=versions.CANDIDATES)]

    def list(self, request: Request) -> Response:
        """200; 400, 403."""
        self._policy.check(request.context, policy.CANDIDATES_LIST, {})
        accepts_json(request)
        version = version_of(request)
        required = () if version >= versions.GROUPS else ("resources",)
        query.check(request, query.candidate_names(request), required)
        limit = query.limit(request)
        groups = query.groups(request)
        wanted = CandidateRequest(
            groups=groups,
            isolate=query.group_policy(request, groups) == "isolate",
            nested=version >= versions.CANDIDATE_TREES,
        )
        found = self._service.allocation_candidates.find(wanted, limit)
        return answer(request, versions.candidates(views.candidates(found), version), self._service.clock.now())
