"""Compute's settings: nova.conf, nova-compute.conf and their like."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass, field

from stackspan.config import nova_options as options
from stackspan.config import policy
from stackspan.config.findings import Kind, Place
from stackspan.config.ini import DEFAULT
from stackspan.config.reading import Group, ServiceConf, compiles, split_names
from stackspan.config.vcenter import AccountNames, Naming, VCenterSettings, account

_STOCK_INTERVAL = 60  # seconds; what 0 means to nova's periodic tasks


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
        clusters_place: the line that names the clusters.
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
    clusters_place: Place = field(default=Place(), compare=False, repr=False)


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


_ACCOUNT = AccountNames(
    host="host_ip",
    username="host_username",
    password="host_password",
    port="host_port",
    ca_file="ca_file",
    insecure="insecure",
    pool_size="connection_pool_size",
    retries="api_retry_count",
    poll_interval="task_poll_interval",
)
_VMWARE_DRIVERS = ("vmwareapi.VMwareVCDriver", "vmwareapi.driver.VMwareVCDriver")


def _uses_vcenter(conf: ServiceConf, default: Group) -> bool:
    """Whether the nova files speak of a vCenter. A driver for anything else is wrong."""
    driver = default.text("compute_driver")
    if driver is None:
        return conf.has_group("vmware") or any(
            group == DEFAULT and entry.option.startswith("vmwareapi_") for group, entry in conf.entries
        )
    name = driver.removeprefix("nova.virt.")
    if name in _VMWARE_DRIVERS:
        return True
    remedy = "Write compute_driver = vmwareapi.VMwareVCDriver, or override it in stackspan.conf, [nova:DEFAULT]."
    if name.endswith("VMwareESXDriver"):
        default.wrong("compute_driver", "The driver for single ESXi hosts was removed from nova in Juno.", remedy)
    else:
        default.wrong("compute_driver", f"Hypervisors are vCenter clusters: {driver} can't be served.", remedy)
    return False


def _vmware(conf: ServiceConf, naming: Naming) -> VMwareSettings | None:
    group = conf.register("vmware", options.VMWARE)
    vcenter = account(group, _ACCOUNT, naming, service="compute", title="nova [vmware]")
    clusters = split_names(group.words("cluster_name"))
    if not clusters:
        group.wrong("cluster_name", "cluster_name is missing.", "Name the clusters, with commas between.")
    datastore_regex = compiles(group, "datastore_regex")
    pbm = group.boolean("pbm_enabled")
    if pbm:
        group.required("pbm_default_policy", "Name the storage policy for flavors that name none.")
        # Stock would now ignore datastore_regex; without policies it is the only bound there is, so it holds.
        group.remark("pbm_enabled", Kind.IGNORED, "Storage policies aren't applied yet.", "Use datastore_regex.")
    if vcenter is None or not clusters:
        return None
    return VMwareSettings(
        vcenter=vcenter,
        clusters=clusters,
        datastore_regex=datastore_regex,
        use_linked_clone=group.boolean("use_linked_clone"),
        cache_prefix=group.text("cache_prefix"),
        pbm_enabled=pbm,
        pbm_default_policy=group.text("pbm_default_policy"),
        console_delay_seconds=group.optional_integer("console_delay_seconds"),
        serial_port_service_uri=group.text("serial_port_service_uri"),
        serial_port_proxy_uri=group.text("serial_port_proxy_uri"),
        serial_log_dir=group.string("serial_log_dir"),
        vnc_keymap=group.string("vnc_keymap"),
        clusters_place=group.place("cluster_name"),
    )


def _allocation(default: Group) -> AllocationSettings:
    def ratio(resource: str) -> float:
        # 0 meant "the default" before the initial_… options came.
        said = default.optional_number(f"{resource}_allocation_ratio")
        return said or default.number(f"initial_{resource}_allocation_ratio")

    return AllocationSettings(
        cpu_ratio=ratio("cpu"),
        ram_ratio=ratio("ram"),
        disk_ratio=ratio("disk"),
        reserved_cpus=default.integer("reserved_host_cpus"),
        reserved_memory_mib=default.integer("reserved_host_memory_mb"),
        reserved_disk_mib=default.integer("reserved_host_disk_mb"),
    )


def _quota(conf: ServiceConf) -> ComputeQuotaSettings:
    group = conf.register("quota", options.QUOTA)
    driver = group.string("driver")
    if driver.endswith("UnifiedLimitsDriver"):
        group.wrong("driver", "Keystone's unified limits aren't served.", "Leave the option out.")
    return ComputeQuotaSettings(
        instances=group.integer("instances"),
        cores=group.integer("cores"),
        ram=group.integer("ram"),
        metadata_items=group.integer("metadata_items"),
        injected_files=group.integer("injected_files"),
        injected_file_content_bytes=group.integer("injected_file_content_bytes"),
        injected_file_path_bytes=group.integer("injected_file_path_length"),
        key_pairs=group.integer("key_pairs"),
        server_groups=group.integer("server_groups"),
        server_group_members=group.integer("server_group_members"),
        enforced=not driver.endswith("NoopQuotaDriver"),
    )


def _image_cache(conf: ServiceConf, prefix: str | None) -> ImageCacheSettings:
    group = conf.register("image_cache", options.IMAGE_CACHE)
    interval = group.integer("manager_interval")
    return ImageCacheSettings(
        folder=(prefix or "") + group.string("subdirectory_name"),
        interval=None if interval < 0 else interval or _STOCK_INTERVAL,
        remove_unused=group.boolean("remove_unused_base_images"),
        minimum_age=group.integer("remove_unused_original_minimum_age_seconds"),
    )


def _scheduler(conf: ServiceConf) -> SchedulerSettings:
    group = conf.register("filter_scheduler", options.FILTER_SCHEDULER)
    attempts = conf.register("scheduler", options.SCHEDULER).integer("max_attempts")
    filters = group.words("enabled_filters")
    for name in filters:
        if name not in options.STOCK_FILTERS:
            # Going on without it might put a project's servers where the operator forbids them.
            group.wrong("enabled_filters", f"There is no filter {name}.", "Name stock filters only.")
    return SchedulerSettings(
        enabled_filters=filters,
        max_attempts=attempts,
        host_subset_size=group.integer("host_subset_size"),
        shuffle_best_same_weighed_hosts=group.boolean("shuffle_best_same_weighed_hosts"),
        ram_weight_multiplier=group.number("ram_weight_multiplier"),
        cpu_weight_multiplier=group.number("cpu_weight_multiplier"),
        disk_weight_multiplier=group.number("disk_weight_multiplier"),
        soft_affinity_weight_multiplier=group.number("soft_affinity_weight_multiplier"),
        soft_anti_affinity_weight_multiplier=group.number("soft_anti_affinity_weight_multiplier"),
    )


def _console(conf: ServiceConf) -> ConsoleSettings:
    vnc, mks = conf.register("vnc", options.VNC), conf.register("mks", options.MKS)
    return ConsoleSettings(
        vnc_enabled=vnc.boolean("enabled"),
        novncproxy_base_url=vnc.string("novncproxy_base_url"),
        mks_enabled=mks.boolean("enabled"),
        mksproxy_base_url=mks.string("mksproxy_base_url"),
    )


def from_conf(conf: ServiceConf, naming: Naming) -> ComputeSettings:
    """Compute's settings; what is wrong is noted in the conf's report."""
    default = conf.register(DEFAULT, options.default_options())
    vmware = _vmware(conf, naming) if _uses_vcenter(conf, default) else None
    api = conf.register("api", options.API)
    sync_interval = default.integer("sync_power_state_interval")
    if default.string("config_drive_format") != "iso9660":
        default.wrong("config_drive_format", "A VM's config drive is an ISO.", "Leave the option out.")
    try:
        default.string("instance_name_template") % 1
    except (TypeError, ValueError):
        default.wrong("instance_name_template", "It takes one number.", "Give something like instance-%08x.")
    return ComputeSettings(
        vmware=(vmware,) if vmware else (),
        allocation=_allocation(default),
        quota=_quota(conf),
        image_cache=_image_cache(conf, vmware.cache_prefix if vmware else None),
        scheduler=_scheduler(conf),
        console=_console(conf),
        my_ip=default.string("my_ip"),
        max_limit=api.integer("max_limit"),
        config_drive=default.boolean("force_config_drive"),
        default_availability_zone=default.string("default_availability_zone"),
        internal_availability_zone=default.string("internal_service_availability_zone"),
        default_schedule_zone=default.text("default_schedule_zone"),
        dhcp_domain=api.string("dhcp_domain"),
        enable_instance_password=api.boolean("enable_instance_password"),
        password_length=default.integer("password_length"),
        shutdown_timeout=default.integer("shutdown_timeout"),
        sync_power_state_interval=None if sync_interval < 0 else sync_interval or _STOCK_INTERVAL,
        resume_guests_on_boot=default.boolean("resume_guests_state_on_host_boot"),
        reclaim_instance_interval=default.integer("reclaim_instance_interval"),
        instance_name_template=default.string("instance_name_template"),
        allow_resize_to_same_host=default.boolean("allow_resize_to_same_host"),
        vmdk_allowed_types=conf.register("compute", options.COMPUTE).words("vmdk_allowed_types"),
        policy_file=policy.policy_file(conf),
    )
