"""Rule names and defaults, as stock neutron has them."""

from __future__ import annotations

_ADMIN = "role:admin"
_READER = "role:admin or (role:reader and project_id:%(project_id)s)"
_MEMBER = "role:admin or (role:member and project_id:%(project_id)s)"

DEFAULTS: tuple[tuple[str, str], ...] = (
    ("context_is_admin", _ADMIN),
    ("admin_only", _ADMIN),
    ("create_network", _MEMBER),
    ("create_network:shared", _ADMIN),
    ("create_network:provider:network_type", _ADMIN),
    ("create_network:provider:physical_network", _ADMIN),
    ("create_network:provider:segmentation_id", _ADMIN),
    ("get_network:provider:network_type", _ADMIN),
    ("update_network", _MEMBER),
    ("update_network:shared", _ADMIN),
    ("delete_network", _MEMBER),
    ("create_subnet", _MEMBER),
    ("update_subnet", _MEMBER),
    ("delete_subnet", _MEMBER),
    ("create_port", _MEMBER),
    ("create_port:mac_address", _MEMBER),
    ("create_port:binding:host_id", _ADMIN),
    ("get_port:binding:host_id", _ADMIN),
    ("update_port", _MEMBER),
    ("update_port:mac_address", _ADMIN),
    ("update_port:binding:host_id", _ADMIN),
    ("delete_port", _MEMBER),
    ("create_security_group", _MEMBER),
    ("update_security_group", _MEMBER),
    ("delete_security_group", _MEMBER),
    ("create_security_group_rule", _MEMBER),
    ("delete_security_group_rule", _MEMBER),
    ("get_quota", _READER),
    ("update_quota", _ADMIN),
    ("delete_quota", _ADMIN),
    ("get_agent", _ADMIN),
)
