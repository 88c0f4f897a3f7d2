"""All settings of the service, as frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass

from stackspan.config.cinder import VolumeSettings
from stackspan.config.findings import Finding
from stackspan.config.glance import ImageSettings
from stackspan.config.keystone import IdentitySettings
from stackspan.config.neutron import NetworkSettings
from stackspan.config.nova import ComputeSettings
from stackspan.config.placement import PlacementSettings
from stackspan.config.stackspan import ApiSettings, DatabaseSettings, StackspanSettings, WorkerSettings
from stackspan.config.vcenter import VCenterSettings


@dataclass(frozen=True)
class Settings:
    """Everything that the configuration says.

    Args:
        vcenters: every section's account, Compute's first; several may name one vCenter.
        warnings: what the operator should know though it doesn't stop the start; for the log.
    """

    stackspan: StackspanSettings
    database: DatabaseSettings
    api: ApiSettings
    worker: WorkerSettings
    identity: IdentitySettings
    compute: ComputeSettings
    placement: PlacementSettings
    image: ImageSettings
    network: NetworkSettings
    volume: VolumeSettings
    vcenters: tuple[VCenterSettings, ...] = ()
    warnings: tuple[Finding, ...] = ()
