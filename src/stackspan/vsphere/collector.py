"""A property collector of one's own: filters over views, and a wait on a connection of its own.

A collector and its views live and die with the session. After any error the owner opens a new one and takes a full view.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pyVmomi import vim, vmodl

from stackspan.core import log
from stackspan.vsphere import faults, properties
from stackspan.vsphere.session import VCenter

_log = log.get(__name__)

MAX_WAIT = 50  # seconds; below the 60 s after which common proxies cut a silent connection
_TIMEOUT = MAX_WAIT + 30  # seconds on the socket
_MAX_OBJECT_UPDATES = 500  # an answer; vCenter's default is 100

_Query = vmodl.query.PropertyCollector


class Collector:
    """An open collector. One thread waits; others may change its ListView."""

    def __init__(self, vc: VCenter) -> None:
        self.vc = vc
        self.version = ""
        self.generation = vc.login()
        self._stub = vc.new_stub(_TIMEOUT)
        self._views: list[Any] = []
        default = vc.object(_Query, vc.content.propertyCollector._moId)
        created = vc.call(default, "CreatePropertyCollector")
        self._moref = created._moId
        self._waiting = _Query(self._moref, self._stub)
        vc.register(self)
        self._manager = vc.object(vim.view.ViewManager, vc.content.viewManager._moId)

    def container_view(self, types: Sequence[Any]) -> Any:
        """A view of all objects of these types in the inventory."""
        root = self.vc.object(vim.Folder, self.vc.content.rootFolder._moId)
        view = self.vc.call(self._manager, "CreateContainerView", container=root, type=list(types), recursive=True)
        self._views.append(view)
        return view

    def list_view(self) -> Any:
        """An empty view, to be filled by `modify`."""
        view = self.vc.call(self._manager, "CreateListView")
        self._views.append(view)
        return view

    def modify(self, view: Any, cls: Any, add: Iterable[str] = (), remove: Iterable[str] = ()) -> set[str]:
        """Change a ListView in one call; returns the morefs that vCenter doesn't know."""
        unknown = self.vc.call(
            view,
            "ModifyListView",
            add=[self.vc.object(cls, moref) for moref in add],
            remove=[self.vc.object(cls, moref) for moref in remove],
        )
        return {str(o._moId) for o in unknown or ()}

    def add_filter(self, view: Any, paths: Sequence[tuple[Any, Sequence[str]]]) -> None:
        """Watch `paths` ((type, property paths), …) of what `view` holds."""
        spec = _Query.FilterSpec(
            propSet=[_Query.PropertySpec(type=cls, pathSet=list(names), all=False) for cls, names in paths],
            objectSet=[properties.view_object_spec(view)],
            reportMissingObjectsInResults=True,
        )
        self.vc.call(self.vc.object(_Query, self._moref), "CreateFilter", spec=spec, partialUpdates=False)

    def wait(self, max_wait: int = MAX_WAIT) -> tuple[list[Any], bool]:
        """The next changes: (object updates, whether more are waiting already). Empty after `max_wait` quiet seconds."""
        options = _Query.WaitOptions(maxWaitSeconds=max_wait, maxObjectUpdates=_MAX_OBJECT_UPDATES)
        update = self.vc.call(self._waiting, "WaitForUpdatesEx", self.version, options)
        if self.generation != self.vc.generation:
            # The wait was repeated under a new session, which can't know this collector.
            raise faults.SessionLost(log_message=f"the session of a collector at {self.vc.label} ended")
        if update is None:
            return [], False
        self.version = update.version
        found: list[Any] = []
        for filter_update in update.filterSet or ():
            found.extend(filter_update.objectSet or ())
        return found, bool(update.truncated)

    def interrupt(self) -> None:
        """Make a pending `wait` fail at once, from another thread: with TaskCancelled or VCenterUnavailable."""
        self._stub.interrupt()

    def close(self) -> None:
        """Free what vCenter holds for it; safe when the session is gone."""
        if self.generation == self.vc.generation:
            self._quietly(self.vc.object(_Query, self._moref), "DestroyPropertyCollector")
            for view in self._views:
                self._quietly(view, "DestroyView")
        self._stub.DropConnections()

    def _quietly(self, managed_object: Any, method: str) -> None:
        try:
            self.vc.call(managed_object, method)
        except faults.VCenterError as error:
            _log.debug("collector_cleanup", vcenter=self.vc.label, method=method, reason=error.log_message)
