"""All tables, so that `db.metadata` is whole: for migrations and tests."""

from stackspan.compute import tables as compute
from stackspan.identity import tables as identity
from stackspan.image import tables as image
from stackspan.network import tables as network
from stackspan.placement import tables as placement
from stackspan.workflow import tables as workflow

__all__ = ["compute", "identity", "image", "network", "placement", "workflow"]
