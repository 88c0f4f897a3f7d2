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
from stackspan.placement import tables as placement_tables
from stackspan.placement.service import PlacementService
from stackspan.workflow import Queue

VCENTER = "11111111-1111-4111-8111-111111111111"
CLUSTERS = {
    "cluster1": "c1c1c1c1-0000-4000-8000-000000000001",
    "cluster2": "c1c1c1c1-0000-4000-8000-000000000002",
}
DATASTORE = "d5d5d5d5-0000-4000-8000-000000000001"
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
            _cluster(tx, number, name, cluster_uuid, now)
        _datastore(tx, now)
        image_store.image_insert(tx, _image(IMAGE, "cirros", Status.ACTIVE, now))
        image_store.image_insert(tx, _image(QUEUED_IMAGE, "unfinished", Status.QUEUED, now))
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


def _cluster(tx: Transaction, number: int, name: str, cluster_uuid: str, now: dt.datetime) -> None:
    moref = f"domain-c{number}"
    row = {
        "uuid": cluster_uuid,
        "vcenter_uuid": VCENTER,
        "moref": moref,
        "name": name,
        "configured_name": name,
        "datacenter_moref": "datacenter-2",
        "datacenter_name": "Datacenter1",
        "resource_pool": f"resgroup-{number}",
        "drs_enabled": True,
        "drs_behavior": "fullyAutomated",
        "ha_enabled": False,
        "hosts_usable": 3,
        "alive": True,
        "foreign_consumer": str(uuid.uuid4()),
        "ratios": {},
    }
    tx.execute(sa.insert(placement_tables.cluster).values(**row))
    _provider(tx, cluster_uuid, f"{moref}.{VCENTER}", now)
    _inventory(tx, cluster_uuid, "VCPU", CPUS, 1.0, now)
    _inventory(tx, cluster_uuid, "MEMORY_MB", MEMORY_MIB, 1.0, now)


def _datastore(tx: Transaction, now: dt.datetime) -> None:
    row = {
        "uuid": DATASTORE,
        "vcenter_uuid": VCENTER,
        "moref": "datastore-9",
        "name": "ds1",
        "datacenter_moref": "datacenter-2",
        "datacenter_name": "Datacenter1",
        "type": "VMFS",
        "capacity_bytes": DISK_GIB << 30,
        "free_bytes": DISK_GIB << 30,
        "accessible": True,
        "alive": True,
        "offered": True,
        "foreign_consumer": str(uuid.uuid4()),
        "own_bytes": 0,
        "aggregate_uuid": str(uuid.uuid4()),
        "ratios": {},
    }
    tx.execute(sa.insert(placement_tables.datastore).values(**row))
    for cluster_uuid in CLUSTERS.values():
        pair = {"datastore_uuid": DATASTORE, "cluster_uuid": cluster_uuid}
        tx.execute(sa.insert(placement_tables.datastore_mount).values(**pair))
    _provider(tx, DATASTORE, "datastore-9", now)
    _inventory(tx, DATASTORE, "DISK_GB", DISK_GIB, 1.0, now)


def _image(image_id: str, name: str, status: Status, now: dt.datetime) -> Image:
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
