"""/v2/images/{id}/file: the bytes, in and out as a stream."""

from __future__ import annotations

import contextlib
import hashlib
import pathlib
import re
import tempfile
import time
from collections.abc import Iterator
from typing import IO

from stackspan.core import errors as core_errors
from stackspan.http.policy import Policy
from stackspan.http.request import BodyStream, Request, Response, no_content
from stackspan.http.routing import Route
from stackspan.image import errors, formats
from stackspan.image.model import Image
from stackspan.image.service import ImageService
from stackspan.image.service.data import Data, Upload, Uploaded
from stackspan.image.stores import Store, Stores

_CHUNK = 1 << 20
_SAY_ALIVE_SECONDS = 15.0
_RANGE = re.compile(r"bytes=(\d+)-(\d*)\Z", re.ASCII)


class DataApi:
    """Handlers of image bytes."""

    def __init__(self, service: ImageService, stores: Stores, policy: Policy) -> None:
        self._images = service.images
        self._data = service.data
        self._stores = stores
        self._policy = policy

    def routes(self) -> list[Route]:
        """All of them."""
        path = "/v2/images/{image_id}/file"
        return [
            Route("PUT", path, self.upload, stream_request=True, content_types=("application/octet-stream",)),
            Route("GET", path, self.download),
        ]

    def upload(self, request: Request) -> Response:
        """204 when the image is active; 400 (not what disk_format says), 403, 404, 409 (has data), 413, 415, 503."""
        assert request.stream is not None
        found = self._images.get(request.context, request.param("image_id"))
        target = {"project_id": found.owner, "owner": found.owner}
        self._policy.check(request.context, "upload_image", target)
        if request.content_type.partition(";")[0].strip() != "application/octet-stream":
            raise errors.WrongMediaType
        upload = self._data.begin(request.context, found.id)
        store = self._stores.get(upload.store_id)
        location: str | None = None
        try:
            with _spooled(self._data, upload, request.stream) as (path, came):
                location = store.location(found.id, came.size)
                self._data.location_set(upload, location)
                store.put(location, _chunks(path, self._data, upload), came.size)
                self._data.done(upload, came)
        except BaseException:
            self._give_up(upload, store, location)
            raise
        return no_content()

    def download(self, request: Request) -> Response:
        """200 with the bytes, 206 for a range, 204 where there are none yet; 403 (deactivated), 404, 416."""
        found = self._images.get(request.context, request.param("image_id"))
        self._policy.check(request.context, "download_image", {"project_id": found.owner, "owner": found.owner})
        image = self._data.readable(request.context, found.id)
        if image is None or image.location is None:
            return no_content()
        size = image.size or 0
        offset, length = _range(request.headers.get("range"), size)
        store = self._stores.get(image.store_id)
        partial = length is not None
        stream = store.get(image.location, offset=offset, length=length)
        headers = {"Content-MD5": image.checksum or "", "Content-Length": str(length if partial else size)}
        if partial:
            headers["Content-Range"] = f"bytes {offset}-{offset + (length or 0) - 1}/{size}"
            del headers["Content-MD5"]
        return Response(
            206 if partial else 200, stream=stream, headers=headers, content_type="application/octet-stream"
        )

    def _give_up(self, upload: Upload, store: Store, location: str | None) -> None:
        """Nothing half kept: the store's part first, then the image is queued again.

        If the store can't be reached now, the job that owns the upload does both later.
        """
        try:
            if location is not None:
                store.delete(location)
        except core_errors.StackspanError:
            return
        self._data.failed(upload)


@contextlib.contextmanager
def _spooled(data: Data, upload: Upload, stream: BodyStream) -> Iterator[tuple[pathlib.Path, Uploaded]]:
    """The body as a file, hashed and looked at. Raises FormatMismatch, TooLarge, Unavailable (disk full)."""
    folder = pathlib.Path(data.spool)
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    with tempfile.NamedTemporaryFile(dir=folder, prefix="upload-") as file:
        try:
            size, checksum, hash_value = _copy(data, upload, stream, file)
            file.flush()
        except OSError as error:
            raise core_errors.Unavailable(
                "There is not enough disk space on the image storage media.", f"{folder}: {error}"
            ) from error
        path = pathlib.Path(file.name)
        yield path, Uploaded(size, _virtual_size(path, upload.image), checksum, hash_value)


def _copy(data: Data, upload: Upload, stream: BodyStream, file: IO[bytes]) -> tuple[int, str, str]:
    md5, sha512 = hashlib.md5(usedforsecurity=False), hashlib.sha512()
    size, said = 0, time.monotonic()
    while chunk := stream.read(_CHUNK):
        size += len(chunk)
        if 0 < data.size_cap < size:
            raise core_errors.TooLarge(f"Denying attempt to upload image larger than {data.size_cap} bytes.")
        file.write(chunk)
        md5.update(chunk)
        sha512.update(chunk)
        if time.monotonic() - said > _SAY_ALIVE_SECONDS:
            data.alive(upload)
            said = time.monotonic()
    return size, md5.hexdigest(), sha512.hexdigest()


def _virtual_size(path: pathlib.Path, image: Image) -> int | None:
    """What the header says, in bytes. Raises FormatMismatch and its like for what must not come in."""
    if image.disk_format not in formats.INSPECTED:
        return None
    return int(formats.inspect(path, image.disk_format).virtual_size)


def _chunks(path: pathlib.Path, data: Data, upload: Upload) -> Iterator[bytes]:
    said = time.monotonic()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
            if time.monotonic() - said > _SAY_ALIVE_SECONDS:
                data.alive(upload)
                said = time.monotonic()


def _range(header: str | None, size: int) -> tuple[int, int | None]:
    """`bytes=5-9` → (5, 5 bytes); (0, None) for no or another unit. Raises errors.RangeNotSatisfiable."""
    match = _RANGE.match(header) if header else None
    if match is None:
        return 0, None
    first, last = int(match[1]), int(match[2]) if match[2] else size - 1
    if first >= size or last < first:
        raise errors.RangeNotSatisfiable(f"The range {header} is not in the image's {size} bytes.")
    return first, min(last, size - 1) - first + 1
