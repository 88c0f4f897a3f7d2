"""Powering on: batches, DRS off, what can't be started."""

from __future__ import annotations

import collections
from concurrent.futures import ThreadPoolExecutor

import pytest
from pyVmomi import vim
from tests.driver.conftest import Place

from stackspan.vsphere import faults, power, vms
from stackspan.vsphere.types import PowerState


def test_concurrent_power_ons_share_calls(place: Place) -> None:
    morefs = [place.make(f"m{n}", cluster=n % 3) for n in range(12)]
    batcher = power.PowerOnBatcher(place.vc, place.tasks)
    with ThreadPoolExecutor(12) as threads:
        results = list(threads.map(lambda ref: batcher.power_on(place.datacenter.moref, ref), morefs))
    assert [result.moref for result in results] == morefs
    for number, result in enumerate(results):
        assert result.host in place.clusters[number % 3].hosts
        assert result.task is not None
    assert place.vc.counts.snapshot()["PowerOnMultiVM_Task"].calls <= 4
    assert {state.power_state for state in vms.read_many(place.vc, morefs).values()} == {PowerState.ON}


def test_what_runs_already_counts_as_success(place: Place) -> None:
    first, second = place.make("a"), place.make("b")
    batcher = power.PowerOnBatcher(place.vc, place.tasks)
    host = batcher.power_on(place.datacenter.moref, first).host
    assert batcher.power_on(place.datacenter.moref, first).host == host
    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(lambda ref: batcher.power_on(place.datacenter.moref, ref), [first, second]))
    assert [result.error for result in results] == [None, None]


def test_one_that_is_gone_does_not_fail_its_neighbours(place: Place) -> None:
    morefs = [place.make("a"), place.make("b")]
    gone = place.make("c")
    place.tasks.wait(vms.destroy(place.vc, gone))
    batcher = power.PowerOnBatcher(place.vc, place.tasks)

    def start(ref: str) -> str:
        try:
            return str(batcher.power_on(place.datacenter.moref, ref).host)
        except faults.VCenterError as error:
            return type(error).__name__

    with ThreadPoolExecutor(3) as threads:
        results = list(threads.map(start, [*morefs, gone]))
    assert results[2] == "ObjectGone"
    assert all(host.startswith("host-") for host in results[:2])


def test_without_drs_the_freest_usable_host_is_ours_to_choose(place: Place) -> None:
    morefs = [place.make(f"m{n}") for n in range(6)]
    batcher = power.PowerOnBatcher(place.vc, place.tasks)

    def start(ref: str) -> str:
        result = batcher.power_on(place.datacenter.moref, ref, cluster=place.cluster.moref, drs_places=False)
        return str(result.host)

    with ThreadPoolExecutor(6) as threads:
        hosts = list(threads.map(start, morefs))
    assert set(hosts) <= set(place.cluster.hosts)
    assert max(collections.Counter(hosts).values()) <= 4
    assert "PowerOnMultiVM_Task" not in place.vc.counts.snapshot()


def test_a_cluster_without_a_usable_host_says_so(place: Place) -> None:
    last = place.clusters[-1]
    moref = place.make(cluster=len(place.clusters) - 1)
    for host in last.hosts:
        place.tasks.wait(_host(place, host, "EnterMaintenanceMode_Task", timeout=0, evacuatePoweredOffVms=False))
    batcher = power.PowerOnBatcher(place.vc, place.tasks)
    try:
        with pytest.raises(faults.InsufficientResources):
            batcher.power_on(place.datacenter.moref, moref, cluster=last.moref, drs_places=False)
        assert vms.read(place.vc, moref).power_state is PowerState.OFF
    finally:
        for host in last.hosts:
            place.tasks.wait(_host(place, host, "ExitMaintenanceMode_Task", timeout=0))


def _host(place: Place, host: str, method: str, **arguments: object) -> str:
    return str(place.vc.call(place.vc.object(vim.HostSystem, host), method, **arguments)._moId)


def test_suspend_and_resume(place: Place) -> None:
    moref = place.make()
    batcher = power.PowerOnBatcher(place.vc, place.tasks)
    batcher.power_on(place.datacenter.moref, moref)
    place.tasks.wait(vms.suspend(place.vc, moref))
    assert vms.read(place.vc, moref).power_state is PowerState.SUSPENDED
    batcher.power_on(place.datacenter.moref, moref)
    place.tasks.wait(vms.reset(place.vc, moref))
    assert vms.read(place.vc, moref).power_state is PowerState.ON
