"""The simulated vCenter's program."""

from __future__ import annotations

import pathlib

__all__ = ["binary_path"]


def binary_path() -> pathlib.Path:
    """The program to start. Raises FileNotFoundError where this package was put together without it."""
    path = pathlib.Path(__file__).parent / "bin" / "stackspan-vcsim"
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: reinstall the package stackspan-vcsim")
    return path
