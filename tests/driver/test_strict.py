"""Where the stock simulator is more lenient than vCenter: exact names, refusals, compare-and-set, port groups in use."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.driver.conftest import GIB, Place

from stackspan.vsphere import faults, folders, names, networks, specs, vms


def test_port_groups(place: Place) -> None:
    vc, tasks = place.vc, place.tasks
    dvs = place.port_group.dvs_moref
    name = f"net/{place.name}"
    tasks.wait(networks.port_group_create(vc, dvs, name, 3001, description="ours"))
    group = networks.find_by_name(vc, dvs, name)
    assert group is not None
    assert (group.vlan, group.filter_override, group.auto_expand, group.binding) == (3001, True, True, "earlyBinding")
    assert networks.find_by_vlan(vc, dvs, 3001) == [group]
    assert networks.port_group_read(vc, group.moref) == group
    assert networks.find_by_name(vc, dvs, name[:-1]) is None
    with pytest.raises(faults.DuplicateName):
        tasks.wait(networks.port_group_create(vc, dvs, name, 3001))
    moref = place.make(nics=[specs.NicPlan("fa:16:3e:00:00:09", group.key, group.dvs_uuid)])
    with pytest.raises(faults.HeldByOther):
        tasks.wait(networks.port_group_delete(vc, group.moref))
    tasks.wait(vms.destroy(vc, moref))
    tasks.wait(networks.port_group_delete(vc, group.moref))
    assert networks.find_by_vlan(vc, dvs, 3001) == []
    with pytest.raises(faults.ObjectGone):
        networks.port_group_read(vc, group.moref)
    with pytest.raises(faults.InvalidSpec):
        networks.port_group_create(vc, dvs, name, 4095)


@pytest.mark.parametrize("display_name", ["a/b", "50%", r"back\slash", "100%2f", "grün", "<&>"])
def test_names_with_special_characters(place: Place, display_name: str) -> None:
    plan = place.plan(f"{display_name} ", nics=[place.nic()])
    task = vms.create(place.vc, place.folder, place.cluster.resource_pool, specs.create_spec(plan))
    moref = str(place.tasks.wait(task).result)
    state = vms.read(place.vc, moref)
    assert state.name == plan.name
    assert len(state.hardware.nics) == 1
    assert vms.find_by_name(place.vc, place.folder, plan.name) == moref
    assert folders.children(place.vc, place.folder) == {moref: plan.name}


def test_a_second_create_of_the_same_name_tells_who_has_it(place: Place) -> None:
    plan = place.plan("web")
    spec = specs.create_spec(plan)
    first = str(place.tasks.wait(vms.create(place.vc, place.folder, place.cluster.resource_pool, spec)).result)
    with pytest.raises(faults.DuplicateName) as caught:
        place.tasks.wait(vms.create(place.vc, place.folder, place.cluster.resource_pool, specs.create_spec(plan)))
    assert caught.value.moref in (first, None)
    assert vms.find_by_name(place.vc, place.folder, plan.name) == first


def test_of_many_creates_of_one_name_one_wins(place: Place) -> None:
    plan = place.plan("race")

    def create(_number: int) -> str:
        try:
            task = vms.create(place.vc, place.folder, place.cluster.resource_pool, specs.create_spec(plan))
            return str(place.tasks.wait(task).result)
        except faults.DuplicateName:
            return "duplicate"

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(create, range(8)))
    assert results.count("duplicate") == 7


def test_what_vcenter_refuses(place: Place) -> None:
    cases = [
        {"disks": [specs.ChildDisk(f"{place.directory()}/none.vmdk", GIB, place.datastore.name)]},
        {"nics": [specs.NicPlan("fa:16:3e:00:00:01", "dvportgroup-999999", place.port_group.dvs_uuid)]},
        {"cdroms": [f"{place.directory()}/none.iso"]},
        {"disks": [specs.BlankDisk(1 << 50, place.datastore.name, thin=False)]},
    ]
    for number, changes in enumerate(cases):
        with pytest.raises(faults.VCenterError):
            place.make(f"bad{number}", **changes)
        assert vms.find_by_name(place.vc, place.folder, f"bad{number}-{place.name}") is None


def test_reconfigure_rename_and_compare_and_set(place: Place) -> None:
    moref = place.make()
    before = vms.read(place.vc, moref)
    spec = specs.reconfigure_spec(
        change_version=before.change_version, annotation="new", extra_config={"guestinfo.a": "1"}
    )
    place.tasks.wait(vms.reconfigure(place.vc, moref, spec))
    after = vms.read(place.vc, moref)
    assert (after.annotation, after.extra_config["guestinfo.a"]) == ("new", "1")
    assert after.change_version != before.change_version
    stale = specs.reconfigure_spec(change_version=before.change_version, annotation="newer")
    with pytest.raises(faults.ConcurrentAccess):
        place.tasks.wait(vms.reconfigure(place.vc, moref, stale))
    place.tasks.wait(vms.rename(place.vc, moref, f"re/named-{place.name}"))
    assert vms.read(place.vc, moref).name == f"re/named-{place.name}"


def test_stored_names_are_told_apart(place: Place) -> None:
    for name in ("a%b", "a/b", "a%2fb"):
        folders.ensure_path(place.vc, place.datacenter.moref, ("tests", place.name, name))
    assert sorted(folders.children(place.vc, place.folder).values()) == ["a%2fb", "a%b", "a/b"]
    assert names.same("a%252fb", "a%2fb")
