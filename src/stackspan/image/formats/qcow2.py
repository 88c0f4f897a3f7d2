"""qcow2 (versions 2 and 3): reading a disk in order, and writing a small one.

Layout from the format's public specification: a header, an L1 table of pointers to L2 tables, whose entries point to
clusters. Compressed clusters are raw deflate, or zstd where the header says so.
"""

from __future__ import annotations

import pathlib
import struct
import zlib
from collections.abc import Mapping
from typing import BinaryIO

from stackspan.image.formats.blocks import Blocks
from stackspan.image.formats.inspect import UnreadableImage, UnsafeImage

MAGIC = b"QFI\xfb"
_HEADER = struct.Struct(">4sIQIIQIIQQIIQ")
_OFFSET = 0x00FF_FFFF_FFFF_FE00
_COMPRESSED = 1 << 62
_ZERO = 1
_DIRTY, _CORRUPT, _DATA_FILE, _COMPRESSION, _EXTENDED_L2 = 1, 2, 4, 8, 16
_MAX_L1_BYTES = 32 << 20


def read(path: pathlib.Path) -> Blocks:
    """The disk's allocated clusters in order. Raises UnsafeImage (backing or data file, encryption), UnreadableImage."""
    with path.open("rb") as file:
        bits, size, l1_size, l1_offset, zstd = _header(file)
        cluster = 1 << bits
        entries = cluster // 8
        l1 = struct.unpack(f">{l1_size}Q", _exactly(file, l1_offset, l1_size * 8))
        for index, pointer in enumerate(l1):
            start = index * entries * cluster
            if start >= size:
                return
            if not pointer & _OFFSET:
                continue
            table = struct.unpack(f">{entries}Q", _exactly(file, pointer & _OFFSET, cluster))
            for number, entry in enumerate(table):
                offset = start + number * cluster
                if entry == 0 or offset >= size:
                    continue
                data = _cluster(file, entry, bits, zstd=zstd)
                if data is not None:
                    yield offset, data[: size - offset]


def _header(file: BinaryIO) -> tuple[int, int, int, int, bool]:
    head = _exactly(file, 0, 104 if _length(file) >= 104 else 72)
    fields = _HEADER.unpack_from(head)
    magic, version, backing, _, bits, size, crypt, l1_size, l1_offset = fields[:9]
    if magic != MAGIC or version not in (2, 3) or not 9 <= bits <= 21:
        raise UnreadableImage("The qcow2 image's header is damaged.")
    if backing or crypt:
        raise UnsafeImage("The qcow2 image is refused: it has a backing file or is encrypted.")
    incompatible = struct.unpack_from(">Q", head, 72)[0] if version == 3 and len(head) >= 104 else 0
    if incompatible & _DATA_FILE:
        raise UnsafeImage("The qcow2 image is refused: its data is in another file.")
    if incompatible & ~(_DIRTY | _COMPRESSION):
        raise UnreadableImage("The qcow2 image is corrupt or uses features that are not supported.")
    if l1_size * 8 > _MAX_L1_BYTES or l1_size * (1 << bits) // 8 << bits < size:
        raise UnreadableImage("The qcow2 image's tables do not cover its disk.")
    zstd = False
    if incompatible & _COMPRESSION:
        zstd = _exactly(file, 104, 1)[0] == 1
    return bits, size, l1_size, l1_offset, zstd


def _cluster(file: BinaryIO, entry: int, bits: int, *, zstd: bool) -> bytes | None:
    if entry & _COMPRESSED:
        shift = 62 - (bits - 8)
        offset = entry & ((1 << shift) - 1)
        sectors = ((entry >> shift) & ((1 << (bits - 8)) - 1)) + 1
        packed = _at_most(file, offset, sectors * 512 - (offset & 511))
        return _unpack(packed, 1 << bits, zstd=zstd)
    if entry & _ZERO or not entry & _OFFSET:
        return None
    data = _at_most(file, entry & _OFFSET, 1 << bits)
    return data.ljust(1 << bits, b"\0")


def _unpack(packed: bytes, size: int, *, zstd: bool) -> bytes:
    if zstd:
        raise UnreadableImage("The qcow2 image is compressed with zstd, which needs qemu-img on this machine.")
    try:
        data = zlib.decompressobj(-15).decompress(packed, size)
    except zlib.error as error:
        raise UnreadableImage("A compressed cluster of the qcow2 image is damaged.") from error
    if len(data) != size:
        raise UnreadableImage("A compressed cluster of the qcow2 image is cut short.")
    return data


def _length(file: BinaryIO) -> int:
    return file.seek(0, 2)


def _exactly(file: BinaryIO, offset: int, size: int) -> bytes:
    data = _at_most(file, offset, size)
    if len(data) != size:
        raise UnreadableImage("The qcow2 image is cut short.")
    return data


def _at_most(file: BinaryIO, offset: int, size: int) -> bytes:
    if offset >= 1 << 43:  # beyond any file system
        raise UnreadableImage("The qcow2 image is cut short.")
    file.seek(offset)
    return file.read(size)


def write(path: pathlib.Path, virtual_size_bytes: int, contents: Mapping[int, bytes] | None = None) -> None:
    """Write a small qcow2 image (version 3, 64 KiB clusters).

    Args:
        contents: offset → data, for tests and the demo; one cluster each, at cluster boundaries.
    """
    bits, cluster = 16, 1 << 16
    clusters = dict(sorted((contents or {}).items()))
    entries = cluster // 8
    l1_size = max(1, -(-virtual_size_bytes // (cluster * entries)))
    l2_indexes = sorted({offset // (cluster * entries) for offset in clusters})
    # header | refcount table | refcount block | L1 | L2 tables | data
    l1_clusters = -(-l1_size * 8 // cluster)
    l2_start = 3 + l1_clusters
    data_start = l2_start + len(l2_indexes)
    total = data_start + len(clusters)
    l1 = [0] * l1_size
    for position, index in enumerate(l2_indexes):
        l1[index] = (l2_start + position) * cluster | 1 << 63
    tables = {index: [0] * entries for index in l2_indexes}
    for position, offset in enumerate(clusters):
        number = offset // cluster
        tables[number // entries][number % entries] = (data_start + position) * cluster | 1 << 63
    header = _HEADER.pack(MAGIC, 3, 0, 0, bits, virtual_size_bytes, 0, l1_size, 3 * cluster, cluster, 1, 0, 0)
    header += struct.pack(">QQQII", 0, 0, 0, 4, 104)
    with path.open("wb") as file:
        for block in (
            header,
            struct.pack(">Q", 2 * cluster),
            struct.pack(f">{total}H", *([1] * total)),
            struct.pack(f">{l1_size}Q", *l1),
            *(struct.pack(f">{entries}Q", *tables[index]) for index in l2_indexes),
            *clusters.values(),
        ):
            file.write(block.ljust(-(-len(block) // cluster) * cluster, b"\0"))
