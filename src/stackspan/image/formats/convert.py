"""Any readable image as a streamOptimized VMDK, in a stream.

Our readers do raw, qcow2 and sparse VMDK. What they don't do (vhd, vhdx, zstd) goes through qemu-img where it is installed.
"""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator

from stackspan.core import errors
from stackspan.image.formats import blocks, qcow2, vmdk
from stackspan.image.formats.blocks import Blocks
from stackspan.image.formats.inspect import ImageInfo, UnreadableImage

_QEMU_FORMATS = {"vhd": "vpc", "vhdx": "vhdx", "qcow2": "qcow2", "vmdk": "vmdk"}
_QEMU_SECONDS = 3600


class NoConverter(errors.Unsupported):
    """This machine has nothing that reads the format."""


def convert(path: pathlib.Path, info: ImageInfo, adapter: str, capacity: int) -> Iterator[bytes]:
    """The image's disk as a streamOptimized VMDK of `capacity` bytes. Raises UnreadableImage, UnsafeImage, NoConverter."""
    if info.format in ("raw", "gpt"):
        return vmdk.stream_optimized(blocks.raw(path), capacity, adapter)
    if info.format == "qcow2" and not _is_zstd(path):
        return vmdk.stream_optimized(qcow2.read(path), capacity, adapter)
    if info.format == "vmdk":
        return vmdk.stream_optimized(vmdk.read(path), capacity, adapter)
    return vmdk.stream_optimized(_through_qemu_img(path, info.format), capacity, adapter)


def _is_zstd(path: pathlib.Path) -> bool:
    with path.open("rb") as file:
        head = file.read(105)
    return len(head) == 105 and head[7] == 3 and bool(head[79] & 8) and head[104] == 1


def _through_qemu_img(path: pathlib.Path, name: str) -> Blocks:
    program = shutil.which("qemu-img")
    if program is None or name not in _QEMU_FORMATS:
        raise NoConverter(
            f"Images of format {name} can't be used by servers here.",
            f"format {name} needs qemu-img: install the package qemu-utils on every worker",
        )
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix="qemu-img-") as file:
        command = [program, "convert", "-f", _QEMU_FORMATS[name], "-O", "raw", str(path), file.name]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_QEMU_SECONDS, check=False)
        if done.returncode != 0:
            raise UnreadableImage(f"The {name} image could not be read.", done.stderr.strip()[:500])
        yield from blocks.raw(pathlib.Path(file.name))
