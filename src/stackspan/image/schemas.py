"""The JSON schemas that the Image API shows, and what of a body is whose."""

from __future__ import annotations

from typing import Any

from stackspan.image.model import CONTAINER_FORMATS, DISK_FORMATS, VISIBILITIES

READ_ONLY = frozenset(
    {
        "status", "size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value", "created_at", "updated_at",
        "self", "file", "schema", "direct_url", "locations", "stores",
    }
)  # fmt: skip
BASE = frozenset(
    {
        "id", "name", "visibility", "container_format", "disk_format", "min_disk", "min_ram", "protected", "os_hidden",
        "owner", "tags",
    }
)  # fmt: skip
RESERVED_PREFIX = "os_glance"
_UUID = "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$"


def _text(maximum: int | None, description: str, *, null: bool = True, read_only: bool = False) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": ["null", "string"] if null else "string", "description": description}
    if maximum is not None:
        shown["maxLength"] = maximum
    if read_only:
        shown["readOnly"] = True
    return shown


def image_schema() -> dict[str, Any]:
    """`/v2/schemas/image`."""
    properties: dict[str, Any] = {
        "id": {"type": "string", "pattern": _UUID, "description": "An identifier for the image"},
        "name": _text(255, "Descriptive name for the image"),
        "status": {
            "type": "string",
            "readOnly": True,
            "description": "Status of the image",
            "enum": [
                "queued", "saving", "active", "killed", "deleted", "uploading", "importing", "pending_delete",
                "deactivated",
            ],
        },
        "visibility": {"type": "string", "enum": sorted(VISIBILITIES), "description": "Scope of image accessibility"},
        "protected": {"type": "boolean", "description": "If true, image will not be deletable."},
        "os_hidden": {"type": "boolean", "description": "If true, image will not appear in default image list response."},
        "checksum": _text(32, "md5 hash of image contents.", read_only=True),
        "os_hash_algo": _text(64, "Algorithm to calculate the os_hash_value", read_only=True),
        "os_hash_value": _text(128, "Hexdigest of the image contents", read_only=True),
        "owner": _text(255, "Owner of the image"),
        "size": {"type": ["null", "integer"], "readOnly": True, "description": "Size of image file in bytes"},
        "virtual_size": {"type": ["null", "integer"], "readOnly": True, "description": "Virtual size of image in bytes"},
        "container_format": {
            "type": ["null", "string"],
            "enum": [None, *CONTAINER_FORMATS],
            "description": "Format of the container",
        },
        "disk_format": {"type": ["null", "string"], "enum": [None, *DISK_FORMATS], "description": "Format of the disk"},
        "created_at": _text(None, "Date and time of image registration", null=False, read_only=True),
        "updated_at": _text(None, "Date and time of the last image modification", null=False, read_only=True),
        "tags": {
            "type": "array",
            "items": {"type": "string", "maxLength": 255},
            "description": "List of strings related to the image",
        },
        "min_ram": {"type": "integer", "description": "Amount of ram (in MB) required to boot image."},
        "min_disk": {"type": "integer", "description": "Amount of disk space (in GB) required to boot image."},
        "self": _text(None, "An image self url", null=False, read_only=True),
        "file": _text(None, "An image file url", null=False, read_only=True),
        "schema": _text(None, "An image schema url", null=False, read_only=True),
    }  # fmt: skip
    return {
        "name": "image",
        "properties": properties,
        "additionalProperties": {"type": "string"},
        "links": [
            {"href": "{self}", "rel": "self"},
            {"href": "{file}", "rel": "enclosure"},
            {"href": "{schema}", "rel": "describedby"},
        ],
    }


def images_schema() -> dict[str, Any]:
    """`/v2/schemas/images`."""
    return _collection("images", image_schema())


def member_schema() -> dict[str, Any]:
    """`/v2/schemas/member`."""
    properties = {
        "member_id": _text(None, "An identifier for the image member (tenantId)", null=False),
        "image_id": {"type": "string", "pattern": _UUID, "description": "An identifier for the image"},
        "created_at": _text(None, "Date and time of image member creation", null=False),
        "updated_at": _text(None, "Date and time of last modification of image member", null=False),
        "status": {
            "type": "string",
            "enum": ["pending", "accepted", "rejected"],
            "description": "The status of this image member",
        },
        "schema": _text(None, "A schema url", null=False, read_only=True),
    }
    return {"name": "member", "properties": properties}


def members_schema() -> dict[str, Any]:
    """`/v2/schemas/members`."""
    shown = _collection("members", member_schema())
    shown["links"] = [{"href": "{schema}", "rel": "describedby"}]
    return shown


def _collection(name: str, item: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "properties": {
            name: {"type": "array", "items": item},
            "first": {"type": "string"},
            "next": {"type": "string"},
            "schema": {"type": "string"},
        },
        "links": [
            {"href": "{first}", "rel": "first"},
            {"href": "{next}", "rel": "next"},
            {"href": "{schema}", "rel": "describedby"},
        ],
    }
