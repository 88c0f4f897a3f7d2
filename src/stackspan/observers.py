"""Who hears what of each vCenter: the watcher's changes go to Placement's observer, then to Compute's.

On PostgreSQL one process leads for each vCenter and only it watches; each of its writes checks that it still does.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from stackspan.compute.observe import ServerObserver
from stackspan.compute.service import ComputeService
from stackspan.compute.store import servers as server_store
from stackspan.config import Settings
from stackspan.core import log
from stackspan.core.clock import Clock
from stackspan.db import Database, Transaction
from stackspan.placement.observe import Observer, OfferSettings
from stackspan.vsphere.changes import Change
from stackspan.vsphere.fleet import Link
from stackspan.workflow import Leader

_LOG = log.get(__name__)
_LEASE_SECONDS = 10.0
_SETTLE_SECONDS = 300.0


@dataclass
class _Watched:
    link: Link
    leader: Leader | None
    placement: Observer
    compute: ServerObserver
    watching: bool = False

    def on_changes(self, changes: Sequence[Change]) -> None:
        """One batch, in order, to everybody."""
        self.compute.on_changes(changes)
        self.placement.on_changes(changes)


class Watching:
    """Watches every vCenter that is connected. `connected` is the fleet's callback."""

    def __init__(self, settings: Settings, database: Database, clock: Clock, compute: ComputeService) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._compute = compute
        self._lock = threading.Lock()
        self._watched: dict[str, _Watched] = {}
        self._stop = threading.Event()

    def connected(self, link: Link) -> None:
        """A vCenter is there: watch it, as long as this process leads."""
        leader = None
        if self._database.dialect != "sqlite":
            leader = Leader(self._database, f"watcher:{link.vcenter_uuid}", seconds=_LEASE_SECONDS)
        guard = leader.check if leader is not None else None
        watched = _Watched(
            link,
            leader,
            Observer(
                self._database,
                self._clock,
                link.vcenter_uuid,
                self._offer(link),
                self._owned,
                guard,
            ),
            ServerObserver(self._compute, link, guard),
        )
        with self._lock:
            self._watched[link.vcenter_uuid] = watched
        name = f"watch-{link.label}"
        threading.Thread(target=self._lead, args=(watched,), name=name, daemon=True).start()

    def problems(self) -> list[str]:
        """Which vCenters this process watches without having seen all of them yet."""
        with self._lock:
            pending = [watched for watched in self._watched.values() if watched.watching]
        return [
            f"vCenter {watched.link.label}: the first view is not complete"
            for watched in pending
            if not watched.link.watcher.wait_ready(0)
        ]

    def stop(self) -> None:
        """Let another process lead at once."""
        self._stop.set()
        with self._lock:
            watched = list(self._watched.values())
        for entry in watched:
            if entry.leader is not None and entry.watching:
                entry.link.watcher.stop()
                entry.leader.resign()

    def _lead(self, watched: _Watched) -> None:
        """Become the leader, watch while it lasts, and look anew now and then."""
        settled = self._clock.monotonic()
        while not self._stop.is_set():
            leads = watched.leader is None or watched.leader.lead()
            if leads and not watched.watching:
                watched.link.watcher.start(watched.on_changes)
                watched.watching = True
            elif not leads and watched.watching:
                _LOG.warning("another process watches", vcenter=watched.link.label)
                watched.link.watcher.stop()
                watched.watching = False
            if watched.watching and self._clock.monotonic() - settled > _SETTLE_SECONDS:
                watched.placement.settle()
                watched.compute.settle()
                settled = self._clock.monotonic()
            self._stop.wait(_LEASE_SECONDS / 3)

    def _offer(self, link: Link) -> OfferSettings:
        """The clusters of every section that names this vCenter."""
        compute = self._settings.compute
        sections = [
            vmware for vmware in compute.vmware if vmware.vcenter.label == link.label or len(compute.vmware) == 1
        ]
        names = tuple(name for vmware in sections for name in vmware.clusters)
        regex = next((vmware.datastore_regex for vmware in sections if vmware.datastore_regex), None)
        return OfferSettings(cluster_names=names, datastore_regex=regex, allocation=compute.allocation)

    def _owned(self, tx: Transaction, vcenter_uuid: str, morefs: Collection[str]) -> Mapping[str, str]:
        return server_store.server_ids_by_moref(tx, vcenter_uuid, morefs)
