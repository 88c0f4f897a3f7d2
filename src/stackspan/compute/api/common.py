"""What every noun's handlers share: policy on a server, and the stock answer to a policy's no."""

from __future__ import annotations

from collections.abc import Callable

from stackspan.compute.model import Server
from stackspan.compute.service import ComputeService
from stackspan.core import errors
from stackspan.http.policy import Policy
from stackspan.http.request import Request


class Handlers:
    """Base of the handlers of a noun."""

    def __init__(self, service: ComputeService, policy: Policy) -> None:
        self.service = service
        self.policy = policy

    def admin(self, request: Request, rule: str) -> None:
        """Check a rule that has no target, such as those of hypervisors."""
        self.policy.check(request.context, rule, {})

    def own(self, request: Request, rule: str) -> None:
        """Check a rule on the caller's own project."""
        self.policy.check(request.context, rule)

    def server(self, request: Request, rule: str, *, deleted: bool = False) -> Server:
        """The request's server, if the rule lets the caller act on it. Statuses: 403, 404."""
        found = self.service.servers.get(request.context, request.param("server_id"), deleted=deleted)
        self.policy.check(request.context, rule, {"project_id": found.project_id, "user_id": found.user_id})
        return found


def integer(text: str, missing: Callable[[str], errors.StackspanError]) -> int:
    """An integer id of a path; anything else is the noun's "not found"."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise missing(text)
    return int(text)
