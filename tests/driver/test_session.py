"""Log-in, lost sessions, refused accounts, broken connections, certificates."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.driver.conftest import Place
from tests.support.gate import Gate
from tests.support.vcsim import Vcsim

from stackspan.config import Secret
from stackspan.vsphere import calls, faults, folders, inventory, properties
from stackspan.vsphere.session import VCenter


@pytest.fixture
def gate(vcsim: Vcsim) -> Iterator[Gate]:
    """A gate before the simulator."""
    found = Gate(vcsim.host, vcsim.port)
    yield found
    found.close()


def test_identity_needs_no_log_in(vc: VCenter) -> None:
    assert len(vc.instance_uuid) == 36
    assert vc.about.api_type == "VirtualCenter"
    assert "Login" not in vc.counts.snapshot()


def test_threads_share_one_log_in(vc: VCenter) -> None:
    with ThreadPoolExecutor(32) as threads:
        found = list(threads.map(lambda _n: len(inventory.clusters(vc)), range(32)))
    assert set(found) == {3}
    assert vc.counts.snapshot()["Login"].calls == 1


def test_a_lost_session_is_renewed_once_for_all_threads(vc: VCenter, vcsim: Vcsim) -> None:
    generation = vc.login()
    vcsim.drop_sessions()
    with ThreadPoolExecutor(32) as threads:
        found = list(threads.map(lambda _n: len(inventory.datastores(vc)), range(64)))
    assert set(found) == {2}
    assert vc.generation == generation + 1


def test_a_session_lost_again_and_again_is_renewed_each_time(vc: VCenter, vcsim: Vcsim) -> None:
    stop = threading.Event()
    errors: list[BaseException] = []

    def read() -> None:
        while not stop.is_set() and not errors:
            try:
                inventory.hosts(vc)
            except faults.VCenterError as error:
                errors.append(error)

    with ThreadPoolExecutor(8) as threads:
        for _ in range(8):
            threads.submit(read)
        try:
            for _ in range(5):
                vcsim.drop_sessions()
                inventory.clusters(vc)
        finally:
            stop.set()
    assert errors == []


def test_a_wrong_password_is_tried_once(vcsim: Vcsim) -> None:
    client = VCenter(vcsim.settings(password=Secret("wrong")))
    with ThreadPoolExecutor(16) as threads:
        results = list(threads.map(lambda _n: _failure(client), range(16)))
    assert {type(error) for error in results} == {faults.WrongCredentials}
    assert client.counts.snapshot()["Login"].calls == 1
    assert all("wrong" not in error.log_message for error in results)
    client.close()


def _failure(client: VCenter) -> faults.VCenterError:
    with pytest.raises(faults.VCenterError) as caught:
        inventory.clusters(client)
    return caught.value


def test_nobody_listening(vcsim: Vcsim) -> None:
    client = VCenter(vcsim.settings(port=1, api_retry_count=0))
    with pytest.raises(faults.VCenterUnavailable):
        client.login()


def test_an_unknown_authority_is_refused(vcsim: Vcsim) -> None:
    client = VCenter(vcsim.settings(ca_file=None))
    with pytest.raises(faults.CertificateRefused):
        client.login()
    tolerant = VCenter(vcsim.settings(ca_file=None, insecure=True))
    assert tolerant.login() == 1
    tolerant.close()


def test_a_certificate_for_another_name_is_refused(vcsim: Vcsim) -> None:
    client = VCenter(vcsim.settings(host="127.0.0.2"))
    with pytest.raises((faults.CertificateRefused, faults.VCenterUnavailable)):
        client.login()


def test_reads_outlive_refused_connections(vcsim: Vcsim, gate: Gate) -> None:
    client = VCenter(vcsim.settings(port=gate.port))
    client.login()
    gate.close()
    opener = threading.Timer(0.3, gate.open)
    opener.start()
    assert len(inventory.clusters(client)) == 3
    opener.join()
    client.close()


def test_a_change_whose_answer_was_lost_is_not_repeated(vcsim: Vcsim, gate: Gate, place: Place) -> None:
    client = VCenter(vcsim.settings(port=gate.port))
    client.login()
    for _ in range(3):
        inventory.clusters(client)
    gate.cut()
    with contextlib.suppress(faults.VCenterUnavailable):
        folders.ensure_path(client, place.datacenter.moref, ("tests", place.name, "once"))
    assert client.counts.snapshot().get("CreateFolder", calls.MethodCount()).calls <= 1
    assert len(folders.children(place.vc, place.folder)) <= 1
    client.close()


def test_with_vcenter_away_every_thread_is_told_soon(vcsim: Vcsim, gate: Gate) -> None:
    client = VCenter(vcsim.settings(port=gate.port, api_retry_count=0))
    client.login()
    with gate.closed(), ThreadPoolExecutor(16) as threads:
        results = list(threads.map(lambda _n: _failure(client), range(16)))
    assert {type(error) for error in results} == {faults.VCenterUnavailable}
    assert len(inventory.clusters(client)) == 3
    client.close()


def test_every_call_is_counted_and_observed(vc: VCenter) -> None:
    seen: list[tuple[str, float, str]] = []
    vc.calls_observer = lambda method, seconds, outcome: seen.append((method, seconds, outcome))
    with pytest.raises(faults.ObjectGone):
        properties.read_one(vc, _vm(), "vm-999999", ["name"])
    methods = [method for method, _seconds, _outcome in seen]
    assert "Login" in methods
    assert "RetrievePropertiesEx" in methods
    assert all(seconds >= 0 for _method, seconds, _outcome in seen)
    assert vc.counts.snapshot()["RetrievePropertiesEx"].calls == methods.count("RetrievePropertiesEx")


def _vm() -> type:
    from pyVmomi import vim

    found: type = vim.VirtualMachine
    return found


def test_a_closed_client_says_so(vcsim: Vcsim) -> None:
    client = VCenter(vcsim.settings())
    client.login()
    client.close()
    with pytest.raises(faults.VCenterUnavailable):
        inventory.clusters(client)


def test_unknown_objects_are_left_out_of_bulk_reads(vc: VCenter) -> None:
    hosts = [host.moref for host in inventory.hosts(vc)]
    found = properties.read(vc, _host(), [*hosts, "host-999998", "host-999999"], ["name"])
    assert sorted(found) == sorted(hosts)


def _host() -> type:
    from pyVmomi import vim

    found: type = vim.HostSystem
    return found
