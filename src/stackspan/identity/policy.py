"""Identity's policy: stock rule names and defaults."""

from __future__ import annotations

from stackspan.http.policy import DOMAIN, PROJECT, SYSTEM, Rule

WORDS = "You are not authorized to perform the requested action: {rule}."

_ANY = (SYSTEM, DOMAIN, PROJECT)
_NOT_DOMAIN = (SYSTEM, PROJECT)

_ADMIN = "rule:admin_required"
_SYSTEM_READER = "(role:reader and system_scope:all)"
_READ = f"{_ADMIN} or {_SYSTEM_READER}"
_SELF = "user_id:%(target.user.id)s"


def _in_domain(role: str, *keys: str) -> str:
    return "(" + " and ".join([f"role:{role}", *(f"domain_id:%({key})s" for key in keys)]) + ")"


def _grant_pairs(role: str) -> str:
    """A domain's own people on the domain's own projects, or on itself."""
    return " or ".join(
        _in_domain(role, f"target.{actor}.domain_id", target)
        for actor in ("user", "group")
        for target in ("target.project.domain_id", "target.domain.id")
    )


_ROLE_FITS_DOMAIN = "(domain_id:%(target.role.domain_id)s or None:%(target.role.domain_id)s)"
_GRANT_WRITE = (
    f"({_ADMIN}) or (({_grant_pairs('admin')}) and {_ROLE_FITS_DOMAIN})"
    f" or (({_grant_pairs('manager')}) and rule:domain_managed_target_role)"
)
_PROJECT_READ = (
    f"({_READ}) or (role:reader and domain_id:%(target.project.domain_id)s and not None:%(target.project.domain_id)s)"
    " or project_id:%(target.project.id)s"
)
_PROJECT_WRITE = (
    f"({_ADMIN}) or (role:manager and domain_id:%(target.project.domain_id)s and not None:%(target.project.domain_id)s)"
)
_LIST_IN_DOMAIN = f"({_READ}) or {_in_domain('reader', 'target.domain_id')}"
_GROUP_READ = f"({_READ}) or {_in_domain('reader', 'target.group.domain_id')}"
_GROUP_WRITE = f"({_ADMIN}) or {_in_domain('manager', 'target.group.domain_id')}"
_MEMBER_WRITE = f"({_ADMIN}) or {_in_domain('manager', 'target.group.domain_id', 'target.user.domain_id')}"
_USER_WRITE = f"({_ADMIN}) or (role:manager and token.domain.id:%(target.user.domain_id)s)"
_CREDENTIAL = "user_id:%(target.credential.user_id)s"
_TRUSTOR, _TRUSTEE = "user_id:%(target.trust.trustor_user_id)s", "user_id:%(target.trust.trustee_user_id)s"

BASE: tuple[Rule, ...] = (
    ("admin_required", "role:admin or is_admin:1"),
    ("service_role", "role:service"),
    ("service_or_admin", "rule:admin_required or rule:service_role"),
    ("owner", "user_id:%(user_id)s"),
    ("admin_or_owner", "rule:admin_required or rule:owner"),
    ("token_subject", "user_id:%(target.token.user_id)s"),
    ("admin_or_token_subject", "rule:admin_required or rule:token_subject"),
    ("service_admin_or_token_subject", "rule:service_or_admin or rule:token_subject"),
    (
        "domain_managed_target_role",
        "'manager':%(target.role.name)s or 'member':%(target.role.name)s or 'reader':%(target.role.name)s",
    ),
)


def _nouns(noun: str, plural: str, read: str, write: str, scopes: tuple[str, ...] = _NOT_DOMAIN) -> tuple[Rule, ...]:
    return (
        (f"identity:get_{noun}", read, scopes),
        (f"identity:list_{plural}", read, scopes),
        (f"identity:create_{noun}", write, scopes),
        (f"identity:update_{noun}", write, scopes),
        (f"identity:delete_{noun}", write, scopes),
    )


AUTH: tuple[Rule, ...] = (
    ("identity:check_token", f"{_READ} or rule:token_subject", _ANY),
    ("identity:validate_token", f"{_READ} or rule:service_role or rule:token_subject", _ANY),
    ("identity:revoke_token", f"{_ADMIN} or rule:token_subject", _ANY),
    ("identity:get_auth_catalog", ""),
    ("identity:get_auth_projects", ""),
    ("identity:get_auth_domains", ""),
    ("identity:get_auth_system", ""),
)

RESOURCE: tuple[Rule, ...] = (
    (
        "identity:get_domain",
        f"{_READ} or token.domain.id:%(target.domain.id)s or token.project.domain.id:%(target.domain.id)s",
        _ANY,
    ),
    ("identity:list_domains", f"{_READ} or {_in_domain('reader', 'target.domain.id')}", _ANY),
    ("identity:create_domain", _ADMIN, _NOT_DOMAIN),
    ("identity:update_domain", _ADMIN, _NOT_DOMAIN),
    ("identity:delete_domain", _ADMIN, _NOT_DOMAIN),
    ("identity:get_project", _PROJECT_READ, _ANY),
    ("identity:list_projects", _LIST_IN_DOMAIN, _ANY),
    ("identity:list_user_projects", f"({_READ}) or {_in_domain('reader', 'target.user.domain_id')} or {_SELF}", _ANY),
    ("identity:create_project", _PROJECT_WRITE, _ANY),
    ("identity:update_project", _PROJECT_WRITE, _ANY),
    ("identity:delete_project", _PROJECT_WRITE, _ANY),
    ("identity:list_project_tags", _PROJECT_READ, _ANY),
    ("identity:get_project_tag", _PROJECT_READ, _ANY),
    ("identity:update_project_tags", _PROJECT_WRITE, _ANY),
    ("identity:create_project_tag", _PROJECT_WRITE, _ANY),
    ("identity:delete_project_tags", _PROJECT_WRITE, _ANY),
    ("identity:delete_project_tag", _PROJECT_WRITE, _ANY),
)

PEOPLE: tuple[Rule, ...] = (
    (
        "identity:get_user",
        f"({_READ}) or (role:reader and token.domain.id:%(target.user.domain_id)s) or {_SELF}",
        _ANY,
    ),
    ("identity:list_users", _LIST_IN_DOMAIN, _ANY),
    ("identity:create_user", _USER_WRITE, _ANY),
    ("identity:update_user", _USER_WRITE, _ANY),
    ("identity:delete_user", _USER_WRITE, _ANY),
    ("identity:get_group", _GROUP_READ, _ANY),
    ("identity:list_groups", _GROUP_READ, _ANY),
    (
        "identity:list_groups_for_user",
        f"({_READ}) or {_in_domain('reader', 'target.user.domain_id')} or user_id:%(user_id)s",
        _ANY,
    ),
    ("identity:create_group", _GROUP_WRITE, _ANY),
    ("identity:update_group", _GROUP_WRITE, _ANY),
    ("identity:delete_group", _GROUP_WRITE, _ANY),
    ("identity:list_users_in_group", _GROUP_READ, _ANY),
    ("identity:remove_user_from_group", _MEMBER_WRITE, _ANY),
    (
        "identity:check_user_in_group",
        f"({_READ}) or {_in_domain('reader', 'target.group.domain_id', 'target.user.domain_id')}",
        _ANY,
    ),
    ("identity:add_user_to_group", _MEMBER_WRITE, _ANY),
)

ROLES: tuple[Rule, ...] = (
    ("identity:get_role", f"({_READ}) or (role:manager and rule:domain_managed_target_role)", _ANY),
    ("identity:list_roles", f"({_READ}) or (role:manager and not domain_id:None)", _ANY),
    ("identity:create_role", _ADMIN, _NOT_DOMAIN),
    ("identity:update_role", _ADMIN, _NOT_DOMAIN),
    ("identity:delete_role", _ADMIN, _NOT_DOMAIN),
    *_nouns("domain_role", "domain_roles", _READ, _ADMIN),
    ("identity:get_implied_role", _READ, _NOT_DOMAIN),
    ("identity:list_implied_roles", _READ, _NOT_DOMAIN),
    ("identity:create_implied_role", _ADMIN, _NOT_DOMAIN),
    ("identity:delete_implied_role", _ADMIN, _NOT_DOMAIN),
    ("identity:list_role_inference_rules", _READ, _NOT_DOMAIN),
    ("identity:check_implied_role", _READ, _NOT_DOMAIN),
    ("identity:list_role_assignments", _LIST_IN_DOMAIN, _ANY),
    ("identity:list_role_assignments_for_tree", _LIST_IN_DOMAIN, _ANY),
    (
        "identity:check_grant",
        f"({_ADMIN}) or (({_SYSTEM_READER} or {_grant_pairs('reader')}) and {_ROLE_FITS_DOMAIN})",
        _ANY,
    ),
    ("identity:list_grants", f"({_READ}) or {_grant_pairs('reader')}", _ANY),
    ("identity:create_grant", _GRANT_WRITE, _ANY),
    ("identity:revoke_grant", _GRANT_WRITE, _ANY),
    *(
        (f"identity:{verb}_system_grant{plural}_for_{actor}", check, _NOT_DOMAIN)
        for actor in ("user", "group")
        for verb, plural, check in (
            ("list", "s", _READ),
            ("check", "", _READ),
            ("create", "", _ADMIN),
            ("revoke", "", _ADMIN),
        )
    ),
)

CATALOG: tuple[Rule, ...] = (
    ("identity:get_region", "", _ANY),
    ("identity:list_regions", "", _ANY),
    ("identity:create_region", _ADMIN, _NOT_DOMAIN),
    ("identity:update_region", _ADMIN, _NOT_DOMAIN),
    ("identity:delete_region", _ADMIN, _NOT_DOMAIN),
    *_nouns("service", "services", _READ, _ADMIN),
    *_nouns("endpoint", "endpoints", _READ, _ADMIN),
    *_nouns("policy", "policies", _READ, _ADMIN),
)

DELEGATIONS: tuple[Rule, ...] = (
    ("identity:get_access_rule", f"{_SYSTEM_READER} or {_SELF}", _NOT_DOMAIN),
    ("identity:list_access_rules", f"{_SYSTEM_READER} or {_SELF}", _NOT_DOMAIN),
    ("identity:delete_access_rule", f"(role:admin and system_scope:all) or {_SELF}", _NOT_DOMAIN),
    ("identity:get_application_credential", f"({_READ}) or rule:owner", _NOT_DOMAIN),
    ("identity:list_application_credentials", f"({_READ}) or rule:owner", _NOT_DOMAIN),
    ("identity:create_application_credential", "user_id:%(user_id)s", (PROJECT,)),
    ("identity:delete_application_credential", "rule:admin_or_owner", _NOT_DOMAIN),
    ("identity:create_trust", _TRUSTOR, (PROJECT,)),
    ("identity:list_trusts", _READ, _NOT_DOMAIN),
    ("identity:list_trusts_for_trustor", f"({_READ}) or {_TRUSTOR}", _NOT_DOMAIN),
    ("identity:list_trusts_for_trustee", f"({_READ}) or {_TRUSTEE}", _NOT_DOMAIN),
    ("identity:list_roles_for_trust", f"({_READ}) or {_TRUSTOR} or {_TRUSTEE}", _NOT_DOMAIN),
    ("identity:get_role_for_trust", f"({_READ}) or {_TRUSTOR} or {_TRUSTEE}", _NOT_DOMAIN),
    ("identity:delete_trust", f"{_ADMIN} or {_TRUSTOR}", _NOT_DOMAIN),
    ("identity:get_trust", f"({_READ}) or {_TRUSTOR} or {_TRUSTEE}", _NOT_DOMAIN),
    ("identity:get_credential", f"({_READ}) or {_CREDENTIAL}", _ANY),
    ("identity:list_credentials", f"({_READ}) or {_CREDENTIAL}", _ANY),
    ("identity:create_credential", f"({_ADMIN}) or {_CREDENTIAL}", _ANY),
    ("identity:update_credential", f"({_ADMIN}) or {_CREDENTIAL}", _ANY),
    ("identity:delete_credential", f"({_ADMIN}) or {_CREDENTIAL}", _ANY),
)

DEFAULTS: tuple[Rule, ...] = (*BASE, *AUTH, *RESOURCE, *PEOPLE, *ROLES, *CATALOG, *DELEGATIONS)
