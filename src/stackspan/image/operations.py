"""Names and parameters of Image's workflows."""

from __future__ import annotations

from stackspan.workflow import Operation, Params


class CacheEnsure(Params, frozen=True, kw_only=True):
    """Make an image's copy on a datastore ready. `keeper_name` is the exact name of its keeper, chosen beforehand."""

    entry_id: str
    image_id: str
    vcenter_uuid: str
    datastore_uuid: str
    cluster_uuid: str
    root_gib: int
    keeper_name: str


class CacheRemove(Params, frozen=True, kw_only=True):
    """Remove a cached copy that no server uses."""

    entry_id: str


class DataDelete(Params, frozen=True, kw_only=True):
    """Delete a deleted image's bytes from its store."""

    image_id: str
    store_id: str
    location: str


class UploadSettle(Params, frozen=True, kw_only=True):
    """Put an upload that died back to `queued`; owns the image while it is `saving`."""

    image_id: str
    upload_id: str


CACHE_ENSURE = Operation("image.cache_ensure", 1, CacheEnsure)
CACHE_REMOVE = Operation("image.cache_remove", 1, CacheRemove)
DATA_DELETE = Operation("image.data_delete", 1, DataDelete)
UPLOAD_SETTLE = Operation("image.upload_settle", 1, UploadSettle)
