"""A vCenter's changes → clusters, hosts, datastores, providers with their inventories, and foreign use.

An `Observer` per vCenter, in the process that leads. It keeps the vCenter in memory, sums foreign VMs there and writes
only rows that differ; nothing before the first full view is whole, since half a picture would promise room that foreign
VMs use. If writing fails the watcher starts over with a full view, and so does this.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from stackspan.core import log
from stackspan.core.clock import Clock
from stackspan.db import Database, Transaction
from stackspan.placement.observe.offer import Offer, OfferSettings, WantedProvider, offer_of
from stackspan.placement.observe.picture import Picture
from stackspan.placement.observe.writing import adopt, known_offer, provider_write, rows_write
from stackspan.vsphere.changes import Change, FullView

__all__ = ["Observer", "OfferSettings", "Owned"]

_LOG = log.get(__name__)
_ASKED_AT_ONCE = 500  # VMs, in one statement


class Owned(Protocol):
    """Tells which VMs are our servers'; Compute's façade fits."""

    def __call__(self, tx: Transaction, vcenter_uuid: str, morefs: Collection[str]) -> Mapping[str, str]:
        """moref → instance uuid of those among `morefs` that belong to a server which is not deleted."""
        ...


class Observer:
    """Keeps Placement's rows of one vCenter true. Thread-safe.

    Args:
        owned: whose VMs are whose.
        guard: called first in every transaction; raises where this process doesn't lead any more.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        vcenter_uuid: str,
        settings: OfferSettings,
        owned: Owned,
        guard: Callable[[Transaction], None] | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._vcenter_uuid = vcenter_uuid
        self._settings = settings
        self._owned = owned
        self._guard = guard
        self._lock = threading.Lock()
        self._picture = Picture()
        self._whole = False
        self._known: Offer | None = None
        self._written: dict[str, WantedProvider] = {}
        self._own_bytes: dict[str, int] = {}
        self._own_later: dict[str, int] = {}

    def on_changes(self, changes: Sequence[Change]) -> None:
        """Take a batch from the watcher; what it changes is committed when this returns."""
        with self._lock:
            self._picture.apply(changes)
            for change in changes:
                if isinstance(change, FullView):
                    # A view says what there is now; the rows are read again in case others wrote them.
                    self._whole = not change.begin
                    self._known = None
            if self._whole:
                self._storage_told()
                self._save()

    def settle(self) -> None:
        """Look anew whose the VMs are that are on. To be called now and then, and after servers were taken over."""
        with self._lock:
            if self._whole:
                self._classify(self._picture.powered_on())
                self._save()

    def own_storage_seen(self, own_bytes: Mapping[str, int]) -> None:
        """Take a slow reading: datastore moref → bytes written there by VMs of our servers, shared parents left out.

        A rise counts only from the datastore's next own figures on: those that we have may be older than the reading,
        and then its bytes would be taken off a use that doesn't hold them yet.
        """
        with self._lock:
            for moref in self._picture.datastores:
                now, told = self._own_bytes.get(moref, 0), own_bytes.get(moref, 0)
                self._own_bytes[moref] = min(now, told)
                self._own_later[moref] = told
            self._picture.fresh_datastores.clear()
            self._picture.dirty = True
            if self._whole:
                self._save()

    def _storage_told(self) -> None:
        for moref in self._picture.fresh_datastores:
            if moref in self._own_later:
                self._own_bytes[moref] = self._own_later.pop(moref)
        self._picture.fresh_datastores.clear()

    def _classify(self, morefs: Collection[str]) -> None:
        ordered = sorted(morefs)
        for start in range(0, len(ordered), _ASKED_AT_ONCE):
            asked = ordered[start : start + _ASKED_AT_ONCE]
            with self._database.read() as tx:
                ours = self._owned(tx, self._vcenter_uuid, asked)
            self._picture.classify(asked, ours)

    def _save(self) -> None:
        unknown = self._picture.unknown_vms()
        if unknown:
            self._classify(unknown)
        if not self._picture.dirty:
            return
        if self._known is None:
            with self._database.read() as tx:
                self._known = known_offer(tx, self._vcenter_uuid)
            self._written = {}
            for moref, row in self._known.datastores.items():
                self._own_bytes.setdefault(moref, row["own_bytes"])
        wanted = offer_of(self._picture, self._settings, self._vcenter_uuid, self._known, self._own_bytes)
        if self._differs(wanted, self._known):
            self._write(wanted, self._known)
        self._picture.dirty = False

    def _differs(self, wanted: Offer, known: Offer) -> bool:
        rows = (wanted.clusters, wanted.datastores, wanted.hosts, wanted.mounts)
        before = (known.clusters, known.datastores, known.hosts, known.mounts)
        return rows != before or any(self._written.get(p.uuid) != p for p in wanted.providers)

    def _write(self, wanted: Offer, known: Offer) -> None:
        now = self._clock.now()
        ratios = {row["uuid"]: row["ratios"] for row in (*known.clusters.values(), *known.datastores.values())}
        with self._database.write(durable=False) as tx:
            if self._guard is not None:
                self._guard(tx)
            wanted = adopt(tx, wanted, known)
            rows_write(tx, wanted, known, self._vcenter_uuid)
            managed = frozenset(row["aggregate_uuid"] for row in wanted.datastores.values())
            for provider in sorted(wanted.providers, key=lambda p: p.uuid):
                if self._written.get(provider.uuid) != provider:
                    provider_write(tx, provider, ratios.get(provider.uuid, {}), managed, now)
        self._known = wanted
        self._written = {provider.uuid: provider for provider in wanted.providers}
