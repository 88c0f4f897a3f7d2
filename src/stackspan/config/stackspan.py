"""Our own settings: the `[stackspan…]` groups of stackspan.conf."""

from __future__ import annotations

import enum
import pathlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from stackspan.config.secret import Secret

API_NAMES = ("identity", "compute", "placement", "image", "volume", "network")


class UnfilteredNetworks(enum.Enum):
    """What becomes of security groups on adopted port groups that allow no traffic filter."""

    REFUSE = "refuse"
    ALLOW = "allow"


@dataclass(frozen=True)
class StackspanSettings:
    """Group `[stackspan]`.

    Args:
        region: name of our region in the catalog.
        state_path: folder of everything the service keeps on this machine.
        unfiltered_adopted_networks: whether ports there may have security groups that aren't enforced.
        vcenter_labels: vCenter host → short name, for service hosts and logs.
        modern_hardware: images that say nothing and aren't VMDKs get pvscsi and vmxnet3, not stock's lsiLogic and e1000.
        debug, log_json: the log's detail and form.
    """

    state_path: pathlib.Path
    region: str = "RegionOne"
    unfiltered_adopted_networks: UnfilteredNetworks = UnfilteredNetworks.REFUSE
    vcenter_labels: Mapping[str, str] = field(default_factory=dict)
    modern_hardware: bool = True
    debug: bool = False
    log_json: bool = False


@dataclass(frozen=True)
class DatabaseSettings:
    """Group `[stackspan_database]`. `url` may hold a password; `listen_connection` is one past a pooler, else None."""

    url: Secret
    listen_connection: Secret | None = None


@dataclass(frozen=True)
class Address:
    """Where to listen. `host` without brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class ApiSettings:
    """Group `[stackspan_api]`. Sizes in bytes, times in seconds.

    Args:
        listen: where all APIs are served, by path prefix.
        listeners: API name → where it is also served at its root, as the stock service is.
        tls_cert, tls_key: PEM files; set both to serve TLS.
        public_endpoint: root of the URLs in the catalog; None: made from `listen`.
        forwarded: believe X-Forwarded-Proto, -Host, -Prefix and -For from the proxies of `forwarded_allow`.
        forwarded_allow: addresses and networks of those proxies.
        max_body_bytes: bodies above it are refused; image bytes have a bound of their own (`image_size_cap`).
        threads: requests handled at the same time.
        keep_alive: an idle connection is closed after this.
    """

    listen: Address = Address("127.0.0.1", 8080)
    listeners: Mapping[str, Address] = field(default_factory=dict)
    tls_cert: pathlib.Path | None = None
    tls_key: pathlib.Path | None = None
    public_endpoint: str | None = None
    forwarded: bool = False
    forwarded_allow: tuple[str, ...] = ("127.0.0.1", "::1")
    max_body_bytes: int = 1 << 20
    threads: int = 32
    keep_alive: int = 75


@dataclass(frozen=True)
class WorkerSettings:
    """Group `[stackspan_worker]`: how much runs at the same time. Limits count over all workers.

    Args:
        threads: jobs of one process, 1 to 256.
        vcenter_limit, cluster_limit, datastore_limit: jobs on one vCenter, cluster, datastore.
        transfer_limit: transfers to or from one host.
    """

    threads: int = 64
    vcenter_limit: int = 128
    cluster_limit: int = 64
    datastore_limit: int = 32
    transfer_limit: int = 4
