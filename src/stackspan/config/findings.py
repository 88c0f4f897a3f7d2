"""What the configuration check says of each line, and the error that stops the start.

ConfigError   at least one finding is `wrong`; its message lists each with file, line, option and remedy
"""

from __future__ import annotations

import enum
import pathlib
from collections.abc import Sequence
from dataclasses import dataclass

from stackspan.core import errors


class Kind(enum.Enum):
    """What becomes of a line."""

    USED = "used"
    IGNORED = "ignored"  # known, and without effect here; `reason` says why
    UNKNOWN = "unknown"  # no service knows it: most likely a slip
    WRONG = "wrong"  # stops the start


@dataclass(frozen=True)
class Finding:
    """One thing found in the configuration. Never holds the value of a secret option.

    Args:
        file: the file as the operator named it; None where the finding is about what no file says.
        line: 1-based; 0 where the finding is about the whole file.
        group: section, without brackets; in stackspan.conf with the service, as `nova:vmware`. Empty: the whole file.
        option: name as written; empty: the whole section.
        kind: what becomes of it.
        reason: why, in a sentence; empty where nothing needs saying.
        remedy: what to do, in a sentence; empty where nothing is to be done.
    """

    file: pathlib.Path | None
    line: int
    group: str
    option: str
    kind: Kind
    reason: str = ""
    remedy: str = ""

    @property
    def place(self) -> str:
        """`FILE:LINE: [group] option`, as far as known."""
        where = str(self.file) if self.file else "configuration"
        if self.line:
            where += f":{self.line}"
        what = " ".join(part for part in (f"[{self.group}]" if self.group else "", self.option) if part)
        return f"{where}: {what}" if what else where

    def __str__(self) -> str:
        return " ".join(part for part in (f"{self.place}:", self.reason, self.remedy) if part)


class ConfigError(errors.StackspanError):
    """The configuration can't be used. The message is for the operator: a line per wrong finding, no secrets."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


@dataclass(frozen=True)
class Place:
    """Where an option is set, for what shows only later: a password that vCenter refuses, a cluster that isn't there."""

    file: pathlib.Path | None = None
    line: int = 0
    group: str = ""
    option: str = ""

    def error(self, reason: str, remedy: str) -> ConfigError:
        """The error that says so. `reason` and `remedy` are sentences without secrets."""
        return ConfigError([Finding(self.file, self.line, self.group, self.option, Kind.WRONG, reason, remedy)])
