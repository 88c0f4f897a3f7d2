"""A vCenter account, as one section of one file gives it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stackspan.config.secret import Secret

_NOT_IN_LABEL = re.compile(r"[^A-Za-z0-9._-]+")


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


def label_of(host: str) -> str:
    """A label made from a host name or address: `[fd00::1]` gives `fd00-1`."""
    return _NOT_IN_LABEL.sub("-", host.strip("[]")).strip("-.") or "vcenter"
