"""Every workflow of the service, and who is told of which fact."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import Any

from stackspan.compute.service import ComputeService
from stackspan.compute.workflows import server_create, server_delete, server_power, server_rename
from stackspan.config import Settings
from stackspan.core.clock import Clock
from stackspan.db import Database
from stackspan.image.service import ImageService
from stackspan.image.stores import Stores
from stackspan.image.workflows import cache_ensure, cache_remove, data_delete, upload_settle
from stackspan.network.model import NetworkOptions
from stackspan.network.workflows import portgroup_ensure, portgroup_remove
from stackspan.placement.service import PlacementService
from stackspan.vsphere.fleet import Fleet
from stackspan.workflow import Workflow


def every(
    settings: Settings,
    database: Database,
    clock: Clock,
    fleet: Fleet,
    *,
    compute: ComputeService,
    image: ImageService,
    placement: PlacementService,
    network: NetworkOptions,
    stores: Stores,
) -> Sequence[Workflow[Any]]:
    """The definitions, of all services."""
    spool = pathlib.Path(settings.stackspan.state_path) / "spool"
    cache_folder = settings.compute.image_cache.folder
    return [
        portgroup_ensure.workflow(fleet, network),
        portgroup_remove.workflow(database, fleet),
        cache_ensure.workflow(database, placement, stores, fleet, spool=spool, cache_folder=cache_folder),
        cache_remove.workflow(database, placement, fleet),
        data_delete.workflow(stores),
        upload_settle.workflow(database, clock, image, stores),
        server_create.workflow(compute, fleet),
        server_delete.workflow(compute, fleet),
        server_power.workflow(compute, fleet),
        server_rename.workflow(compute, fleet),
    ]
