"""The picture → what the rows shall hold. Pure: what is there already is handed in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from stackspan.config.nova import AllocationSettings
from stackspan.core import ids, log
from stackspan.placement.model import SHARING_TRAIT, Inventory
from stackspan.placement.observe import capacity
from stackspan.placement.observe.picture import Picture
from stackspan.vsphere.types import ClusterInfo, ConnectionState, DatastoreInfo, HostInfo

_LOG = log.get(__name__)

# What stock nova's vmwareapi driver advertises, and the image formats that we take beyond its two.
CLUSTER_TRAITS = frozenset(
    {
        "HW_ARCH_X86_64",
        "COMPUTE_NODE",
        "COMPUTE_NET_ATTACH_INTERFACE",
        "COMPUTE_SAME_HOST_COLD_MIGRATE",
        "COMPUTE_IMAGE_TYPE_ISO",
        "COMPUTE_IMAGE_TYPE_QCOW2",
        "COMPUTE_IMAGE_TYPE_RAW",
        "COMPUTE_IMAGE_TYPE_VHD",
        "COMPUTE_IMAGE_TYPE_VHDX",
        "COMPUTE_IMAGE_TYPE_VMDK",
    }
)
DATASTORE_TRAITS = frozenset({SHARING_TRAIT})

Row = dict[str, Any]


@dataclass(frozen=True)
class OfferSettings:
    """What of a vCenter is for servers.

    Args:
        cluster_names: configured names; only those clusters become providers.
        datastore_regex: datastores whose name it matches at the start are offered; None: all.
        allocation: ratios and reserved parts.
    """

    cluster_names: tuple[str, ...]
    datastore_regex: str | None = None
    allocation: AllocationSettings = field(default_factory=AllocationSettings)


@dataclass(frozen=True)
class WantedProvider:
    """A provider as it shall be. Traits and aggregates that we don't manage stay as they are.

    Args:
        aggregates: of those that are ours to manage, the ones it is in.
        foreign: what its foreign consumer uses.
        ratios: what the configuration says now: applied to what is new, and where the configuration has changed.
    """

    uuid: str
    name: str
    inventories: tuple[Inventory, ...]
    traits: frozenset[str]
    aggregates: frozenset[str]
    foreign_consumer: str
    foreign: Mapping[str, int]
    ratios: Mapping[str, float]


@dataclass
class Offer:
    """All rows of one vCenter: clusters, datastores and hosts by moref, mounts as (datastore uuid, cluster uuid)."""

    clusters: dict[str, Row]
    datastores: dict[str, Row]
    hosts: dict[str, Row]
    mounts: set[tuple[str, str]]
    providers: list[WantedProvider]


def offer_of(
    picture: Picture, settings: OfferSettings, vcenter_uuid: str, known: Offer, own_bytes: Mapping[str, int]
) -> Offer:
    """What the rows shall hold.

    Args:
        known: the rows that are there: uuids and what was made once come from them.
        own_bytes: datastore moref → bytes written there that surely belong to our allocations.
    """
    chosen = _chosen(picture.clusters.values(), settings.cluster_names, known.clusters)
    offer = Offer({}, {}, {}, set(), [])
    for moref, row in known.clusters.items():
        if moref not in chosen:
            offer.clusters[moref] = row | {"alive": False, "hosts_usable": 0}
    for moref, configured in chosen.items():
        info, hosts = picture.clusters[moref], picture.hosts_of(moref)
        offer.clusters[moref] = _cluster_row(info, hosts, configured, vcenter_uuid, known.clusters.get(moref), settings)
    alive = {moref: row for moref, row in offer.clusters.items() if row["alive"]}
    for moref, row in known.datastores.items():
        if moref not in picture.datastores:
            offer.datastores[moref] = row | {"alive": False, "accessible": False}
    for moref, store in picture.datastores.items():
        bytes_known = own_bytes.get(moref, known.datastores.get(moref, {}).get("own_bytes", 0))
        row = _datastore_row(store, bytes_known, vcenter_uuid, known.datastores.get(moref), settings)
        offer.datastores[moref] = row
        offer.mounts |= {(row["uuid"], alive[c]["uuid"]) for c in alive if _mounts(store, picture.hosts_of(c))}
    offer.hosts = {moref: _host_row(host, vcenter_uuid, alive) for moref, host in picture.hosts.items()}
    offer.providers = [*_cluster_providers(picture, settings, offer), *_datastore_providers(picture, settings, offer)]
    return offer


def _chosen(clusters: Iterable[ClusterInfo], names: Sequence[str], known: Mapping[str, Row]) -> dict[str, str]:
    """moref → configured name of the clusters that are for servers.

    A name is matched over the whole vCenter, as the stock service does. One that was renamed in vCenter keeps serving
    under the name that the configuration knows it by.
    """
    there = {info.moref: info for info in clusters}
    chosen: dict[str, str] = {}
    for name in names:
        fitting = sorted(moref for moref, info in there.items() if info.name == name)
        before = [moref for moref, row in known.items() if row["configured_name"] == name and moref in there]
        pick = next((moref for moref in before if moref in fitting), None) or next(iter(fitting or before), None)
        if len(fitting) > 1:
            _LOG.warning("cluster_name_ambiguous", cluster=name, found=fitting, used=pick)
        if pick is None:
            _LOG.warning("cluster_not_found", cluster=name)
        else:
            chosen.setdefault(pick, name)
    return chosen


def _ratios(settings: AllocationSettings) -> tuple[dict[str, float], dict[str, float]]:
    return {"VCPU": settings.cpu_ratio, "MEMORY_MB": settings.ram_ratio}, {"DISK_GB": settings.disk_ratio}


def _cluster_row(
    info: ClusterInfo,
    hosts: Sequence[HostInfo],
    configured: str,
    vcenter_uuid: str,
    known: Row | None,
    settings: OfferSettings,
) -> Row:
    made_once = known or {"uuid": ids.new_uuid(), "foreign_consumer": ids.new_uuid()}
    return {
        "uuid": made_once["uuid"],
        "vcenter_uuid": vcenter_uuid,
        "moref": info.moref,
        "name": info.name,
        "configured_name": configured,
        "datacenter_moref": info.datacenter,
        "datacenter_name": info.datacenter_name,
        "resource_pool": info.resource_pool,
        "drs_enabled": info.drs_enabled,
        "drs_behavior": info.drs_behavior,
        "ha_enabled": info.ha_enabled,
        "hosts_usable": sum(host.usable for host in hosts),
        "alive": True,
        "foreign_consumer": made_once["foreign_consumer"],
        "ratios": _ratios(settings.allocation)[0],
    }


def _datastore_row(
    info: DatastoreInfo, own_bytes: int, vcenter_uuid: str, known: Row | None, settings: OfferSettings
) -> Row:
    made_once = known or {name: ids.new_uuid() for name in ("uuid", "aggregate_uuid", "foreign_consumer")}
    regex = settings.datastore_regex
    return {
        "uuid": made_once["uuid"],
        "vcenter_uuid": vcenter_uuid,
        "moref": info.moref,
        "name": info.name,
        "datacenter_moref": info.datacenter,
        "datacenter_name": info.datacenter_name,
        "type": info.type,
        "capacity_bytes": info.capacity_bytes,
        "free_bytes": info.free_bytes,
        "accessible": info.usable,
        "alive": True,
        "offered": regex is None or re.match(regex, info.name) is not None,
        "aggregate_uuid": made_once["aggregate_uuid"],
        "foreign_consumer": made_once["foreign_consumer"],
        "own_bytes": own_bytes,
        "ratios": _ratios(settings.allocation)[1],
    }


def _host_row(info: HostInfo, vcenter_uuid: str, clusters: Mapping[str, Row]) -> Row:
    cluster = clusters.get(info.cluster) if info.cluster else None
    return {
        "vcenter_uuid": vcenter_uuid,
        "moref": info.moref,
        "name": info.name,
        "cluster_uuid": cluster["uuid"] if cluster else None,
        "connected": info.connection is ConnectionState.CONNECTED,
        "in_maintenance": info.in_maintenance,
        "powered_on": info.powered_on,
        "cpu_threads": info.cpu_threads,
        "memory_mib": info.memory_mib,
    }


def _mounts(info: DatastoreInfo, hosts: Sequence[HostInfo]) -> bool:
    """Whether all usable hosts can write there; where none is usable, whether all hosts could."""
    wanted = {host.moref for host in hosts if host.usable} or {host.moref for host in hosts}
    return bool(wanted) and wanted <= {mount.host for mount in info.mounts if mount.usable}


def _cluster_providers(picture: Picture, settings: OfferSettings, offer: Offer) -> Iterable[WantedProvider]:
    aggregates = {row["uuid"]: row["aggregate_uuid"] for row in offer.datastores.values() if row["offered"]}
    ratios = _ratios(settings.allocation)[0]
    for moref, row in offer.clusters.items():
        if row["alive"]:
            hosts = picture.hosts_of(moref)
            inventories = capacity.cluster_inventories(picture.clusters[moref], hosts, settings.allocation)
            foreign = capacity.cluster_foreign(picture.foreign_use(host.moref for host in hosts), inventories)
        else:
            inventories, foreign = (), {}
        yield WantedProvider(
            uuid=row["uuid"],
            name=f"{moref}.{row['vcenter_uuid']}",
            inventories=inventories,
            traits=CLUSTER_TRAITS,
            aggregates=frozenset(aggregates[ds] for ds, cl in offer.mounts if cl == row["uuid"] and ds in aggregates),
            foreign_consumer=row["foreign_consumer"],
            foreign=foreign,
            ratios=ratios,
        )


def _datastore_providers(picture: Picture, settings: OfferSettings, offer: Offer) -> Iterable[WantedProvider]:
    mounted = {ds for ds, _cl in offer.mounts}
    ratios = _ratios(settings.allocation)[1]
    for moref, row in offer.datastores.items():
        info = picture.datastores.get(moref) if row["offered"] and row["uuid"] in mounted else None
        if info is not None:
            inventory = capacity.datastore_inventory(info, settings.allocation)
            # Its size is told against the inventory as it would be open: an inaccessible datastore is reserved whole.
            foreign = capacity.datastore_foreign(info, row["own_bytes"], replace(inventory, reserved=0))
            inventories: tuple[Inventory, ...] = (inventory,)
        else:
            inventories, foreign = (), {}
        yield WantedProvider(
            uuid=row["uuid"],
            name=f"{moref}.{row['vcenter_uuid']}",
            inventories=inventories,
            traits=DATASTORE_TRAITS,
            aggregates=frozenset({row["aggregate_uuid"]} if info is not None else ()),
            foreign_consumer=row["foreign_consumer"],
            foreign=foreign,
            ratios=ratios,
        )
