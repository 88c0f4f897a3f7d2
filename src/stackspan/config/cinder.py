"""Volume's settings: cinder.conf, a section per backend."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass, field

from oslo_config import cfg

from stackspan.config import policy
from stackspan.config.findings import Kind, Place
from stackspan.config.ini import DEFAULT
from stackspan.config.reading import Group, ServiceConf, compiles, split_names
from stackspan.config.vcenter import AccountNames, Naming, VCenterSettings, account


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
    clusters_place: Place = field(default=Place(), compare=False, repr=False)


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


_DEFAULT = (
    cfg.ListOpt("enabled_backends", default=[]),
    cfg.IntOpt("quota_volumes", default=10),
    cfg.IntOpt("quota_snapshots", default=10),
    cfg.IntOpt("quota_gigabytes", default=1000),
    cfg.IntOpt("quota_backups", default=10),
    cfg.IntOpt("quota_backup_gigabytes", default=1000),
    cfg.IntOpt("quota_groups", default=10),
    cfg.IntOpt("per_volume_size_limit", default=-1),
    cfg.StrOpt("default_volume_type", default="__DEFAULT__"),
    cfg.StrOpt("storage_availability_zone", default="nova"),
    cfg.StrOpt("default_availability_zone"),
    cfg.IntOpt("osapi_max_limit", default=1000),
    cfg.BoolOpt("no_snapshot_gb_quota", default=False),
    cfg.ListOpt("vmdk_allowed_types", default=["streamOptimized", "monolithicSparse"]),
)

_ADAPTERS = ("lsiLogic", "busLogic", "lsiLogicsas", "paraVirtual", "ide")

_BACKEND = (
    cfg.StrOpt("volume_driver"),
    cfg.StrOpt("volume_backend_name"),
    cfg.StrOpt("vmware_host_ip"),
    cfg.PortOpt("vmware_host_port", default=443),
    cfg.StrOpt("vmware_host_username"),
    cfg.StrOpt("vmware_host_password", secret=True),
    cfg.IntOpt("vmware_api_retry_count", default=10),
    cfg.FloatOpt("vmware_task_poll_interval", default=2.0),
    cfg.StrOpt("vmware_volume_folder", default="Volumes"),
    cfg.IntOpt("vmware_image_transfer_timeout_secs", default=7200),
    cfg.StrOpt("vmware_ca_file"),
    cfg.BoolOpt("vmware_insecure", default=False),
    cfg.MultiStrOpt("vmware_cluster_name", default=[]),
    cfg.MultiStrOpt("vmware_storage_profile", default=[]),
    cfg.IntOpt("vmware_connection_pool_size", default=10),
    cfg.StrOpt("vmware_adapter_type", choices=list(_ADAPTERS), default="lsiLogic"),
    cfg.StrOpt("vmware_snapshot_format", choices=["template", "COW"], default="template"),
    cfg.BoolOpt("vmware_lazy_create", default=True),
    cfg.StrOpt("vmware_datastore_regex"),
    cfg.BoolOpt("vmware_enable_volume_stats", default=False),
    cfg.StrOpt("max_over_subscription_ratio", default="20.0"),
    cfg.IntOpt("reserved_percentage", min=0, max=100, default=0),
)

_ACCOUNT = AccountNames(
    host="vmware_host_ip",
    username="vmware_host_username",
    password="vmware_host_password",
    port="vmware_host_port",
    ca_file="vmware_ca_file",
    insecure="vmware_insecure",
    pool_size="vmware_connection_pool_size",
    retries="vmware_api_retry_count",
    poll_interval="vmware_task_poll_interval",
)

_DRIVERS = {
    "cinder.volume.drivers.vmware.vmdk.VMwareVcVmdkDriver": "vmdk",
    "cinder.volume.drivers.vmware.fcd.VMwareVStorageObjectDriver": "fcd",
}
_REMOVED_DRIVER = "VMwareEsxVmdkDriver"
_SAP = "An option of SAP's cinder without effect here."

_IGNORED_BACKEND = {
    "vmware_host_version": "vCenter says its version itself.",
    "vmware_wsdl_location": "The description of vCenter's service is built in.",
    "vmware_max_objects_retrieval": "Answers are read in the largest pages that vCenter gives.",
    "vmware_tmp_dir": "Nothing is kept in files on the way.",
    "vmware_online_resize": _SAP,
    "vmware_profile_check_on_attach": _SAP,
    "vmware_select_random_best_datastore": _SAP,
    "vmware_random_datastore_range": _SAP,
    "vmware_datastores_as_pools": _SAP,
    "vmware_sap_update_provider_info": _SAP,
    "allow_pulling_images_from_url": _SAP,
    "sap_allow_independent_snapshots": _SAP,
}
_NOT_ENABLED = "The backend isn't in enabled_backends."


def _ratio(group: Group) -> float | None:
    """Over-subscription: a number from 1, or `auto` (None)."""
    text = group.string("max_over_subscription_ratio")
    try:
        ratio = None if text == "auto" else float(text)
    except ValueError:
        ratio = 0.0
    if ratio is not None and not ratio >= 1.0:
        group.wrong("max_over_subscription_ratio", f"{text!r} won't do.", "Give auto, or a number of at least 1.0.")
    return ratio


def _vmware_backend(conf: ServiceConf, name: str, driver: str, naming: Naming) -> VMwareBackendSettings | None:
    group = conf.register(name, _BACKEND)
    vcenter = account(group, _ACCOUNT, naming, service="volume", title=f"cinder [{name}]")
    folder = group.string("vmware_volume_folder").strip("/")
    if not folder or "/" in folder:
        group.wrong("vmware_volume_folder", "It isn't the name of one folder.", "Give a name without slashes.")
    ratio = _ratio(group)
    datastore_regex = compiles(group, "vmware_datastore_regex")
    if vcenter is None:
        return None
    return VMwareBackendSettings(
        name=name,
        backend_name=group.text("volume_backend_name") or name,
        driver=driver,
        vcenter=vcenter,
        volume_folder=folder,
        clusters=split_names(group.words("vmware_cluster_name")),
        storage_profiles=group.words("vmware_storage_profile"),
        datastore_regex=datastore_regex,
        adapter_type=group.string("vmware_adapter_type"),
        snapshot_format=group.string("vmware_snapshot_format"),
        lazy_create=group.boolean("vmware_lazy_create"),
        enable_volume_stats=group.boolean("vmware_enable_volume_stats"),
        image_transfer_timeout=group.integer("vmware_image_transfer_timeout_secs"),
        max_over_subscription_ratio=ratio,
        reserved_percentage=group.integer("reserved_percentage"),
        clusters_place=group.place("vmware_cluster_name"),
    )


@dataclass
class _Backends:
    """What was found of the enabled backends, and why groups aren't in use."""

    ours: list[VMwareBackendSettings]
    others: list[OtherBackendSettings]
    reasons: dict[str, str]


def _backend(conf: ServiceConf, default: Group, name: str, naming: Naming, found: _Backends) -> None:
    """Sort one name of enabled_backends into `found`."""
    if not conf.has_group(name):
        reason = f"Backend {name} has no section: it is left to whoever serves it."
        default.remark("enabled_backends", Kind.IGNORED, reason, f"Add [{name}], or take it out of enabled_backends.")
        found.others.append(OtherBackendSettings(name, name, reason))
        return
    entry = conf.raw(name, "volume_driver")
    driver = entry.value.strip() if entry else ""
    if driver in _DRIVERS:
        backend = _vmware_backend(conf, name, _DRIVERS[driver], naming)
        found.ours += [backend] if backend else []
        return
    if driver.endswith(_REMOVED_DRIVER) and entry is not None:
        remedy = "Write volume_driver = cinder.volume.drivers.vmware.vmdk.VMwareVcVmdkDriver, and a vCenter's account."
        conf.report.note(entry, Kind.WRONG, "The driver for single ESXi hosts was removed from cinder.", remedy)
        return
    reason = f"Backend {name} isn't VMware's ({driver or 'no volume_driver'}): it is left to whoever serves it."
    default.remark("enabled_backends", Kind.IGNORED, reason, "")
    found.reasons[name] = "The driver isn't VMware's: left to whoever serves it."
    label = conf.raw(name, "volume_backend_name")
    found.others.append(OtherBackendSettings(name, label.value if label else name, reason))


def _leave_out(conf: ServiceConf, enabled: tuple[str, ...], reasons: dict[str, str]) -> None:
    """Say why sections of backends that aren't enabled, and a backend in [DEFAULT], have no effect."""
    for group, entry in conf.entries:
        if entry.option != "volume_driver" or group in enabled:
            continue
        if group != DEFAULT:
            reasons[group] = _NOT_ENABLED
        elif not enabled:
            remedy = "Move the backend's options to a section of its own and name it in enabled_backends."
            conf.report.note(entry, Kind.IGNORED, "Cinder no longer takes a backend in [DEFAULT].", remedy)


def from_conf(conf: ServiceConf, naming: Naming) -> tuple[VolumeSettings, dict[str, str]]:
    """Volume's settings, and for groups that aren't in use the reason; what is wrong is noted in the conf's report."""
    default = conf.register(DEFAULT, _DEFAULT)
    found = _Backends([], [], {})
    enabled = tuple(dict.fromkeys(default.words("enabled_backends")))
    for name in enabled:
        _backend(conf, default, name, naming, found)
    _leave_out(conf, enabled, found.reasons)
    quota = VolumeQuotaSettings(
        volumes=default.integer("quota_volumes"),
        snapshots=default.integer("quota_snapshots"),
        gigabytes=default.integer("quota_gigabytes"),
        backups=default.integer("quota_backups"),
        backup_gigabytes=default.integer("quota_backup_gigabytes"),
        groups=default.integer("quota_groups"),
        per_volume_gigabytes=default.integer("per_volume_size_limit"),
    )
    settings = VolumeSettings(
        backends=tuple(found.ours),
        other_backends=tuple(found.others),
        quota=quota,
        default_volume_type=default.string("default_volume_type"),
        storage_availability_zone=default.string("storage_availability_zone"),
        default_availability_zone=default.text("default_availability_zone"),
        max_limit=default.integer("osapi_max_limit"),
        no_snapshot_gb_quota=default.boolean("no_snapshot_gb_quota"),
        vmdk_allowed_types=default.words("vmdk_allowed_types"),
        policy_file=policy.policy_file(conf),
    )
    return settings, found.reasons


def ignored(settings: VolumeSettings) -> dict[str, dict[str, str]]:
    """Group → option → why it has no effect."""
    return {backend.name: _IGNORED_BACKEND for backend in settings.backends}
