"""Rule names and defaults, as stock Placement has them."""

from __future__ import annotations

WORDS = "Policy does not allow {rule} to be performed."

_ADMIN_OR_SERVICE = "rule:admin_or_service_api"
_PROJECT = ("project",)

PROVIDERS_LIST = "placement:resource_providers:list"
PROVIDERS_CREATE = "placement:resource_providers:create"
PROVIDERS_SHOW = "placement:resource_providers:show"
PROVIDERS_UPDATE = "placement:resource_providers:update"
PROVIDERS_DELETE = "placement:resource_providers:delete"
INVENTORIES_LIST = "placement:resource_providers:inventories:list"
INVENTORIES_CREATE = "placement:resource_providers:inventories:create"
INVENTORIES_SHOW = "placement:resource_providers:inventories:show"
INVENTORIES_UPDATE = "placement:resource_providers:inventories:update"
INVENTORIES_DELETE = "placement:resource_providers:inventories:delete"
AGGREGATES_LIST = "placement:resource_providers:aggregates:list"
AGGREGATES_UPDATE = "placement:resource_providers:aggregates:update"
PROVIDER_TRAITS_LIST = "placement:resource_providers:traits:list"
PROVIDER_TRAITS_UPDATE = "placement:resource_providers:traits:update"
PROVIDER_TRAITS_DELETE = "placement:resource_providers:traits:delete"
PROVIDER_ALLOCATIONS_LIST = "placement:resource_providers:allocations:list"
PROVIDER_USAGES = "placement:resource_providers:usages"
USAGES = "placement:usages"
CLASSES_LIST = "placement:resource_classes:list"
CLASSES_CREATE = "placement:resource_classes:create"
CLASSES_SHOW = "placement:resource_classes:show"
CLASSES_UPDATE = "placement:resource_classes:update"
CLASSES_DELETE = "placement:resource_classes:delete"
TRAITS_LIST = "placement:traits:list"
TRAITS_SHOW = "placement:traits:show"
TRAITS_UPDATE = "placement:traits:update"
TRAITS_DELETE = "placement:traits:delete"
ALLOCATIONS_MANAGE = "placement:allocations:manage"
ALLOCATIONS_LIST = "placement:allocations:list"
ALLOCATIONS_UPDATE = "placement:allocations:update"
ALLOCATIONS_DELETE = "placement:allocations:delete"
CANDIDATES_LIST = "placement:allocation_candidates:list"

_FOR_ADMIN_OR_SERVICE = (
    PROVIDERS_LIST,
    PROVIDERS_CREATE,
    PROVIDERS_SHOW,
    PROVIDERS_UPDATE,
    PROVIDERS_DELETE,
    INVENTORIES_LIST,
    INVENTORIES_CREATE,
    INVENTORIES_SHOW,
    INVENTORIES_UPDATE,
    INVENTORIES_DELETE,
    AGGREGATES_LIST,
    AGGREGATES_UPDATE,
    PROVIDER_TRAITS_LIST,
    PROVIDER_TRAITS_UPDATE,
    PROVIDER_TRAITS_DELETE,
    PROVIDER_ALLOCATIONS_LIST,
    PROVIDER_USAGES,
    CLASSES_LIST,
    CLASSES_CREATE,
    CLASSES_SHOW,
    CLASSES_UPDATE,
    CLASSES_DELETE,
    TRAITS_LIST,
    TRAITS_SHOW,
    TRAITS_UPDATE,
    TRAITS_DELETE,
    ALLOCATIONS_MANAGE,
    ALLOCATIONS_LIST,
    ALLOCATIONS_UPDATE,
    ALLOCATIONS_DELETE,
    CANDIDATES_LIST,
)

DEFAULTS: tuple[tuple[str, str] | tuple[str, str, tuple[str, ...]], ...] = (
    ("admin_api", "role:admin", _PROJECT),
    ("service_api", "role:service", _PROJECT),
    ("admin_or_service_api", "role:admin or role:service", _PROJECT),
    ("project_reader_api", "role:reader and project_id:%(project_id)s"),
    ("admin_or_project_reader_or_service_api", "role:admin or rule:project_reader_api or role:service", _PROJECT),
    *((name, _ADMIN_OR_SERVICE, _PROJECT) for name in _FOR_ADMIN_OR_SERVICE),
    (USAGES, "rule:admin_or_project_reader_or_service_api", _PROJECT),
)
