"""A vCenter account, as one section of one file gives it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from stackspan.config.findings import Place
from stackspan.config.reading import Group
from stackspan.config.secret import Secret
from stackspan.config.wording import shown

_NOT_IN_LABEL = re.compile(r"[^A-Za-z0-9._-]+")
HTTPS_PORT = 443


@dataclass(frozen=True)
class VCenterSettings:
    """One section's account at one vCenter.

    Sections that name the same host stay apart, each with its own account; that they are one vCenter shows only when
    `about.instanceUuid` has been read (vsphere.fleet).

    Args:
        label: the operator's short name for the vCenter, within `[A-Za-z0-9._-]`; the same for all sections of a host.
        host: name or address, without port.
        port: TCP port of the API.
        username, password: the account.
        ca_file: bundle of certificate authorities; wins over `insecure`.
        insecure: don't verify the certificate.
        pool_size: connections kept open.
        api_retry_count: tries of a call that fails for a passing reason.
        task_poll_interval: seconds; only the bound of a slow check, since tasks are pushed.
        service: whose account: "compute", "image", "volume" or "network".
        section: where it stands, such as `nova [vmware]`, for messages.
        host_place, password_place: their lines; `place.error(reason, remedy)` is a ConfigError about one.
    """

    label: str
    host: str
    port: int
    username: str
    password: Secret
    ca_file: str | None = None
    insecure: bool = False
    pool_size: int = 10
    api_retry_count: int = 10
    task_poll_interval: float = 0.5
    service: str = "compute"
    section: str = ""
    host_place: Place = field(default=Place(), compare=False, repr=False)
    password_place: Place = field(default=Place(), compare=False, repr=False)


@dataclass(frozen=True)
class AccountNames:
    """What a section calls the parts of an account; None: it has no such option."""

    host: str
    username: str
    password: str
    port: str | None = None
    ca_file: str | None = None
    insecure: str | None = None
    pool_size: str | None = None
    retries: str | None = None
    poll_interval: str | None = None


@dataclass(frozen=True)
class Naming:
    """What all accounts share: the operator's labels, by host, and the fewest connections that are kept open."""

    labels: Mapping[str, str]
    least_pool: int


def label_of(host: str) -> str:
    """A label made from a host name or address: `[fd00::1]` gives `fd00-1`."""
    return _NOT_IN_LABEL.sub("-", host.strip("[]")).strip("-.") or "vcenter"


def split_host(text: str) -> tuple[str, int | None]:
    """(host, port) of `host`, `host:port`, `[v6]`, `[v6]:port` or a bare IPv6 address. Raises ValueError."""
    text = text.strip()
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or not host or (rest and not rest.startswith(":")):
            raise ValueError(text)
        return host, _port(rest[1:]) if rest else None
    if text.count(":") != 1:
        if not text or "/" in text:
            raise ValueError(text)
        return text, None
    host, _, port = text.partition(":")
    if not host:
        raise ValueError(text)
    return host, _port(port)


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 65536:
        raise ValueError(text)
    return port


def check_readable(group: Group, option: str) -> None:
    """Note the option as wrong if it names a file that can't be read."""
    path = group.text(option)
    if path is not None and not (os.path.isfile(path) and os.access(path, os.R_OK)):
        group.wrong(
            option, f"The file {path} isn't there or may not be read.", "Name a file that the service may read."
        )


def account(
    group: Group, names: AccountNames, naming: Naming, *, service: str, title: str, default_port: int = HTTPS_PORT
) -> VCenterSettings | None:
    """The account in a section. What is missing or wrong is noted; None then.

    Args:
        title: of the section, such as `nova [vmware]`.
    """
    remedies = {
        names.host: "Name the vCenter.",
        names.username: "Name the account at vCenter.",
        names.password: "Give the account's password.",
    }
    if not all([group.required(option, remedy) for option, remedy in remedies.items()]):  # noqa: C419  # note each
        return None
    try:
        host, port = split_host(group.string(names.host))
    except ValueError:
        group.wrong(names.host, f"{shown(group.string(names.host))} won't do.", "Give a host name or address.")
        return None
    if port is None:
        port = group.integer(names.port) if names.port else default_port
    if names.ca_file:
        check_readable(group, names.ca_file)
    return VCenterSettings(
        label=naming.labels.get(host) or label_of(host),
        host=host,
        port=port,
        username=group.string(names.username),
        password=group.secret(names.password),
        ca_file=group.text(names.ca_file) if names.ca_file else None,
        insecure=group.boolean(names.insecure) if names.insecure else False,
        pool_size=max(group.integer(names.pool_size) if names.pool_size else 0, naming.least_pool),
        api_retry_count=group.integer(names.retries) if names.retries else 10,
        task_poll_interval=group.number(names.poll_interval) if names.poll_interval else 0.5,
        service=service,
        section=title,
        host_place=group.place(names.host),
        password_place=group.place(names.password),
    )
