"""A small qcow2 image for the demo and tests, made without any tool."""

from __future__ import annotations

import pathlib

from stackspan.image.formats import qcow2

_CLUSTER = 1 << 16


def write(path: pathlib.Path, virtual_size_bytes: int) -> None:
    """A disk of that size whose first, some middle and last clusters hold a pattern."""
    last = (virtual_size_bytes // _CLUSTER - 1) * _CLUSTER
    offsets = sorted({0, virtual_size_bytes // 2 // _CLUSTER * _CLUSTER, last})
    contents = {offset: offset.to_bytes(8, "big") * (_CLUSTER // 8) for offset in offsets if offset}
    contents[0] = b"\xeb\x3c\x90STACKSPAN".ljust(510, b"\0") + b"\x55\xaa" + bytes(_CLUSTER - 512)
    qcow2.write(path, virtual_size_bytes, contents)
