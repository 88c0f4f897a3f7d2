"""What a file truly is, whatever its name or its uploader says; what would read the host's files is refused."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass

from oslo_utils.imageutils import format_inspector

from stackspan.core import errors

INSPECTED = frozenset({"raw", "qcow2", "vmdk", "vhd", "vhdx", "iso", "vdi", "gpt"})
"""Stock disk formats whose header is looked at."""

_NAMES = {"vpc": "vhd", "qcow2": "qcow2", "qcow": "qcow"}
_CHUNK = 1 << 20
_HEADER_BYTES = 64 << 20  # headers and tables that inspectors ask for lie well within


class UnreadableImage(errors.Invalid):
    """The file is damaged or not what it claims."""


class UnsafeImage(errors.Invalid):
    """The file refers to others: backing files, external extents, data files."""


class FormatMismatch(errors.Invalid):
    """The bytes aren't what disk_format says."""


@dataclass(frozen=True)
class ImageInfo:
    """A file's true format in stock's words, and its disk's size in bytes."""

    format: str
    virtual_size: int


def inspect(path: pathlib.Path, disk_format: str | None = None) -> ImageInfo:
    """Look at the file's header.

    Args:
        disk_format: what its uploader says; None takes what it is. Raw is whatever isn't something else.

    Raises FormatMismatch, UnsafeImage, UnreadableImage.
    """
    size = path.stat().st_size
    found = _detect(path)
    name = _NAMES.get(str(found), str(found))
    if disk_format == "raw" and name in ("raw", "gpt", "iso"):
        return ImageInfo("raw", size)
    if disk_format is not None and name != disk_format:
        raise FormatMismatch(f"The image's data is of format {name}, but its disk_format is {disk_format}.")
    _check_safe(found, name)
    virtual = size if name in ("raw", "gpt", "iso") else int(found.virtual_size)
    if virtual <= 0 or virtual > 1 << 46:
        raise UnreadableImage(f"The image says that its disk has {virtual} bytes.")
    return ImageInfo(name, virtual)


def _detect(path: pathlib.Path) -> format_inspector.FileInspector:
    try:
        with path.open("rb") as file:
            wrapper = format_inspector.InspectWrapper(file)
            left = _HEADER_BYTES
            while left > 0 and (chunk := wrapper.read(_CHUNK)):
                left -= len(chunk)
            wrapper.close()
            found = wrapper.format
    except format_inspector.ImageFormatError as error:
        raise UnreadableImage("The image's format could not be determined.", f"{path}: {error}") from error
    if found is None:
        raise UnreadableImage("The image's format could not be determined.")
    return found


def _check_safe(found: format_inspector.FileInspector, name: str) -> None:
    if name in ("raw", "gpt", "iso"):
        return
    if not found.complete:
        raise UnreadableImage(f"The {name} image is cut short.")
    try:
        found.safety_check()
    except format_inspector.SafetyCheckFailed as error:
        raise UnsafeImage(
            f"The {name} image is refused: it refers to other files or is malformed.", str(error)
        ) from error
