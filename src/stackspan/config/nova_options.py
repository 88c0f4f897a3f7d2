"""The options of stock nova that count here: name, type, default and old names as in nova 34.0."""

from __future__ import annotations

import socket

from oslo_config import cfg, types

from stackspan.config.reading import LastFileMultiOpt

_UNROUTED = ("192.0.2.1", 9)  # documentation address: nothing is sent to it


def _own_address() -> str:
    """The address of this host towards the outside, as nova finds it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_UNROUTED)  # no packet: UDP only picks a route
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


class _OldBoolean(types.Boolean):
    """A boolean that once was a string with `always`."""

    def __init__(self) -> None:
        super().__init__()
        self.TRUE_VALUES = [*self.TRUE_VALUES, "always"]


def _words(text: str) -> list[str]:
    return text.split()


def _old(name: str, group: str = "DEFAULT") -> cfg.DeprecatedOpt:
    return cfg.DeprecatedOpt(name, group=group)


_DEFAULT = (
    cfg.StrOpt("compute_driver"),
    cfg.BoolOpt("allow_resize_to_same_host", default=False),
    cfg.IntOpt("reserved_host_disk_mb", min=0, default=0),
    cfg.IntOpt("reserved_host_memory_mb", min=0, default=512),
    cfg.IntOpt("reserved_host_cpus", min=0, default=0),
    cfg.FloatOpt("cpu_allocation_ratio", min=0.0),
    cfg.FloatOpt("ram_allocation_ratio", min=0.0),
    cfg.FloatOpt("disk_allocation_ratio", min=0.0),
    cfg.FloatOpt("initial_cpu_allocation_ratio", min=0.0, default=4.0),
    cfg.FloatOpt("initial_ram_allocation_ratio", min=0.0, default=1.0),
    cfg.FloatOpt("initial_disk_allocation_ratio", min=0.0, default=1.0),
    cfg.StrOpt("config_drive_format", default="iso9660", choices=["iso9660", "vfat"]),
    cfg.Opt("force_config_drive", type=_OldBoolean(), default=False),
    cfg.StrOpt("default_availability_zone", default="nova"),
    cfg.StrOpt("internal_service_availability_zone", default="internal"),
    cfg.StrOpt("default_schedule_zone"),
    cfg.IntOpt("password_length", min=0, default=12),
    cfg.IntOpt("shutdown_timeout", min=0, default=60),
    cfg.IntOpt("sync_power_state_interval", default=600),
    cfg.BoolOpt("resume_guests_state_on_host_boot", default=False),
    cfg.IntOpt("reclaim_instance_interval", default=0),
    cfg.StrOpt("instance_name_template", default="instance-%08x"),
)


def default_options() -> tuple[cfg.Opt, ...]:
    """Group `[DEFAULT]`; a function, since one default is this host's address."""
    return (*_DEFAULT, cfg.StrOpt("my_ip", default=_own_address()))


VMWARE = (
    cfg.HostAddressOpt("host_ip", deprecated_opts=[_old("vmwareapi_host_ip")]),
    cfg.PortOpt("host_port", default=443),
    cfg.StrOpt("host_username", deprecated_opts=[_old("vmwareapi_host_username")]),
    cfg.StrOpt("host_password", secret=True, deprecated_opts=[_old("vmwareapi_host_password")]),
    cfg.StrOpt("ca_file"),
    cfg.BoolOpt("insecure", default=False),
    # Repeated until Kilo, single since; commas are ours.
    LastFileMultiOpt("cluster_name", item_type=types.String(), deprecated_opts=[_old("vmwareapi_cluster_name")]),
    cfg.StrOpt("datastore_regex"),
    cfg.FloatOpt("task_poll_interval", default=0.5, deprecated_opts=[_old("vmwareapi_task_poll_interval")]),
    cfg.IntOpt("api_retry_count", min=0, default=10, deprecated_opts=[_old("vmwareapi_api_retry_count")]),
    cfg.IntOpt("connection_pool_size", min=10, default=10),
    cfg.StrOpt("vnc_keymap", default="en-us", deprecated_opts=[_old("keymap", "vnc"), _old("vnc_keymap")]),
    cfg.BoolOpt("use_linked_clone", default=True, deprecated_opts=[_old("use_linked_clone")]),
    cfg.StrOpt("cache_prefix"),
    cfg.BoolOpt("pbm_enabled", default=False),
    cfg.StrOpt("pbm_default_policy"),
    cfg.IntOpt("console_delay_seconds", min=0),
    cfg.StrOpt("serial_port_service_uri"),
    cfg.URIOpt("serial_port_proxy_uri", schemes=["telnet", "telnets"]),
    cfg.StrOpt("serial_log_dir", default="/opt/vmware/vspc"),
)

QUOTA = (
    *(
        cfg.IntOpt(name, min=-1, default=default, deprecated_opts=[_old(f"quota_{name}")])
        for name, default in (
            ("instances", 10),
            ("cores", 20),
            ("ram", 51200),
            ("metadata_items", 128),
            ("injected_files", 5),
            ("injected_file_content_bytes", 10240),
            ("injected_file_path_length", 255),
            ("key_pairs", 100),
            ("server_groups", 10),
            ("server_group_members", 10),
        )
    ),
    cfg.StrOpt(
        "driver",
        default="nova.quota.DbQuotaDriver",
        choices=["nova.quota.DbQuotaDriver", "nova.quota.NoopQuotaDriver", "nova.quota.UnifiedLimitsDriver"],
        deprecated_opts=[_old("quota_driver")],
    ),
)

IMAGE_CACHE = (
    cfg.IntOpt("manager_interval", min=-1, default=2400, deprecated_opts=[_old("image_cache_manager_interval")]),
    cfg.StrOpt("subdirectory_name", default="_base", deprecated_opts=[_old("image_cache_subdirectory_name")]),
    cfg.BoolOpt("remove_unused_base_images", default=True, deprecated_group="DEFAULT"),
    cfg.IntOpt("remove_unused_original_minimum_age_seconds", default=86400, deprecated_group="DEFAULT"),
)

STOCK_FILTERS = frozenset(
    _words(
        """AggregateImagePropertiesIsolation AggregateInstanceExtraSpecsFilter AggregateIoOpsFilter
    AggregateMultiTenancyIsolation AggregateNumInstancesFilter AggregateTypeAffinityFilter AllHostsFilter
    AvailabilityZoneFilter ComputeCapabilitiesFilter ComputeFilter CoreFilter AggregateCoreFilter DifferentHostFilter
    DiskFilter AggregateDiskFilter ExactCoreFilter ExactDiskFilter ExactRamFilter ImagePropertiesFilter IoOpsFilter
    IsolatedHostsFilter JsonFilter MetricsFilter NUMATopologyFilter NumInstancesFilter PciPassthroughFilter RamFilter
    AggregateRamFilter RetryFilter SameHostFilter ServerGroupAffinityFilter ServerGroupAntiAffinityFilter
    SimpleCIDRAffinityFilter"""
    )
)

SCHEDULER = (cfg.IntOpt("max_attempts", min=1, default=3, deprecated_opts=[_old("scheduler_max_attempts")]),)

FILTER_SCHEDULER = (
    cfg.ListOpt(
        "enabled_filters",
        default=[
            "ComputeFilter",
            "ComputeCapabilitiesFilter",
            "ImagePropertiesFilter",
            "ServerGroupAntiAffinityFilter",
            "ServerGroupAffinityFilter",
        ],
        deprecated_opts=[_old("scheduler_default_filters")],
    ),
    cfg.IntOpt("host_subset_size", min=1, default=1, deprecated_opts=[_old("scheduler_host_subset_size")]),
    cfg.BoolOpt("shuffle_best_same_weighed_hosts", default=False),
    cfg.FloatOpt("ram_weight_multiplier", default=1.0, deprecated_group="DEFAULT"),
    cfg.FloatOpt("cpu_weight_multiplier", default=1.0),
    cfg.FloatOpt("disk_weight_multiplier", default=1.0, deprecated_group="DEFAULT"),
    cfg.FloatOpt("soft_affinity_weight_multiplier", min=0.0, default=1.0, deprecated_group="DEFAULT"),
    cfg.FloatOpt("soft_anti_affinity_weight_multiplier", min=0.0, default=1.0, deprecated_group="DEFAULT"),
)

API = (
    cfg.IntOpt("max_limit", min=0, default=1000, deprecated_opts=[_old("osapi_max_limit")]),
    cfg.StrOpt("dhcp_domain", default="novalocal", deprecated_group="DEFAULT"),
    cfg.BoolOpt("enable_instance_password", default=True, deprecated_group="DEFAULT"),
)

COMPUTE = (cfg.ListOpt("vmdk_allowed_types", default=["streamOptimized", "monolithicSparse"]),)

VNC = (
    cfg.BoolOpt("enabled", default=True, deprecated_opts=[_old("vnc_enabled")]),
    cfg.URIOpt(
        "novncproxy_base_url", default="http://127.0.0.1:6080/vnc_auto.html", deprecated_group="DEFAULT"
    ),
)  # fmt: skip

MKS = (
    cfg.BoolOpt("enabled", default=False),
    cfg.URIOpt("mksproxy_base_url", schemes=["http", "https"], default="http://127.0.0.1:6090/"),
)

_CONSOLES = "Consoles don't use VNC ports of the hosts."
_SAP = "An option of SAP's nova without effect here."
_NO_AGENTS = "Ports are bound by Stackspan itself; nothing is waited for."

IGNORED = {
    "vmware": {
        "vnc_port": _CONSOLES,
        "vnc_port_total": _CONSOLES,
        "vnc_password": "Removed from nova. " + _CONSOLES,
        "maximum_objects": "Answers are read in the largest pages that vCenter gives.",
        "pbm_wsdl_location": "The description of the storage policy service is built in.",
        "wsdl_location": "Removed from nova after Ocata: the description of vCenter's service is built in.",
        "vlan_interface": "Removed from nova with nova-network.",
        "integration_bridge": "Only for NSX-MH.",
        **dict.fromkeys(
            _words(
                """serial_port_connected_default serial_log_uri reserve_all_memory memory_reservation_cluster_hosts_max_fail
            memory_reservation_max_ratio_fallback hostgroup_reservations_json_file special_spawning_vm_group
            mirror_instance_logs_to_syslog datastore_hagroup_regex full_clone_snapshots clone_from_snapshot
            image_as_template fetch_image_from_other_datastores use_property_collector min_disk_size_kb smbios_asset_tag
            bigvm_deployment_free_host_hostgroup_name default_hw_version drs_disabled_stack_vms
            server_group_sync_loop_max_group_spacing server_group_sync_loop_spacing allow_pulling_images_from_url
            resource_disk_gb_max_unit_limit custom_traits_sync_loop_spacing"""
            ),
            _SAP,
        ),
    },
    "DEFAULT": {
        "vmwareapi_wsdl_loc": "Removed from nova after Ocata: the description of vCenter's service is built in.",
        "vmwareapi_vlan_interface": "Removed from nova with nova-network.",
        "vnc_port": _CONSOLES,
        "vnc_port_total": _CONSOLES,
        "vnc_password": "Removed from nova. " + _CONSOLES,
        "flat_injected": "Guests get their addresses from the config drive and guestinfo.",
        "vif_plugging_is_fatal": _NO_AGENTS,
        "vif_plugging_timeout": _NO_AGENTS,
        "max_concurrent_builds": "How much runs at once is set by [stackspan_worker].",
        **dict.fromkeys(
            _words(
                """bigvm_mb largevm_mb full_reservation_memory_mb bigvm_deployment_rp_name_prefix
            prepare_empty_host_for_spawning_interval bigvm_cluster_max_usage_percent
            bigvm_cluster_max_reservation_percent flavorid_alias_prefix sync_power_state_unexpected_call_stop"""
            ),
            _SAP,
        ),
    },
    "filter_scheduler": dict.fromkeys(
        _words(
            """external_scheduler_api_url external_scheduler_timeout sharding_ignore_hana hana_detection_strategy
        hana_binpack_weight_multiplier prefer_same_shard_resize_weight_multiplier
        volume_size_same_shard_resize_filter_sum hv_ram_class_weights_gib"""
        ),
        _SAP,
    ),
}
