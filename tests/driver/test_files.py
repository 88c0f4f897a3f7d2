"""Datastore files, virtual disks, port groups, keepers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.driver.conftest import GIB, MIB, Place
from tests.support.vcsim import Vcsim

from stackspan.vsphere import datastores, disks, faults, folders, specs, templates, vms


def put(place: Place, path: str, data: bytes) -> None:
    datastores.put(place.vc, place.datacenter.path, place.datastore.name, path, data, len(data))


def get(place: Place, path: str, **what: int) -> bytes:
    chunks = datastores.get(place.vc, place.datacenter.path, place.datastore.name, path, **what)
    return b"".join(chunks)


def test_bytes_come_back_unchanged(place: Place) -> None:
    place.directory()
    data = os.urandom(3 * MIB + 17)
    for name in ("plain.bin", "with space & ümlaut%.bin"):
        path = f"{place.name}/{name}"
        chunks = (data[start : start + 100_000] for start in range(0, len(data), 100_000))
        datastores.put(place.vc, place.datacenter.path, place.datastore.name, path, chunks, len(data))
        assert datastores.head(place.vc, place.datacenter.path, place.datastore.name, path) == len(data)
        assert get(place, path) == data
        assert get(place, path, offset=1000, length=50) == data[1000:1050]


def test_what_is_not_there(place: Place) -> None:
    path = f"{place.name}/none.bin"
    assert datastores.head(place.vc, place.datacenter.path, place.datastore.name, path) is None
    with pytest.raises(faults.FileMissing):
        datastores.get(place.vc, place.datacenter.path, place.datastore.name, path)
    with pytest.raises(faults.FileMissing):
        place.tasks.wait(
            datastores.delete_file(place.vc, place.datacenter.moref, datastores.join(place.datastore.name, path))
        )
    missing = datastores.join(place.datastore.name, f"{place.name}/no/dir")
    assert datastores.search(place.vc, place.tasks, place.datastore.moref, missing) == []


def test_transfers_share_few_connections_and_survive_a_lost_session(place: Place, vcsim: Vcsim) -> None:
    place.directory()
    put(place, f"{place.name}/0.bin", b"0")
    vcsim.drop_sessions()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: put(place, f"{place.name}/{n}.bin", b"x" * 10_000), range(20)))
    found = datastores.search(place.vc, place.tasks, place.datastore.moref, place.directory(), patterns=("*.bin",))
    assert len(found) == 20


def test_files_are_moved_copied_and_deleted_never_overwritten(place: Place) -> None:
    directory = place.directory()
    vc, dc, tasks = place.vc, place.datacenter.moref, place.tasks
    put(place, f"{place.name}/a.bin", b"a")
    put(place, f"{place.name}/b.bin", b"b")
    with pytest.raises(faults.FileExists):
        tasks.wait(datastores.move_file(vc, dc, f"{directory}/a.bin", f"{directory}/b.bin"))
    tasks.wait(datastores.copy_file(vc, dc, f"{directory}/a.bin", dc, f"{directory}/c.bin"))
    tasks.wait(datastores.move_file(vc, dc, f"{directory}/b.bin", f"{directory}/d.bin"))
    names = [info.path for info in datastores.search(vc, tasks, place.datastore.moref, directory)]
    assert names == [f"{directory}/{name}.bin" for name in ("a", "c", "d")]
    datastores.make_directory(vc, dc, f"{directory}/deep/er")
    datastores.make_directory(vc, dc, f"{directory}/deep/er")
    put(place, f"{place.name}/deep/er/e.bin", b"e")
    everything = datastores.search(vc, tasks, place.datastore.moref, directory, recursive=True)
    assert f"{directory}/deep/er/e.bin" in [info.path for info in everything]
    tasks.wait(datastores.delete_file(vc, dc, directory))
    assert datastores.search(vc, tasks, place.datastore.moref, directory) == []


def test_virtual_disks(place: Place) -> None:
    directory = place.directory()
    vc, dc, tasks = place.vc, place.datacenter.moref, place.tasks
    tasks.wait(disks.create(vc, dc, f"{directory}/a.vmdk", 64 * MIB))
    with pytest.raises(faults.FileExists):
        tasks.wait(disks.create(vc, dc, f"{directory}/a.vmdk", 64 * MIB))
    tasks.wait(disks.copy(vc, dc, f"{directory}/a.vmdk", dc, f"{directory}/b.vmdk"))
    tasks.wait(disks.extend(vc, dc, f"{directory}/b.vmdk", 128 * MIB))
    tasks.wait(disks.move(vc, dc, f"{directory}/b.vmdk", dc, f"{directory}/c.vmdk"))
    moref = place.make(disks=[specs.ExistingDisk(f"{directory}/c.vmdk", capacity_bytes=128 * MIB)])
    assert vms.read(vc, moref).hardware.disks[0].capacity_bytes == 128 * MIB
    assert len(disks.uuid(vc, dc, f"{directory}/a.vmdk")) == 36
    tasks.wait(disks.delete(vc, dc, f"{directory}/a.vmdk"))
    with pytest.raises(faults.FileMissing):
        tasks.wait(disks.delete(vc, dc, f"{directory}/a.vmdk"))
    with pytest.raises(faults.InvalidSpec):
        disks.create(vc, dc, f"{directory}/x.vmdk", 1000)


def stream() -> Iterator[bytes]:
    """Something of the size of a small streamOptimized VMDK; the simulator keeps the bytes and asks nothing of them."""
    yield b"KDMV" + b"\0" * 508
    for _ in range(64):
        yield os.urandom(16384)


def imported(place: Place, name: str) -> templates.Imported:
    return templates.import_stream_optimized(
        place.vc,
        place.tasks,
        name=name,
        folder=place.folder,
        resource_pool=place.cluster.resource_pool,
        datastore=place.datastore.name,
        capacity_bytes=256 * MIB,
        chunks=stream(),
    )


def test_a_keeper_from_import_to_first_child(place: Place) -> None:
    name = f"keeper-{place.name}"
    assert templates.find(place.vc, place.folder, name) is None
    half = imported(place, name)
    assert (half.finished, half.capacity_bytes) == (False, 256 * MIB)
    assert templates.find(place.vc, place.folder, name) == half
    whole = templates.finish(place.vc, place.tasks, half.moref, GIB)
    assert (whole.finished, whole.capacity_bytes, whole.disk_path) == (True, GIB, half.disk_path)
    assert templates.finish(place.vc, place.tasks, half.moref, GIB) == whole
    assert templates.find(place.vc, place.folder, name) == whole
    with pytest.raises(faults.DuplicateName):
        imported(place, name)
    with pytest.raises(faults.InvalidSpec):
        templates.finish(place.vc, place.tasks, half.moref, 128 * MIB)
    server = place.make("server", disks=[specs.ChildDisk(whole.disk_path, GIB, place.datastore.name)])
    state = vms.read(place.vc, server)
    assert vms.parents_held(place.vc, state, [whole.moref])
    place.tasks.wait(vms.destroy(place.vc, server))
    assert templates.find(place.vc, place.folder, name) == whole
    again = place.make("again", disks=[specs.ChildDisk(whole.disk_path, GIB, place.datastore.name)])
    assert vms.read(place.vc, again).hardware.disks[0].parent_path == whole.disk_path


def test_a_half_made_keeper_is_made_anew(place: Place) -> None:
    name = f"keeper-{place.name}"
    half = imported(place, name)
    fresh = imported(place, name)
    assert fresh.moref != half.moref
    with pytest.raises(faults.ObjectGone):
        vms.read(place.vc, half.moref)


def test_a_stream_that_breaks_leaves_nothing(place: Place) -> None:
    def broken() -> Iterator[bytes]:
        yield b"KDMV" + b"\0" * 508
        raise faults.InvalidSpec("The image is damaged.")

    name = f"keeper-{place.name}"
    with pytest.raises(faults.InvalidSpec, match="damaged"):
        templates.import_stream_optimized(
            place.vc,
            place.tasks,
            name=name,
            folder=place.folder,
            resource_pool=place.cluster.resource_pool,
            datastore=place.datastore.name,
            capacity_bytes=256 * MIB,
            chunks=broken(),
        )
    templates.remove_unfinished(place.vc, place.tasks, place.folder, name)
    templates.remove_unfinished(place.vc, place.tasks, place.folder, name)
    assert folders.children(place.vc, place.folder) == {}


def test_a_keeper_for_another_size_and_datastore(place: Place) -> None:
    source = templates.finish(place.vc, place.tasks, imported(place, f"a-{place.name}").moref, 256 * MIB)
    copy = templates.clone(
        place.vc,
        place.tasks,
        source.moref,
        name=f"b-{place.name}",
        folder=place.folder,
        resource_pool=place.cluster.resource_pool,
        datastore=place.datastores[1].moref,
    )
    whole = templates.finish(place.vc, place.tasks, copy.moref, GIB)
    assert whole.capacity_bytes == GIB
    assert whole.disk_path.startswith(f"[{place.datastores[1].name}]")
    assert vms.read(place.vc, copy.moref).hardware.disks[0].parent_path in (None, whole.disk_path)
    templates.delete(place.vc, place.tasks, source.moref)
    templates.delete(place.vc, place.tasks, source.moref)
    assert templates.find(place.vc, place.folder, f"b-{place.name}") == whole
