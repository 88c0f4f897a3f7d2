"""What a person sees of the demo: each command, its answer as a table, its seconds; a spinner where one waits."""

from __future__ import annotations

import contextlib
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table


class Terminal:
    """Prints steps. On a pipe there is no spinner and no colour."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=False)

    def title(self, text: str) -> None:
        """A heading between parts of the story."""
        self._console.print(f"\n[bold]{text}[/bold]")

    def note(self, text: str) -> None:
        """A remark."""
        self._console.print(text, markup=False)

    def command(self, words: Sequence[str]) -> None:
        """The command as a user would type it."""
        self._console.print(f"\n$ {shlex.join(words)}", style="cyan", markup=False, soft_wrap=True)

    def answer(self, value: Any, seconds: float) -> None:
        """A command's JSON answer as a table, and how long it took."""
        if isinstance(value, Mapping) and value:
            self._console.print(_fields(value))
        elif isinstance(value, Sequence) and not isinstance(value, str) and value:
            self._console.print(_rows(value))
        elif value:
            self._console.print(str(value).rstrip(), markup=False)
        self._console.print(f"({seconds:.1f} s)", style="dim")

    def checked(self, text: str) -> None:
        """A check that held."""
        self._console.print(f"  ✓ {text}", style="green", markup=False)

    def failed(self, text: str) -> None:
        """What went wrong, and what to look at."""
        self._console.print(f"  ✗ {text}", style="bold red", markup=False)

    @contextlib.contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """A spinner with elapsed seconds while the block runs."""
        began = time.monotonic()
        if self._console.is_terminal:
            with self._console.status(text):
                yield
        else:
            self._console.print(f"… {text}", markup=False)
            yield
        self._console.print(f"  {text}: {time.monotonic() - began:.1f} s", style="dim", markup=False)


def _fields(value: Mapping[str, Any]) -> Table:
    table = Table(show_header=True, header_style="bold")
    table.add_column("Field", no_wrap=True)
    table.add_column("Value", overflow="fold")
    for key, item in value.items():
        table.add_row(str(key), _text(item))
    return table


def _rows(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(show_header=True, header_style="bold")
    for key in rows[0]:
        table.add_column(str(key), overflow="fold")
    for row in rows:
        table.add_row(*(_text(item) for item in row.values()))
    return table


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_text(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value)
    return "" if value is None else str(value).replace("[", "\\[")
