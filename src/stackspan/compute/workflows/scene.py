"""What a step works on: the server's rows, where it is, and the vCenter it is in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stackspan.compute.model import Server, ServerBuild
from stackspan.compute.service import ComputeService
from stackspan.compute.store import servers as server_store
from stackspan.db import Transaction
from stackspan.image.model import CacheEntry
from stackspan.network.model import Nic
from stackspan.placement.model import Cluster, Datastore
from stackspan.vsphere import inventory
from stackspan.vsphere.faults import ObjectGone
from stackspan.vsphere.fleet import Fleet, Link
from stackspan.workflow import StepFailed

MARKER = "stackspan.server"
"""The extraConfig key that names the server; a hint, as clones copy it."""
_PATHS = "compute.datacenter_paths"


@dataclass(frozen=True)
class Scene:
    """A server and what is around it, read in one transaction."""

    server: Server
    build: ServerBuild
    cluster: Cluster
    datastore: Datastore
    nics: Sequence[Nic]
    metadata: dict[str, str]
    entry: CacheEntry | None
    keepers: Sequence[str]
    link: Link


@dataclass(frozen=True)
class Scenes:
    """Reads scenes."""

    service: ComputeService
    fleet: Fleet

    def load(self, server_id: str) -> Scene:
        """The server's scene. Raises StepFailed where it has no row or no place, VCenterUnavailable."""
        parts = self.service.parts
        with parts.database.read() as tx:
            server, build = row(tx, server_id)
            assert server.cluster_uuid is not None
            assert server.datastore_uuid is not None
            vcenter_uuid = server.vcenter_uuid or ""
            entry = parts.image.cache_get(tx, build.cache_entry) if build.cache_entry else None
            return Scene(
                server=server,
                build=build,
                cluster=parts.placement.cluster_get(tx, server.cluster_uuid),
                datastore=parts.placement.datastore_get(tx, server.datastore_uuid),
                nics=parts.network.nics_get(tx, server_id, vcenter_uuid),
                metadata=server_store.metadata_many(tx, [server_id]).get(server_id, {}),
                entry=entry,
                keepers=parts.image.cache_keepers(tx, server_id),
                link=self.fleet.get(vcenter_uuid),
            )


def row(tx: Transaction, server_id: str) -> tuple[Server, ServerBuild]:
    """The server's rows. Raises StepFailed where they are gone or it has no place."""
    server, build = server_store.server_get(tx, server_id), server_store.build_get(tx, server_id)
    if server is None or build is None or server.cluster_uuid is None or server.datastore_uuid is None:
        raise StepFailed("The server is gone.", f"server {server_id} has no row or no place")
    return server, build


def datacenter_path(link: Link, datacenter: str) -> str:
    """The datacenter's inventory path, as uploads name it; asked of vCenter once. Raises ObjectGone."""
    known = link.vc.memory.setdefault(_PATHS, {})
    assert isinstance(known, dict)
    if datacenter not in known:
        known.update({found.moref: found.path for found in inventory.datacenters(link.vc)})
    if datacenter not in known:
        raise ObjectGone(log_message=f"datacenter {datacenter} is gone", moref=datacenter)
    return str(known[datacenter])
