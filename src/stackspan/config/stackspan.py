"""Our own settings: the `[stackspan…]` groups of stackspan.conf."""

from __future__ import annotations

import enum
import pathlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from oslo_config import cfg

from stackspan.config.findings import Kind
from stackspan.config.keystone import IdentityMode
from stackspan.config.reading import Group, ServiceConf
from stackspan.config.secret import Secret
from stackspan.config.vcenter import check_readable, split_host

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
        secret_file: file with the secret that seals keys in the database; the same on all machines that share one.
        unfiltered_adopted_networks: whether ports there may have security groups that aren't enforced.
        vcenter_labels: vCenter host → short name, for service hosts and logs.
        modern_hardware: images that say nothing and aren't VMDKs get pvscsi and vmxnet3, not stock's lsiLogic and e1000.
        debug, log_json: the log's detail and form.
    """

    state_path: pathlib.Path
    secret_file: pathlib.Path
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


_DEFAULT_LISTEN = Address("127.0.0.1", 8080)


@dataclass(frozen=True)
class ApiSettings:
    """Group `[stackspan_api]`. Sizes in bytes, times in seconds.

    Args:
        listen: where all APIs are served, by path prefix.
        listeners: API name → where it is also served at its root, as the stock service is.
        tls_cert, tls_key: PEM files; set both to serve TLS.
        public_endpoint: root of the URLs in the catalog; None: made from `listen`.
        forwarded: believe X-Forwarded-Proto, -Host and -Prefix; only behind a proxy that sets them.
        max_body_bytes: bodies above it are refused; image bytes have a bound of their own (`image_size_cap`).
        threads: requests handled at the same time.
        keep_alive: an idle connection is closed after this.
    """

    listen: Address = _DEFAULT_LISTEN
    listeners: Mapping[str, Address] = field(default_factory=dict)
    tls_cert: pathlib.Path | None = None
    tls_key: pathlib.Path | None = None
    public_endpoint: str | None = None
    forwarded: bool = False
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


_STOCK_PORTS = {"identity": 5000, "compute": 8774, "placement": 8778, "image": 9292, "volume": 8776, "network": 9696}
_LOOPBACK = ("127.0.0.1", "::1", "localhost")

_STACKSPAN = (
    cfg.StrOpt("identity", choices=[mode.value for mode in IdentityMode]),
    cfg.StrOpt("region", default="RegionOne"),
    cfg.StrOpt("state_path"),
    cfg.StrOpt("secret_file"),
    cfg.StrOpt(
        "unfiltered_adopted_networks", choices=[choice.value for choice in UnfilteredNetworks], default="refuse"
    ),
    cfg.DictOpt("vcenter_labels", default={}),
    cfg.BoolOpt("modern_hardware", default=True),
    cfg.BoolOpt("debug", default=False),
    cfg.BoolOpt("log_json", default=False),
)
_DATABASE = (
    cfg.StrOpt("url", secret=True),
    cfg.StrOpt("listen_connection", secret=True),
)
_API = (
    cfg.StrOpt("listen", default="127.0.0.1:8080"),
    *(cfg.StrOpt(f"listen_{name}") for name in API_NAMES),
    cfg.StrOpt("tls_cert"),
    cfg.StrOpt("tls_key"),
    cfg.URIOpt("public_endpoint", schemes=["http", "https"]),
    cfg.BoolOpt("forwarded", default=False),
    cfg.IntOpt("max_body_bytes", min=64 << 10, max=64 << 20, default=1 << 20),
    cfg.IntOpt("threads", min=1, max=256, default=32),
    cfg.IntOpt("keep_alive", min=0, default=75),
)  # fmt: skip
_WORKER = (
    cfg.IntOpt("threads", min=1, max=256, default=64),
    cfg.IntOpt("vcenter_limit", min=1, default=128),
    cfg.IntOpt("cluster_limit", min=1, default=64),
    cfg.IntOpt("datastore_limit", min=1, default=32),
    cfg.IntOpt("transfer_limit", min=1, default=4),
)
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_DATABASES = (
    re.compile(r"sqlite(\+\w+)?:///(?!:memory:)[^?]+(\?.*)?"),
    re.compile(r"postgresql(\+\w+)?://(.*@)?(\[[^\]]+\]|[^/:?@]*)(:\d+)?/[^/?]+(\?.*)?"),
)


def default_state_path(environ: Mapping[str, str], user_id: int) -> pathlib.Path:
    """Where state goes if nobody says: what systemd names, root's usual place, or the user's own."""
    if environ.get("STATE_DIRECTORY"):
        return pathlib.Path(environ["STATE_DIRECTORY"].split(":")[0])
    if user_id == 0:
        return pathlib.Path("/var/lib/stackspan")
    home = environ.get("XDG_STATE_HOME") or str(pathlib.Path(environ.get("HOME", "/")) / ".local" / "state")
    return pathlib.Path(home) / "stackspan"


@dataclass(frozen=True)
class Own:
    """What stackspan.conf says. `identity` is None where it doesn't say."""

    stackspan: StackspanSettings
    database: DatabaseSettings
    api: ApiSettings
    worker: WorkerSettings
    identity: IdentityMode | None


def _labels(group: Group) -> dict[str, str]:
    labels = group.pairs("vcenter_labels")
    for label in labels.values():
        if not _LABEL.fullmatch(label):
            group.wrong("vcenter_labels", f"{label!r} won't do.", "Use letters, digits, full stops, _ and - only.")
    return labels


def _path(group: Group, option: str, default: pathlib.Path) -> pathlib.Path:
    """A path from the root; a missing file is made by the service."""
    said = group.text(option)
    if said is None:
        return default
    if not pathlib.Path(said).is_absolute():
        group.wrong(option, f"{said} isn't a path from the root.", "Write it out from the root.")
    return pathlib.Path(said)


def _stackspan(group: Group, environ: Mapping[str, str], user_id: int) -> StackspanSettings:
    state_path = _path(group, "state_path", default_state_path(environ, user_id))
    return StackspanSettings(
        state_path=state_path,
        secret_file=_path(group, "secret_file", state_path / "secret"),
        region=group.string("region"),
        unfiltered_adopted_networks=UnfilteredNetworks(group.string("unfiltered_adopted_networks")),
        vcenter_labels=_labels(group),
        modern_hardware=group.boolean("modern_hardware"),
        debug=group.boolean("debug"),
        log_json=group.boolean("log_json"),
    )


def _usable_url(group: Group, option: str, url: str) -> str:
    """The URL, in SQLAlchemy's spelling; noted as wrong if it can't name a database that we serve."""
    url = re.sub(r"^postgres://", "postgresql://", url)
    if not any(pattern.fullmatch(url) for pattern in _DATABASES):
        remedy = "Write sqlite:////PATH/FILE.db or postgresql://USER:PASSWORD@HOST/NAME."
        group.wrong(option, "It names no SQLite file and no PostgreSQL database.", remedy)
    return url


def _database(group: Group, state_path: pathlib.Path) -> DatabaseSettings:
    said, listen = group.text("url"), group.text("listen_connection")
    url = _usable_url(group, "url", said) if said else f"sqlite:///{state_path / 'stackspan.db'}"
    if listen and url.startswith("sqlite"):
        group.ignored("listen_connection", "SQLite has one process, and no pooler before it.")
        listen = None
    return DatabaseSettings(Secret(url), Secret(_usable_url(group, "listen_connection", listen)) if listen else None)


def _address(group: Group, option: str, default_port: int) -> Address | None:
    try:
        host, port = split_host(group.string(option))
    except ValueError:
        group.wrong(option, f"{group.string(option)!r} won't do.", "Give ADDRESS:PORT, as 127.0.0.1:8080 or [::]:8080.")
        return None
    return Address("0.0.0.0" if host == "*" else host, port or default_port)


def _tls(group: Group) -> tuple[pathlib.Path | None, pathlib.Path | None]:
    cert, key = group.text("tls_cert"), group.text("tls_key")
    if (cert is None) != (key is None):
        there, missing = ("tls_cert", "tls_key") if cert else ("tls_key", "tls_cert")
        group.wrong(there, f"{missing} is missing.", "Set both, or neither.")
    check_readable(group, "tls_cert")
    check_readable(group, "tls_key")
    return pathlib.Path(cert) if cert else None, pathlib.Path(key) if key else None


def _api(group: Group) -> ApiSettings:
    cert, key = _tls(group)
    listen = _address(group, "listen", _DEFAULT_LISTEN.port) or _DEFAULT_LISTEN
    listeners: dict[str, Address] = {}
    for name in API_NAMES:
        option = f"listen_{name}"
        address = _address(group, option, _STOCK_PORTS[name]) if group.text(option) else None
        if address is None:
            continue
        if address in (listen, *listeners.values()):
            group.wrong(option, f"{address} is taken by another listen option.", "Choose another port.")
        listeners[name] = address
    forwarded = group.boolean("forwarded")
    for option, address in [("listen", listen), *((f"listen_{name}", a) for name, a in listeners.items())]:
        if address.host not in _LOOPBACK and cert is None and not forwarded:
            reason = "Tokens and passwords cross the network in clear."
            group.remark(option, Kind.USED, reason, "Set tls_cert and tls_key, or put a proxy with TLS before it.")
    return ApiSettings(
        listen=listen,
        listeners=listeners,
        tls_cert=cert,
        tls_key=key,
        public_endpoint=(group.text("public_endpoint") or "").rstrip("/") or None,
        forwarded=forwarded,
        max_body_bytes=group.integer("max_body_bytes"),
        threads=group.integer("threads"),
        keep_alive=group.integer("keep_alive"),
    )


def from_conf(conf: ServiceConf, environ: Mapping[str, str], user_id: int) -> Own:
    """Our own settings; what is wrong is noted in the conf's report."""
    group = conf.register("stackspan", _STACKSPAN)
    stackspan = _stackspan(group, environ, user_id)
    worker = conf.register("stackspan_worker", _WORKER)
    identity = group.text("identity")
    return Own(
        stackspan=stackspan,
        database=_database(conf.register("stackspan_database", _DATABASE), stackspan.state_path),
        api=_api(conf.register("stackspan_api", _API)),
        worker=WorkerSettings(
            threads=worker.integer("threads"),
            vcenter_limit=worker.integer("vcenter_limit"),
            cluster_limit=worker.integer("cluster_limit"),
            datastore_limit=worker.integer("datastore_limit"),
            transfer_limit=worker.integer("transfer_limit"),
        ),
        identity=IdentityMode(identity) if identity else None,
    )
