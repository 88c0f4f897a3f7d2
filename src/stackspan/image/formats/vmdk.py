"""VMDK: reading sparse extents (monolithicSparse, streamOptimized) and writing streamOptimized.

Layout from VMware's public Virtual Disk Format: a header of one sector, the embedded descriptor, grains of 64 KiB (deflated,
each behind its marker, in a streamOptimized one), tables of 512 grains, a directory of tables, and at a stream's end a footer
that says where the directory is. All offsets are in sectors of 512 bytes.
"""

from __future__ import annotations

import pathlib
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from stackspan.image.formats.blocks import Blocks
from stackspan.image.formats.inspect import UnreadableImage, UnsafeImage

SECTOR = 512
_HEADER = struct.Struct("<4sIIQQQQIQQQBccccH433s")
_MAGIC = b"KDMV"
_GRAIN_SECTORS = 128
_GRAIN = _GRAIN_SECTORS * SECTOR
_ENTRIES = 512
_AT_END = 0xFFFF_FFFF_FFFF_FFFF
_COMPRESSED, _MARKERS = 1 << 16, 1 << 17
_EOS, _TABLE, _DIRECTORY, _FOOTER = 0, 1, 2, 3
_DESCRIPTOR_SECTORS = 20
_MAX_TABLES = 1 << 20
_MAX_SECTORS = 1 << 37  # 64 TiB


def read(path: pathlib.Path) -> Blocks:
    """The disk's allocated grains in order. Raises UnsafeImage (extents in other files), UnreadableImage."""
    with path.open("rb") as file:
        head = _parse(_exactly(file, 0, SECTOR))
        if head.directory == _AT_END:
            head = _parse(_exactly(file, file.seek(0, 2) - 2 * SECTOR, SECTOR))
        if (
            head.capacity > _MAX_SECTORS
            or head.version > 3
            or head.grain_sectors not in range(1, 4097)
            or head.entries not in range(1, 4097)
        ):
            raise UnreadableImage("The VMDK image's header is damaged.")
        grain = head.grain_sectors * SECTOR
        size = head.capacity * SECTOR
        covered = grain * head.entries
        count = -(-size // covered)
        if count > _MAX_TABLES:
            raise UnreadableImage("The VMDK image says that its disk is larger than can be.")
        directory = struct.unpack(f"<{count}I", _exactly(file, head.directory * SECTOR, count * 4))
        for number, sector in enumerate(directory):
            if sector:
                table = struct.unpack(f"<{head.entries}I", _exactly(file, sector * SECTOR, head.entries * 4))
                yield from _grains(file, table, number * covered, grain, size, compressed=head.compressed)


def _grains(file: BinaryIO, table: tuple[int, ...], start: int, grain: int, size: int, *, compressed: bool) -> Blocks:
    for index, sector in enumerate(table):
        offset = start + index * grain
        if sector <= 1 or offset >= size:  # 1: a grain of zeros
            continue
        if compressed:
            _, length = struct.unpack("<QI", _exactly(file, sector * SECTOR, 12))
            if length > 2 * grain + 1024:
                raise UnreadableImage("A grain of the VMDK image is damaged.")
            try:
                data = zlib.decompressobj().decompress(_exactly(file, sector * SECTOR + 12, length), grain)
            except zlib.error as error:
                raise UnreadableImage("A grain of the VMDK image is damaged.") from error
        else:
            data = _exactly(file, sector * SECTOR, grain)
        yield offset, data[: size - offset]


class _Header:
    def __init__(self, fields: tuple[int, ...]) -> None:
        self.version, flags, self.capacity, self.grain_sectors = fields[1:5]
        self.entries, _, self.directory = fields[7:10]
        self.compressed = bool(flags & _COMPRESSED)


def _parse(sector: bytes) -> _Header:
    fields = _HEADER.unpack(sector)
    if fields[0] != _MAGIC:
        raise UnsafeImage("The VMDK image is refused: its data is in another file, or it is not a sparse extent.")
    return _Header(fields)


def _exactly(file: BinaryIO, offset: int, size: int) -> bytes:
    if not 0 <= offset < 1 << 43:  # beyond any file system
        raise UnreadableImage("The VMDK image is cut short.")
    file.seek(offset)
    data = file.read(size)
    if len(data) != size:
        raise UnreadableImage("The VMDK image is cut short.")
    return data


def stream_optimized(blocks: Blocks, capacity: int, adapter: str = "lsilogic") -> Iterator[bytes]:
    """A streamOptimized VMDK of `capacity` bytes (a multiple of 512) in one pass; grains of zeros are left out."""
    sectors = capacity // SECTOR
    head = _head(sectors, 0, directory=_AT_END) + _descriptor(sectors, adapter)
    yield head
    position = len(head) // SECTOR
    tables: list[int] = []
    table = [0] * _ENTRIES
    for number, grain in _aligned(blocks):
        while number // _ENTRIES > len(tables):
            block, position = _flush(table, tables, position)
            yield block
            table = [0] * _ENTRIES
        packed = zlib.compress(grain, 1)
        block = _padded(struct.pack("<QI", number * _GRAIN_SECTORS, len(packed)) + packed)
        table[number % _ENTRIES] = position
        yield block
        position += len(block) // SECTOR
    wanted = -(-sectors // (_GRAIN_SECTORS * _ENTRIES))
    while len(tables) < wanted:
        block, position = _flush(table, tables, position)
        yield block
        table = [0] * _ENTRIES
    directory = _padded(struct.pack(f"<{wanted}I", *tables))
    yield _marker(len(directory) // SECTOR, _DIRECTORY) + directory
    at = position + 1
    yield _marker(1, _FOOTER) + _head(sectors, wanted, directory=at) + _marker(0, _EOS)


def _aligned(blocks: Blocks) -> Iterator[tuple[int, bytes]]:
    """(grain number, its 64 KiB) of every grain that isn't zeros, from blocks of any size."""
    current, buffer = -1, bytearray(_GRAIN)
    used = False
    for start, data in blocks:
        offset, view = start, memoryview(data)
        while view:
            number, within = divmod(offset, _GRAIN)
            if number != current:
                if used and any(buffer):
                    yield current, bytes(buffer)
                current, buffer, used = number, bytearray(_GRAIN), False
            part = view[: _GRAIN - within]
            buffer[within : within + len(part)] = part
            used = True
            view, offset = view[len(part) :], offset + len(part)
    if used and any(buffer):
        yield current, bytes(buffer)


def _flush(table: list[int], tables: list[int], position: int) -> tuple[bytes, int]:
    if not any(table):
        tables.append(0)
        return b"", position
    content = struct.pack(f"<{_ENTRIES}I", *table)
    tables.append(position + 1)
    block = _marker(len(content) // SECTOR, _TABLE) + content
    return block, position + len(block) // SECTOR


def _head(sectors: int, _tables: int, *, directory: int) -> bytes:
    overhead = 1 + _DESCRIPTOR_SECTORS
    overhead = -(-overhead // _GRAIN_SECTORS) * _GRAIN_SECTORS
    return _HEADER.pack(
        _MAGIC, 3, _COMPRESSED | _MARKERS | 1, sectors, _GRAIN_SECTORS, 1, _DESCRIPTOR_SECTORS, _ENTRIES, 0,
        directory, overhead, 0, b"\n", b" ", b"\r", b"\n", 1, b"",
    )  # fmt: skip


def _descriptor(sectors: int, adapter: str) -> bytes:
    cylinders = min(65535, max(1, sectors // (255 * 63)))
    types = {"pvscsi": "lsilogic", "lsilogicsas": "lsilogic"}
    text = (
        "# Disk DescriptorFile\n"
        'version=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType="streamOptimized"\n\n'
        f'# Extent description\nRW {sectors} SPARSE "disk.vmdk"\n\n'
        "# The Disk Data Base\n"
        f'ddb.adapterType = "{types.get(adapter, adapter)}"\n'
        f'ddb.geometry.cylinders = "{cylinders}"\nddb.geometry.heads = "255"\nddb.geometry.sectors = "63"\n'
        'ddb.virtualHWVersion = "4"\n'
    )
    rest = 128 - 1 - _DESCRIPTOR_SECTORS  # the first grain begins on a grain's boundary
    return text.encode().ljust(_DESCRIPTOR_SECTORS * SECTOR, b"\0") + bytes(rest * SECTOR)


def _marker(sectors: int, kind: int) -> bytes:
    return struct.pack("<QII", sectors, 0, kind).ljust(SECTOR, b"\0")


def _padded(block: bytes) -> bytes:
    return block.ljust(-(-len(block) // SECTOR) * SECTOR, b"\0")
