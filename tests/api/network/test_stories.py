"""Network's stories."""

from __future__ import annotations

from collections.abc import Sequence

from tests.support import api, stories

from stackspan.http.routing import ServiceApi
from stackspan.network import api as network_api
from stackspan.network import policy
from stackspan.network.model import NetworkOptions
from stackspan.network.service import NetworkService
from stackspan.workflow import Queue


def build(parts: api.Parts) -> Sequence[ServiceApi]:
    options = NetworkOptions(vlan_ranges={"physnet1": ((200, 201),)})
    service = NetworkService(parts.database, Queue(), parts.clock, options)
    return [network_api.build_api(service, parts.policy(policy.DEFAULTS))]


test_story = stories.for_folder(__file__, build)
