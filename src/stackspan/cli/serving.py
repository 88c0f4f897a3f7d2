"""`stackspan serve`: the service in the foreground, until a signal."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Sequence

import uvicorn

from stackspan import app as application
from stackspan.config import Settings
from stackspan.core import errors, log

_LOG = log.get(__name__)
_SWITCH_SECONDS = 0.001  # requests stay quick beside job threads


class AddressInUse(errors.StackspanError):
    """Somebody listens there already."""


def serve(settings: Settings, roles: Sequence[str]) -> int:
    """Serve until SIGINT or SIGTERM; returns the exit status.

    Running steps are finished or handed back; a second signal ends at once (jobs resume at the next start).
    """
    log.configure(json=settings.stackspan.log_json, debug=settings.stackspan.debug)
    sys.setswitchinterval(_SWITCH_SECONDS)
    for warning in settings.warnings:
        _LOG.warning("configuration", finding=str(warning))
    unknown = set(roles) - {"api", "worker"}
    if unknown:
        raise errors.Invalid(f"--role takes api or worker, not {', '.join(sorted(unknown))}.")
    sockets = _listen(settings) if "api" in roles else []
    built = application.build(settings, roles)
    try:
        built.start()
        if sockets:
            asyncio.run(_serve_http(built, sockets, settings))
        else:
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
    finally:
        built.stop()
        for listening in sockets:
            listening.close()
    return 0


def _listen(settings: Settings) -> list[socket.socket]:
    """The listening sockets, the common one first; bound before anything else starts, so that a clash is told at once."""
    bound = []
    for address in [settings.api.listen, *settings.api.listeners.values()]:
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        # asyncio switches Nagle's algorithm off only where the protocol is named; with it on, each answer takes 40 ms.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((address.host, address.port))
        except OSError as error:
            raise AddressInUse(
                f"Can't listen on {address}: {error.strerror}. Choose another with [stackspan_api] listen."
            ) from None
        listening.listen(2048)
        bound.append(listening)
    return bound


async def _serve_http(built: application.App, sockets: Sequence[socket.socket], settings: Settings) -> None:
    """One uvicorn server a socket: the common one with prefixes, the others with one API at its root."""
    apps = [built.http, *(built.http_of(name) for name in settings.api.listeners)]
    servers = [_Server(_uvicorn(app, settings)) for app in apps]
    loop = asyncio.get_running_loop()

    def end() -> None:
        for server in servers:
            server.force_exit = server.should_exit  # the second signal doesn't wait
            server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    for address in [settings.api.listen, *settings.api.listeners.values()]:
        _LOG.info("listening", address=str(address))
    await asyncio.gather(*(server.serve([sock]) for server, sock in zip(servers, sockets, strict=True)))


class _Server(uvicorn.Server):
    """Signals are ours."""

    def install_signal_handlers(self) -> None:
        """Nothing: `_serve_http` has installed them."""


def _uvicorn(app: object, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_keep_alive=settings.api.keep_alive,
        timeout_graceful_shutdown=10,
        ssl_certfile=settings.api.tls_cert,
        ssl_keyfile=settings.api.tls_key,
        h11_max_incomplete_event_size=1 << 16,
    )
