"""Formats: a disk's bytes survive every way through us; what is damaged or hostile is refused, never a crash."""

from __future__ import annotations

import pathlib
import random
import shutil
import subprocess

import pytest

from stackspan.core.errors import StackspanError
from stackspan.image import formats
from stackspan.image.formats import blocks, make_qcow2, qcow2, vmdk

MIB = 1 << 20


def disk_of(parts: blocks.Blocks, size: int) -> bytes:
    """The whole disk that the blocks make."""
    disk = bytearray(size)
    for offset, data in parts:
        disk[offset : offset + len(data)] = data
    return bytes(disk)


@pytest.fixture
def raw(tmp_path: pathlib.Path) -> pathlib.Path:
    """A sparse raw disk of 24 MiB with data at odd places."""
    chance, path = random.Random(7), tmp_path / "disk.raw"
    with path.open("wb") as file:
        file.truncate(24 * MIB)
        for _ in range(9):
            file.seek(chance.randrange(0, 23 * MIB))
            file.write(chance.randbytes(chance.randrange(1, 200_000)))
    return path


def converted(path: pathlib.Path, disk_format: str, capacity: int) -> pathlib.Path:
    """The streamOptimized VMDK that we make of it."""
    info = formats.inspect(path, disk_format)
    out = path.with_name("out.vmdk")
    out.write_bytes(b"".join(formats.convert(path, info, "pvscsi", capacity)))
    return out


def test_a_raw_disk_survives_and_grows_with_zeros(raw: pathlib.Path) -> None:
    out = converted(raw, "raw", 32 * MIB)
    assert formats.inspect(out, "vmdk") == formats.ImageInfo("vmdk", 32 * MIB)
    assert disk_of(vmdk.read(out), 32 * MIB) == raw.read_bytes().ljust(32 * MIB, b"\0")


def test_our_qcow2_survives(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.qcow2"
    make_qcow2.write(path, 200 * MIB)
    assert formats.inspect(path, "qcow2") == formats.ImageInfo("qcow2", 200 * MIB)
    out = converted(path, "qcow2", 200 * MIB)
    assert dict(vmdk.read(out)) == dict(qcow2.read(path))
    assert len(dict(qcow2.read(path))) == 3


def test_an_empty_disk_is_a_few_sectors(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "empty.raw"
    path.write_bytes(b"")
    with path.open("r+b") as file:
        file.truncate(8 << 30)
    out = converted(path, "raw", 8 << 30)
    assert out.stat().st_size < 80 * 1024
    assert list(vmdk.read(out)) == []


@pytest.mark.skipif(shutil.which("qemu-img") is None, reason="qemu-img is not installed (package qemu-utils)")
@pytest.mark.parametrize("arguments", [["-O", "qcow2"], ["-c", "-O", "qcow2"], ["-O", "vmdk"]])
def test_we_agree_with_qemu_img(raw: pathlib.Path, arguments: list[str]) -> None:
    theirs = raw.with_name("theirs")
    subprocess.run(["qemu-img", "convert", "-f", "raw", *arguments, str(raw), str(theirs)], check=True)
    out = converted(theirs, arguments[-1], 24 * MIB)
    back = raw.with_name("back.raw")
    subprocess.run(["qemu-img", "convert", "-f", "vmdk", "-O", "raw", str(out), str(back)], check=True)
    assert back.read_bytes() == raw.read_bytes()


@pytest.mark.parametrize(
    ("disk_format", "content"),
    [
        ("qcow2", b"no image at all" * 100),
        ("qcow2", b"QFI\xfb" + b"\xff" * 600),
        ("vmdk", b"KDMV" + b"\xff" * 600),
        ("vmdk", b'# Disk DescriptorFile\nversion=1\ncreateType="monolithicFlat"\nRW 63 FLAT "/etc/passwd" 0\n'),
        ("qcow2", b""),
        ("vhdx", b"vhdxfile" + b"\0" * 600),
    ],
)
def test_what_is_not_what_it_claims_is_refused(tmp_path: pathlib.Path, disk_format: str, content: bytes) -> None:
    path = tmp_path / "hostile"
    path.write_bytes(content)
    with pytest.raises(StackspanError):
        formats.inspect(path, disk_format)


def test_a_backing_file_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.qcow2"
    make_qcow2.write(path, 10 * MIB)
    content = bytearray(path.read_bytes())
    content[8:20] = (512).to_bytes(8, "big") + (11).to_bytes(4, "big")
    content[512:523] = b"/etc/passwd"
    path.write_bytes(content)
    with pytest.raises(StackspanError) as caught:
        formats.inspect(path, "qcow2")
    assert "refused" in caught.value.user_message
    with pytest.raises(StackspanError) as caught:
        list(qcow2.read(path))
    assert "refused" in caught.value.user_message


@pytest.mark.parametrize("disk_format", ["qcow2", "vmdk"])
def test_mutated_files_end_in_our_errors_or_in_a_disk(tmp_path: pathlib.Path, disk_format: str) -> None:
    good = tmp_path / "good.qcow2"
    make_qcow2.write(good, 10 * MIB)
    if disk_format == "vmdk":
        good = converted(good, "qcow2", 10 * MIB)
    content, chance, refused = good.read_bytes(), random.Random(11), 0
    for _ in range(300):
        bad = bytearray(content[: chance.choice([len(content), chance.randrange(1, len(content))])])
        for _ in range(chance.randrange(1, 6)):
            bad[chance.randrange(0, min(len(bad), 2048))] = chance.randrange(256)
        path = tmp_path / "bad"
        path.write_bytes(bad)
        try:
            info = formats.inspect(path, disk_format)
            for number, _ in enumerate(formats.convert(path, info, "ide", -(-info.virtual_size // 512) * 512)):
                if number > 200:
                    break
        except StackspanError:
            refused += 1
    assert refused > 50
