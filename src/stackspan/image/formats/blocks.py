"""A disk as a sequence of its allocated blocks: what every reader yields and the writer takes."""

from __future__ import annotations

import errno
import os
import pathlib
from collections.abc import Iterator
from typing import BinaryIO

Blocks = Iterator[tuple[int, bytes]]
"""(offset on the disk in bytes, data), ascending, without overlap; what is left out is zeros."""

_CHUNK = 1 << 20


def raw(path: pathlib.Path) -> Blocks:
    """A raw file's blocks, holes skipped."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        offset = 0
        while offset < size:
            start = _seek(file, offset, os.SEEK_DATA, size)
            if start >= size:
                return
            end = _seek(file, start, os.SEEK_HOLE, size)
            yield from _span(file, start, end)
            offset = end


def _span(file: BinaryIO, start: int, end: int) -> Blocks:
    file.seek(start)
    while start < end:
        data = file.read(min(_CHUNK, end - start))
        if not data:
            return
        yield start, data
        start += len(data)


def _seek(file: BinaryIO, offset: int, how: int, size: int) -> int:
    try:
        return os.lseek(file.fileno(), offset, how)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return size
        return offset if how == os.SEEK_DATA else size  # a file system without holes
