"""The build of a server as a job: where it goes, what it waits for, and trying elsewhere."""

from __future__ import annotations

from typing import Any

from stackspan.compute import errors, operations, scheduler
from stackspan.compute.model import Flavor, TaskState
from stackspan.compute.service.base import Parts
from stackspan.compute.service.nodes import zone_by_host
from stackspan.compute.service.placing import NoValidHost, Place, Placing, Wish
from stackspan.compute.store import nodes as node_store
from stackspan.compute.store import servers as server_store
from stackspan.core import errors as core_errors
from stackspan.core.context import RequestContext
from stackspan.db import Transaction
from stackspan.image.model import Image
from stackspan.workflow.records import Origin

_GIB = 1 << 30


def build_enqueue(
    parts: Parts,
    tx: Transaction,
    context: RequestContext | None,
    origin: Origin | None,
    params: operations.ServerCreate,
    image_id: str,
    flavor: Flavor,
    place: Place,
    network_ids: set[str],
) -> str:
    """Queue the build behind the image's copy on the datastore and the networks' port groups; the job's id.

    Args:
        origin: whose request the build is; `context` the same where it is the user's own request.
    """
    ticket = parts.image.cache_ensure(
        tx, image_id, place.datastore_uuid, place.cluster_uuid, flavor.root_gib, context=context
    )
    parts.image.cache_use(tx, ticket.entry_id, params.server_id)
    server_store.build_update(tx, params.server_id, cache_entry=ticket.entry_id)
    waits = [ticket.job_id] if ticket.job_id else []
    waits += parts.network.portgroups_ensure(tx, network_ids, place.vcenter_uuid, context=context)
    return parts.queue.enqueue(
        tx,
        operations.SERVER_CREATE,
        params,
        context=origin,
        resources=(f"server:{params.server_id}",),
        after=waits,
        limits=(f"vcenter:{place.vcenter_uuid}",),
    )


def place_columns(place: Place | None) -> dict[str, Any]:
    """The columns of a server that say where it is."""
    return {
        "zone": place.zone if place else None,
        "host": place.host if place else None,
        "node": place.node if place else None,
        "cluster_uuid": place.cluster_uuid if place else None,
        "datastore_uuid": place.datastore_uuid if place else None,
        "vcenter_uuid": place.vcenter_uuid if place else None,
    }


def disk_gib(flavor: Flavor, image: Image) -> int:
    """What the server's disks take of the datastore; a flavor without a root size takes the image's."""
    root = 0 if flavor.root_gib else -(-_virtual_size(image) // _GIB)
    return flavor.disk_gib + root


def size_check(flavor: Flavor, image: Image) -> None:
    """Raise FlavorTooSmall where the flavor can't hold the image."""
    if flavor.memory_mib < (image.min_ram or 0):
        raise errors.FlavorTooSmall("Flavor's memory is too small for requested image.")
    if not flavor.root_gib:
        return
    size = flavor.root_gib * _GIB
    if size < _virtual_size(image):
        raise errors.FlavorTooSmall(
            f"Flavor's disk is too small for requested image. Flavor disk is {size} bytes, "
            f"image is {_virtual_size(image)} bytes."
        )
    if flavor.root_gib < (image.min_disk or 0):
        raise errors.FlavorTooSmall(
            "Flavor's disk is smaller than the minimum size specified in image metadata. "
            f"Flavor disk is {size} bytes, minimum size is {(image.min_disk or 0) * _GIB} bytes."
        )


def _virtual_size(image: Image) -> int:
    return image.virtual_size or image.size or 0


def build_again(
    parts: Parts, placing: Placing, tx: Transaction, origin: Origin, params: operations.ServerCreate, reason: str
) -> core_errors.StackspanError | None:
    """Build the server at its next alternate; the reason why not where none is left.

    Nothing of it is in vCenter and its allocation is released when this is called.
    """
    server = server_store.server_get(tx, params.server_id)
    if server is None or server.deleted or server.task_state is TaskState.DELETING:
        return NoValidHost("The server was deleted while it was being built.")
    image = parts.image.get_many(tx, [server.image_id]).get(server.image_id)
    nodes = {node.cluster_uuid: node for node in node_store.node_list(tx)}
    aggregates = node_store.aggregate_list(tx)
    rejected = (*params.rejected, (params.host, reason))
    for position, (cluster_uuid, datastore_uuid) in enumerate(params.alternates):
        node = nodes.get(cluster_uuid)
        if node is None or image is None:
            continue
        zone = zone_by_host(aggregates).get(node.host, parts.settings.default_availability_zone)
        place = Place(cluster_uuid, datastore_uuid, node.vcenter_uuid, node.host, node.node, zone)
        wish = Wish(server.flavor, image, disk_gib(server.flavor, image), server.project_id)
        if not placing.take(tx, server.id, wish, place, user_id=server.user_id):
            continue
        server_store.server_move(tx, server.id, parts.now(), task_state=TaskState.SCHEDULING, **place_columns(place))
        again = operations.ServerCreate(
            server_id=server.id,
            action=params.action,
            host=node.host,
            alternates=params.alternates[position + 1 :],
            rejected=rejected,
        )
        network_ids = {nic.network_id for nic in parts.network.nics_get(tx, server.id)}
        build_enqueue(parts, tx, None, origin, again, image.id, server.flavor, place, network_ids)
        return None
    refusals = [scheduler.Rejection(host, "power on", why) for host, why in rejected]
    ranking = scheduler.Ranking((), tuple(refusals))
    count = len({host for host, _ in rejected})
    message = f"{scheduler.NO_VALID_HOST} {count} hypervisor{'s' if count != 1 else ''} could not start the server."
    return NoValidHost(message, ranking.admin_details())
