"""The composition root: settings → database → vSphere → services → workflows → routes.

Everything is built here and handed on; there is no module state and no global configuration object. Who subscribes to
which fact, and who hears which vCenter's changes, stands here and nowhere else.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from stackspan import observers, workflows
from stackspan.compute import api as compute_api
from stackspan.compute import policy as compute_policy
from stackspan.compute import scheduler
from stackspan.compute.model import VCenterFacts
from stackspan.compute.service import ComputeService
from stackspan.config import FileStoreSettings, IdentityMode, Settings, VMwareStoreSettings
from stackspan.core import errors, log
from stackspan.core.clock import Clock, SystemClock
from stackspan.db import Database, connect, migrate
from stackspan.db.serving import serving
from stackspan.http import metrics
from stackspan.http.app import HttpApp, HttpSettings
from stackspan.http.policy import Policy
from stackspan.http.routing import ServiceApi
from stackspan.identity import api as identity_api
from stackspan.identity import policy as identity_policy
from stackspan.identity.service import Identity, IdentitySettings
from stackspan.image import api as image_api
from stackspan.image import policy as image_policy
from stackspan.image.model import ImageOptions
from stackspan.image.service import ImageService
from stackspan.image.stores import Store, Stores
from stackspan.image.stores.file import FileStore
from stackspan.image.stores.vmware import VMwareStore
from stackspan.network import api as network_api
from stackspan.network import policy as network_policy
from stackspan.network.model import NetworkOptions
from stackspan.network.service import NetworkService
from stackspan.placement import api as placement_api
from stackspan.placement import policy as placement_policy
from stackspan.placement.service import PlacementService
from stackspan.vsphere.fleet import Fleet
from stackspan.workflow import Engine, EngineSettings, Queue, Registry, Subscriptions

_LOG = log.get(__name__)
_SECRET_BYTES = 48


@dataclass(frozen=True)
class Services:
    """The services of one process, on one database."""

    database: Database
    queue: Queue
    clock: Clock
    identity: Identity
    placement: PlacementService
    image: ImageService
    network: NetworkService
    compute: ComputeService
    stores: Stores


@dataclass
class App:
    """The running service. `http` has all APIs by prefix; `http_of(name)` has one at its root."""

    settings: Settings
    services: Services
    fleet: Fleet
    engine: Engine | None
    watching: observers.Watching | None
    apis: Sequence[ServiceApi]
    http: HttpApp
    _held: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def http_of(self, name: str) -> HttpApp:
        """One API at the root of a port of its own, as the stock service is."""
        alone = [replace(api, prefix="") for api in self.apis if api.name == name]
        return HttpApp(alone, self.services.identity.authenticate, _http_settings(self.settings), metrics.observe)

    def start(self) -> None:
        """Connect to the vCenters in the background, watch them, and work."""
        if self.engine is not None:
            self.engine.start()
        self.fleet.start(self.watching.connected if self.watching is not None else None)

    def stop(self) -> None:
        """Finish or hand back running steps; close everything. Safe to call twice."""
        if self.watching is not None:
            self.watching.stop()
        if self.engine is not None:
            self.engine.stop()
            self.engine = None
        self.http.close()
        self.fleet.close()
        self.services.database.close()
        self._held.close()


def open_database(settings: Settings) -> Database:
    """The configured database, whatever its schema."""
    return connect(settings.database.url.reveal())


def build_identity(settings: Settings, database: Database, queue: Queue) -> Identity:
    """The embedded Identity service on `database`, which tells its neighbours through `queue`."""
    said = settings.identity
    return Identity(
        database,
        SystemClock(),
        IdentitySettings(
            secret=_secret(settings.stackspan.secret_file),
            token_seconds=said.token_expiration,
            lockout_attempts=said.lockout_attempts or 0,
            lockout_seconds=said.lockout_duration or 0,
            list_limit=said.list_limit,
            max_password_bytes=said.max_password_length,
        ),
        publish=queue.publish,
    )


def build_services(settings: Settings, database: Database, fleet: Fleet, subscriptions: Subscriptions) -> Services:
    """Every service, lower ones first."""
    clock = SystemClock()
    queue = Queue(subscriptions, clock)
    identity = build_identity(settings, database, queue)
    placement = PlacementService(database, clock, settings.placement)
    image = ImageService(database, queue, clock, _image_options(settings), placement)
    network = NetworkService(database, queue, clock, _network_options(settings))
    compute = ComputeService(
        database,
        queue,
        clock,
        settings.compute,
        identity=identity,
        placement=placement,
        image=image,
        network=network,
        vcenter=lambda uuid: _vcenter_facts(fleet, uuid),
    )
    stores = Stores(_stores(settings, fleet))
    return Services(database, queue, clock, identity, placement, image, network, compute, stores)


def build(settings: Settings, roles: Sequence[str]) -> App:
    """Put the service together; nothing runs yet.

    Raises SchemaMismatch, AlreadyServed, Unsupported (roles apart on SQLite; the operator's own Keystone).
    """
    if settings.identity.mode is not IdentityMode.EMBEDDED:
        raise settings.identity.mode_place.error(
            "The operator's own Keystone is not served yet.", "Set it to embedded."
        )
    database = open_database(settings)
    if database.dialect == "sqlite" and set(roles) != {"api", "worker"}:
        raise errors.Unsupported("On SQLite one process is both api and worker: leave out --role, or use PostgreSQL.")
    migrate.require_head(database)
    for name in scheduler.unsupported(settings.compute.scheduler.enabled_filters):
        _LOG.warning("scheduler filter without effect here", filter=name)
    held = contextlib.ExitStack()
    held.enter_context(serving(database))
    fleet = Fleet(settings)
    subscriptions = Subscriptions()
    services = build_services(settings, database, fleet, subscriptions)
    engine = watching = None
    if "worker" in roles:
        registry = Registry(
            workflows.every(
                settings,
                database,
                services.clock,
                fleet,
                compute=services.compute,
                image=services.image,
                placement=services.placement,
                network=_network_options(settings),
                stores=services.stores,
            )
        )
        engine = Engine(database, registry, services.queue, _engine_settings(settings), services.clock)
        watching = observers.Watching(settings, database, services.clock, services.compute)
    apis = build_apis(settings, services)
    apis = [*apis, metrics.health_api(lambda: _problems(fleet, watching)), metrics.metrics_api()]
    http = HttpApp(apis, services.identity.authenticate, _http_settings(settings), metrics.observe)
    return App(settings, services, fleet, engine, watching, apis, http, held)


def build_apis(settings: Settings, services: Services) -> list[ServiceApi]:
    """The OpenStack APIs by prefix."""
    identity = Policy(identity_policy.DEFAULTS, settings.identity.policy_file, words=identity_policy.WORDS)
    placement = Policy(placement_policy.DEFAULTS, settings.placement.policy_file, words=placement_policy.WORDS)
    image = Policy(image_policy.DEFAULTS, settings.image.policy_file)
    network = Policy(network_policy.DEFAULTS, settings.network.policy_file)
    compute = Policy(compute_policy.DEFAULTS, settings.compute.policy_file)
    return [
        identity_api.build_api(services.identity, identity),
        placement_api.build_api(services.placement, placement),
        image_api.build_api(services.image, services.stores, image),
        network_api.build_api(services.network, network),
        compute_api.build_api(services.compute, compute),
    ]


def _problems(fleet: Fleet, watching: observers.Watching | None) -> list[str]:
    """Why the service isn't ready; empty when it is."""
    found = [f"{account.section}: {account.problem}" for account in fleet.accounts() if account.problem]
    return found + (watching.problems() if watching is not None else [])


def _vcenter_facts(fleet: Fleet, uuid: str) -> VCenterFacts:
    for link in fleet.all():
        if link.vcenter_uuid == uuid:
            return VCenterFacts(link.label)
    return VCenterFacts(uuid[:8])


def _http_settings(settings: Settings) -> HttpSettings:
    api = settings.api
    return HttpSettings(threads=api.threads, max_body_bytes=api.max_body_bytes, forwarded=api.forwarded)


def _engine_settings(settings: Settings) -> EngineSettings:
    worker, listen = settings.worker, settings.database.listen_connection
    return EngineSettings(
        max_threads=worker.threads,
        bounds={
            "vcenter": worker.vcenter_limit,
            "cluster": worker.cluster_limit,
            "datastore": worker.datastore_limit,
        },
        listen_url=listen.reveal() if listen else None,
    )


def _image_options(settings: Settings) -> ImageOptions:
    image = settings.image
    return ImageOptions(
        spool=str(settings.stackspan.state_path / "spool"),
        default_store=image.default_store,
        size_cap=image.image_size_cap,
        member_quota=image.image_member_quota,
        property_quota=image.image_property_quota,
        tag_quota=image.image_tag_quota,
        page_default=image.limit_param_default,
        page_maximum=image.api_limit_max,
    )


def _network_options(settings: Settings) -> NetworkOptions:
    network = settings.network
    quota = network.quota
    return NetworkOptions(
        vlan_ranges=network.vlan_ranges,
        network_maps=network.network_maps,
        mtu=network.mtu,
        quotas={
            "network": quota.network,
            "subnet": quota.subnet,
            "port": quota.port,
            "security_group": quota.security_group,
            "security_group_rule": quota.security_group_rule,
        },
    )


def _stores(settings: Settings, fleet: Fleet) -> dict[str, Store]:
    """The stores that are served; others are reported by the configuration check."""
    found: dict[str, Store] = {}
    for store in settings.image.stores:
        if isinstance(store, VMwareStoreSettings):
            found[store.id] = VMwareStore(store, fleet)
        elif isinstance(store, FileStoreSettings):
            found[store.id] = FileStore(store.id, pathlib.Path(store.datadir))
    return found


def _secret(path: pathlib.Path) -> bytes:
    """What seals keys in the database: a file of this machine's, made at first use, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_urlsafe(_SECRET_BYTES).encode())
            file.flush()
            os.fsync(file.fileno())
    content = path.read_bytes().strip()
    if len(content) < 32:
        raise errors.Invalid(
            f"{path} is damaged: it must hold at least 32 random characters, the same on all machines."
        )
    return content
