"""Disk image formats: what a file truly is, reading its disk, and writing it as a streamOptimized VMDK.

Pure functions on files: no database, no HTTP, no vSphere. Memory stays flat however big the image is.
"""

from stackspan.image.formats.convert import convert
from stackspan.image.formats.inspect import INSPECTED, ImageInfo, inspect

__all__ = ["INSPECTED", "ImageInfo", "convert", "inspect"]
