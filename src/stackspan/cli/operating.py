"""Commands that change something: bootstrap, schema; and the configuration check."""

from __future__ import annotations

import pathlib

from rich.console import Console
from rich.table import Table

from stackspan import app as application
from stackspan import config
from stackspan.config import Kind, Settings
from stackspan.db import migrate
from stackspan.workflow import Queue

_COLOURS = {Kind.USED: "green", Kind.IGNORED: "dim", Kind.UNKNOWN: "yellow", Kind.WRONG: "bold red"}


def bootstrap(settings: Settings, username: str, project: str, password: str) -> None:
    """The schema, the first administrator, project, roles and catalog."""
    database = application.open_database(settings)
    try:
        migrate.upgrade(database)
        identity = application.build_identity(settings, database, Queue())
        done = identity.bootstrap(
            password=password, username=username, project_name=project, region=settings.stackspan.region
        )
    finally:
        database.close()
    Console().print(
        f"Administrator {username} ({done.admin_user_id}) of project {project} is there, region {done.region_id}."
    )


def db_upgrade(settings: Settings) -> None:
    """Raise the schema."""
    database = application.open_database(settings)
    try:
        before = migrate.revision_get(database)
        migrate.upgrade(database)
        Console().print(f"Schema {before or 'none'} → {migrate.revision_get(database)}.")
    finally:
        database.close()


def config_check(files: list[str], folder: pathlib.Path | None) -> int:
    """Print a row per line of the files; 1 if one is wrong."""
    findings = config.check(config.loading.files_of(files, folder))
    table = Table(show_header=True, header_style="bold")
    for column in ("place", "kind", "why", "remedy"):
        table.add_column(column, overflow="fold")
    for finding in findings:
        colour = _COLOURS[finding.kind]
        row = (finding.place, finding.kind.value, finding.reason, finding.remedy)
        table.add_row(*(text.replace("[", "\\[") for text in row), style=colour)
    Console().print(table)
    return 1 if any(finding.kind is Kind.WRONG for finding in findings) else 0
