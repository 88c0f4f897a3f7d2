"""Typed settings from an operator's stock files."""

from stackspan.config.cinder import OtherBackendSettings, VMwareBackendSettings, VolumeQuotaSettings, VolumeSettings
from stackspan.config.findings import ConfigError, Finding, Kind
from stackspan.config.glance import ImageSettings, OtherStoreSettings, StoreDatastore, VMwareStoreSettings
from stackspan.config.keystone import IdentityMode, IdentitySettings, KeystoneSettings
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
    "ConsoleSettings",
    "DatabaseSettings",
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
]
