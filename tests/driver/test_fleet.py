"""All vCenters of a configuration: found, shared, refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from tests.support.vcsim import Vcsim

from stackspan.config import Secret, VCenterSettings
from stackspan.vsphere import faults, inventory
from stackspan.vsphere.fleet import Fleet, Link


@dataclass(frozen=True)
class Configured:
    """The one field of the settings that a fleet reads."""

    vcenters: tuple[VCenterSettings, ...]


def fleet_of(*accounts: VCenterSettings) -> Fleet:
    return Fleet(Configured(accounts))  # type: ignore[arg-type]


def test_one_vcenter_named_in_several_files_is_one_entry(vcsim: Vcsim) -> None:
    fleet = fleet_of(
        vcsim.settings(service="compute", section="nova [vmware]"),
        vcsim.settings(service="image", section="glance [vmware]"),
        vcsim.settings(service="network", section="neutron [ML2_VMWARE]", insecure=True, ca_file=None),
    )
    links: list[Link] = []
    fleet.start(links.append)
    assert fleet.wait_connected(20)
    (link,) = fleet.all()
    assert [found.vcenter_uuid for found in links] == [link.vcenter_uuid]
    assert fleet.get(link.vcenter_uuid, "image").vc is link.vc
    other = fleet.get(link.vcenter_uuid, "network")
    assert other.vc is not link.vc
    assert other.watcher is link.watcher
    assert fleet.get(link.vcenter_uuid, "volume").vc is link.vc
    assert len(inventory.clusters(other.vc)) == 3
    assert {account.problem for account in fleet.accounts()} == {""}
    fleet.close()


def test_until_connected_it_is_unavailable(vcsim: Vcsim) -> None:
    fleet = fleet_of(vcsim.settings(port=1))
    fleet.start()
    with pytest.raises(faults.VCenterUnavailable):
        fleet.get("6b5b0c4e-0000-0000-0000-000000000000")
    assert fleet.all() == []
    assert not fleet.wait_connected(0.2)
    fleet.close()


def test_a_refused_account_is_tried_once_and_named(vcsim: Vcsim, eventually: Callable[..., None]) -> None:
    fleet = fleet_of(vcsim.settings(password=Secret("wrong"), section="nova [vmware]"))
    fleet.start()
    eventually(lambda: "InvalidLogin" in fleet.accounts()[0].problem)
    assert fleet.accounts()[0].section == "nova [vmware]"
    assert "wrong" not in fleet.accounts()[0].problem
    fleet.close()
