"""One open transaction: what stores and façades take as their first argument."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, CursorResult


@dataclass
class Transaction:
    """One open transaction, of one thread.

    `notes` is where a part remembers something until the commit, under a key of its own.
    """

    connection: Connection
    writable: bool
    dialect: str  # "sqlite" or "postgresql"
    statements: int = 0
    notes: dict[str, Any] = field(default_factory=dict)
    _before_commit: list[Callable[[], None]] = field(default_factory=list)
    _after_commit: list[Callable[[], None]] = field(default_factory=list)

    def execute(
        self, statement: sa.Executable, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[*tuple[Any, ...]]:
        """Run one statement."""
        self.statements += 1
        if parameters is None:
            return self.connection.execute(statement)
        return self.connection.execute(statement, parameters)

    def before_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` as the last thing inside this transaction; what it raises rolls the transaction back."""
        self._before_commit.append(callback)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` once this transaction has been committed; never if it is rolled back. It must not raise."""
        self._after_commit.append(callback)

    def flush(self) -> None:
        """Do now what waits for the commit."""
        while self._before_commit:
            self._before_commit.pop(0)()

    def committed(self) -> None:
        """Run what waited for the commit; called by `Database`."""
        for callback in self._after_commit:
            callback()
