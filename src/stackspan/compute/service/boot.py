"""Accepting new servers: read and decide first, then one short transaction for quota, capacity, rows and jobs."""

from __future__ import annotations

import datetime as dt
import random
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from stackspan.compute import errors, operations, scheduler
from stackspan.compute.model import (
    ComputeNode,
    Flavor,
    KeyPair,
    Server,
    ServerBuild,
    ServerGroup,
    ServerRequest,
    TaskState,
    Usage,
    VmState,
)
from stackspan.compute.service.base import Parts
from stackspan.compute.service.building import build_enqueue, disk_gib, place_columns, size_check
from stackspan.compute.service.flavors import flavor_for
from stackspan.compute.service.nodes import Nodes
from stackspan.compute.service.placing import NoValidHost, Place, Placing, Wish, places_of, zone_check
from stackspan.compute.service.quotas import servers_fit
from stackspan.compute.service.records import action_begin, action_end, fault_of, server_failed
from stackspan.compute.service.servers import Servers
from stackspan.compute.store import key_pairs as key_pair_store
from stackspan.compute.store import nodes as node_store
from stackspan.compute.store import servers as server_store
from stackspan.core import errors as core_errors
from stackspan.core import ids
from stackspan.core.context import RequestContext
from stackspan.db import Transaction
from stackspan.image import errors as image_errors
from stackspan.image.model import Image
from stackspan.network import errors as network_errors
from stackspan.network.model import NicPlan, RequestedNic

BUILD_EVENT = "compute__do_build_and_run_instance"
_RESERVATION_CHARACTERS = string.ascii_lowercase + string.digits
_ALTERNATES = 2
_ATTEMPTS = 3
_ROOT_DEVICE = "/dev/sda"


@dataclass(frozen=True)
class Accepted:
    """Servers that were accepted: building, or in ERROR where there is no valid host."""

    reservation_id: str
    servers: Sequence[Server]


@dataclass(frozen=True)
class _Plan:
    """Everything decided by reading."""

    flavor: Flavor
    image: Image
    iso: bool
    key: KeyPair | None
    nics: tuple[NicPlan, ...]
    group: ServerGroup | None
    wish: Wish
    rankings: Sequence[scheduler.Ranking]
    config_drive: bool


@dataclass(frozen=True)
class _Identity:
    """What tells one of several servers of a request from the others."""

    server_id: str
    name: str
    reservation_id: str
    index: int


class _PlacesGone(Exception):
    """All places that were read are taken by now: read again."""


class Boots:
    """Creates servers."""

    def __init__(self, parts: Parts, servers: Servers, nodes: Nodes, placing: Placing) -> None:
        self._parts = parts
        self._servers = servers
        self._nodes = nodes
        self._placing = placing

    def create(self, context: RequestContext, request: ServerRequest) -> Accepted:
        """Accept `min_count` to `max_count` servers.

        Raises BootRefused, ZoneInvalid, FlavorTooSmall, TooManyInstances, MultiplePortsRefused, PortQuotaExceeded and
        Network's errors. Where no hypervisor has room, the servers are there, in ERROR with a fault.
        """
        _check_counts(request)
        nodes = self._nodes.all()
        for attempt in range(_ATTEMPTS):
            with self._parts.database.read() as tx:
                plan = self._plan(tx, context, request, nodes)
            promised = self._placing.promise(plan.wish, plan.rankings)
            try:
                with self._parts.database.write() as tx:
                    return self._accept(tx, context, request, plan, final=attempt == _ATTEMPTS - 1)
            except _PlacesGone:
                continue
            except network_errors.OverQuota as error:
                raise errors.PortQuotaExceeded(log_message=error.log_message) from error
            finally:
                self._placing.fulfil(plan.wish, promised)
        raise AssertionError("the last attempt decides")

    # -- reading -----------------------------------------------------------------------------------------------------

    def _plan(
        self, tx: Transaction, context: RequestContext, request: ServerRequest, nodes: Sequence[ComputeNode]
    ) -> _Plan:
        flavor = self._flavor(tx, context, request.flavor_id)
        image = self._image(tx, context, request.image_id)
        size_check(flavor, image)
        key = self._key(tx, context, request.key_name)
        zone = request.zone or self._parts.settings.default_schedule_zone
        zone_check(self._parts, tx, zone, nodes)
        self._servers.metadata_check(tx, context.project_id or "", request.metadata)
        nics = self._parts.network.plan(tx, context, _requested(request))
        group = self._group(tx, context, request.hints)
        wish = Wish(
            flavor=flavor,
            image=image,
            disk_gib=disk_gib(flavor, image),
            project_id=context.project_id or "",
            zone=zone,
            host=request.forced_host,
            node=request.forced_node,
            group=group,
            hints=request.hints,
        )
        drive = request.config_drive or self._parts.settings.config_drive
        return _Plan(
            flavor=flavor,
            image=image,
            iso=image.disk_format == "iso",
            key=key,
            nics=nics,
            group=group,
            wish=wish,
            rankings=self._placing.rank(tx, wish, nodes, request.max_count),
            config_drive=bool(drive) or image.properties.get("img_config_drive") == "mandatory",
        )

    def _flavor(self, tx: Transaction, context: RequestContext, flavor_id: str) -> Flavor:
        try:
            return flavor_for(tx, context, flavor_id)
        except errors.FlavorNotFound as error:
            raise errors.BootRefused(error.user_message) from None

    def _image(self, tx: Transaction, context: RequestContext, image_id: str) -> Image:
        try:
            return self._parts.image.get_for_boot(tx, context, image_id)
        except image_errors.ImageNotFound:
            raise errors.BootRefused("Can not find requested image") from None

    def _key(self, tx: Transaction, context: RequestContext, name: str | None) -> KeyPair | None:
        if name is None:
            return None
        key = key_pair_store.key_pair_get(tx, context.user_id, name)
        if key is None:
            raise errors.BootRefused("Invalid key_name provided.")
        return key

    def _group(self, tx: Transaction, context: RequestContext, hints: Mapping[str, object]) -> ServerGroup | None:
        hint = hints.get("group")
        group_id = hint[0] if isinstance(hint, list) and hint else hint
        if not group_id:
            return None
        if not isinstance(group_id, str) or not ids.is_uuid_like(group_id):
            raise errors.BootRefused("Server group scheduler hint must be a UUID.")
        found = node_store.group_list(tx, ids=[group_id])
        if not found or (found[0].project_id != context.project_id and not context.is_admin):
            raise errors.BootRefused(f"Instance group {group_id} could not be found.")
        return found[0]

    # -- writing -----------------------------------------------------------------------------------------------------

    def _accept(
        self, tx: Transaction, context: RequestContext, request: ServerRequest, plan: _Plan, *, final: bool
    ) -> Accepted:
        count = self._count(tx, context, request, plan.flavor)
        self._group_quota(tx, plan.group, count)
        reservation_id = "r-" + "".join(random.choices(_RESERVATION_CHARACTERS, k=8))
        servers = []
        for index in range(count):
            server_id = ids.new_uuid()
            ranking = plan.rankings[index]
            places = self._take(tx, context, server_id, plan.wish, ranking)
            if not places and ranking.ordered and not final:
                raise _PlacesGone
            name = request.name if request.max_count == 1 else f"{request.name}-{index + 1}"
            self._insert(tx, context, request, plan, _Identity(server_id, name, reservation_id, index), places)
            if plan.group is not None:
                node_store.group_member_insert(tx, plan.group.id, server_id)
            found = server_store.server_get(tx, server_id)
            assert found is not None
            servers.append(found)
        return Accepted(reservation_id, servers)

    def _count(self, tx: Transaction, context: RequestContext, request: ServerRequest, flavor: Flavor) -> int:
        most = request.max_count
        more = Usage(most, flavor.vcpus * most, flavor.memory_mib * most)
        return servers_fit(self._parts, tx, context.project_id or "", more, request.min_count)

    def _group_quota(self, tx: Transaction, group: ServerGroup | None, count: int) -> None:
        if group is None:
            return
        limit = self._parts.limits(tx, group.project_id)["server_group_members"]
        if 0 <= limit < len(group.members) + count:
            raise errors.QuotaExceeded("Quota exceeded, too many servers in group")

    def _take(
        self, tx: Transaction, context: RequestContext, server_id: str, wish: Wish, ranking: scheduler.Ranking
    ) -> list[Place]:
        """Reserve the first place that still has room: it, and what to try after it."""
        ordered = places_of(ranking)
        for position, place in enumerate(ordered):
            if self._placing.take(tx, server_id, wish, place, user_id=context.user_id):
                rest = [*ordered[position + 1 :], *ordered[:position]]
                return [place, *rest[:_ALTERNATES]]
        return []

    def _insert(
        self,
        tx: Transaction,
        context: RequestContext,
        request: ServerRequest,
        plan: _Plan,
        identity: _Identity,
        places: Sequence[Place],
    ) -> None:
        server_id, name = identity.server_id, identity.name
        now = self._parts.now()
        place = places[0] if places else None
        build = ServerBuild(
            user_data=request.user_data,
            image_properties={key: str(value) for key, value in plan.image.properties.items()},
            iso=plan.iso,
            cache_entry=None,
            config_drive_path=None,
            folder=None,
            directory=None,
            key_public=plan.key.public_key if plan.key else None,
        )
        values = {
            **_columns(context, request, plan, now),
            "id": server_id,
            "name": name,
            "hostname": request.hostname or hostname_of(name, server_id),
            "reservation_id": identity.reservation_id,
            "launch_index": identity.index,
            **place_columns(place),
        }
        server_store.server_insert(tx, values, plan.flavor, build, request.metadata)
        action = action_begin(tx, context, server_id, "create", now, BUILD_EVENT)
        if place is None:
            self._no_host(tx, server_id, action, plan.wish, now)
        else:
            self._start(tx, context, request, plan, server_id, action, places)

    def _no_host(self, tx: Transaction, server_id: str, action: int, wish: Wish, now: dt.datetime) -> None:
        # What was free when it was read may be taken by now: tell what is missing now.
        (ranking,) = self._placing.rank(tx, wish, node_store.node_list(tx))
        error = NoValidHost(ranking.user_message(), ranking.admin_details() or None)
        server_failed(tx, server_id, fault_of(server_id, error, now))
        action_end(tx, action, now, event=BUILD_EVENT, error=error)

    def _start(
        self,
        tx: Transaction,
        context: RequestContext,
        request: ServerRequest,
        plan: _Plan,
        server_id: str,
        action: int,
        places: Sequence[Place],
    ) -> None:
        place = places[0]
        self._parts.network.nics_create(
            tx,
            context,
            server_id,
            plan.nics,
            zone=place.zone,
            host=place.host,
            security_groups=request.security_groups,
        )
        params = operations.ServerCreate(
            server_id=server_id,
            action=action,
            host=place.host,
            alternates=tuple((place.cluster_uuid, place.datastore_uuid) for place in places[1:]),
        )
        network_ids = {nic.network_id for nic in plan.nics}
        build_enqueue(self._parts, tx, context, context, params, plan.image.id, plan.flavor, place, network_ids)


def hostname_of(name: str, server_id: str) -> str:
    """A host name from a display name, as the stock service makes it."""
    text = name.encode("latin-1", "ignore").decode("latin-1")
    text = re.sub(r"[^\w.-]+", "", re.sub(r"[ _.]", "-", text), flags=re.ASCII).lower().strip(".-")
    return text[:63].rstrip(".-") or f"server-{server_id}"


def _check_counts(request: ServerRequest) -> None:
    if request.max_count == 1 or isinstance(request.networks, str):
        return
    if any(nic.port_id for nic in request.networks):
        raise errors.MultiplePortsRefused
    if any(nic.fixed_ip for nic in request.networks):
        raise core_errors.Invalid(
            "Failed to launch instances: max_count cannot be greater than 1 if an fixed_ip is specified."
        )


def _requested(request: ServerRequest) -> Sequence[RequestedNic] | Literal["auto", "none"]:
    if isinstance(request.networks, str):
        return "none" if request.networks == "none" else "auto"
    return [RequestedNic(nic.network_id, nic.port_id, nic.fixed_ip) for nic in request.networks]


def _columns(context: RequestContext, request: ServerRequest, plan: _Plan, now: dt.datetime) -> dict[str, object]:
    return {
        "project_id": context.project_id or "",
        "user_id": context.user_id,
        "description": request.description,
        "image_id": plan.image.id,
        "key_name": request.key_name,
        "config_drive": plan.config_drive,
        "disk_config": request.disk_config or "MANUAL",
        "zone_requested": request.zone,
        "vm_state": VmState.BUILDING,
        "task_state": TaskState.SCHEDULING,
        "access_ip_v4": request.access_ip_v4,
        "access_ip_v6": request.access_ip_v6,
        "root_device_name": _ROOT_DEVICE,
        "progress": 0,
        "created_at": now,
        "updated_at": now,
    }
