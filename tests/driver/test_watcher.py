"""Pushed changes: full views, differences, lost sessions, receivers that fail."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest
from tests.driver.conftest import MIB, Place
from tests.support.gate import Gate
from tests.support.vcsim import Vcsim

from stackspan.vsphere import networks, power, specs, vms
from stackspan.vsphere.session import VCenter
from stackspan.vsphere.types import PowerState
from stackspan.vsphere.watcher import (
    Change,
    FullView,
    PortGroupChange,
    Removed,
    VmChange,
    VmGuestChange,
    VmHardwareChange,
    Watcher,
)

Eventually = Callable[..., None]


class Receiver:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.batches: list[list[Change]] = []
        self.fail = 0

    def __call__(self, batch: Sequence[Change]) -> None:
        with self.lock:
            if self.fail:
                self.fail -= 1
                raise RuntimeError("the receiver has a bad day")
            self.batches.append(list(batch))

    @property
    def changes(self) -> list[Change]:
        with self.lock:
            return [change for batch in self.batches for change in batch]

    def of(self, moref: str) -> list[Change]:
        return [change for change in self.changes if getattr(change, "moref", None) == moref]

    def views(self) -> list[FullView]:
        return [change for change in self.changes if isinstance(change, FullView)]


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def watcher(vcsim: Vcsim, receiver: Receiver) -> Iterator[Watcher]:
    client = VCenter(vcsim.settings())
    found = Watcher(client, receiver)
    found.start()
    assert found.wait_ready(20)
    yield found
    found.stop()
    client.close()


def test_a_servers_life_is_seen(watcher: Watcher, receiver: Receiver, place: Place, eventually: Eventually) -> None:
    moref = place.make("seen")
    eventually(lambda: receiver.of(moref))
    first = receiver.of(moref)[0]
    assert isinstance(first, VmChange)
    assert (first.vm.cpus, first.vm.memory_mib, first.vm.folder) == (1, 64, place.folder)
    power.PowerOnBatcher(place.vc, place.tasks).power_on(place.datacenter.moref, moref)
    eventually(lambda: _latest(receiver, moref).vm.power_state is PowerState.ON)
    place.tasks.wait(vms.rename(place.vc, moref, f"other/{place.name}"))
    eventually(lambda: _latest(receiver, moref).vm.name == f"other/{place.name}")
    assert "name" in _latest(receiver, moref).changed
    place.tasks.wait(vms.power_off(place.vc, moref))
    place.tasks.wait(vms.destroy(place.vc, moref))
    eventually(lambda: Removed("vm", moref) in receiver.changes)


def _latest(receiver: Receiver, moref: str) -> VmChange:
    return [change for change in receiver.of(moref) if isinstance(change, VmChange)][-1]


def test_devices_are_watched_of_our_vms_only(
    watcher: Watcher, receiver: Receiver, place: Place, eventually: Eventually
) -> None:
    nic = place.nic()
    ours = place.make("ours", nics=[nic], disks=[specs.BlankDisk(MIB, place.datastore.name)])
    foreign = place.make("foreign", nics=[place.nic()])
    watcher.track([ours])
    eventually(lambda: _hardware(receiver, ours))
    hardware = _hardware(receiver, ours)[-1].hardware
    assert [card.mac for card in hardware.nics] == [nic.mac]
    assert len(hardware.disks) == 1
    assert _hardware(receiver, foreign) == []


def _hardware(receiver: Receiver, moref: str) -> list[VmHardwareChange]:
    return [change for change in receiver.of(moref) if isinstance(change, VmHardwareChange)]


def test_guest_addresses_are_seen(watcher: Watcher, receiver: Receiver, place: Place, eventually: Eventually) -> None:
    moref = place.make("guest", nics=[place.nic()])
    watcher.track([moref])
    power.PowerOnBatcher(place.vc, place.tasks).power_on(place.datacenter.moref, moref)
    spec = specs.reconfigure_spec(extra_config={"SET.guest.ipAddress": "10.0.0.7"})
    place.tasks.wait(vms.reconfigure(place.vc, moref, spec))

    def seen() -> bool:
        guests = [change for change in receiver.of(moref) if isinstance(change, VmGuestChange)]
        return any("10.0.0.7" in nic.addresses for change in guests for nic in change.nics)

    eventually(seen, timeout=20)


def test_a_new_port_group_is_seen(watcher: Watcher, receiver: Receiver, place: Place, eventually: Eventually) -> None:
    name = f"net-{place.name}"
    dvs = place.port_group.dvs_moref
    place.tasks.wait(networks.port_group_create(place.vc, dvs, name, 3002))
    group = networks.find_by_name(place.vc, dvs, name)
    assert group is not None
    eventually(lambda: receiver.of(group.moref))
    assert receiver.of(group.moref)[-1] == PortGroupChange(group.moref, group)
    place.tasks.wait(networks.port_group_delete(place.vc, group.moref))
    eventually(lambda: Removed("port_group", group.moref) in receiver.changes)


def test_after_a_lost_session_the_view_is_whole_again(
    watcher: Watcher, receiver: Receiver, place: Place, vcsim: Vcsim, eventually: Eventually
) -> None:
    before = place.make("before")
    kept = place.make("kept", disks=[specs.BlankDisk(MIB, place.datastore.name)])
    watcher.track([kept])
    eventually(lambda: receiver.of(before) and _hardware(receiver, kept))
    with receiver.lock:
        receiver.batches.clear()
    vcsim.drop_sessions()
    place.tasks.wait(vms.destroy(place.vc, before))
    after = place.make("after")
    eventually(lambda: any(not view.begin for view in receiver.views()), timeout=30)
    eventually(lambda: receiver.of(after) and receiver.of(kept), timeout=30)
    view = [view for view in receiver.views() if not view.begin][-1]
    assert view.present is not None
    assert kept in view.present["vm"]
    assert before not in view.present["vm"] or Removed("vm", before) in receiver.changes
    eventually(lambda: _hardware(receiver, kept), timeout=30)


def test_a_receiver_that_fails_gets_everything_anew(
    watcher: Watcher, receiver: Receiver, place: Place, eventually: Eventually
) -> None:
    first = place.make("first")
    eventually(lambda: receiver.of(first))
    with receiver.lock:
        receiver.batches.clear()
        receiver.fail = 1
    second = place.make("second")
    eventually(lambda: receiver.of(second) and receiver.of(first), timeout=30)
    assert receiver.changes[0] == FullView(True, watcher.full_views)


def test_stop_means_silence_and_start_begins_anew(
    watcher: Watcher, receiver: Receiver, place: Place, eventually: Eventually
) -> None:
    watcher.stop()
    count = len(receiver.changes)
    moref = place.make("unseen")
    assert len(receiver.changes) == count
    watcher.start()
    assert watcher.wait_ready(20)
    eventually(lambda: receiver.of(moref))
    assert watcher.lag_seconds < 5


def test_a_broken_connection_loses_nothing(
    vcsim: Vcsim, receiver: Receiver, place: Place, eventually: Eventually
) -> None:
    gate = Gate(vcsim.host, vcsim.port)
    client = VCenter(vcsim.settings(port=gate.port))
    watcher = Watcher(client, receiver)
    watcher.start()
    assert watcher.wait_ready(20)
    gone = place.make("gone")
    eventually(lambda: receiver.of(gone))
    with gate.closed():
        place.tasks.wait(vms.destroy(place.vc, gone))
        come = place.make("come")
    eventually(lambda: receiver.of(come), timeout=30)
    eventually(lambda: not receiver.views()[-1].begin, timeout=30)
    present = receiver.views()[-1].present
    assert present is not None
    assert come in present["vm"]
    assert gone not in present["vm"]
    watcher.stop()
    client.close()
    gate.close()
