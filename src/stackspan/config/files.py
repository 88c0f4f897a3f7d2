"""Which files are read, and which stock service each belongs to.

Stock files of different services use the same names for different things (`[DEFAULT] host`, `[database]`), so each file has
a service: by its base name, or said by the operator (`nova=PATH`). Order counts among the files of one service;
`stackspan.conf` is always read on top of them.
"""

from __future__ import annotations

import fnmatch
import pathlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stackspan.config.findings import ConfigError, Finding, Kind

OWN = "stackspan"
STOCK_SERVICES = ("nova", "glance", "cinder", "neutron", "keystone", "placement")
SERVICES = (*STOCK_SERVICES, OWN)
DEFAULT_DIR = pathlib.Path("/etc/stackspan")

_NAMES = (
    ("stackspan*.conf", OWN),
    ("nova*.conf", "nova"),
    ("cinder*.conf", "cinder"),
    ("glance-api*.conf", "glance"),
    ("neutron*.conf", "neutron"),
    ("ml2_conf*.ini", "neutron"),
    ("keystone*.conf", "keystone"),
    ("placement*.conf", "placement"),
)


@dataclass(frozen=True)
class ConfigFile:
    """A file to read.

    Args:
        path: as the operator named it.
        service: one of SERVICES; None: its name says nothing.
        listed: named by the operator; else found in a folder, where files of other programs may lie too.
    """

    path: pathlib.Path
    service: str | None
    listed: bool = True


def service_of(path: pathlib.Path) -> str | None:
    """The service whose file it is by its base name, or None."""
    return next((service for pattern, service in _NAMES if fnmatch.fnmatchcase(path.name, pattern)), None)


def config_file(argument: str) -> ConfigFile:
    """The file that `PATH` or `SERVICE=PATH` names."""
    prefix, separator, rest = argument.partition("=")
    if separator and prefix in SERVICES:
        return ConfigFile(pathlib.Path(rest), prefix)
    path = pathlib.Path(argument)
    return ConfigFile(path, service_of(path))


def _config_dir(argument: str) -> list[ConfigFile]:
    prefix, separator, rest = argument.partition("=")
    said = prefix if separator and prefix in SERVICES else None
    folder = pathlib.Path(rest if said else argument)
    try:
        found = sorted(path for path in folder.iterdir() if path.suffix in (".conf", ".ini") and path.is_file())
    except OSError as error:
        reason = f"The folder can't be read: {error.strerror}."
        raise ConfigError([Finding(folder, 0, "", "", Kind.WRONG, reason, "Correct --config-dir.")]) from error
    return [ConfigFile(path, said or service_of(path), listed=False) for path in found]


def collect(config_files: Iterable[str] = (), config_dirs: Iterable[str] = ()) -> tuple[ConfigFile, ...]:
    """The files that `--config-file` and `--config-dir` name, in order, folders last; a file named twice counts once.

    Without any, those of /etc/stackspan, if it is there. Raises ConfigError for a folder that can't be read.
    """
    files = [config_file(argument) for argument in config_files]
    folders: Sequence[str] = list(config_dirs)
    if not files and not folders and DEFAULT_DIR.is_dir():
        folders = [str(DEFAULT_DIR)]
    files += [file for folder in folders for file in _config_dir(folder)]
    kept: dict[tuple[pathlib.Path, str | None], ConfigFile] = {}
    for file in files:
        kept.setdefault((file.path.resolve(), file.service), file)
    return tuple(kept.values())
