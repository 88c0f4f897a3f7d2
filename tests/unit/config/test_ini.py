"""The stock dialect of INI."""

from __future__ import annotations

import pathlib

import pytest

from stackspan import config
from stackspan.config import ini
from stackspan.config.files import ConfigFile


def parse(path: pathlib.Path, data: bytes) -> list[tuple[int, str, str, str]]:
    path.write_bytes(data)
    parsed = ini.parse(ConfigFile(path, "nova"))
    return [(entry.line, entry.group, entry.option, entry.value) for entry in parsed.entries]


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "nova.conf"


def test_lines_are_counted_over_comments_blanks_and_continuations(path: pathlib.Path) -> None:
    data = b"# one\n[a]\n\nx = 1\ny: 2\n;c\nz = 3,\n  4,\n\t5\n\n[b]\nw = 'q'"
    assert parse(path, data) == [
        (4, "a", "x", "1"),
        (5, "a", "y", "2"),
        (7, "a", "z", "3,\n4,\n5"),
        (12, "b", "w", "q"),
    ]


def test_byte_order_mark_and_dos_line_ends(path: pathlib.Path) -> None:
    assert parse(path, b"\xef\xbb\xbf[a]\r\nx = 1\r\n") == [(2, "a", "x", "1")]


def test_other_languages(path: pathlib.Path) -> None:
    assert parse(path, "[a]\nx = Bühne\n".encode()) == [(2, "a", "x", "Bühne")]


def test_only_line_ends_end_a_line(path: pathlib.Path) -> None:
    assert parse(path, "[a]\n# \u2028 \x0b \x85\nx = a\u2028b\n".encode()) == [(3, "a", "x", "a\u2028b")]


def test_an_entry_doesn_t_show_its_value(path: pathlib.Path) -> None:
    path.write_text("[a]\nhost_password = hunter2\n")
    assert "hunter2" not in repr(ini.parse(ConfigFile(path, "nova")))


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"[a]\nx = 1\nhost_password hunter2\n", 3, "No ':' or '=' found"),
        (b"[a]\n[b\n", 2, "must end with ]"),
        (b"[a]\n[]\n", 2, "Empty section name"),
        (b"x = hunter2\n[a]\n", 1, "before the first [section]"),
        (b"[a]\n  hunter2\n", 2, "Unexpected continuation"),
        (b"[a]\n = hunter2\n", 2, "Key cannot be empty|Unexpected continuation"),
        (b"[a]\n= hunter2\n", 2, "Key cannot be empty"),
        (b"[a]\nx = \xff\xfe\n", 2, "isn't UTF-8"),
        ("\ufeff[a]\nx = 1\n".encode("utf-16"), 1, "isn't UTF-8"),
    ],
)
def test_a_broken_line_is_told_without_its_text(path: pathlib.Path, data: bytes, line: int, words: str) -> None:
    path.write_bytes(data)
    with pytest.raises(config.ConfigError) as caught:
        ini.parse(ConfigFile(path, "nova"))
    (finding,) = caught.value.findings
    assert finding.line == line
    assert any(part in finding.reason for part in words.split("|"))
    assert "hunter2" not in str(caught.value)
    assert finding.remedy
