"""Compute's settings: nova.conf, nova-compute.conf and their like."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass

from stackspan.config.vcenter import VCenterSettings


@dataclass(frozen=True)
class VMwareSettings:
    """Group `[vmware]`: one vCenter whose clusters are hypervisors.

    Args:
        vcenter: the account.
        clusters: names of the clusters, matched over the whole vCenter; at least one.
        datastore_regex: datastores whose name it matches at the start are used (`re.match`); None: all.
        use_linked_clone: root disks are children of the cached copy; images may say otherwise.
        cache_prefix: put before the name of the cache folder.
        pbm_enabled, pbm_default_policy: storage policies, and the one for servers whose flavor names none.
        console_delay_seconds: keyboard.typematicMinDelay of a VM, in microseconds (stock's name notwithstanding).
        serial_port_service_uri, serial_port_proxy_uri: a serial port on each VM that sends to this collector.
        serial_log_dir: where that collector writes its files.
        vnc_keymap: keyboard of consoles.
    """

    vcenter: VCenterSettings
    clusters: tuple[str, ...]
    datastore_regex: str | None = None
    use_linked_clone: bool = True
    cache_prefix: str | None = None
    pbm_enabled: bool = False
    pbm_default_policy: str | None = None
    console_delay_seconds: int | None = None
    serial_port_service_uri: str | None = None
    serial_port_proxy_uri: str | None = None
    serial_log_dir: str = "/opt/vmware/vspc"
    vnc_keymap: str = "en-us"


@dataclass(frozen=True)
class AllocationSettings:
    """What Placement makes of a cluster's size. Ratios as they hold for a new provider; reserved in their stock units."""

    cpu_ratio: float = 4.0
    ram_ratio: float = 1.0
    disk_ratio: float = 1.0
    reserved_cpus: int = 0
    reserved_memory_mib: int = 512
    reserved_disk_mib: int = 0


@dataclass(frozen=True)
class ComputeQuotaSettings:
    """Default limits of a project; -1: none. `enforced` is false with stock's NoopQuotaDriver."""

    instances: int = 10
    cores: int = 20
    ram: int = 51200  # MiB
    metadata_items: int = 128
    injected_files: int = 5
    injected_file_content_bytes: int = 10240
    injected_file_path_bytes: int = 255
    key_pairs: int = 100
    server_groups: int = 10
    server_group_members: int = 10
    enforced: bool = True


@dataclass(frozen=True)
class ImageCacheSettings:
    """Group `[image_cache]`: cached copies of images on datastores. Times in seconds.

    Args:
        folder: name of the cache folder, prefix included.
        interval: between two looks for unused copies; None: never.
        remove_unused: whether unused copies go.
        minimum_age: an unused copy younger than this stays.
    """

    folder: str = "_base"
    interval: int | None = 2400
    remove_unused: bool = True
    minimum_age: int = 86400


@dataclass(frozen=True)
class SchedulerSettings:
    """Groups `[scheduler]` and `[filter_scheduler]`: which filters run and how much each weigher counts."""

    enabled_filters: tuple[str, ...] = (
        "ComputeFilter",
        "ComputeCapabilitiesFilter",
        "ImagePropertiesFilter",
        "ServerGroupAntiAffinityFilter",
        "ServerGroupAffinityFilter",
    )
    max_attempts: int = 3
    host_subset_size: int = 1
    shuffle_best_same_weighed_hosts: bool = False
    ram_weight_multiplier: float = 1.0
    cpu_weight_multiplier: float = 1.0
    disk_weight_multiplier: float = 1.0
    soft_affinity_weight_multiplier: float = 1.0
    soft_anti_affinity_weight_multiplier: float = 1.0


@dataclass(frozen=True)
class ConsoleSettings:
    """Groups `[vnc]` and `[mks]`."""

    vnc_enabled: bool = True
    novncproxy_base_url: str = "http://127.0.0.1:6080/vnc_auto.html"
    mks_enabled: bool = False
    mksproxy_base_url: str = "http://127.0.0.1:6090/"


@dataclass(frozen=True)
class ComputeSettings:
    """Compute's settings. Times in seconds.

    Args:
        vmware: the vCenters with clusters for servers; empty where no nova file names one.
        my_ip: this host's address.
        max_limit: most items of a page.
        config_drive: always give servers a config drive.
        shutdown_timeout: a guest's time to shut down before it is powered off.
        sync_power_state_interval: between slow looks at power states; None: never.
        resume_guests_on_boot: start again what ran when its host went down, where HA doesn't.
        policy_file: operator's overrides of policy rules.
    """

    vmware: tuple[VMwareSettings, ...] = ()
    allocation: AllocationSettings = AllocationSettings()
    quota: ComputeQuotaSettings = ComputeQuotaSettings()
    image_cache: ImageCacheSettings = ImageCacheSettings()
    scheduler: SchedulerSettings = SchedulerSettings()
    console: ConsoleSettings = ConsoleSettings()
    my_ip: str = "127.0.0.1"
    max_limit: int = 1000
    config_drive: bool = False
    default_availability_zone: str = "nova"
    internal_availability_zone: str = "internal"
    default_schedule_zone: str | None = None
    dhcp_domain: str = "novalocal"
    enable_instance_password: bool = True
    password_length: int = 12
    shutdown_timeout: int = 60
    sync_power_state_interval: int | None = 600
    resume_guests_on_boot: bool = False
    reclaim_instance_interval: int = 0
    instance_name_template: str = "instance-%08x"
    allow_resize_to_same_host: bool = False
    vmdk_allowed_types: tuple[str, ...] = ("streamOptimized", "monolithicSparse")
    policy_file: pathlib.Path | None = None
