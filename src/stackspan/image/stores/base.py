"""What a store offers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from stackspan.image import errors


class Store(Protocol):
    """Holds images' bytes under locations of its own. Every method may be repeated."""

    id: str

    def location(self, image_id: str, size: int) -> str:
        """Where the bytes of that image are going to be; nothing is made. Raises Unavailable where nothing fits."""
        ...

    def put(self, location: str, chunks: Iterable[bytes], size: int) -> None:
        """Put `size` bytes there, replacing what an earlier attempt left."""
        ...

    def get(self, location: str, *, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes, or a part. Raises NotFound."""
        ...

    def delete(self, location: str) -> None:
        """Remove them; no error where they are gone."""
        ...


class Stores:
    """The configured stores by id."""

    def __init__(self, stores: Mapping[str, Store]) -> None:
        self._stores = dict(stores)

    def get(self, store_id: str | None) -> Store:
        """Raises StoreMissing for one that isn't configured."""
        if store_id is None or store_id not in self._stores:
            raise errors.StoreMissing(
                "The image's store is not available.", f"image store {store_id!r} is not in the configuration"
            )
        return self._stores[store_id]
