"""Image's values."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field


class Status(enum.Enum):
    """Stock image statuses."""

    QUEUED = "queued"
    SAVING = "saving"
    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    DELETED = "deleted"
    PENDING_DELETE = "pending_delete"


STATUS_MOVES: Mapping[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.SAVING, Status.DELETED}),
    Status.SAVING: frozenset({Status.ACTIVE, Status.QUEUED, Status.DELETED}),
    Status.ACTIVE: frozenset({Status.DEACTIVATED, Status.DELETED}),
    Status.DEACTIVATED: frozenset({Status.ACTIVE, Status.DELETED}),
}

VISIBILITIES = ("public", "private", "shared", "community")
MEMBER_STATUSES = ("pending", "accepted", "rejected")
CONTAINER_FORMATS = ("ami", "ari", "aki", "bare", "ovf", "ova", "docker", "compressed")
DISK_FORMATS = ("ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop", "gpt")
CONVERTIBLE = frozenset({"raw", "qcow2", "vmdk", "vhd", "vhdx", "ova", "gpt"})
"""Formats whose disk can be given to a server."""


@dataclass(frozen=True)
class ImageOptions:
    """What the configuration says. Sizes in bytes, -1 or 0: none.

    Args:
        spool: folder for uploads on their way to a store.
        default_store: id of the store that new images go to; None: none is configured.
    """

    spool: str
    default_store: str | None = None
    size_cap: int = 1 << 40
    member_quota: int = 128
    property_quota: int = 128
    tag_quota: int = 128
    page_default: int = 25
    page_maximum: int = 1000


@dataclass(frozen=True)
class Image:
    """An image. `size` and `virtual_size` in bytes, `min_disk` in GiB, `min_ram` in MiB."""

    id: str
    owner: str
    name: str | None
    status: Status
    visibility: str
    container_format: str | None
    disk_format: str | None
    min_disk: int
    min_ram: int
    protected: bool
    hidden: bool
    size: int | None
    virtual_size: int | None
    checksum: str | None
    hash_algorithm: str | None
    hash_value: str | None
    store_id: str | None
    location: str | None
    created_at: dt.datetime
    updated_at: dt.datetime
    deleted_at: dt.datetime | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()

    @property
    def deleted(self) -> bool:
        """Whether it is only remembered."""
        return self.deleted_at is not None


@dataclass(frozen=True)
class Member:
    """A project that an image is shared with."""

    image_id: str
    member_id: str
    status: str
    created_at: dt.datetime
    updated_at: dt.datetime


class CacheState(enum.Enum):
    """Where a cached copy stands. Only READY ones are used."""

    BUILDING = "building"
    READY = "ready"
    REMOVING = "removing"
    ERROR = "error"


CACHE_MOVES: Mapping[CacheState, frozenset[CacheState]] = {
    CacheState.BUILDING: frozenset({CacheState.READY, CacheState.ERROR}),
    CacheState.READY: frozenset({CacheState.REMOVING, CacheState.BUILDING}),
    CacheState.REMOVING: frozenset({CacheState.READY, CacheState.BUILDING}),
    CacheState.ERROR: frozenset({CacheState.BUILDING, CacheState.REMOVING}),
}


@dataclass(frozen=True)
class CacheEntry:
    """An image's copy on a datastore, held by a keeper VM that never runs.

    `vmdk_path` is `[ds1] …/….vmdk`, ready as `backing.parent` of a root disk of exactly `capacity_bytes`; for an ISO it is
    the ISO file and there is no keeper.
    """

    entry_id: str
    image_id: str
    vcenter_uuid: str
    datastore_uuid: str
    root_gib: int
    state: CacheState
    keeper_name: str
    keeper_moref: str | None
    vmdk_path: str | None
    capacity_bytes: int | None
    adapter_type: str
    disk_format: str
    reason: str | None

    @property
    def disk_type(self) -> str:
        """Stock's word for the copy's form."""
        return "thin"


@dataclass(frozen=True)
class CacheTicket:
    """What a boot waits for: the entry, and the job that makes it ready (None: it is)."""

    entry_id: str
    job_id: str | None
