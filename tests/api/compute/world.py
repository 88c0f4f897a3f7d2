"""Two clusters, a datastore, an image and a network, as if a vCenter had been observed: for stories without one."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from tests.support import api

from stackspan.compute import api as compute_api
from stackspan.compute import policy as compute_policy
from stackspan.compute.model import VCenterFacts
from stackspan.compute.service import ComputeService
from stackspan.compute.service.flavors import NewFlavor
from stackspan.config.nova import ComputeSettings
from stackspan.core.context import RequestContext
from stackspan.db import Transaction
from stackspan.http.routing import ServiceApi
from stackspan.image.model import Image, ImageOptions, Status
from stackspan.image.service import ImageService
from stackspan.image.store import images as image_store
from stackspan.network import api as network_api
from stackspan.network import policy as network_policy
from stackspan.network.model import NetworkOptions
from stackspan.network.service import NetworkService
from stackspan.network.service.networks import NetworkRequest
from stackspan.network.service.subnets import SubnetRequest
from stackspan.placement import tables as placement_tables
from stackspan.placement.service import PlacementService
from stackspan.vsphere.types import ClusterInfo, DatastoreInfo
from stackspan.workflow import Queue

VCENTER = "11111111-1111-4111-8111-111111111111"
CLUSTERS = {
    "cluster1": "c1c1c1c1-0000-4000-8000-000000000001",
    "cluster2": "c1c1c1c1-0000-4000-8000-000000000002",
}
IMAGE = "1a1a1a1a-0000-4000-8000-000000000001"
QUEUED_IMAGE = "1a1a1a1a-0000-4000-8000-000000000002"
CPUS, MEMORY_MIB, DISK_GIB = 8, 16384, 1000


def compute_service(parts: api.Parts, settings: ComputeSettings | None = None) -> ComputeService:
    """Compute with its neighbours on the parts' database."""
    queue = Queue(clock=parts.clock)
    placement = PlacementService(parts.database, parts.clock)
    options = NetworkOptions(vlan_ranges={"physnet1": ((200, 299),)})
    network = NetworkService(parts.database, queue, parts.clock, options)
    image = ImageService(parts.database, queue, parts.clock, ImageOptions(spool=str(parts.folder)), placement)
    return ComputeService(
        parts.database,
        queue,
        parts.clock,
        settings or ComputeSettings(),
        identity=parts.identity,
        placement=placement,
        image=image,
        network=network,
        vcenter=lambda _uuid: VCenterFacts("vc1", 8_000_003),
    )


def build(parts: api.Parts) -> Sequence[ServiceApi]:
    """Compute and Network, with things to boot from and on."""
    service = compute_service(parts)
    seed(parts, service)
    return [
        compute_api.build_api(service, parts.policy(compute_policy.DEFAULTS)),
        network_api.build_api(service.parts.network, parts.policy(network_policy.DEFAULTS)),
    ]


def seed(parts: api.Parts, service: ComputeService) -> None:
    """Clusters with capacity, an image, flavors `m1.tiny` (id 1) and `m1.big` (id 2)."""
    now = parts.clock.now()
    with parts.database.write() as tx:
        for number, (name, cluster_uuid) in enumerate(CLUSTERS.items(), 7):
            info = ClusterInfo(f"domain-c{number}", name, "datacenter-2", "Datacenter1", f"resgroup-{number}")
            cluster(tx, info, VCENTER, now, cluster_uuid)
        store = DatastoreInfo(
            "datastore-9",
            "ds1",
            "datacenter-2",
            "Datacenter1",
            "",
            "VMFS",
            DISK_GIB << 30,
            DISK_GIB << 30,
            0,
            True,
            "normal",
        )
        datastore(tx, store, VCENTER, list(CLUSTERS.values()), now)
        image_store.image_insert(tx, image(IMAGE, "cirros", Status.ACTIVE, now))
        image_store.image_insert(tx, image(QUEUED_IMAGE, "unfinished", Status.QUEUED, now))
    admin = RequestContext(request_id="req-seed", roles=frozenset({"admin"}))
    service.flavors.create(admin, NewFlavor("1", "m1.tiny", 1, 512, 1))
    service.flavors.create(admin, NewFlavor("2", "m1.big", 4, 8192, 20))


def _provider(tx: Transaction, provider_uuid: str, name: str, now: dt.datetime) -> None:
    row = {"uuid": provider_uuid, "name": name, "generation": 1, "root_uuid": provider_uuid}
    tx.execute(sa.insert(placement_tables.resource_provider).values(**row, created_at=now, updated_at=now))


def _inventory(tx: Transaction, provider_uuid: str, name: str, total: int, ratio: float, now: dt.datetime) -> None:
    row = {
        "provider_uuid": provider_uuid,
        "resource_class": name,
        "total": total,
        "reserved": 0,
        "min_unit": 1,
        "max_unit": total,
        "step_size": 1,
        "allocation_ratio": ratio,
        "updated_at": now,
    }
    tx.execute(sa.insert(placement_tables.inventory).values(**row))


def cluster(
    tx: Transaction, info: ClusterInfo, vcenter_uuid: str, now: dt.datetime, cluster_uuid: str | None = None
) -> str:
    """A cluster as Placement keeps it, with its provider; its uuid."""
    cluster_uuid = cluster_uuid or str(uuid.uuid4())
    row = {
        "uuid": cluster_uuid,
        "vcenter_uuid": vcenter_uuid,
        "moref": info.moref,
        "name": info.name,
        "configured_name": info.name,
        "datacenter_moref": info.datacenter,
        "datacenter_name": info.datacenter_name,
        "resource_pool": info.resource_pool,
        "drs_enabled": True,
        "drs_behavior": "fullyAutomated",
        "ha_enabled": False,
        "hosts_usable": 3,
        "alive": True,
        "foreign_consumer": str(uuid.uuid4()),
        "ratios": {},
    }
    tx.execute(sa.insert(placement_tables.cluster).values(**row))
    _provider(tx, cluster_uuid, f"{info.moref}.{vcenter_uuid}", now)
    _inventory(tx, cluster_uuid, "VCPU", CPUS, 1.0, now)
    _inventory(tx, cluster_uuid, "MEMORY_MB", MEMORY_MIB, 1.0, now)
    return cluster_uuid


def datastore(
    tx: Transaction, info: DatastoreInfo, vcenter_uuid: str, cluster_uuids: Sequence[str], now: dt.datetime
) -> str:
    """A datastore as Placement keeps it, with its provider; its uuid."""
    datastore_uuid = str(uuid.uuid4())
    row = {
        "uuid": datastore_uuid,
        "vcenter_uuid": vcenter_uuid,
        "moref": info.moref,
        "name": info.name,
        "datacenter_moref": info.datacenter,
        "datacenter_name": info.datacenter_name,
        "type": info.type,
        "capacity_bytes": info.capacity_bytes,
        "free_bytes": info.free_bytes,
        "accessible": True,
        "alive": True,
        "offered": True,
        "foreign_consumer": str(uuid.uuid4()),
        "own_bytes": 0,
        "aggregate_uuid": str(uuid.uuid4()),
        "ratios": {},
    }
    tx.execute(sa.insert(placement_tables.datastore).values(**row))
    for cluster_uuid in cluster_uuids:
        pair = {"datastore_uuid": datastore_uuid, "cluster_uuid": cluster_uuid}
        tx.execute(sa.insert(placement_tables.datastore_mount).values(**pair))
    _provider(tx, datastore_uuid, f"{info.moref}.{vcenter_uuid}", now)
    _inventory(tx, datastore_uuid, "DISK_GB", DISK_GIB, 1.0, now)
    return datastore_uuid


def image(image_id: str, name: str, status: Status, now: dt.datetime) -> Image:
    """A public image of 1 GiB."""
    return Image(
        id=image_id,
        owner="",
        name=name,
        status=status,
        visibility="public",
        container_format="bare",
        disk_format="qcow2",
        min_disk=1,
        min_ram=0,
        protected=False,
        hidden=False,
        size=20 << 20,
        virtual_size=1 << 30,
        checksum=None,
        hash_algorithm=None,
        hash_value=None,
        store_id="vmware",
        location=None,
        created_at=now,
        updated_at=now,
        properties={"hw_vif_model": "vmxnet3"},
    )


def network(service: NetworkService, context: RequestContext) -> str:
    """A network on VLAN 100 with a subnet; its id."""
    wanted = NetworkRequest(
        name="demo",
        project_id=context.project_id,
        network_type="vlan",
        physical_network="physnet1",
        segmentation_id=100,
    )
    made = service.networks.create(context, wanted)
    service.subnets.create(context, SubnetRequest(network_id=made.id, ip_version=4, cidr="10.1.0.0/24", gateway_ip=""))
    return made.id
