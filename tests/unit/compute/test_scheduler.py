"""Filters and weighers."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackspan.compute import scheduler
from stackspan.compute.scheduler import BootRequest, Promises, Rejection, Target, Use
from stackspan.compute.scheduler.filters import matches
from stackspan.compute.scheduler.ranking import normalized
from stackspan.config.nova import SchedulerSettings
from stackspan.placement.model import Candidate, Cluster, Datastore

VCENTER = "11111111-1111-1111-1111-111111111111"
SETTINGS = SchedulerSettings()
SMALL = Use(1, 512, 1)


def target(
    cluster: int, datastore: int = 1, *, memory: int = 100_000, vcpus: int = 384, disk: int = 4000, **kw: Any
) -> Target:
    """Cluster `cluster<n>` with datastore `ds<n>`."""
    there = Cluster(
        uuid=f"c{cluster}",
        vcenter_uuid=VCENTER,
        moref=f"domain-c{cluster}",
        name=f"cluster{cluster}",
        datacenter_moref="datacenter-1",
        datacenter_name="Datacenter1",
        resource_pool=f"resgroup-{cluster}",
        drs_enabled=True,
        drs_behavior="fullyAutomated",
        ha_enabled=False,
        hosts_usable=3,
        alive=kw.pop("alive", True),
    )
    store = Datastore(
        f"d{datastore}", VCENTER, f"datastore-{datastore}", f"ds{datastore}", "", "", "VMFS", 0, 0, True, True
    )
    candidate = Candidate(there, store, vcpus, memory, disk, 96, 786432, 3)
    return Target(candidate, f"vc-cluster{cluster}", there.node, kw.pop("zone", "nova"), **kw)


def order(targets: list[Target], request: BootRequest = BootRequest(SMALL), **kw: Any) -> list[str]:  # noqa: B008
    ranking = scheduler.rank(targets, request, kw.pop("settings", SETTINGS), **kw)
    return [f"{t.candidate.cluster.uuid}/{t.candidate.datastore.uuid}" for t in ranking.ordered]


def reasons(targets: list[Target], request: BootRequest, **kw: Any) -> dict[str, str]:
    ranking = scheduler.rank(targets, request, kw.pop("settings", SETTINGS), **kw)
    return {r.cluster_name: r.by for r in ranking.rejected}


def test_the_emptiest_first() -> None:
    targets = [target(1, memory=1000), target(2, memory=3000), target(3, memory=2000)]
    assert order(targets) == ["c2/d1", "c3/d1", "c1/d1"]


def test_equal_ones_by_name() -> None:
    assert order([target(2), target(1, 2), target(1, 1)]) == ["c1/d1", "c1/d2", "c2/d1"]


def test_multipliers_count() -> None:
    targets = [target(1, memory=3000, vcpus=10), target(2, memory=1000, vcpus=20)]
    assert order(targets, settings=replace(SETTINGS, cpu_weight_multiplier=0.5)) == ["c1/d1", "c2/d1"]
    assert order(targets, settings=replace(SETTINGS, cpu_weight_multiplier=2.0)) == ["c2/d1", "c1/d1"]
    assert order(targets, settings=replace(SETTINGS, ram_weight_multiplier=-1.0)) == ["c2/d1", "c1/d1"]


def test_no_targets() -> None:
    ranking = scheduler.rank([], BootRequest(SMALL), SETTINGS)
    assert ranking.ordered == ()
    assert ranking.user_message() == "No valid host was found. There are not enough hosts available."


def test_fifty_at_once_use_all_clusters() -> None:
    targets = [target(n, memory=786432) for n in (1, 2, 3)]
    rankings = scheduler.schedule(targets, BootRequest(SMALL), SETTINGS, 50)
    firsts = Counter(r.ordered[0].candidate.cluster.uuid for r in rankings)
    assert sorted(firsts.values()) == [16, 17, 17]


def test_promises_are_taken_off() -> None:
    promises = Promises()
    targets = [target(1, memory=1024), target(2, memory=512)]
    for _ in range(2):
        promises.add(targets[0].candidate, SMALL)
    ranking = scheduler.rank(targets, BootRequest(SMALL), SETTINGS, promises=promises)
    assert [t.candidate.cluster.uuid for t in ranking.ordered] == ["c2"]
    assert ranking.rejected[0].by == scheduler.ROOM
    promises.remove(targets[0].candidate, SMALL)
    assert len(scheduler.rank(targets, BootRequest(SMALL), SETTINGS, promises=promises).ordered) == 2


def test_a_schedule_gives_its_promises_back() -> None:
    promises = Promises()
    targets = [target(1, memory=1024)]
    rankings = scheduler.schedule(targets, BootRequest(SMALL), SETTINGS, 3, promises=promises)
    assert [bool(r.ordered) for r in rankings] == [True, True, False]
    assert promises.free(targets[0].candidate) == Use(384, 1024, 4000)


def test_a_cached_image_wins_while_there_is_room() -> None:
    cached = target(1, 1, disk=3000, image_cached=True)
    assert order([target(1, 2, disk=4000), cached]) == ["c1/d1", "c1/d2"]
    fuller = target(1, 1, disk=1900, image_cached=True)
    assert order([target(1, 2, disk=4000), fuller]) == ["c1/d2", "c1/d1"]


@pytest.mark.parametrize(
    ("told", "request_", "by"),
    [
        ({"disabled": True}, {}, "ComputeFilter"),
        ({"forced_down": True}, {}, "ComputeFilter"),
        ({"alive": False}, {}, "ComputeFilter"),
        ({"zone": "az2"}, {"zone": "az1"}, "AvailabilityZoneFilter"),
        ({}, {"image_properties": {"hw_architecture": "aarch64"}}, "ImagePropertiesFilter"),
        ({}, {"image_properties": {"img_hv_type": "kvm"}}, "ImagePropertiesFilter"),
        ({}, {"image_properties": {"hypervisor_type": "qemu"}}, "ImagePropertiesFilter"),
        ({}, {"image_properties": {"hw_vm_mode": "xen"}}, "ImagePropertiesFilter"),
        ({}, {"extra_specs": {"capabilities:hypervisor_type": "s== QEMU"}}, "ComputeCapabilitiesFilter"),
        ({}, {"extra_specs": {"capabilities:nothing": "1"}}, "ComputeCapabilitiesFilter"),
        ({}, {"extra_specs": {"vcpus_total": ">= 97"}}, "ComputeCapabilitiesFilter"),
        ({"group_members": 1}, {"group_policy": "anti-affinity"}, "ServerGroupAntiAffinityFilter"),
        ({}, {"group_policy": "affinity", "group_placed": True}, "ServerGroupAffinityFilter"),
    ],
)
def test_filters_refuse(told: Mapping[str, Any], request_: Mapping[str, Any], by: str) -> None:
    assert reasons([target(1, **told)], BootRequest(SMALL, **request_)) == {"cluster1": by}


@pytest.mark.parametrize(
    ("told", "request_"),
    [
        ({"zone": "az1"}, {"zone": "az1"}),
        ({}, {"image_properties": {"hw_architecture": "x86_64", "img_hv_type": "vmware", "hw_vm_mode": "hvm"}}),
        ({}, {"image_properties": {"architecture": "AMD64", "hypervisor_type": "VMware"}}),
        ({}, {"extra_specs": {"capabilities:hypervisor_type": "<in> VMware", "hw:cpu_cores": "2", "note": "x"}}),
        ({"group_members": 1}, {"group_policy": "anti-affinity", "group_max": 2}),
        ({"group_members": 1}, {"group_policy": "affinity", "group_placed": True}),
        ({}, {"group_policy": "affinity"}),
        ({"group_members": 3}, {"group_policy": "soft-anti-affinity"}),
        ({"disabled": True, "zone": "az2"}, {"forced_host": "vc-cluster1", "zone": "az1"}),
        ({}, {"forced_node": f"domain-c1.{VCENTER}"}),
    ],
)
def test_filters_pass(told: Mapping[str, Any], request_: Mapping[str, Any]) -> None:
    assert reasons([target(1, **told)], BootRequest(SMALL, **request_)) == {}


@pytest.mark.parametrize(
    ("name", "told", "request_"),
    [
        ("SameHostFilter", {"servers": frozenset("a")}, {"same_host": frozenset("b")}),
        ("DifferentHostFilter", {"servers": frozenset("a")}, {"different_host": frozenset("a")}),
        ("AggregateInstanceExtraSpecsFilter", {}, {"extra_specs": {"ssd": "true"}}),
        ("AggregateMultiTenancyIsolation", {"aggregate_metadata": {"filter_tenant_id": frozenset({"p1,p2"})}}, {}),
        ("AggregateTypeAffinityFilter", {"aggregate_metadata": {"instance_type": frozenset({"big"})}}, {}),
        (
            "AggregateImagePropertiesIsolation",
            {"aggregate_metadata": {"os_distro": frozenset({"windows"})}},
            {"image_properties": {"os_distro": "linux"}},
        ),
    ],
)
def test_filters_that_an_operator_adds(name: str, told: Mapping[str, Any], request_: Mapping[str, Any]) -> None:
    asked = BootRequest(SMALL, project_id="p3", flavor_name="small", **request_)
    chosen = replace(SETTINGS, enabled_filters=(name,))
    assert reasons([target(1, **told)], asked) == {}
    assert reasons([target(1, **told)], asked, settings=chosen) == {"cluster1": name}


def test_an_aggregate_that_fits() -> None:
    chosen = replace(SETTINGS, enabled_filters=("AggregateInstanceExtraSpecsFilter", "AggregateMultiTenancyIsolation"))
    metadata = {"ssd": frozenset({"true"}), "filter_tenant_id": frozenset({"p1, p3"})}
    asked = BootRequest(SMALL, project_id="p3", extra_specs={"aggregate_instance_extra_specs:ssd": "true"})
    assert reasons([target(1, aggregate_metadata=metadata)], asked, settings=chosen) == {}


def test_a_forced_host_is_the_only_one() -> None:
    asked = BootRequest(SMALL, forced_host="vc-cluster2")
    assert order([target(1), target(2)], asked) == ["c2/d1"]


def test_anti_affinity_within_one_request() -> None:
    asked = BootRequest(SMALL, group_policy="anti-affinity")
    rankings = scheduler.schedule([target(1), target(2)], asked, SETTINGS, 3)
    assert [r.ordered[0].candidate.cluster.uuid if r.ordered else None for r in rankings] == ["c1", "c2", None]


def test_affinity_within_one_request() -> None:
    asked = BootRequest(SMALL, group_policy="affinity")
    rankings = scheduler.schedule([target(1), target(2)], asked, SETTINGS, 3)
    assert [r.ordered[0].candidate.cluster.uuid for r in rankings] == ["c1"] * 3


def test_soft_policies_weigh() -> None:
    targets = [target(1, group_members=2), target(2)]
    assert order(targets, BootRequest(SMALL, group_policy="soft-affinity")) == ["c1/d1", "c2/d1"]
    assert order(targets, BootRequest(SMALL, group_policy="soft-anti-affinity")) == ["c2/d1", "c1/d1"]


def test_subset_and_shuffle_choose_by_chance() -> None:
    targets = [target(n) for n in (1, 2, 3)]
    shuffled = {
        order(
            targets,
            settings=replace(SETTINGS, shuffle_best_same_weighed_hosts=True),
            chance=random.Random(seed),
        )[0]
        for seed in range(20)
    }
    among = {
        order(targets, settings=replace(SETTINGS, host_subset_size=2), chance=random.Random(seed))[0]
        for seed in range(20)
    }
    assert shuffled == {"c1/d1", "c2/d1", "c3/d1"}
    assert among == {"c1/d1", "c2/d1"}


def test_what_the_user_and_the_administrator_read() -> None:
    room = [Rejection("cluster1", "room", "VCPU: 4 asked for, 0 free"), Rejection("cluster2", "room", "no host")]
    targets = [target(3, 1, disabled=True), target(3, 2, disabled=True)]
    ranking = scheduler.rank(targets, BootRequest(SMALL), SETTINGS, rejected=room)
    assert ranking.user_message() == (
        "No valid host was found. There are not enough hosts available. "
        "Of 3 hypervisors: 2 without enough room, 1 left out by ComputeFilter."
    )
    assert "cluster" not in ranking.user_message()
    assert ranking.admin_details().splitlines() == [
        "cluster1: VCPU: 4 asked for, 0 free",
        "cluster2: no host",
        "cluster3: its compute service is disabled",
    ]


def test_filters_we_lack_are_told() -> None:
    assert scheduler.unsupported(SETTINGS.enabled_filters) == ()
    assert scheduler.unsupported(["JsonFilter", "ComputeFilter"]) == ("JsonFilter",)


@pytest.mark.parametrize(
    ("value", "wanted", "fits"),
    [
        ("4", "4", True),
        ("4", "= 3", True),
        ("4", ">= 5", False),
        ("4", "== 4.0", True),
        ("4", "!= 4", False),
        ("abc", "<in> b", True),
        ("abc", "<all-in> a c", True),
        ("abc", "<all-in> a d", False),
        ("b", "<or> a <or> b", True),
        ("c", "<or> a <or> b", False),
        ("abc", "s== abc", True),
        ("abc", "s> abb", True),
        ("abc", ">= 3", False),
        ("abc", "==", False),
        ("", "", True),
    ],
)
def test_extra_spec_operators(value: str, wanted: str, fits: bool) -> None:
    assert matches(value, wanted) is fits


@given(st.lists(st.integers(-(10**9), 10**9)))
def test_weights_are_brought_between_0_and_1(column: list[int]) -> None:
    found = normalized([float(value) for value in column])
    assert all(0 <= value <= 1 for value in found)
    pairs = sorted(zip(column, found, strict=True))
    assert [value for _, value in pairs] == sorted(found)
