"""Volume's settings: cinder.conf, a section per backend."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass

from stackspan.config.vcenter import VCenterSettings


@dataclass(frozen=True)
class VMwareBackendSettings:
    """A backend on a vCenter. Times in seconds.

    Args:
        name: of its section, as in `enabled_backends`.
        backend_name: `volume_backend_name`, which volume types select by.
        driver: "vmdk" (a shadow VM) or "fcd" (a First Class Disk).
        volume_folder: vCenter folder of the volumes' VMs, under each project's.
        clusters: where volumes may go; empty: all.
        storage_profiles: policies whose datastores are looked at; empty: all.
        datastore_regex: datastores whose name it matches at the start are used; None: all.
        snapshot_format: "template" or "COW".
        lazy_create: a plain volume gets its disk when it is first attached.
    """

    name: str
    backend_name: str
    driver: str
    vcenter: VCenterSettings
    volume_folder: str = "Volumes"
    clusters: tuple[str, ...] = ()
    storage_profiles: tuple[str, ...] = ()
    datastore_regex: str | None = None
    adapter_type: str = "lsiLogic"
    snapshot_format: str = "template"
    lazy_create: bool = True
    enable_volume_stats: bool = False
    image_transfer_timeout: int = 7200
    max_over_subscription_ratio: float | None = 20.0
    reserved_percentage: int = 0


@dataclass(frozen=True)
class OtherBackendSettings:
    """A name in `enabled_backends` that isn't ours to serve: shown as down, with this reason."""

    name: str
    backend_name: str
    reason: str


@dataclass(frozen=True)
class VolumeQuotaSettings:
    """Default limits of a project; -1: none."""

    volumes: int = 10
    snapshots: int = 10
    gigabytes: int = 1000
    backups: int = 10
    backup_gigabytes: int = 1000
    groups: int = 10
    per_volume_gigabytes: int = -1


@dataclass(frozen=True)
class VolumeSettings:
    """Volume's settings."""

    backends: tuple[VMwareBackendSettings, ...] = ()
    other_backends: tuple[OtherBackendSettings, ...] = ()
    quota: VolumeQuotaSettings = VolumeQuotaSettings()
    default_volume_type: str = "__DEFAULT__"
    storage_availability_zone: str = "nova"
    default_availability_zone: str | None = None
    max_limit: int = 1000
    no_snapshot_gb_quota: bool = False
    vmdk_allowed_types: tuple[str, ...] = ("streamOptimized", "monolithicSparse")
    policy_file: pathlib.Path | None = None
