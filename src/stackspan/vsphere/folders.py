"""VM folders: paths made where missing, children found by exact name."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pyVmomi import vim

from stackspan.vsphere import faults, names, properties
from stackspan.vsphere.session import VCenter

escape_name = names.escape
unescape_name = names.unescape


@dataclass
class _Cache:
    """Folder paths seen so far, per client."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    paths: dict[tuple[str, ...], str] = field(default_factory=dict)


def _cache(vc: VCenter) -> _Cache:
    cache = vc.memory.setdefault("folders", _Cache())
    assert isinstance(cache, _Cache)
    return cache


def ensure_path(
    vc: VCenter,
    datacenter: str,
    path: Sequence[str],
    *,
    op_id: str | None = None,
    activation_id: str | None = None,
) -> str:
    """The moref of the VM folder `path` below the datacenter's VM folder, made where missing.

    `ensure_path(vc, "datacenter-2", ("OpenStack", f"Project ({project_id})", "Instances"))`

    Safe when many do it at once: who comes second adopts the first one's folder. Paths are cached; `forget` drops one.
    Raises InvalidState when an object that isn't a folder has such a name.
    """
    cache = _cache(vc)
    known = cache.paths.get((datacenter, *path))
    if known is not None:
        return known
    folder = _vm_folder(vc, datacenter)
    for depth, name in enumerate(path, start=1):
        key = (datacenter, *path[:depth])
        with cache.lock:
            child = cache.paths.get(key)
        if child is None:
            child = find_child(vc, folder, name) or _make(vc, folder, name, op_id, activation_id)
            with cache.lock:
                cache.paths[key] = child
        folder = child
    return folder


def forget(vc: VCenter, folder: str) -> None:
    """Drop cached paths that lead to or through `folder`: it was found to be gone."""
    cache = _cache(vc)
    with cache.lock:
        stale = [key for key, ref in cache.paths.items() if ref == folder]
        for key in list(cache.paths):
            if any(key[: len(prefix)] == prefix for prefix in stale):
                del cache.paths[key]


def find_child(vc: VCenter, folder: str, name: str) -> str | None:
    """The moref of the child of `folder` with exactly that (unescaped) name, or None. Raises ObjectGone for the folder."""
    index = vc.object(vim.SearchIndex, vc.content.searchIndex._moId)
    entity = vc.object(vim.Folder, folder)
    for stored in dict.fromkeys((names.escape(name), name)):
        found = vc.call(index, "FindChild", entity=entity, name=stored)
        if found is not None and ("%" not in name or _is_named(vc, found, name)):
            return str(found._moId)
    return None


def _is_named(vc: VCenter, found: Any, name: str) -> bool:
    """Whether it has that unescaped name: asked for `a%2fb`, a search that compares stored names finds `a/b` too."""
    return names.same(properties.read_one(vc, type(found), found._moId, ["name"]).get("name") or "", name)


def children(vc: VCenter, folder: str) -> dict[str, str]:
    """{moref: unescaped name} of a folder's children."""
    refs = properties.read_one(vc, vim.Folder, folder, ["childEntity"]).get("childEntity") or ()
    by_type: dict[Any, list[str]] = {}
    for ref in refs:
        by_type.setdefault(type(ref), []).append(ref._moId)
    result: dict[str, str] = {}
    for cls, ids in by_type.items():
        for ref, values in properties.read(vc, cls, ids, ["name"]).items():
            result[ref] = names.unescape(values.get("name") or "")
    return result


def delete_if_empty(
    vc: VCenter, folder: str, *, op_id: str | None = None, activation_id: str | None = None
) -> str | None:
    """Start deleting an empty folder; the task's moref, or None when it has children or is gone.

    Destroying a folder takes everything in it along, so a VM that is made there at this very moment would go too:
    call it only where nothing can be made in it any more (a deleted project's folder).
    """
    try:
        values = properties.read_one(vc, vim.Folder, folder, ["childEntity"])
        if values.get("childEntity"):
            return None
        task = vc.call(vc.object(vim.Folder, folder), "Destroy_Task", op_id=op_id, activation_id=activation_id)
    except faults.ObjectGone:
        return None
    finally:
        forget(vc, folder)
    return str(task._moId)


def _vm_folder(vc: VCenter, datacenter: str) -> str:
    cache = _cache(vc)
    known = cache.paths.get((datacenter,))
    if known is None:
        known = properties.read_one(vc, vim.Datacenter, datacenter, ["vmFolder"])["vmFolder"]._moId
        with cache.lock:
            cache.paths[(datacenter,)] = known
    return known


def _make(vc: VCenter, parent: str, name: str, op_id: str | None, activation_id: str | None) -> str:
    folder = vc.object(vim.Folder, parent)
    try:
        made = vc.call(folder, "CreateFolder", name=names.to_send(name), op_id=op_id, activation_id=activation_id)
        return str(made._moId)
    except faults.DuplicateName as error:
        child = error.moref or find_child(vc, parent, name)
        if child is None:
            # Made and removed by others in between: the next try will see clearly.
            raise faults.ConcurrentAccess(log_message=f"folder {name} in {parent} came and went") from error
        return child
    except faults.ObjectGone:
        forget(vc, parent)
        raise
