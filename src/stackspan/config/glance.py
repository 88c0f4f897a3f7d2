"""Image's settings: glance-api.conf, with the stores of `[glance_store]` or of sections of their own."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from stackspan.config.secret import Secret
from stackspan.config.vcenter import VCenterSettings


@dataclass(frozen=True)
class StoreDatastore:
    """A datastore for images: highest weight first, then the one with most free space."""

    datacenter_path: str
    name: str
    weight: int = 0


@dataclass(frozen=True)
class VMwareStoreSettings:
    """Images on datastores. `image_dir` is the folder on each datastore, without slashes at its ends."""

    id: str
    vcenter: VCenterSettings
    datastores: tuple[StoreDatastore, ...]
    image_dir: str = "openstack_glance"
    description: str = ""


@dataclass(frozen=True)
class OtherStoreSettings:
    """A store that glance_store serves (file, http, rbd, s3, …). `options` are its own, names as in its section."""

    id: str
    type: str
    options: Mapping[str, str | Secret] = field(default_factory=dict)
    description: str = ""


@dataclass(frozen=True)
class ImageSettings:
    """Image's settings. Sizes in bytes; limits -1: none.

    Args:
        stores: all that are enabled, in the order of the file.
        default_store: id of the one that new images go to; None where no store is configured.
        user_storage_quota: bytes of one project's images, 0: none.
    """

    stores: tuple[VMwareStoreSettings | OtherStoreSettings, ...] = ()
    default_store: str | None = None
    image_size_cap: int = 1099511627776
    user_storage_quota: int = 0
    image_member_quota: int = 128
    image_property_quota: int = 128
    image_tag_quota: int = 128
    image_location_quota: int = 10
    limit_param_default: int = 25
    api_limit_max: int = 1000
    show_multiple_locations: bool = False
    container_formats: tuple[str, ...] = ("ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed")
    disk_formats: tuple[str, ...] = (
        "ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop", "gpt",
    )  # fmt: skip
    policy_file: pathlib.Path | None = None

    @property
    def vmware_stores(self) -> tuple[VMwareStoreSettings, ...]:
        """The stores on datastores."""
        return tuple(store for store in self.stores if isinstance(store, VMwareStoreSettings))
