"""Compute's policy rules: stock names and stock defaults (2026.2)."""

from __future__ import annotations

_ADMIN = "rule:context_is_admin"
_MEMBER = "rule:project_member_or_admin"
_READER = "rule:project_reader_or_admin"
_ANY = "@"
_OWN_KEYS = f"({_ADMIN}) or user_id:%(user_id)s"
_API = "os_compute_api:"

SERVERS = _API + "servers:"
SERVERS_INDEX = SERVERS + "index"
SERVERS_DETAIL = SERVERS + "detail"
SERVERS_INDEX_ALL = SERVERS + "index:get_all_tenants"
SERVERS_DETAIL_ALL = SERVERS + "detail:get_all_tenants"
SERVERS_ALL_FILTERS = SERVERS + "allow_all_filters"
SERVERS_SHOW = SERVERS + "show"
SERVERS_CREATE = SERVERS + "create"
SERVERS_FORCED_HOST = SERVERS + "create:forced_host"
SERVERS_ATTACH_NETWORK = SERVERS + "create:attach_network"
SERVERS_ATTACH_VOLUME = SERVERS + "create:attach_volume"
SERVERS_ZERO_DISK = SERVERS + "create:zero_disk_flavor"
SERVERS_DELETE = SERVERS + "delete"
SERVERS_UPDATE = SERVERS + "update"
SERVERS_REBOOT = SERVERS + "reboot"
SERVERS_START = SERVERS + "start"
SERVERS_STOP = SERVERS + "stop"
SUSPEND = _API + "os-suspend-server:suspend"
RESUME = _API + "os-suspend-server:resume"
EXTENDED_ATTRIBUTES = _API + "os-extended-server-attributes"
LOCK = _API + "os-lock-server:lock"
UNLOCK = _API + "os-lock-server:unlock"
UNLOCK_OVERRIDE = _API + "os-lock-server:unlock:unlock_override"
METADATA = _API + "server-metadata:"
IPS_INDEX = _API + "ips:index"
IPS_SHOW = _API + "ips:show"
ACTIONS_LIST = _API + "os-instance-actions:list"
ACTIONS_SHOW = _API + "os-instance-actions:show"
ACTIONS_EVENTS = _API + "os-instance-actions:events"
SECURITY_GROUPS_LIST = _API + "os-security-groups:list"
INTERFACES_LIST = _API + "os-attach-interfaces:list"
INTERFACES_SHOW = _API + "os-attach-interfaces:show"
RESET_STATE = _API + "os-admin-actions:reset_state"
FLAVOR_CREATE = _API + "os-flavor-manage:create"
FLAVOR_DELETE = _API + "os-flavor-manage:delete"
FLAVOR_ACCESS = _API + "os-flavor-access"
FLAVOR_ACCESS_ADD = _API + "os-flavor-access:add_tenant_access"
FLAVOR_ACCESS_REMOVE = _API + "os-flavor-access:remove_tenant_access"
EXTRA_SPECS = _API + "os-flavor-extra-specs:"
KEYPAIRS = _API + "os-keypairs:"
LIMITS = _API + "limits"
LIMITS_OTHER = _API + "limits:other_project"
QUOTAS = _API + "os-quota-sets:"
QUOTA_CLASSES = _API + "os-quota-class-sets:"
HYPERVISORS = _API + "os-hypervisors:"
SERVICES = _API + "os-services:"
ZONES_LIST = _API + "os-availability-zone:list"
ZONES_DETAIL = _API + "os-availability-zone:detail"
AGGREGATES = _API + "os-aggregates:"
GROUPS = _API + "os-server-groups:"
EXTENSIONS = _API + "extensions"


def _each(prefix: str, check: str, *names: str) -> list[tuple[str, str]]:
    return [(prefix + name, check) for name in names]


DEFAULTS: list[tuple[str, str]] = [
    ("context_is_admin", "role:admin"),
    ("admin_or_owner", "is_admin:True or project_id:%(project_id)s"),
    ("admin_api", "is_admin:True"),
    ("project_manager_api", "role:manager and project_id:%(project_id)s"),
    ("project_member_api", "role:member and project_id:%(project_id)s"),
    ("project_reader_api", "role:reader and project_id:%(project_id)s"),
    ("service_api", "role:service"),
    ("project_manager_or_admin", "rule:project_manager_api or rule:context_is_admin"),
    ("project_member_or_admin", "rule:project_member_api or rule:context_is_admin"),
    ("project_reader_or_admin", "rule:project_reader_api or rule:context_is_admin"),
    ("service_or_admin", "rule:service_api or rule:context_is_admin"),
    *_each(SERVERS, _READER, "index", "detail", "show"),
    *_each(SERVERS, _ADMIN, "index:get_all_tenants", "detail:get_all_tenants", "allow_all_filters"),
    *_each(SERVERS, _MEMBER, "create", "create:attach_network", "create:attach_volume", "delete", "update"),
    *_each(SERVERS, _MEMBER, "reboot", "start", "stop"),
    *_each(SERVERS, _ADMIN, "create:forced_host", "create:zero_disk_flavor"),
    (SUSPEND, _MEMBER),
    (RESUME, _MEMBER),
    (EXTENDED_ATTRIBUTES, _ADMIN),
    (LOCK, _MEMBER),
    (UNLOCK, _MEMBER),
    (UNLOCK_OVERRIDE, _ADMIN),
    *_each(METADATA, _READER, "index", "show"),
    *_each(METADATA, _MEMBER, "create", "update", "update_all", "delete"),
    (IPS_INDEX, _READER),
    (IPS_SHOW, _READER),
    (ACTIONS_LIST, _READER),
    (ACTIONS_SHOW, _READER),
    (ACTIONS_EVENTS, _ADMIN),
    (SECURITY_GROUPS_LIST, _READER),
    (INTERFACES_LIST, _READER),
    (INTERFACES_SHOW, _READER),
    (RESET_STATE, _ADMIN),
    (FLAVOR_CREATE, _ADMIN),
    (FLAVOR_DELETE, _ADMIN),
    (FLAVOR_ACCESS, _ADMIN),
    (FLAVOR_ACCESS_ADD, _ADMIN),
    (FLAVOR_ACCESS_REMOVE, _ADMIN),
    *_each(EXTRA_SPECS, _READER, "index", "show"),
    *_each(EXTRA_SPECS, _ADMIN, "create", "update", "delete"),
    *_each(KEYPAIRS, _OWN_KEYS, "index", "create", "delete", "show"),
    (LIMITS, _ANY),
    (LIMITS_OTHER, _ADMIN),
    *_each(QUOTAS, _ADMIN, "update", "delete"),
    (QUOTAS + "defaults", _ANY),
    *_each(QUOTAS, _READER, "show", "detail"),
    *_each(QUOTA_CLASSES, _ADMIN, "show", "update"),
    *_each(HYPERVISORS, _ADMIN, "list", "list-detail", "statistics", "show", "uptime", "search", "servers"),
    *_each(SERVICES, _ADMIN, "list", "update", "delete"),
    (ZONES_LIST, _ANY),
    (ZONES_DETAIL, _ADMIN),
    *_each(
        AGGREGATES, _ADMIN, "index", "show", "create", "update", "delete", "add_host", "remove_host", "set_metadata"
    ),
    *_each(GROUPS, _MEMBER, "create", "delete"),
    *_each(GROUPS, _READER, "index", "show"),
    (GROUPS + "index:all_projects", _ADMIN),
    (EXTENSIONS, _ANY),
]
