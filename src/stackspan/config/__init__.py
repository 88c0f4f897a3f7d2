"""Typed settings from an operator's stock files.

    files = collect(config_files, config_dirs)     --config-file and --config-dir, each PATH or SERVICE=PATH
    load(files) -> Settings                        raises ConfigError with file, line, option and remedy
    check(files) -> list[Finding]; render(findings) -> rows        `stackspan config check`
    place.error(reason, remedy) -> ConfigError     for what shows later: settings hold the places of hosts, clusters, …

One module per stock file holds its settings, its option definitions and how one comes from the other.
"""

from stackspan.config.cinder import OtherBackendSettings, VMwareBackendSettings, VolumeQuotaSettings, VolumeSettings
from stackspan.config.files import ConfigFile, collect
from stackspan.config.findings import ConfigError, Finding, Kind, Place
from stackspan.config.glance import (
    FileStoreSettings,
    ImageSettings,
    OtherStoreSettings,
    StoreDatastore,
    VMwareStoreSettings,
)
from stackspan.config.keystone import IdentityMode, IdentitySettings, KeystoneSettings
from stackspan.config.loading import check, load, render
from stackspan.config.neutron import NetworkQuotaSettings, NetworkSettings
from stackspan.config.nova import (
    AllocationSettings,
    ComputeQuotaSettings,
    ComputeSettings,
    ConsoleSettings,
    ImageCacheSettings,
    SchedulerSettings,
    VMwareSettings,
)
from stackspan.config.placement import PlacementSettings
from stackspan.config.secret import Secret
from stackspan.config.settings import Settings
from stackspan.config.stackspan import (
    Address,
    ApiSettings,
    DatabaseSettings,
    StackspanSettings,
    UnfilteredNetworks,
    WorkerSettings,
)
from stackspan.config.vcenter import VCenterSettings

__all__ = [
    "Address",
    "AllocationSettings",
    "ApiSettings",
    "ComputeQuotaSettings",
    "ComputeSettings",
    "ConfigError",
    "ConfigFile",
    "ConsoleSettings",
    "DatabaseSettings",
    "FileStoreSettings",
    "Finding",
    "IdentityMode",
    "IdentitySettings",
    "ImageCacheSettings",
    "ImageSettings",
    "KeystoneSettings",
    "Kind",
    "NetworkQuotaSettings",
    "NetworkSettings",
    "OtherBackendSettings",
    "OtherStoreSettings",
    "Place",
    "PlacementSettings",
    "SchedulerSettings",
    "Secret",
    "Settings",
    "StackspanSettings",
    "StoreDatastore",
    "UnfilteredNetworks",
    "VCenterSettings",
    "VMwareBackendSettings",
    "VMwareSettings",
    "VMwareStoreSettings",
    "VolumeQuotaSettings",
    "VolumeSettings",
    "WorkerSettings",
    "check",
    "collect",
    "load",
    "render",
]
