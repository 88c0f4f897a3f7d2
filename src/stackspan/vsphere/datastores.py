"""Files on datastores: streamed HTTP through vCenter, and the file manager.

`put`, `get` and `head` take the datastore's name and a path below it (`dir/file.iso`); all else takes `[ds] dir/file`.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from pyVmomi import vim

from stackspan.vsphere import calls, faults, properties, transport
from stackspan.vsphere.session import VCenter
from stackspan.vsphere.tasks import TaskTracker

_CHUNK = 1 << 20  # bytes


@dataclass(frozen=True)
class FileInfo:
    """A file or directory. `path` is `[ds] dir/name`, `size` in bytes."""

    path: str
    size: int
    directory: bool = False


def split(path: str) -> tuple[str, str]:
    """`[ds] dir/file` → ("ds", "dir/file"). Raises InvalidSpec for another form."""
    if not path.startswith("[") or "]" not in path:
        raise faults.InvalidSpec(log_message=f"{path!r} is not a datastore path")
    datastore, _, rest = path[1:].partition("]")
    return datastore, rest.strip().strip("/")


def join(datastore: str, path: str) -> str:
    """("ds", "dir/file") → `[ds] dir/file`."""
    return f"[{datastore}] {path}".rstrip()


# ---- bytes


def put(
    vc: VCenter,
    datacenter_path: str,
    datastore: str,
    path: str,
    chunks: Iterable[bytes] | bytes,
    size: int,
    *,
    op_id: str | None = None,
) -> None:
    """Upload `size` bytes to `[datastore] path`, replacing the file; its directory must exist (vCenter makes none).

    Args:
        datacenter_path: `DatacenterInfo.path`.
        chunks: all at once, or an iterable that is read as the bytes go out, so that memory stays flat.

    Raises VCenterUnavailable, NoDiskSpace, NoPermission, FileMissing (no such directory); SessionLost when the session
    ended and the iterable was already begun (start again with a fresh one).
    """
    url = _url(datacenter_path, datastore, path)
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size), **_op_header(op_id)}
    source = _Source(chunks)

    def once(conn: http.client.HTTPSConnection, cookie: str) -> int:
        response = transport.send(conn, "PUT", url, source.body(), {**headers, "Cookie": cookie})
        response.read()
        return response.status

    status = _with_session(vc, "PUT /folder", once, repeatable=lambda: source.fresh)
    if status not in (200, 201, 204):
        raise _http_fault(status, f"PUT {join(datastore, path)}")


def get(
    vc: VCenter,
    datacenter_path: str,
    datastore: str,
    path: str,
    *,
    offset: int = 0,
    length: int | None = None,
    chunk_size: int = _CHUNK,
) -> Iterator[bytes]:
    """Stream a file, or `length` bytes of it from `offset`. Raises FileMissing before the first chunk."""
    url = _url(datacenter_path, datastore, path)
    headers: dict[str, str] = {}
    if offset or length is not None:
        headers["Range"] = f"bytes={offset}-{'' if length is None else offset + length - 1}"
    head_status = _check_there(vc, url)
    if head_status != 200:
        raise _http_fault(head_status, f"GET {join(datastore, path)}")
    return _stream(vc, url, headers, chunk_size, join(datastore, path))


def head(vc: VCenter, datacenter_path: str, datastore: str, path: str) -> int | None:
    """The file's size in bytes, None when it isn't there."""
    url = _url(datacenter_path, datastore, path)
    found: list[int] = []

    def once(conn: http.client.HTTPSConnection, cookie: str) -> int:
        response = transport.send(conn, "HEAD", url, None, {"Cookie": cookie})
        response.read()
        found.append(int(response.getheader("Content-Length") or 0))
        return response.status

    status = _with_session(vc, "HEAD /folder", once, repeatable=lambda: True)
    if status == 404:
        return None
    if status != 200:
        raise _http_fault(status, f"HEAD {join(datastore, path)}")
    return found[-1]


class _Source:
    """A body that knows whether it can be sent again."""

    def __init__(self, chunks: Iterable[bytes] | bytes) -> None:
        self._chunks = chunks
        self.fresh = True

    def body(self) -> transport.Body:
        if isinstance(self._chunks, bytes):
            return self._chunks
        return self._run(self._chunks)

    def _run(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.fresh = False
            yield chunk


def _with_session(
    vc: VCenter,
    method: str,
    once: Callable[[http.client.HTTPSConnection, str], int],
    *,
    repeatable: Callable[[], bool],
) -> int:
    """Run one exchange; a refused cookie or a connection that died while idle is met by one more try."""
    for attempt in range(3):
        generation = vc.login()
        try:
            with calls.observed(method, vc.observers), transport.connection(vc) as conn:
                status = once(conn, vc.cookie)
        except faults.VCenterUnavailable:
            if attempt == 2 or not repeatable():
                raise
            continue
        if status not in (401, 403) or attempt == 2:
            return status
        if not repeatable():
            raise faults.SessionLost(log_message=f"{method}: the session ended during a transfer")
        vc.forget_session(generation)
    raise faults.SessionLost(log_message=f"{method}: no session")


def _check_there(vc: VCenter, url: str) -> int:
    def once(conn: http.client.HTTPSConnection, cookie: str) -> int:
        response = transport.send(conn, "HEAD", url, None, {"Cookie": cookie})
        response.read()
        return response.status

    return _with_session(vc, "HEAD /folder", once, repeatable=lambda: True)


def _stream(vc: VCenter, url: str, headers: Mapping[str, str], chunk_size: int, what: str) -> Iterator[bytes]:
    with calls.observed("GET /folder", vc.observers), transport.connection(vc) as conn:
        response = transport.send(conn, "GET", url, None, {**headers, "Cookie": vc.cookie})
        if response.status not in (200, 206):
            response.read()
            raise _http_fault(response.status, f"GET {what}")
        while True:
            try:
                chunk = response.read(chunk_size)
            except (OSError, http.client.HTTPException) as error:
                raise faults.translate(error, f"GET {what}") from error
            if not chunk:
                return
            yield chunk


def _url(datacenter_path: str, datastore: str, path: str) -> str:
    query = urlencode({"dcPath": datacenter_path, "dsName": datastore}, quote_via=quote)
    return f"/folder/{quote(path)}?{query}"


def _op_header(op_id: str | None) -> dict[str, str]:
    return {"vmware-api-operation-id": op_id} if op_id else {}


def _http_fault(status: int, doing: str) -> faults.VCenterError:
    log = f"{doing}: HTTP {status}"
    if status == 404:
        return faults.FileMissing(log_message=log)
    if status in (401, 403):
        return faults.NoPermission(log_message=log)
    if status == 507:
        return faults.NoDiskSpace(log_message=log)
    if status in (409, 423):
        return faults.HeldByOther(log_message=log)
    if status >= 500:
        return faults.VCenterUnavailable(log_message=log)
    return faults.VCenterError(log_message=log)


# ---- the file manager


def delete_file(
    vc: VCenter, datacenter: str, path: str, *, op_id: str | None = None, activation_id: str | None = None
) -> str:
    """Start deleting a file or a whole directory `[ds] dir`; the task's moref. FileMissing, here or from the task."""
    return _start(vc, "DeleteDatastoreFile_Task", op_id, activation_id, **_at(vc, datacenter, path))


def make_directory(
    vc: VCenter, datacenter: str, path: str, *, op_id: str | None = None, activation_id: str | None = None
) -> None:
    """Make `[ds] a/b` with its parents; no error when it exists."""
    manager = vc.object(vim.FileManager, vc.content.fileManager._moId)
    try:
        vc.call(
            manager,
            "MakeDirectory",
            **_at(vc, datacenter, path),
            createParentDirectories=True,
            op_id=op_id,
            activation_id=activation_id,
        )
    except faults.FileExists:
        return


def ensure_directory(
    vc: VCenter, datacenter: str, path: str, *, op_id: str | None = None, activation_id: str | None = None
) -> None:
    """As `make_directory`, asked of vCenter once per client: for directories that many files go to.

    Whoever finds it gone (FileMissing) calls `make_directory`.
    """
    known = vc.memory.setdefault("directories", set())
    assert isinstance(known, set)
    if (datacenter, path) not in known:
        make_directory(vc, datacenter, path, op_id=op_id, activation_id=activation_id)
        known.add((datacenter, path))


def move_file(
    vc: VCenter,
    datacenter: str,
    source: str,
    path: str,
    *,
    op_id: str | None = None,
    activation_id: str | None = None,
) -> str:
    """Start moving a file or directory within the datacenter; never over an existing one."""
    arguments = _between(vc, datacenter, source, datacenter, path)
    return _start(vc, "MoveDatastoreFile_Task", op_id, activation_id, **arguments)


def copy_file(
    vc: VCenter,
    source_datacenter: str,
    source: str,
    datacenter: str,
    path: str,
    *,
    op_id: str | None = None,
    activation_id: str | None = None,
) -> str:
    """Start copying a file; never over an existing one."""
    arguments = _between(vc, source_datacenter, source, datacenter, path)
    return _start(vc, "CopyDatastoreFile_Task", op_id, activation_id, **arguments)


def search(
    vc: VCenter,
    tasks: TaskTracker,
    datastore: str,
    directory: str,
    *,
    patterns: tuple[str, ...] = (),
    recursive: bool = False,
    op_id: str | None = None,
) -> list[FileInfo]:
    """Files and directories in `[ds] dir` on the datastore (moref), by path; waits for vCenter's task.

    Args:
        patterns: names with `*`; empty: all.

    A missing directory gives an empty list.
    """
    browser = properties.read_one(vc, vim.Datastore, datastore, ["browser"])["browser"]._moId
    spec = vim.host.DatastoreBrowser.SearchSpec(
        details=vim.host.DatastoreBrowser.FileInfo.Details(
            fileType=True, fileSize=True, modification=False, fileOwner=False
        ),
        sortFoldersFirst=True,
        matchPattern=list(patterns) or ["*"],
    )
    method = "SearchDatastoreSubFolders_Task" if recursive else "SearchDatastore_Task"
    try:
        target = vc.object(vim.host.DatastoreBrowser, browser)
        task = vc.call(target, method, datastorePath=directory, searchSpec=spec, op_id=op_id)
        result: Any = tasks.wait(task._moId).result
    except faults.FileMissing:
        return []
    folders = (result or ()) if recursive else (() if result is None else (result,))
    found = [_file_info(folder.folderPath, item) for folder in folders for item in folder.file or ()]
    return sorted(found, key=lambda info: info.path)


def _file_info(folder: str, item: Any) -> FileInfo:
    datastore, base = split(folder)
    directory = isinstance(item, vim.host.DatastoreBrowser.FolderInfo)
    return FileInfo(join(datastore, f"{base}/{item.path}".lstrip("/")), int(item.fileSize or 0), directory)


def _at(vc: VCenter, datacenter: str, path: str) -> dict[str, Any]:
    return {"name": path, "datacenter": vc.object(vim.Datacenter, datacenter)}


def _between(vc: VCenter, source_datacenter: str, source: str, datacenter: str, path: str) -> dict[str, Any]:
    return {
        "sourceName": source,
        "sourceDatacenter": vc.object(vim.Datacenter, source_datacenter),
        "destinationName": path,
        "destinationDatacenter": vc.object(vim.Datacenter, datacenter),
        "force": False,
    }


def _start(vc: VCenter, method: str, op_id: str | None, activation_id: str | None, **arguments: Any) -> str:
    manager = vc.object(vim.FileManager, vc.content.fileManager._moId)
    return str(vc.call(manager, method, op_id=op_id, activation_id=activation_id, **arguments)._moId)
