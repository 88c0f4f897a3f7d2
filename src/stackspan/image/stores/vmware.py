"""The `vmware` store: a folder on a datastore, as stock lays it out: `[ds1] openstack_glance/<image id>`.

A location is stock's URL, `vsphere://<host>/folder/<dir>/<image id>?dcPath=<datacenter>&dsName=<datastore>`, so that images of a
stock installation can be read and ours by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from stackspan.config import StoreDatastore, VMwareStoreSettings
from stackspan.core import errors
from stackspan.vsphere import datastores, faults, inventory
from stackspan.vsphere.fleet import Fleet, Link
from stackspan.vsphere.types import DatacenterInfo


@dataclass(frozen=True)
class _Place:
    datacenter_path: str
    datastore: str
    path: str


class VMwareStore:
    """Images on the datastores of one section."""

    def __init__(self, settings: VMwareStoreSettings, fleet: Fleet) -> None:
        self.id = settings.id
        self._settings = settings
        self._fleet = fleet

    def location(self, image_id: str, size: int) -> str:
        """Highest weight first, then most free space; one it fits on."""
        chosen = self._choose(size)
        query = urlencode({"dcPath": chosen.datacenter_path, "dsName": chosen.name}, quote_via=quote)
        host = self._settings.vcenter.host
        return f"vsphere://{host}/folder/{quote(self._settings.image_dir)}/{image_id}?{query}"

    def put(self, location: str, chunks: Iterable[bytes], size: int) -> None:
        place, link = _place(location), self._link()
        datacenter = self._datacenter(link, place.datacenter_path)
        folder = datastores.join(place.datastore, place.path.rpartition("/")[0])
        datastores.make_directory(link.vc, datacenter.moref, folder)
        datastores.put(link.vc, place.datacenter_path, place.datastore, place.path, chunks, size)

    def get(self, location: str, *, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        place = _place(location)
        return datastores.get(
            self._link().vc, place.datacenter_path, place.datastore, place.path, offset=offset, length=length
        )

    def delete(self, location: str) -> None:
        place, link = _place(location), self._link()
        datacenter = self._datacenter(link, place.datacenter_path)
        try:
            path = datastores.join(place.datastore, place.path)
            link.tasks.wait(datastores.delete_file(link.vc, datacenter.moref, path))
        except faults.FileMissing:
            return

    def _choose(self, size: int) -> StoreDatastore:
        there = {info.name: info for info in inventory.datastores(self._link().vc) if info.accessible}
        fitting = [
            entry for entry in self._settings.datastores if entry.name in there and there[entry.name].free_bytes >= size
        ]
        if not fitting:
            raise errors.Unavailable(
                "There is not enough disk space on the image storage media.",
                f"none of {', '.join(entry.name for entry in self._settings.datastores)} is there with {size} bytes free",
            )
        return max(fitting, key=lambda entry: (entry.weight, there[entry.name].free_bytes, entry.name))

    def _link(self) -> Link:
        return self._fleet.of_section(self._settings.vcenter)

    def _datacenter(self, link: Link, path: str) -> DatacenterInfo:
        for datacenter in inventory.datacenters(link.vc):
            if datacenter.path == path:
                return datacenter
        raise errors.Unavailable("The image's store is not available.", f"vCenter has no datacenter {path}")


def _place(location: str) -> _Place:
    url = urlsplit(location)
    query = parse_qs(url.query)
    if url.scheme != "vsphere" or "dcPath" not in query or "dsName" not in query:
        raise errors.NotFound("The image's data could not be found.", f"{location} is no location of this store")
    return _Place(query["dcPath"][0], query["dsName"][0], unquote(url.path).removeprefix("/folder/"))
