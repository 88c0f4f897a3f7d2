"""The stock dialect of INI: oslo.config's own parser, with a line number for each section and assignment."""

from __future__ import annotations

import io
import pathlib
from dataclasses import dataclass, field

from oslo_config import iniparser

from stackspan.config.files import ConfigFile
from stackspan.config.findings import ConfigError, Finding, Kind

DEFAULT = "DEFAULT"


@dataclass(frozen=True)
class Section:
    """A `[name]` line."""

    name: str
    line: int


@dataclass(frozen=True, eq=False)  # compared by identity: two equal lines are still two lines
class Entry:
    """One assignment, continuation lines joined."""

    file: pathlib.Path
    line: int
    group: str
    option: str
    value: str = field(repr=False)


@dataclass(frozen=True)
class ParsedFile:
    """What a file holds, in its order."""

    source: ConfigFile
    sections: tuple[Section, ...]
    entries: tuple[Entry, ...]


def normalized(group: str) -> str:
    """A group's name as oslo.config compares it: case counts in DEFAULT alone."""
    return group if group == DEFAULT else group.lower()


class _Parser(iniparser.BaseParser):
    def __init__(self, path: pathlib.Path) -> None:
        super().__init__()
        self._path = path
        self.sections: list[Section] = []
        self.entries: list[Entry] = []

    def new_section(self, section: str) -> None:
        self.sections.append(Section(section, self.lineno))

    def assignment(self, key: str, value: list[str]) -> None:
        # Called at the line after the assignment's last one: `parse` is always given a blank line at the end.
        line = self.lineno - len(value)
        if not self.sections:
            raise self.parse_exc("An option stands before the first [section]", line, "")
        self.entries.append(Entry(self._path, line, self.sections[-1].name, key, "\n".join(value)))


def _failure(source: ConfigFile, line: int, reason: str, remedy: str) -> ConfigError:
    return ConfigError([Finding(source.path, line, "", "", Kind.WRONG, reason, remedy)])


def _read(source: ConfigFile) -> str:
    try:
        data = source.path.read_bytes()
    except FileNotFoundError as error:
        raise _failure(source, 0, "There is no such file.", "Correct --config-file.") from error
    except PermissionError as error:
        remedy = "Let the account that runs the service read it."
        raise _failure(source, 0, "The file may not be read.", remedy) from error
    except IsADirectoryError as error:
        raise _failure(source, 0, "This is a folder.", "Name it with --config-dir.") from error
    except OSError as error:
        raise _failure(source, 0, f"The file can't be read: {error.strerror}.", "Correct --config-file.") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _failure(source, line, "The file isn't UTF-8 text.", "Save it as UTF-8.") from error


def parse(source: ConfigFile) -> ParsedFile:
    """Read one file.

    Raises:
        ConfigError: it can't be read, or a line is neither section, assignment nor comment. The line's text isn't
            told, since it may hold a password.
    """
    parser = _Parser(source.path)
    try:
        # A file's own notion of lines: str.splitlines would also end one at characters such as U+2028.
        parser.parse([*io.StringIO(_read(source), newline=None), ""])
    except iniparser.ParseError as error:
        remedy = "Write [section], `option = value`, or # before a comment."
        raise _failure(source, error.lineno, f"{error.msg}.", remedy) from None
    return ParsedFile(source, tuple(parser.sections), tuple(parser.entries))
