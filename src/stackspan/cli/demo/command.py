"""`stackspan demo`: sets everything up, runs the story, and leaves nothing running."""

from __future__ import annotations

import contextlib
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from types import FrameType

from stackspan.cli.demo import tls
from stackspan.cli.demo.layout import DemoError, Layout, stackspan_command
from stackspan.cli.demo.processes import Processes
from stackspan.cli.demo.story import Story
from stackspan.cli.demo.terminal import Terminal

_READY_SECONDS = 60.0
_VCENTER_USER = "administrator@vsphere.local"
_VCENTER_PASSWORD = "1qaz@WSX"  # the one in the operator's files; the simulated vCenter checks it


def run(folder: pathlib.Path | None, *, keep: bool) -> int:
    """Run the demo; returns the exit status.

    Args:
        folder: where everything goes; None makes a temporary one, removed at the end unless `keep`.
        keep: prepare only, then leave all running until Ctrl-C.
    """
    terminal = Terminal()
    root = (folder or pathlib.Path(tempfile.mkdtemp(prefix="stackspan-demo-"))).resolve()
    layout = Layout(root)
    processes = Processes(layout)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        _set_up(layout, processes, terminal)
        story = Story(layout, terminal)
        story.prepare()
        if keep:
            story.unlimited()
            _wait(layout, processes, terminal)
        else:
            story.servers()
            terminal.title("The demo did all it set out to do.")
    except DemoError as error:
        terminal.failed(f"{error.user_message}\n    Logs: {root / 'log'}")
        folder = root  # keep what explains it
        return 1
    except KeyboardInterrupt:
        terminal.note("\nStopping.")
        return 0 if keep else 130
    finally:
        with _uninterrupted():
            processes.stop_all()
            if folder is None:
                shutil.rmtree(root, ignore_errors=True)
    return 0


def _set_up(layout: Layout, processes: Processes, terminal: Terminal) -> None:
    """From an empty folder to a service that answers."""
    layout.prepare()
    terminal.title(f"A simulated vCenter, and the service on it ({layout.root})")
    tls.write_certificates(layout.root / "tls")
    with terminal.waiting("starting vCenter: 3 clusters of 3 hosts, 2 datastores, 1 distributed switch"):
        port = start_vcenter(layout, processes)
    listen = free_port()
    layout.write_config("127.0.0.1", port, listen)
    auth_url = f"http://127.0.0.1:{listen}/identity"
    layout.write_clouds(auth_url)
    layout.write_serve()
    with terminal.waiting("making the database and the first administrator"):
        _bootstrap(layout)
    with terminal.waiting("starting the service"):
        processes.start("serve", [str(layout.serve)])
        _until_ready(layout, processes, f"http://127.0.0.1:{listen}/healthz")


def start_vcenter(layout: Layout, processes: Processes) -> int:
    """Start the simulated vCenter with the certificate in DIR/tls; the port it listens on."""
    from stackspan_vcsim import binary_path

    certificates = layout.root / "tls"
    command = [str(binary_path()), "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"]
    command += ["--dir", str(layout.root / "vcenter"), "--exit-with-parent"]
    command += ["--cert", str(certificates / "vcenter.pem"), "--key", str(certificates / "vcenter.key")]
    command += ["--username", _VCENTER_USER, "--password", _VCENTER_PASSWORD]
    announced = processes.start_announcing("vcenter", command)
    return int(announced["url"].split("/")[2].rsplit(":", 1)[1])


def _bootstrap(layout: Layout) -> None:
    command = [stackspan_command(), "bootstrap", *layout.config_arguments(), "--password-stdin"]
    _quietly(command, layout.admin_password)


def _quietly(command: list[str], secret: str) -> None:
    done = subprocess.run(command, input=secret + "\n", capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DemoError(f"'stackspan {command[1]}' failed: {done.stderr.strip() or done.stdout.strip()}")


def _until_ready(layout: Layout, processes: Processes, url: str) -> None:
    """Wait until the service answers and vCenter's inventory has been read."""
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if not processes.alive("serve"):
            raise DemoError(f"The service stopped at once: {_tail(layout.log('serve'))}")
        with (
            contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError),
            urllib.request.urlopen(url, timeout=5) as answer,
        ):
            if answer.status == 200:
                return
        time.sleep(0.1)
    raise DemoError(f"The service was not ready within {_READY_SECONDS:.0f} s: {_tail(layout.log('serve'))}")


def _tail(log: pathlib.Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-12:])


def _wait(layout: Layout, processes: Processes, terminal: Terminal) -> None:
    terminal.title("Everything runs until Ctrl-C. In another terminal:")
    terminal.note(f"  export OS_CLIENT_CONFIG_FILE={layout.clouds}")
    terminal.note(f"  {pathlib.Path(sys.executable).with_name('openstack')} --os-cloud demo server list")
    terminal.note(f"  {layout.serve}    # the service alone, once the one that runs has been killed")
    sys.stdout.flush()
    told = False
    while True:
        time.sleep(1)
        if not processes.alive("vcenter"):
            raise DemoError("The simulated vCenter stopped.")
        if not processes.alive("serve") and not told:
            terminal.note(f"The service stopped. Start it again with {layout.serve}")
            told = True


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Cleaning up isn't cut short by a second Ctrl-C."""
    previous = [signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous[0])
        signal.signal(signal.SIGTERM, previous[1])
