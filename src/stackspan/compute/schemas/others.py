"""Bodies about flavors, key pairs, quotas, services, aggregates and server groups."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec

from stackspan.compute.schemas import values
from stackspan.compute.service.flavors import NewFlavor
from stackspan.core import errors
from stackspan.http.validation import Body

_FLAVOR_ID = re.compile(r"(?! )[a-zA-Z0-9. _-]+(?<! )\Z", re.ASCII)
_SPEC_KEY = r"^[a-zA-Z0-9_:. -]{1,255}\Z"

ExtraSpecs = dict[Annotated[str, msgspec.Meta(pattern=_SPEC_KEY)], Annotated[str, msgspec.Meta(max_length=255)]]


class FlavorBody(Body):
    """A flavor to be made (2.1–2.54)."""

    name: values.Name
    ram: values.Number
    vcpus: values.Number
    disk: values.Number
    id: str | int | None = None
    swap: values.Number | None = None
    rxtx_factor: float | str | None = None
    ephemeral: values.Number | None = msgspec.field(default=None, name="OS-FLV-EXT-DATA:ephemeral")
    is_public: values.Boolean | None = msgspec.field(default=None, name="os-flavor-access:is_public")


class FlavorCreate(Body):
    """`POST /flavors`."""

    flavor: FlavorBody


class ExtraSpecsBody(Body):
    """`POST /flavors/{id}/os-extra_specs`."""

    extra_specs: ExtraSpecs


class TenantAccess(Body):
    """Whose access."""

    tenant: Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^[a-zA-Z0-9-]*\Z")]


class AccessAdd(Body):
    """`{"addTenantAccess": …}`."""

    addTenantAccess: TenantAccess


class AccessRemove(Body):
    """`{"removeTenantAccess": …}`."""

    removeTenantAccess: TenantAccess


_KeyName = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^[_\- a-zA-Z0-9]+\Z")]


class KeyPairBody(Body):
    """A key pair to be made (2.1)."""

    name: _KeyName
    public_key: str | None = None


class KeyPairCreate(Body):
    """`POST /os-keypairs` (2.1)."""

    keypair: KeyPairBody


class KeyPairBody22(KeyPairBody):
    """… with a type (2.2–2.9)."""

    type: str = "ssh"


class KeyPairCreate22(Body):
    """`POST /os-keypairs` (2.2–2.9)."""

    keypair: KeyPairBody22


class KeyPairBody210(KeyPairBody22):
    """… for another user (2.10–2.91)."""

    user_id: Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^[a-zA-Z0-9-]*\Z")] | None = None


class KeyPairCreate210(Body):
    """`POST /os-keypairs` (2.10–2.91)."""

    keypair: KeyPairBody210


class QuotaBody(Body):
    """Limits of a project (2.1–2.35). What belongs to Network is taken and has no effect, as in stock."""

    instances: values.Number | None = None
    cores: values.Number | None = None
    ram: values.Number | None = None
    metadata_items: values.Number | None = None
    injected_files: values.Number | None = None
    injected_file_content_bytes: values.Number | None = None
    injected_file_path_bytes: values.Number | None = None
    key_pairs: values.Number | None = None
    server_groups: values.Number | None = None
    server_group_members: values.Number | None = None
    fixed_ips: values.Number | None = None
    floating_ips: values.Number | None = None
    security_groups: values.Number | None = None
    security_group_rules: values.Number | None = None
    networks: values.Number | None = None
    force: values.Boolean | None = None
    tenant_id: str | None = None
    id: str | None = None


class QuotaUpdate(Body):
    """`PUT /os-quota-sets/{id}`."""

    quota_set: QuotaBody


class QuotaClassUpdate(Body):
    """`PUT /os-quota-class-sets/{name}`."""

    quota_class_set: QuotaBody


class ServiceBody(Body):
    """Which service (2.1–2.52)."""

    host: values.Host
    binary: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    disabled_reason: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | None = None


class ServiceForceDown(Body):
    """`PUT /os-services/force-down` (2.11–2.52)."""

    host: values.Host
    binary: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    forced_down: values.Boolean


class AggregateBody(Body):
    """An aggregate."""

    name: values.Name
    availability_zone: values.ZoneName | None = None


class AggregateCreate(Body):
    """`POST /os-aggregates`."""

    aggregate: AggregateBody


class AggregateChanges(Body):
    """What changes of an aggregate."""

    name: values.Name | None = None
    availability_zone: values.ZoneName | None = None


class AggregateUpdate(Body):
    """`PUT /os-aggregates/{id}`."""

    aggregate: AggregateChanges


class HostEntry(Body):
    """A hypervisor's service host."""

    host: values.Host


class HostAdd(Body):
    """`{"add_host": …}`."""

    add_host: HostEntry


class HostRemove(Body):
    """`{"remove_host": …}`."""

    remove_host: HostEntry


class AggregateMetadata(Body):
    """The metadata of an aggregate; null removes a key."""

    metadata: dict[values.MetadataKey, values.MetadataValue | None]


class MetadataSet(Body):
    """`{"set_metadata": …}`."""

    set_metadata: AggregateMetadata


class GroupBody(Body):
    """A server group (2.1–2.14)."""

    name: values.Name
    policies: Annotated[list[str], msgspec.Meta(min_length=1, max_length=1)]


class GroupCreate(Body):
    """`POST /os-server-groups`."""

    server_group: GroupBody


def new_flavor(body: FlavorCreate) -> NewFlavor:
    """The flavor as the service takes it. Raises Invalid."""
    flavor = body.flavor
    flavor_id = None if flavor.id in (None, "auto") else str(flavor.id)
    if flavor_id is not None and (len(flavor_id) > 255 or not _FLAVOR_ID.match(flavor_id)):
        raise errors.Invalid(
            f"Invalid input for field/attribute id. Value: {flavor_id[:255]}. "
            f"'{flavor_id[:255]}' does not match '^(?! )[a-zA-Z0-9. _-]+(?<! )$'"
        )
    return NewFlavor(
        id=flavor_id,
        name=flavor.name,
        vcpus=values.number("vcpus", flavor.vcpus, minimum=1),
        memory_mib=values.number("ram", flavor.ram, minimum=1),
        root_gib=values.number("disk", flavor.disk),
        ephemeral_gib=values.number("OS-FLV-EXT-DATA:ephemeral", flavor.ephemeral),
        swap_mib=values.number("swap", flavor.swap),
        rxtx_factor=_factor(flavor.rxtx_factor),
        is_public=values.boolean("os-flavor-access:is_public", flavor.is_public, True),
    )


def limits(body: QuotaBody, resources: tuple[str, ...]) -> dict[str, int]:
    """The limits given, of `resources`. Raises Invalid."""
    found: dict[str, int] = {}
    for resource in resources:
        value: Any = getattr(body, resource)
        if value is not None:
            found[resource] = values.number(resource, value, minimum=-1)
    return found


def _factor(value: float | str | None) -> float:
    if value is None:
        return 1.0
    try:
        found = float(value)
    except ValueError:
        found = 0.0
    if not 0 < found < 3.40282e38:
        raise errors.Invalid(f"Invalid input for field/attribute rxtx_factor. Value: {value}. It must be above 0.")
    return found
