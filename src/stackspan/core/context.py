"""Who asks: the authenticated caller of one request, or the service itself in a job."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class RequestContext:
    """The caller of one request.

    `project_id`, `domain_id` and `system_scope` are what the token is scoped to (one of them, or none: unscoped).
    `roles` holds role names with implied ones expanded.
    """

    request_id: str
    user_id: str = ""
    user_name: str = ""
    user_domain_id: str = ""
    user_domain_name: str = ""
    project_id: str | None = None
    project_name: str | None = None
    project_domain_id: str | None = None
    project_domain_name: str | None = None
    domain_id: str | None = None
    domain_name: str | None = None
    system_scope: str | None = None  # "all" or None
    roles: frozenset[str] = field(default_factory=frozenset)
    service_roles: frozenset[str] = field(default_factory=frozenset)  # of an X-Service-Token
    token_id: str = field(default="", repr=False)
    audit_id: str = ""
    application_credential_id: str | None = None
    trust_id: str | None = None
    access_rules: tuple[tuple[str, str, str], ...] | None = (
        None  # (service type, method, path) it is good for; None: all
    )
    is_anonymous: bool = False

    @property
    def is_admin(self) -> bool:
        """Whether the caller has the admin role (stock `context_is_admin`)."""
        return "admin" in self.roles

    def policy_credentials(self) -> dict[str, object]:
        """The credentials that oslo.policy rules are checked against, under the stock services' keys."""
        return {
            "user_id": self.user_id,
            "user_domain_id": self.user_domain_id,
            "project_id": self.project_id,
            "tenant_id": self.project_id,
            "project_domain_id": self.project_domain_id,
            "domain_id": self.domain_id,
            "token": {"domain": {"id": self.domain_id}, "project": {"domain": {"id": self.project_domain_id}}},
            "system_scope": self.system_scope,
            "roles": sorted(self.roles),
            "service_roles": sorted(self.service_roles),
            "is_admin": self.is_admin,
            "request_id": self.request_id,
        }
