"""Leaf properties of many objects in few round trips.

Attributes of pyVmomi's objects are never read one by one: each is a round trip, and some don't parse. Ask for leaf paths
by name; what an object doesn't have (an unset property) is missing from its mapping.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pyVmomi import vim, vmodl

from stackspan.vsphere import faults
from stackspan.vsphere.session import VCenter

_PAGE = 500  # objects an answer
_OBJECTS_PER_CALL = 1000  # objects named in one request
_TRIES = 5  # of a read whose session ended between its calls

_Query = vmodl.query.PropertyCollector

_TYPES: tuple[tuple[str, Any], ...] = (
    ("vm-", vim.VirtualMachine),
    ("group-", vim.Folder),
    ("folder-", vim.Folder),
    ("host-", vim.HostSystem),
    ("domain-c", vim.ClusterComputeResource),
    ("clustercomputeresource-", vim.ClusterComputeResource),
    ("resgroup-", vim.ResourcePool),
    ("resourcepool-", vim.ResourcePool),
    ("datacenter-", vim.Datacenter),
    ("datastore-", vim.Datastore),
    ("dvportgroup-", vim.dvs.DistributedVirtualPortgroup),
    ("dvs-", vim.DistributedVirtualSwitch),
)


def moref(value: Any) -> str | None:
    """The id of a managed object, or None."""
    return None if value is None else str(value._moId)


def type_of(moref: str) -> Any:
    """The pyVmomi type that a managed object id tells by its first letters; ManagedEntity for one we don't know."""
    for prefix, cls in _TYPES:
        if moref.startswith(prefix):
            return cls
    return vim.ManagedEntity


def read(vc: VCenter, cls: Any, morefs: Sequence[str], paths: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Properties `paths` of the objects `morefs` of type `cls`.

    Returns {moref: {path: value}}; objects that are gone are missing. Raises InvalidSpec for an unknown path.
    """
    result: dict[str, Mapping[str, Any]] = {}
    for start in range(0, len(morefs), _OBJECTS_PER_CALL):
        result.update(_read_chunk(vc, cls, list(morefs[start : start + _OBJECTS_PER_CALL]), paths))
    return result


def read_one(vc: VCenter, cls: Any, moref: str, paths: Sequence[str]) -> Mapping[str, Any]:
    """As `read` for one object. Raises ObjectGone."""
    found = read(vc, cls, [moref], paths).get(moref)
    if found is None:
        raise faults.ObjectGone(log_message=f"{cls.__name__} {moref} is gone", moref=moref)
    return found


def read_all(
    vc: VCenter, cls: Any, paths: Sequence[str], container: str | None = None
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(moref, properties) of every object of type `cls` below the folder, cluster, … `container` (default: everywhere)."""
    for attempt in range(_TRIES):
        generation = vc.login()
        try:
            yield from _read_view(vc, cls, paths, container)
            return
        except (faults.ObjectGone, faults.SessionLost):
            # A view goes with its session: take a new one, unless it was the container itself that is gone.
            if attempt == _TRIES - 1 or vc.generation == generation:
                raise


def _read_view(
    vc: VCenter, cls: Any, paths: Sequence[str], container: str | None
) -> list[tuple[str, Mapping[str, Any]]]:
    manager = vc.object(vim.view.ViewManager, vc.content.viewManager._moId)
    top = container or vc.content.rootFolder._moId
    root = vc.object(vim.Folder if container is None else type_of(container), top)
    view = vc.call(manager, "CreateContainerView", container=root, type=[cls], recursive=True)
    try:
        spec = _Query.FilterSpec(
            propSet=[_Query.PropertySpec(type=cls, pathSet=list(paths), all=False)],
            objectSet=[view_object_spec(view)],
        )
        return [(content.obj._moId, _values(content)) for content in _retrieve(vc, spec)]
    finally:
        _destroy_view(vc, view)


def view_object_spec(view: Any) -> Any:
    """The object spec that selects what a ContainerView or ListView holds."""
    return _Query.ObjectSpec(
        obj=view,
        skip=True,
        selectSet=[_Query.TraversalSpec(name="view", type=type(view), path="view", skip=False)],
    )


def _destroy_view(vc: VCenter, view: Any) -> None:
    with contextlib.suppress(faults.ObjectGone):  # it went with a lost session
        vc.call(view, "DestroyView")


def _read_chunk(vc: VCenter, cls: Any, morefs: list[str], paths: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    if not morefs:
        return {}
    spec = _Query.FilterSpec(
        propSet=[_Query.PropertySpec(type=cls, pathSet=list(paths), all=False)],
        objectSet=[_Query.ObjectSpec(obj=vc.object(cls, moref), skip=False) for moref in morefs],
        reportMissingObjectsInResults=True,
    )
    try:
        return {c.obj._moId: _values(c) for c in _retrieve(vc, spec) if not _gone(c)}
    except faults.ObjectGone as gone:
        # Where missing objects aren't reported, one of them fails the whole call: leave it out, or halve to find it.
        if gone.moref in morefs:
            return _read_chunk(vc, cls, [m for m in morefs if m != gone.moref], paths)
        if len(morefs) == 1:
            return {}
        middle = len(morefs) // 2
        return {**_read_chunk(vc, cls, morefs[:middle], paths), **_read_chunk(vc, cls, morefs[middle:], paths)}


def _retrieve(vc: VCenter, spec: Any) -> Iterator[Any]:
    """All pages of one retrieval."""
    collector = vc.object(_Query, vc.content.propertyCollector._moId)
    options = _Query.RetrieveOptions(maxObjects=_PAGE)
    page = vc.call(collector, "RetrievePropertiesEx", specSet=[spec], options=options)
    while page is not None:
        for content in page.objects or ():
            _check_session(vc, content)
            yield content
        if not page.token:
            return
        page = vc.call(collector, "ContinueRetrievePropertiesEx", token=page.token)


def _check_session(vc: VCenter, content: Any) -> None:
    # A session that ends during the retrieval shows as properties missing for want of authentication.
    for missing in content.missingSet or ():
        if isinstance(missing.fault, vim.fault.NotAuthenticated):
            vc.forget_session(vc.generation)
            raise faults.SessionLost(log_message=f"the session at {vc.label} ended during a read")


def _gone(content: Any) -> bool:
    return not content.propSet and any(
        isinstance(missing.fault, vmodl.fault.ManagedObjectNotFound) for missing in content.missingSet or ()
    )


def _values(content: Any) -> Mapping[str, Any]:
    return {prop.name: prop.val for prop in content.propSet or ()}
