"""Bodies about servers."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from stackspan.compute import errors
from stackspan.compute.model import NicRequest, ServerRequest
from stackspan.compute.schemas import values
from stackspan.core import errors as core_errors
from stackspan.core import ids
from stackspan.http.validation import Body, OpenBody


class NetworkEntry(Body):
    """One entry of `networks` (2.1–2.31)."""

    uuid: str | None = None
    port: str | None = None
    fixed_ip: str | None = None


class SecurityGroupEntry(Body):
    """One entry of `security_groups`."""

    name: values.Name


class Personality(Body):
    """One file of `personality` (2.1–2.56)."""

    path: str
    contents: str


class BlockDevice(Body):
    """One entry of `block_device_mapping_v2`."""

    source_type: str | None = None
    destination_type: str | None = None
    uuid: str | None = None
    image_id: str | None = None
    volume_id: str | None = None
    snapshot_id: str | None = None
    boot_index: int | str | None = None
    volume_size: int | str | None = None
    delete_on_termination: values.Boolean = False
    guest_format: str | None = None
    device_type: str | None = None
    disk_bus: str | None = None
    device_name: str | None = None
    no_device: Any = None
    virtual_name: str | None = None
    connection_info: str | None = None


class NewServer(Body):
    """The wish in `POST /servers` (2.1–2.18)."""

    name: values.Name
    flavorRef: str | int
    imageRef: str | None = None
    adminPass: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    metadata: values.Metadata = msgspec.field(default_factory=dict)
    networks: list[NetworkEntry] | None = None
    disk_config: str | None = msgspec.field(default=None, name="OS-DCF:diskConfig")
    accessIPv4: str | None = None
    accessIPv6: str | None = None
    personality: tuple[Personality, ...] = ()
    availability_zone: values.Name | None = None
    block_device_mapping: tuple[Any, ...] = ()
    block_device_mapping_v2: tuple[BlockDevice, ...] = ()
    config_drive: values.Boolean | None = None
    key_name: values.Name | None = None
    min_count: values.Number | None = None
    max_count: values.Number | None = None
    return_reservation_id: values.Boolean = False
    security_groups: list[SecurityGroupEntry] | None = None
    user_data: str | None = None


class ServerCreate(Body):
    """`POST /servers`."""

    server: NewServer
    hints: dict[str, Any] = msgspec.field(default_factory=dict, name="os:scheduler_hints")
    old_hints: dict[str, Any] = msgspec.field(default_factory=dict, name="OS-SCH-HNT:scheduler_hints")


class ServerChanges(Body):
    """The changes in `PUT /servers/{id}` (2.1–2.18)."""

    name: values.Name | None = None
    disk_config: str | None = msgspec.field(default=None, name="OS-DCF:diskConfig")
    accessIPv4: str | None = None
    accessIPv6: str | None = None


class ServerUpdate(Body):
    """`PUT /servers/{id}`."""

    server: ServerChanges


class RebootType(Body):
    """What kind of reboot."""

    type: str


class Reboot(Body):
    """`{"reboot": …}`."""

    reboot: RebootType


class StateReset(Body):
    """What state to set."""

    state: str


class ResetState(Body):
    """`{"os-resetState": …}`."""

    reset: StateReset = msgspec.field(name="os-resetState")


class MetadataBody(Body):
    """`{"metadata": {…}}`."""

    metadata: values.Metadata


class MetaItem(Body):
    """`{"meta": {"key": "value"}}`."""

    meta: values.Metadata


class Anything(OpenBody):
    """A body that isn't looked at."""


def server_request(body: ServerCreate) -> ServerRequest:
    """The wish as the service takes it. Raises Invalid, BootRefused."""
    server = body.server
    minimum = values.number("min_count", server.min_count, 1, minimum=1)
    maximum = values.number("max_count", server.max_count, minimum, minimum=1)
    if minimum > maximum:
        raise core_errors.Invalid("min_count must be <= max_count")
    if server.personality:
        raise errors.BootRefused("Personality files are not supported: use user data or a config drive.")
    zone, host, node = _zone(server.availability_zone)
    groups = [entry.name for entry in server.security_groups or ()]
    return ServerRequest(
        name=server.name,
        flavor_id=values.last_segment(str(server.flavorRef)),
        image_id=_image(server),
        metadata=server.metadata,
        networks=_networks(server.networks),
        security_groups=list(dict.fromkeys(groups)),
        key_name=server.key_name,
        user_data=values.base64_text("user_data", server.user_data),
        zone=zone,
        forced_host=host,
        forced_node=node,
        config_drive=None if server.config_drive is None else values.boolean("config_drive", server.config_drive),
        disk_config=values.disk_config(server.disk_config),
        access_ip_v4=values.address("accessIPv4", server.accessIPv4, 4),
        access_ip_v6=values.address("accessIPv6", server.accessIPv6, 6),
        min_count=minimum,
        max_count=maximum,
        hints=body.hints or body.old_hints,
    )


def changes(body: ServerUpdate) -> dict[str, Any]:
    """The columns that change. Raises Invalid."""
    server = body.server
    found: dict[str, Any] = {}
    if server.name is not None:
        found["name"] = server.name
    if server.disk_config is not None:
        found["disk_config"] = values.disk_config(server.disk_config)
    if server.accessIPv4 is not None:
        found["access_ip_v4"] = values.address("accessIPv4", server.accessIPv4, 4)
    if server.accessIPv6 is not None:
        found["access_ip_v6"] = values.address("accessIPv6", server.accessIPv6, 6)
    return found


def _networks(entries: list[NetworkEntry] | None) -> list[NicRequest] | str:
    if not entries:
        return "auto"
    found = []
    for entry in entries:
        if entry.port is not None:
            address = values.address("fixed_ip", entry.fixed_ip)
            if address is not None:
                raise core_errors.Invalid(
                    f"Specified Fixed IP '{address}' cannot be used with port '{entry.port}': "
                    "the two cannot be specified together."
                )
            found.append(NicRequest(port_id=values.uuid("port", entry.port)))
            continue
        if entry.uuid is None:
            raise core_errors.Invalid("Bad network format: missing uuid")
        if not ids.is_uuid_like(entry.uuid):
            raise core_errors.Invalid(f"Bad networks format: network uuid is not in proper format ({entry.uuid})")
        found.append(NicRequest(network_id=entry.uuid, fixed_ip=values.address("fixed_ip", entry.fixed_ip)))
    return found


def _zone(text: str | None) -> tuple[str | None, str | None, str | None]:
    """`zone:host:node` → its parts; host and node are administrators' alone."""
    if text is None or ":" not in text:
        return text, None, None
    parts = text.split(":")
    if len(parts) > 3:
        raise core_errors.Invalid("Unable to parse availability_zone input")
    zone, host, node = (*parts, "")[:3]
    return zone or None, host or None, node or None


def _image(server: NewServer) -> str:
    """The image to boot from: `imageRef`, or the one image among the block devices. Raises BootRefused."""
    if server.block_device_mapping:
        raise errors.BootRefused("Block Device Mapping is Invalid: volumes are not served.")
    mapped = [_mapped_image(entry) for entry in server.block_device_mapping_v2]
    image_id = server.imageRef or (mapped[0] if mapped else None)
    if not image_id:
        raise errors.BootRefused(
            "Block Device Mapping is Invalid: Boot sequence for the instance and image/block device mapping "
            "combination is not valid."
        )
    if len(mapped) > 1 or (mapped and mapped[0] != image_id):
        raise errors.BootRefused(
            "Block Device Mapping is Invalid: Boot sequence for the instance and image/block device mapping "
            "combination is not valid."
        )
    if not ids.is_uuid_like(image_id):
        raise core_errors.Invalid(
            f"Invalid input for field/attribute imageRef. Value: {image_id}. '{image_id}' is not a 'uuid'"
        )
    return image_id


def _mapped_image(entry: BlockDevice) -> str:
    if entry.source_type == "image" and entry.destination_type == "local" and str(entry.boot_index) == "0":
        return entry.uuid or entry.image_id or ""
    raise errors.BootRefused("Block Device Mapping is Invalid: only the image as the local boot disk is served.")
