"""Writes `migrations/versions/0001_initial.py` from the tables of all services: `python -m tests.support.make_initial_migration`.

For the time before the first release only: a released revision never changes; from then on each change of a table brings a
revision of its own (docs/howto/change-the-schema.md).
"""

from __future__ import annotations

import pathlib
import subprocess
import sys
import tempfile
from typing import Any, Literal

import sqlalchemy as sa
from alembic import autogenerate
from alembic.runtime.migration import MigrationContext

import stackspan.schema  # noqa: F401 - fills the metadata
from stackspan.db import connect, metadata, migrate

_PATH = pathlib.Path(migrate.__file__).parent / "migrations" / "versions" / "0001_initial.py"
_HEAD = '''"""The schema of the first release. Made from the tables by `python -m tests.support.make_initial_migration`."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    '''


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """A revision names what the database stores, not our types, which may change."""
    if kind == "type" and isinstance(item, sa.TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


def source() -> str:
    """The revision's text, formatted."""
    with tempfile.TemporaryDirectory() as folder:
        database = connect(f"sqlite:///{folder}/empty.db")
        with database.write() as tx:
            context = MigrationContext.configure(tx.connection)
            script = autogenerate.produce_migrations(context, metadata)
            assert script.upgrade_ops is not None
            body = autogenerate.render_python_code(script.upgrade_ops, render_item=_render)
        database.close()
    lines = [line for line in body.splitlines() if not line.strip().startswith("# ###")]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(_PATH), "-"],
        input=_HEAD + "\n".join(lines).strip() + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def main() -> None:
    """Write it."""
    _PATH.write_text(source())
    print(f"wrote {_PATH}: {len(metadata.tables)} tables")  # noqa: T201


if __name__ == "__main__":
    main()
