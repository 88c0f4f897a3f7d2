"""Whether anything was committed since one last looked, as cheaply as the database lets one know."""

from __future__ import annotations

from sqlalchemy.engine import Engine


class Probe:
    """Tells whether the database may have changed since it was last asked. For one thread."""

    def changed(self) -> bool:
        """Always, where there is no cheap way to know."""
        return True

    def close(self) -> None:
        """Give back what it holds."""


class SqliteProbe(Probe):
    """Watches the file's change counter, which costs no transaction; it sees other processes' commits too."""

    def __init__(self, engine: Engine) -> None:
        self._connection = engine.raw_connection()
        self._version = -1

    def changed(self) -> bool:
        """Whether another connection has committed since the last call; True at the first."""
        cursor = self._connection.cursor()
        cursor.execute("PRAGMA data_version")
        row = cursor.fetchone()
        cursor.close()
        before, self._version = self._version, int(row[0]) if row else -1
        return self._version != before

    def close(self) -> None:
        """Give back the connection."""
        self._connection.close()
