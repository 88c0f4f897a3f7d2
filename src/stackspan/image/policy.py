"""Rule names and defaults, as stock glance has them."""

from __future__ import annotations

_ADMIN = "role:admin"
_MEMBER = "role:admin or (role:member and project_id:%(project_id)s)"
_READER = "role:admin or (role:reader and project_id:%(project_id)s)"

DEFAULTS: tuple[tuple[str, str], ...] = (
    ("context_is_admin", _ADMIN),
    ("add_image", _MEMBER),
    ("delete_image", _MEMBER),
    ("get_image", "role:admin or role:reader"),
    ("get_images", "role:admin or role:reader"),
    ("modify_image", _MEMBER),
    ("publicize_image", _ADMIN),
    ("communitize_image", _MEMBER),
    ("download_image", "role:admin or role:member"),
    ("upload_image", _MEMBER),
    ("deactivate", _MEMBER),
    ("reactivate", _MEMBER),
    ("add_member", _MEMBER),
    ("delete_member", _MEMBER),
    ("get_members", "role:admin or role:reader"),
    ("modify_member", "role:admin or role:member"),
)
