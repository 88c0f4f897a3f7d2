"""Image's settings: glance-api.conf, with the stores of `[glance_store]` or of sections of their own."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from oslo_config import cfg

from stackspan.config import policy
from stackspan.config.findings import Kind, Place
from stackspan.config.ini import DEFAULT
from stackspan.config.reading import Group, ServiceConf
from stackspan.config.stock import closest
from stackspan.config.vcenter import AccountNames, Naming, VCenterSettings, account


@dataclass(frozen=True)
class StoreDatastore:
    """A datastore for images: highest weight first, then the one with most free space."""

    datacenter_path: str
    name: str
    weight: int = 0


@dataclass(frozen=True)
class VMwareStoreSettings:
    """Images on datastores.

    Args:
        image_dir: the folder on each datastore, without slashes at its ends.
        datastores_place: the line that names the datastores.
    """

    id: str
    vcenter: VCenterSettings
    datastores: tuple[StoreDatastore, ...]
    image_dir: str = "openstack_glance"
    description: str = ""
    datastores_place: Place = field(default=Place(), compare=False, repr=False)


@dataclass(frozen=True)
class FileStoreSettings:
    """Images in a folder of this machine; only for one machine, or a folder that all share."""

    id: str
    datadir: pathlib.Path
    description: str = ""


@dataclass(frozen=True)
class OtherStoreSettings:
    """An enabled store that isn't served, with the reason."""

    id: str
    type: str
    reason: str


_Store = VMwareStoreSettings | FileStoreSettings


@dataclass(frozen=True)
class ImageSettings:
    """Image's settings. Sizes in bytes; limits -1: none.

    Args:
        stores: those that are enabled and served, in the order of the file.
        other_stores: those that are enabled and not served.
        default_store: id of the one that new images go to; None where no store is configured.
        user_storage_quota: bytes of one project's images, 0: none.
    """

    stores: tuple[_Store, ...] = ()
    other_stores: tuple[OtherStoreSettings, ...] = ()
    default_store: str | None = None
    image_size_cap: int = 1099511627776
    user_storage_quota: int = 0
    image_member_quota: int = 128
    image_property_quota: int = 128
    image_tag_quota: int = 128
    image_location_quota: int = 10
    limit_param_default: int = 25
    api_limit_max: int = 1000
    show_multiple_locations: bool = False
    container_formats: tuple[str, ...] = ("ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed")
    disk_formats: tuple[str, ...] = (
        "ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop",
    )  # fmt: skip
    policy_file: pathlib.Path | None = None

    @property
    def vmware_stores(self) -> tuple[VMwareStoreSettings, ...]:
        """The stores on datastores."""
        return tuple(store for store in self.stores if isinstance(store, VMwareStoreSettings))


_CONTAINER_FORMATS = ["ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed"]
_DISK_FORMATS = ["ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop"]

_DEFAULT = (
    cfg.DictOpt("enabled_backends", default={}),
    cfg.IntOpt("image_size_cap", min=1, max=1 << 63, default=1099511627776),
    cfg.StrOpt("user_storage_quota", default="0"),
    cfg.IntOpt("image_member_quota", default=128),
    cfg.IntOpt("image_property_quota", default=128),
    cfg.IntOpt("image_tag_quota", default=128),
    cfg.IntOpt("image_location_quota", default=10),
    cfg.IntOpt("limit_param_default", min=1, default=25),
    cfg.IntOpt("api_limit_max", min=1, default=1000),
    cfg.BoolOpt("show_multiple_locations", default=False),
)

_FORMATS = (
    cfg.ListOpt("container_formats", default=_CONTAINER_FORMATS, deprecated_group="DEFAULT"),
    cfg.ListOpt("disk_formats", default=_DISK_FORMATS, deprecated_group="DEFAULT"),
)

# Schemes that `default_store` may name, and the store each belongs to.
_SCHEMES = {
    "file": "file",
    "filesystem": "file",
    "http": "http",
    "https": "http",
    "swift": "swift",
    "swift+http": "swift",
    "swift+https": "swift",
    "swift+config": "swift",
    "rbd": "rbd",
    "cinder": "cinder",
    "vsphere": "vmware",
    "s3": "s3",
}
_OLD_CLASSES = {"filesystem": "file", "vmware_datastore": "vmware"}
# Stores that stock has and we don't serve yet, and how their options begin.
_UNSERVED = {
    "http": ("http_", "https_"),
    "swift": ("swift_", "default_swift_"),
    "rbd": ("rbd_",),
    "cinder": ("cinder_",),
    "s3": ("s3_",),
}
_VMWARE, _FILE = "vmware", "file"
_KINDS = (_VMWARE, _FILE, *_UNSERVED)

_STORES = (
    cfg.ListOpt("stores", default=["file", "http"], deprecated_opts=[cfg.DeprecatedOpt("known_stores")]),
    cfg.StrOpt("default_store", default="file", choices=list(_SCHEMES), deprecated_group="DEFAULT"),
    cfg.StrOpt("default_backend"),
)

_FILE_STORE = (
    cfg.StrOpt("filesystem_store_datadir", default="/var/lib/glance/images", deprecated_group="DEFAULT"),
    cfg.StrOpt("store_description", default=""),
)

_VMWARE_STORE = (
    cfg.StrOpt("vmware_server_host", deprecated_group="DEFAULT"),
    cfg.StrOpt("vmware_server_username", deprecated_group="DEFAULT"),
    cfg.StrOpt("vmware_server_password", secret=True, deprecated_group="DEFAULT"),
    cfg.IntOpt("vmware_api_retry_count", min=1, default=10, deprecated_group="DEFAULT"),
    cfg.IntOpt("vmware_task_poll_interval", min=1, default=5, deprecated_group="DEFAULT"),
    cfg.StrOpt("vmware_store_image_dir", default="/openstack_glance", deprecated_group="DEFAULT"),
    cfg.BoolOpt(
        "vmware_insecure",
        default=False,
        deprecated_opts=[
            cfg.DeprecatedOpt("vmware_api_insecure"),
            cfg.DeprecatedOpt("vmware_api_insecure", group="DEFAULT"),
        ],
    ),
    cfg.StrOpt("vmware_ca_file"),
    cfg.MultiStrOpt("vmware_datastores", default=[]),
    cfg.StrOpt("store_description", default=""),
)

_ACCOUNT = AccountNames(
    host="vmware_server_host",
    username="vmware_server_username",
    password="vmware_server_password",
    ca_file="vmware_ca_file",
    insecure="vmware_insecure",
    retries="vmware_api_retry_count",
    poll_interval="vmware_task_poll_interval",
)

_REMOVED = "Removed from glance_store in 2016: use vmware_datastores."

IGNORED: dict[str, dict[str, str]] = {
    "glance_store": {"vmware_datacenter_path": _REMOVED, "vmware_datastore_name": _REMOVED},
    "DEFAULT": {"vmware_datacenter_path": _REMOVED, "vmware_datastore_name": _REMOVED},
}

_SIZE = re.compile(r"(\d+)(KB|MB|GB|TB)?")
_UNITS = {None: 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}


def _size(group: Group, option: str) -> int:
    """Bytes of a number with a unit, as glance writes storage quotas."""
    match = _SIZE.fullmatch(group.string(option).replace(" ", ""))
    if match is None:
        group.wrong(option, "It isn't a size.", "Give a number with B left out, KB, MB, GB or TB after it; 0: none.")
        return 0
    return int(match[1]) * _UNITS[match[2]]


def _datastore(group: Group, text: str) -> StoreDatastore | None:
    """`datacenter_path:datastore[:weight]`, split from the right, as a datacenter's path may hold colons."""
    parts = [part.strip() for part in text.rsplit(":", 2)]
    weight = 0
    if len(parts) == 3:
        if not parts[2].removeprefix("-").isdigit() and parts[2]:
            group.wrong("vmware_datastores", f"{text!r}: the weight isn't a whole number.", _DATASTORE_REMEDY)
            return None
        weight = int(parts[2] or 0)
    if len(parts) < 2 or not parts[0] or not parts[1]:
        group.wrong("vmware_datastores", f"{text!r} names no datacenter and datastore.", _DATASTORE_REMEDY)
        return None
    return StoreDatastore(parts[0], parts[1], weight)


_DATASTORE_REMEDY = "Write DATACENTER:DATASTORE or DATACENTER:DATASTORE:WEIGHT."


def _vmware_store(conf: ServiceConf, section: str, store_id: str, naming: Naming) -> VMwareStoreSettings | None:
    group = conf.register(section, _VMWARE_STORE)
    vcenter = account(group, _ACCOUNT, naming, service="image", title=f"glance [{section}]")
    group.required("vmware_datastores", _DATASTORE_REMEDY)
    datastores = tuple(_datastore(group, text) for text in group.words("vmware_datastores"))
    image_dir = group.string("vmware_store_image_dir").strip("/")
    if not image_dir or ".." in image_dir.split("/"):
        group.wrong(
            "vmware_store_image_dir", "It isn't a folder of a datastore.", "Give something like /openstack_glance."
        )
    if vcenter is None or not datastores:
        return None
    return VMwareStoreSettings(
        id=store_id,
        vcenter=vcenter,
        datastores=tuple(datastore for datastore in datastores if datastore),
        image_dir=image_dir,
        description=group.string("store_description"),
        datastores_place=group.place("vmware_datastores"),
    )


def _file_store(conf: ServiceConf, section: str, store_id: str) -> FileStoreSettings:
    group = conf.register(section, _FILE_STORE)
    folder = pathlib.Path(group.string("filesystem_store_datadir"))
    if not folder.is_absolute():
        group.wrong("filesystem_store_datadir", f"{folder} isn't a path from the root.", "Write it out from the root.")
    return FileStoreSettings(store_id, folder, group.string("store_description"))


@dataclass
class _Found:
    """The enabled stores, sorted by whether they are served."""

    stores: list[_Store]
    others: list[OtherStoreSettings]
    default: str | None = None

    def add(self, conf: ServiceConf, section: str, store_id: str, kind: str, naming: Naming) -> None:
        """Read one store of a known kind from its section."""
        if kind == _VMWARE:
            store = _vmware_store(conf, section, store_id, naming)
            self.stores += [store] if store else []
        elif kind == _FILE:
            self.stores.append(_file_store(conf, section, store_id))
        else:
            reason = f"The {kind} store isn't served yet."
            self.others.append(OtherStoreSettings(store_id, kind, reason))
            for name, entry in conf.raw_group(section).items():
                if name.startswith(_UNSERVED[kind]):
                    conf.report.note(entry, Kind.IGNORED, reason)


_SERVED_REMEDY = "New images can go to a vmware or a file store."


def _single(conf: ServiceConf, group: Group, naming: Naming) -> _Found:
    """Stores of `[glance_store] stores`, all in that section; `default_store` names a scheme."""
    kinds: list[str] = []
    for name in group.words("stores"):
        # Old files name a class: glance.store.vmware_datastore.Store
        parts = name.split(".")
        kind = _OLD_CLASSES.get(parts[-2], parts[-2]) if len(parts) > 2 else name
        if kind not in _KINDS:
            guess = closest(kind, _KINDS)
            group.wrong(
                "stores", f"There is no store {name!r}.", f"Did you mean {guess}?" if guess else "Leave it out."
            )
        else:
            kinds.append(kind)
    found = _Found([], [], _SCHEMES[group.string("default_store")])
    for kind in dict.fromkeys(kinds):
        found.add(conf, "glance_store", kind, kind, naming)
    for other in found.others:
        group.remark("stores", Kind.IGNORED, other.reason, "Take it out of stores if nothing needs it.")
    default = group.string("default_store")
    if kinds and found.default not in kinds:
        remedy = f"Add {found.default} to stores, or set default_store."
        group.wrong("default_store", f"{default} belongs to {found.default}, not in stores.", remedy)
    elif found.default in _UNSERVED:
        group.wrong("default_store", f"The {found.default} store isn't served yet.", _SERVED_REMEDY)
    return found


def _multi(conf: ServiceConf, default: Group, group: Group, backends: Mapping[str, str], naming: Naming) -> _Found:
    """Stores of `[DEFAULT] enabled_backends`, each in a section of its own."""
    group.ignored("stores", "enabled_backends is set.")
    group.ignored("default_store", "enabled_backends is set: default_backend counts.")
    found = _Found([], [], group.text("default_backend"))
    for store_id, kind in backends.items():
        if kind in _KINDS:
            found.add(conf, store_id, store_id, kind, naming)
        else:
            default.wrong("enabled_backends", f"{store_id}: there is no store {kind!r}.", "Name stock stores only.")
    for other in found.others:
        remedy = "Take it out of enabled_backends if nothing needs it."
        default.remark("enabled_backends", Kind.IGNORED, f"{other.id}: {other.reason}", remedy)
    if found.default is None:
        group.wrong("default_backend", "default_backend is missing.", f"Name one of {', '.join(backends)}.")
    elif found.default not in backends:
        reason = f"{found.default} isn't in enabled_backends."
        group.wrong("default_backend", reason, f"Name one of {', '.join(backends)}.")
    elif backends[found.default] in _UNSERVED:
        group.wrong("default_backend", f"The {backends[found.default]} store isn't served yet.", _SERVED_REMEDY)
    return found


def from_conf(conf: ServiceConf, naming: Naming) -> ImageSettings:
    """Image's settings; what is wrong is noted in the conf's report."""
    default = conf.register(DEFAULT, _DEFAULT)
    group = conf.register("glance_store", _STORES)
    formats = conf.register("image_format", _FORMATS)
    backends = default.pairs("enabled_backends")
    found = _Found([], [])
    if backends:
        found = _multi(conf, default, group, backends, naming)
    elif conf.entries:
        found = _single(conf, group, naming)
    return ImageSettings(
        stores=tuple(found.stores),
        other_stores=tuple(found.others),
        default_store=found.default,
        image_size_cap=default.integer("image_size_cap"),
        user_storage_quota=_size(default, "user_storage_quota"),
        image_member_quota=default.integer("image_member_quota"),
        image_property_quota=default.integer("image_property_quota"),
        image_tag_quota=default.integer("image_tag_quota"),
        image_location_quota=default.integer("image_location_quota"),
        limit_param_default=default.integer("limit_param_default"),
        api_limit_max=default.integer("api_limit_max"),
        show_multiple_locations=default.boolean("show_multiple_locations"),
        container_formats=formats.words("container_formats"),
        disk_formats=formats.words("disk_formats"),
        policy_file=policy.policy_file(conf),
    )
