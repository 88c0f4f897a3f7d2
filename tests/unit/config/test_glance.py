"""Image's options: stores above all."""

from __future__ import annotations

import dataclasses
import pathlib

import pytest

from stackspan import config

from .conftest import Folder

STORE = """vmware_server_host = vc:8443
vmware_server_username = u
vmware_server_password = hunter2
vmware_datastores = /dcs/dc1:ds1:10
vmware_datastores = dc2:ds2
"""
SINGLE = "[glance_store]\nstores = vmware\ndefault_store = vsphere\n" + STORE


def test_a_datastore_store(folder: Folder) -> None:
    image = folder.load({"glance-api.conf": SINGLE}).image
    (store,) = image.vmware_stores
    assert (store.vcenter.host, store.vcenter.port, store.vcenter.service) == ("vc", 8443, "image")
    assert store.datastores == (config.StoreDatastore("/dcs/dc1", "ds1", 10), config.StoreDatastore("dc2", "ds2", 0))
    assert image.default_store == "vmware"
    assert (image.image_size_cap, image.image_property_quota) == (1 << 40, 128)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("dc:ds", config.StoreDatastore("dc", "ds", 0)),
        ("dc:ds:", config.StoreDatastore("dc", "ds", 0)),
        ("a:b:ds:5", config.StoreDatastore("a:b", "ds", 5)),
        ("dc : ds : 5", config.StoreDatastore("dc", "ds", 5)),
    ],
)
def test_datastores_are_split_from_the_right(folder: Folder, value: str, expected: config.StoreDatastore) -> None:
    text = SINGLE.replace("/dcs/dc1:ds1:10", value)
    assert folder.load({"glance-api.conf": text}).image.vmware_stores[0].datastores[0] == expected


def test_several_stores_each_with_its_section(folder: Folder) -> None:
    text = f"""[DEFAULT]
enabled_backends = fast:vmware, cheap:file, web:http
[glance_store]
default_backend = fast
[fast]
{STORE}store_description = quick
[cheap]
filesystem_store_datadir = /images
"""
    image = folder.load({"glance-api.conf": text}).image
    assert [(store.id, store.description) for store in image.stores] == [("fast", "quick"), ("cheap", "")]
    assert image.stores[1] == config.FileStoreSettings("cheap", pathlib.Path("/images"))
    assert image.other_stores == (config.OtherStoreSettings("web", "http", "The http store isn't served yet."),)
    assert image.default_store == "fast"


def test_stores_that_aren_t_served_are_told_and_their_options_not_shown(folder: Folder) -> None:
    text = (
        SINGLE.replace("stores = vmware", "stores = vmware,s3") + "s3_store_host = h\ns3_store_secret_key = hunter2\n"
    )
    image = folder.load({"glance-api.conf": text}).image
    assert [store.id for store in image.stores] == ["vmware"]
    assert image.other_stores == (config.OtherStoreSettings("s3", "s3", "The s3 store isn't served yet."),)
    findings = folder.check({"glance-api.conf": text})
    assert [f.kind.value for f in findings if f.option == "stores"] == ["used", "ignored"]
    assert findings[-1] == dataclasses.replace(
        findings[-1], option="s3_store_secret_key", kind=config.Kind.IGNORED, reason="The s3 store isn't served yet."
    )


def test_class_names_of_old_files(folder: Folder) -> None:
    text = SINGLE.replace(
        "stores = vmware", "stores = glance.store.filesystem.Store,glance.store.vmware_datastore.Store"
    )
    assert [store.id for store in folder.load({"glance-api.conf": text}).image.stores] == ["file", "vmware"]


def test_stock_defaults_of_a_file_without_stores(folder: Folder) -> None:
    image = folder.load({"glance-api.conf": "[DEFAULT]\nshow_multiple_locations = True\n"}).image
    assert image.stores == (config.FileStoreSettings("file", pathlib.Path("/var/lib/glance/images")),)
    assert [store.id for store in image.other_stores] == ["http"]
    assert image.default_store == "file"
    assert image.disk_formats == config.ImageSettings().disk_formats
    assert image.container_formats == config.ImageSettings().container_formats


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("stores = vmware", "stores = vmvare", "Did you mean vmware?"),
        ("stores = vmware", "stores = file", "Add vmware to stores"),
        ("vmware\ndefault_store = vsphere", "rbd\ndefault_store = rbd", "The rbd store isn't served yet"),
        ("vmware\n", "vmware,file\nfilesystem_store_datadir = x\n", "isn't a path from the root"),
        ("default_store = vsphere", "default_store = vmware", "Give one of file, filesystem"),
        ("vmware_datastores = dc2:ds2", "vmware_datastores = ds2", "names no datacenter"),
        ("vmware_datastores = dc2:ds2", "vmware_datastores = dc2:ds2:heavy", "the weight isn't a whole number"),
        ("vmware_server_host = vc:8443", "vmware_server_host = https://vc", "Give a host name or address"),
        ("vmware_server_username = u\n", "", "vmware_server_username is missing"),
        ("[glance_store]", "[glance_store]\nvmware_store_image_dir = /../x", "isn't a folder"),
        ("[glance_store]", "[glance_store]\nvmware_api_retry_count = 0", "at least 1"),
        ("[glance_store]", "[DEFAULT]\nuser_storage_quota = 1.5GB\n[glance_store]", "It isn't a size"),
        (
            "[glance_store]",
            "[DEFAULT]\nenabled_backends = a:vmwar\n[glance_store]\ndefault_backend = a",
            "no store 'vmwar'",
        ),
        ("[glance_store]", "[DEFAULT]\nenabled_backends = a:file\n[glance_store]", "default_backend is missing"),
        ("[glance_store]", "[DEFAULT]\nenabled_backends = a:file\n[glance_store]\ndefault_backend = b", "b isn't in"),
    ],
)
def test_wrong(folder: Folder, old: str, new: str, words: str) -> None:
    assert old in SINGLE
    wrong = folder.wrong({"glance-api.conf": SINGLE.replace(old, new, 1)})
    assert words in wrong[0]
    assert "hunter2" not in "".join(wrong)


def test_no_datastores(folder: Folder) -> None:
    text = "\n".join(line for line in SINGLE.splitlines() if not line.startswith("vmware_datastores"))
    (line,) = folder.wrong({"glance-api.conf": text})
    assert "vmware_datastores is missing. Write DATACENTER:DATASTORE" in line


@pytest.mark.parametrize(("text", "size"), [("0", 0), ("5", 5), ("2KB", 2048), ("1 TB", 1 << 40)])
def test_sizes(folder: Folder, text: str, size: int) -> None:
    image = folder.load({"glance-api.conf": f"[DEFAULT]\nuser_storage_quota = {text}\n"}).image
    assert image.user_storage_quota == size


def test_options_removed_in_2016(folder: Folder) -> None:
    findings = folder.check({"glance-api.conf": SINGLE + "vmware_datacenter_path = x\n"})
    assert findings[-1].kind is config.Kind.IGNORED
    assert "use vmware_datastores" in findings[-1].reason
