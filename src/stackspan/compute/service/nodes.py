"""Hypervisors and their services, zones and aggregates.

A hypervisor is a cluster that Placement knows. Compute adds what Placement has no word for: integer ids and the name of
the service host, made once per cluster and kept even while its vCenter is away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stackspan.compute import errors
from stackspan.compute.model import Aggregate, ComputeNode
from stackspan.compute.service.base import Parts
from stackspan.compute.store import nodes as node_store
from stackspan.compute.store import servers as server_store
from stackspan.core import errors as core_errors
from stackspan.core import ids
from stackspan.db import Transaction
from stackspan.placement.model import Cluster, ClusterUsage

_FORBIDDEN = re.compile(r"[^A-Za-z0-9._-]+")
_MAX_HOST = 200
ZONE_KEY = "availability_zone"


@dataclass(frozen=True)
class Hypervisor:
    """A hypervisor as administrators see it. Memory in MiB, disk in GiB."""

    node: ComputeNode
    name: str  # of the cluster
    up: bool
    vcpus: int
    vcpus_used: int
    memory: int
    memory_used: int
    disk: int
    disk_used: int
    servers: int
    busy: int  # servers with a task under way


@dataclass(frozen=True)
class Zone:
    """An availability zone with its hypervisors."""

    name: str
    available: bool
    nodes: Sequence[ComputeNode] = ()


class Nodes:
    """What the API does with hypervisors, services, zones and aggregates."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def ensure(self, tx: Transaction) -> list[ComputeNode]:
        """Give every cluster its ids and names, and note vCenter's version; all nodes. Joins a write transaction."""
        known = node_store.node_list(tx)
        for node in known:
            version = self._parts.vcenter(node.vcenter_uuid).version
            if version not in (0, node.version):
                node_store.node_update(tx, node.number, self._parts.now(), version=version)
        hosts = {node.host for node in known}
        for cluster in self._missing(tx, known):
            facts = self._parts.vcenter(cluster.vcenter_uuid)
            host = _free_name(f"{facts.label}-{cluster.name}", hosts)
            hosts.add(host)
            values = {
                "cluster_uuid": cluster.uuid,
                "vcenter_uuid": cluster.vcenter_uuid,
                "moref": cluster.moref,
                "host": host,
                "node": cluster.node,
                "version": facts.version,
                "created_at": self._parts.now(),
            }
            node_store.node_insert(tx, values)
        return node_store.node_list(tx)

    def all(self) -> Sequence[ComputeNode]:
        """All nodes, those of clusters that have just appeared included."""
        with self._parts.database.read() as tx:
            known = node_store.node_list(tx)
            if not self._missing(tx, known):
                return known
        with self._parts.database.write(durable=False) as tx:
            return self.ensure(tx)

    def hypervisors(self) -> Sequence[Hypervisor]:
        """All hypervisors with their capacity and use."""
        nodes = self.all()
        with self._parts.database.read() as tx:
            clusters = {cluster.uuid: cluster for cluster in self._parts.placement.clusters(tx)}
            counts = server_store.usage_by_cluster(tx)
            capacity = self._parts.placement.usage_by_cluster(tx)
        found = []
        for node in nodes:
            cluster = clusters.get(node.cluster_uuid)
            if cluster is None:
                continue
            size = capacity.get(cluster.uuid, ClusterUsage())
            servers, busy = counts.get(cluster.uuid, (0, 0))
            found.append(
                Hypervisor(
                    node=node,
                    name=cluster.name,
                    up=cluster.alive and not node.forced_down,
                    vcpus=size.vcpus,
                    vcpus_used=size.vcpus_used,
                    memory=size.memory_mib,
                    memory_used=size.memory_mib_used,
                    disk=size.disk_gib,
                    disk_used=size.disk_gib_used,
                    servers=servers,
                    busy=busy,
                )
            )
        return found

    def service_update(
        self,
        host: str,
        *,
        disabled: bool | None = None,
        reason: str | None = None,
        forced_down: bool | None = None,
    ) -> ComputeNode:
        """Enable, disable or force down a hypervisor's service. Raises NodeNotFound."""
        with self._parts.database.write() as tx:
            node = _node_by_host(node_store.node_list(tx), host)
            values: dict[str, object] = {}
            if disabled is not None:
                values.update(disabled=disabled, disabled_reason=reason)
            if forced_down is not None:
                values["forced_down"] = forced_down
            node_store.node_update(tx, node.number, self._parts.now(), **values)
            return _node_by_host(node_store.node_list(tx), host)

    def service_delete(self, number: int) -> None:
        """Forget a hypervisor whose cluster is gone. Raises ServiceNotFound, Conflict while it is there or in use."""
        with self._parts.database.write() as tx:
            node = next((node for node in node_store.node_list(tx) if node.number == number), None)
            if node is None:
                raise errors.ServiceNotFound(number)
            there = {cluster.uuid for cluster in self._parts.placement.clusters(tx)}
            if node.cluster_uuid in there or server_store.usage_by_cluster(tx).get(node.cluster_uuid):
                raise core_errors.Conflict(
                    "Unable to delete compute service that is hosting instances. Migrate or delete the instances first."
                )
            node_store.node_delete(tx, number)

    # -- zones -------------------------------------------------------------------------------------------------------

    def zones(self) -> Sequence[Zone]:
        """All zones with their hypervisors, by name. One is available while a hypervisor in it is enabled."""
        nodes = self.all()
        with self._parts.database.read() as tx:
            by_host = zone_by_host(node_store.aggregate_list(tx))
        default = self._parts.settings.default_availability_zone
        grouped: dict[str, list[ComputeNode]] = {}
        for node in nodes:
            grouped.setdefault(by_host.get(node.host, default), []).append(node)
        return [
            Zone(name, any(not node.disabled for node in members), members) for name, members in sorted(grouped.items())
        ]

    # -- aggregates --------------------------------------------------------------------------------------------------

    def aggregates(self) -> Sequence[Aggregate]:
        """All aggregates."""
        with self._parts.database.read() as tx:
            return node_store.aggregate_list(tx)

    def aggregate_get(self, number: int) -> Aggregate:
        """Raises AggregateNotFound."""
        with self._parts.database.read() as tx:
            return _aggregate(tx, number)

    def aggregate_create(self, name: str, zone: str | None) -> Aggregate:
        """Raises AggregateNameExists."""
        with self._parts.database.write() as tx:
            if any(found.name == name for found in node_store.aggregate_list(tx)):
                raise errors.AggregateNameExists(name)
            number = node_store.aggregate_insert(tx, ids.new_uuid(), name, self._parts.now())
            if zone:
                node_store.aggregate_metadata_set(tx, number, {ZONE_KEY: zone})
            return _aggregate(tx, number)

    def aggregate_update(self, number: int, name: str | None, zone: str | None) -> Aggregate:
        """Raises AggregateNotFound, AggregateNameExists, AggregateInvalid."""
        with self._parts.database.write() as tx:
            found = _aggregate(tx, number)
            if name is not None and name != found.name:
                if any(other.name == name for other in node_store.aggregate_list(tx)):
                    raise errors.AggregateNameExists(name)
                node_store.aggregate_update(tx, number, self._parts.now(), name=name)
            if zone is not None:
                self._metadata(tx, found, {ZONE_KEY: zone})
            return _aggregate(tx, number)

    def aggregate_metadata(self, number: int, items: Mapping[str, str | None]) -> Aggregate:
        """Set metadata; None removes a key. Raises AggregateNotFound, AggregateInvalid."""
        with self._parts.database.write() as tx:
            self._metadata(tx, _aggregate(tx, number), items)
            return _aggregate(tx, number)

    def aggregate_delete(self, number: int) -> None:
        """Raises AggregateNotFound, AggregateInvalid while hosts are in it."""
        with self._parts.database.write() as tx:
            if _aggregate(tx, number).hosts:
                raise core_errors.Invalid(
                    f"Cannot remove host from aggregate {number}. Reason: Host aggregate is not empty."
                )
            node_store.aggregate_delete(tx, number)

    def aggregate_host_add(self, number: int, host: str) -> Aggregate:
        """Raises AggregateNotFound, NodeNotFound, AggregateHostExists, AggregateInvalid."""
        with self._parts.database.write() as tx:
            found = _aggregate(tx, number)
            node = _node_by_host(self.ensure(tx), host)
            if host in found.hosts:
                raise errors.AggregateHostExists(number, host)
            zone = zone_by_host(node_store.aggregate_list(tx)).get(host)
            if zone is not None and found.zone is not None and zone != found.zone:
                raise errors.AggregateInvalid(
                    f"Cannot add host to aggregate {number}. Reason: "
                    f"One or more hosts already in availability zone(s) ['{zone}']."
                )
            default = self._parts.settings.default_availability_zone
            self._not_in_use(tx, node, found.zone, zone or default, number, "add host to")
            node_store.aggregate_host_insert(tx, number, host)
            node_store.aggregate_update(tx, number, self._parts.now())
            return _aggregate(tx, number)

    def aggregate_host_remove(self, number: int, host: str) -> Aggregate:
        """Raises AggregateNotFound, AggregateHostNotFound, AggregateInvalid."""
        with self._parts.database.write() as tx:
            found = _aggregate(tx, number)
            if host not in found.hosts:
                raise errors.AggregateHostNotFound(number, host)
            node = _node_by_host(node_store.node_list(tx), host)
            default = self._parts.settings.default_availability_zone
            if found.zone is not None:
                self._not_in_use(tx, node, default, found.zone, number, "remove host from")
            node_store.aggregate_host_delete(tx, number, host)
            node_store.aggregate_update(tx, number, self._parts.now())
            return _aggregate(tx, number)

    def _not_in_use(
        self, tx: Transaction, node: ComputeNode, new: str | None, old: str, number: int, what: str
    ) -> None:
        """A hypervisor with servers can't change its zone: theirs would change under them."""
        if new is not None and new != old and server_store.usage_by_cluster(tx).get(node.cluster_uuid):
            raise errors.AggregateInvalid(
                f"Cannot {what} aggregate {number}. Reason: One or more hosts contain instances in this zone."
            )

    def _metadata(self, tx: Transaction, found: Aggregate, items: Mapping[str, str | None]) -> None:
        zone = items.get(ZONE_KEY)
        if zone is not None and zone != found.zone:
            others = zone_by_host([other for other in node_store.aggregate_list(tx) if other.number != found.number])
            for host in found.hosts:
                if others.get(host, zone) != zone:
                    raise errors.AggregateInvalid(
                        f"Cannot update metadata of aggregate {found.number}. Reason: One or more hosts already in "
                        f"availability zone(s) ['{others[host]}']."
                    )
                node = _node_by_host(node_store.node_list(tx), host)
                old = found.zone or self._parts.settings.default_availability_zone
                self._not_in_use(tx, node, zone, old, found.number, "update metadata of")
        node_store.aggregate_metadata_set(tx, found.number, items)
        node_store.aggregate_update(tx, found.number, self._parts.now())

    def _missing(self, tx: Transaction, known: Sequence[ComputeNode]) -> Sequence[Cluster]:
        uuids = {node.cluster_uuid for node in known}
        return [cluster for cluster in self._parts.placement.clusters(tx) if cluster.uuid not in uuids]


def zone_by_host(aggregates: Sequence[Aggregate]) -> dict[str, str]:
    """service host → its zone, only those that an aggregate puts into one."""
    return {host: found.zone for found in aggregates if found.zone for host in found.hosts}


def _aggregate(tx: Transaction, number: int) -> Aggregate:
    found = next((found for found in node_store.aggregate_list(tx) if found.number == number), None)
    if found is None:
        raise errors.AggregateNotFound(number)
    return found


def _node_by_host(nodes: Sequence[ComputeNode], host: str) -> ComputeNode:
    found = next((node for node in nodes if node.host == host), None)
    if found is None:
        raise errors.NodeNotFound(host)
    return found


def _free_name(wanted: str, taken: set[str]) -> str:
    name = _FORBIDDEN.sub("-", wanted)[:_MAX_HOST].strip("-") or "cluster"
    free, number = name, 2
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free
