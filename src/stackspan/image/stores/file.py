"""The `file` store: a folder of this machine (`filesystem_store_datadir`)."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterable, Iterator

from stackspan.core import errors

_CHUNK = 1 << 20


class FileStore:
    """One file an image, named by its id."""

    def __init__(self, store_id: str, folder: pathlib.Path) -> None:
        self.id = store_id
        self._folder = folder

    def location(self, image_id: str, size: int) -> str:
        return str(self._folder / image_id)

    def put(self, location: str, chunks: Iterable[bytes], size: int) -> None:
        path = self._inside(location)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        partial = path.with_name(path.name + ".part")
        try:
            with partial.open("wb") as file:
                for chunk in chunks:
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise errors.Unavailable(
                "There is not enough disk space on the image storage media.", f"{path}: {error}"
            ) from error
        partial.replace(path)

    def get(self, location: str, *, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        path = self._inside(location)
        if not path.exists():
            raise errors.NotFound("The image's data could not be found.", f"{path} is missing")
        return _read(path, offset, length)

    def delete(self, location: str) -> None:
        path = self._inside(location)
        path.unlink(missing_ok=True)
        path.with_name(path.name + ".part").unlink(missing_ok=True)

    def _inside(self, location: str) -> pathlib.Path:
        path = pathlib.Path(location)
        if path.parent != self._folder:
            raise errors.NotFound("The image's data could not be found.", f"{path} is not in {self._folder}")
        return path


def _read(path: pathlib.Path, offset: int, length: int | None) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(offset)
        left = length
        while left is None or left > 0:
            chunk = file.read(_CHUNK if left is None else min(_CHUNK, left))
            if not chunk:
                return
            if left is not None:
                left -= len(chunk)
            yield chunk
