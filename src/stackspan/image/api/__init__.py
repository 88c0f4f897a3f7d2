"""Image's HTTP side: `build_api` lists every route."""

from __future__ import annotations

from stackspan.http import errors as http_errors
from stackspan.http.policy import Policy
from stackspan.http.routing import ServiceApi
from stackspan.image import errors
from stackspan.image.api import discovery
from stackspan.image.api.data import DataApi
from stackspan.image.api.images import ImagesApi
from stackspan.image.api.members import MembersApi
from stackspan.image.service import ImageService
from stackspan.image.stores import Stores

__all__ = ["build_api"]


def build_api(service: ImageService, stores: Stores, policy: Policy, prefix: str = "/image") -> ServiceApi:
    """The Image API v2 under `prefix`."""
    return ServiceApi(
        name="image",
        prefix=prefix,
        routes=[
            *discovery.routes(),
            *ImagesApi(service, policy).routes(),
            *DataApi(service, stores, policy).routes(),
            *MembersApi(service, policy).routes(),
        ],
        envelope=http_errors.image_envelope,
        statuses={errors.RangeNotSatisfiable: 416, errors.WrongMediaType: 415},
    )
