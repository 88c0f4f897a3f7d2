"""The `stackspan` command. Heavy parts are imported where they run, so that `--help` answers at once."""

from __future__ import annotations

import os
import pathlib
import sys
from typing import Annotated, Any

import typer

from stackspan import __version__
from stackspan.core import errors

_HELP = """The OpenStack APIs for VMware vCenter.

Try it:       stackspan demo

Serve:        stackspan serve --config-file nova.conf --config-file stackspan.conf
"""

main = typer.Typer(help=_HELP, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
config = typer.Typer(help="Look at the configuration.", no_args_is_help=True)
db = typer.Typer(help="Look after the database.", no_args_is_help=True)
server = typer.Typer(help="What the Compute API doesn't tell of a server.", no_args_is_help=True)
image = typer.Typer(help="What the Image API doesn't tell of an image.", no_args_is_help=True)
jobs = typer.Typer(help="Work accepted and not yet done, or stuck.", no_args_is_help=True)
for name, group in (("config", config), ("db", db), ("server", server), ("image", image), ("jobs", jobs)):
    main.add_typer(group, name=name)

ConfigFiles = Annotated[
    list[str],
    typer.Option(
        "--config-file",
        metavar="[SERVICE=]PATH",
        help="A configuration file; repeat it, stackspan.conf last. The service follows from the file's name.",
    ),
]
ConfigDir = Annotated[
    pathlib.Path | None,
    typer.Option("--config-dir", envvar="STACKSPAN_CONFIG_DIR", help="A folder of such files."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def run() -> None:
    """The entry point: an error of ours becomes one line and exit status 1, Ctrl-C 130."""
    try:
        main()
    except errors.StackspanError as error:
        print(f"stackspan: {error.log_message}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"stackspan {__version__}")
        raise typer.Exit


@main.callback()
def _main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """The OpenStack APIs for VMware vCenter."""


@main.command()
def serve(
    config_file: ConfigFiles = [],  # noqa: B006 - typer reads it, nobody changes it
    config_dir: ConfigDir = None,
    role: Annotated[
        list[str], typer.Option("--role", help="api or worker; both where none is given. SQLite: only both.")
    ] = [],  # noqa: B006
) -> None:
    """Serve the APIs and do the work, in the foreground.

    Example: stackspan serve --config-file nova.conf --config-file glance-api.conf --config-file stackspan.conf
    """
    from stackspan.cli import serving

    sys.exit(serving.serve(_settings(config_file, config_dir), tuple(role) or ("api", "worker")))


@main.command()
def bootstrap(
    config_file: ConfigFiles = [],  # noqa: B006
    config_dir: ConfigDir = None,
    username: Annotated[str, typer.Option(help="The first administrator's name.")] = "admin",
    project: Annotated[str, typer.Option(help="The first project's name.")] = "admin",
    password_stdin: Annotated[bool, typer.Option(help="Read the password from standard input.")] = False,
) -> None:
    """Make the schema, the first administrator, roles and the catalog; again without harm.

    The password comes from OS_BOOTSTRAP_PASSWORD, from standard input, or is asked for.
    Example: stackspan bootstrap --config-file stackspan.conf
    """
    from stackspan.cli import operating

    settings = _settings(config_file, config_dir)
    operating.bootstrap(settings, username, project, _password(password_stdin))


@config.command("check")
def config_check(config_file: ConfigFiles = [], config_dir: ConfigDir = None) -> None:  # noqa: B006
    """Say of each line of each file whether it is used, ignored, unknown or wrong. Exit status 1 if one is wrong.

    Example: stackspan config check --config-file nova.conf
    """
    from stackspan.cli import operating

    sys.exit(operating.config_check(config_file, config_dir))


@db.command("upgrade")
def db_upgrade(config_file: ConfigFiles = [], config_dir: ConfigDir = None) -> None:  # noqa: B006
    """Raise the schema to what this release needs; harmless where it is there already."""
    from stackspan.cli import operating

    operating.db_upgrade(_settings(config_file, config_dir))


@server.command("show")
def server_show(
    server_id: Annotated[str, typer.Argument(help="The server's id.")],
    config_file: ConfigFiles = [],  # noqa: B006
    config_dir: ConfigDir = None,
    json: AsJson = False,
) -> None:
    """Show a server's cluster, ESXi host and VM as the watcher last saw them."""
    from stackspan.cli import looking

    looking.server_show(_settings(config_file, config_dir), server_id, as_json=json)


@server.command("events")
def server_events(
    server_id: Annotated[str, typer.Argument(help="The server's id.")],
    config_file: ConfigFiles = [],  # noqa: B006
    config_dir: ConfigDir = None,
    json: AsJson = False,
) -> None:
    """Show the steps of a server's actions with start, finish and result."""
    from stackspan.cli import looking

    looking.server_events(_settings(config_file, config_dir), server_id, as_json=json)


@image.command("cache")
def image_cache(
    config_file: ConfigFiles = [],  # noqa: B006
    config_dir: ConfigDir = None,
    json: AsJson = False,
) -> None:
    """Show the cached copies of images on datastores, and how many servers use each."""
    from stackspan.cli import looking

    looking.image_cache(_settings(config_file, config_dir), as_json=json)


@jobs.command("list")
def jobs_list(
    config_file: ConfigFiles = [],  # noqa: B006
    config_dir: ConfigDir = None,
    json: AsJson = False,
) -> None:
    """Show unfinished and stuck jobs, and what each waits for."""
    from stackspan.cli import looking

    looking.jobs_list(_settings(config_file, config_dir), as_json=json)


@main.command()
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Prepare, then leave all running until Ctrl-C.")] = False,
    dir: Annotated[pathlib.Path | None, typer.Option("--dir", help="Where everything goes.")] = None,
) -> None:
    """Run the main job against a simulated vCenter: image, networks, servers, and back.

    Example: stackspan demo --keep --dir demo
    """
    try:
        from stackspan.cli.demo import command
    except ModuleNotFoundError as error:
        raise errors.Invalid(f"The demo needs the extra 'demo': pip install 'stackspan[demo]' ({error.name})") from None
    sys.exit(command.run(dir, keep=keep))


def _settings(files: list[str], folder: pathlib.Path | None) -> Any:
    from stackspan import config as configuration

    return configuration.load(configuration.loading.files_of(files, folder))


def _password(from_stdin: bool) -> str:
    given = os.environ.get("OS_BOOTSTRAP_PASSWORD")
    if from_stdin:
        given = sys.stdin.readline().rstrip("\n")
    elif not given:
        given = typer.prompt("Password of the administrator", hide_input=True, confirmation_prompt=True)
    if not given:
        raise errors.Invalid("An empty password: set OS_BOOTSTRAP_PASSWORD or give it on standard input.")
    return given
