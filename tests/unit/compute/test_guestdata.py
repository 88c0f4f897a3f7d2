"""What guests are told, and the ISO that tells it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import json

import pycdlib
import pytest

from stackspan.compute import configdrive, guestdata
from stackspan.compute.model import Flavor, PowerState, Server, VmState
from stackspan.compute.service.boot import hostname_of
from stackspan.network.model import Nic, NicSubnet

NOW = dt.datetime(2026, 11, 23, 10, 0, tzinfo=dt.UTC)
FLAVOR = Flavor(1, "1", "m1", 1, 512, 1, 0, 0, 1.0, True, False, None)
SERVER = Server(
    number=1, id="8b0f0000-0000-4000-8000-000000000001", project_id="p", user_id="u", name="Web 1", hostname="web-1",
    description=None, flavor=FLAVOR, image_id="i", key_name="mine", config_drive=True, disk_config="MANUAL",
    zone_requested=None, zone="nova", host="vc-cluster1", node="domain-c1.x", cluster_uuid="c", datastore_uuid="d",
    vcenter_uuid="v", vm_name=None, vm_moref=None, esxi_host=None, vm_state=VmState.BUILDING, task_state=None,
    power_state=PowerState.NOSTATE, reservation_id="r-1", launch_index=0, access_ip_v4=None, access_ip_v6=None,
    root_device_name=None, progress=0, locked_by=None, locked_reason=None, created_at=NOW, updated_at=NOW,
    launched_at=None, terminated_at=None, vanished_at=None, deleted=False,
)  # fmt: skip
SUBNET = NicSubnet("s", 4, "10.1.0.0/24", "10.1.0.5", "10.1.0.1", ("10.1.0.2",), (("10.9.0.0/16", "10.1.0.9"),))
NIC = Nic("port", "net", "demo", "fa:16:3e:00:00:01", 1500, "normal", 0, False, (SUBNET,))


def test_both_data_sources_tell_the_same() -> None:
    meta = guestdata.meta_data(SERVER, {"a": "b"}, "ssh-ed25519 AAAA", "novalocal")
    info = guestdata.guestinfo_metadata(SERVER, [NIC], "ssh-ed25519 AAAA", "novalocal")
    assert meta["uuid"] == info["instance-id"] == SERVER.id
    assert meta["hostname"] == info["local-hostname"] == "web-1.novalocal"
    assert meta["public_keys"] == {"mine": "ssh-ed25519 AAAA"}
    assert info["public-keys-data"] == "ssh-ed25519 AAAA"
    assert meta["meta"] == {"a": "b"}


def test_addresses_are_static() -> None:
    assert guestdata.network_v2([NIC]) == {
        "version": 2,
        "ethernets": {
            "nic0": {
                "match": {"macaddress": "fa:16:3e:00:00:01"},
                "mtu": 1500,
                "dhcp4": False,
                "dhcp6": False,
                "addresses": ["10.1.0.5/24"],
                "routes": [{"to": "10.9.0.0/16", "via": "10.1.0.9"}, {"to": "0.0.0.0/0", "via": "10.1.0.1"}],
                "nameservers": {"addresses": ["10.1.0.2"]},
            }
        },
    }


def test_without_a_domain_the_name_stands_alone() -> None:
    assert guestdata.fqdn(SERVER, "") == "web-1"
    assert guestdata.fqdn(dataclasses.replace(SERVER, hostname="a.example.org"), "novalocal") == "a.example.org"


@pytest.mark.parametrize(
    ("name", "hostname"),
    [
        ("Web 1", "web-1"),
        ("a_b.c", "a-b-c"),
        ("été", "t"),
        ("服务器", "server-id"),
        ("--", "server-id"),
        ("x" * 80, "x" * 63),
    ],
)
def test_host_names(name: str, hostname: str) -> None:
    assert hostname_of(name, "id") == hostname


def test_the_drive_reads_back() -> None:
    content = configdrive.build({"uuid": "x"}, {"links": []}, b"#!/bin/sh\n", {})
    assert content == configdrive.build({"uuid": "x"}, {"links": []}, b"#!/bin/sh\n", {}) or len(content) % 2048 == 0
    iso = pycdlib.PyCdlib()
    iso.open_fp(io.BytesIO(content))
    for version in ("2018-08-27", "2020-10-14", "latest"):
        names = {
            child.rock_ridge.name().decode()
            for child in iso.list_children(rr_path=f"/openstack/{version}")
            if child.rock_ridge
        }
        assert {"meta_data.json", "network_data.json", "vendor_data.json", "user_data"} <= names
    target = io.BytesIO()
    iso.get_file_from_iso_fp(target, joliet_path="/openstack/latest/meta_data.json")
    assert json.loads(target.getvalue()) == {"uuid": "x"}


def test_no_user_data_no_file() -> None:
    iso = pycdlib.PyCdlib()
    iso.open_fp(io.BytesIO(configdrive.build({}, {}, None, {})))
    names = [
        child.file_identifier() for child in iso.list_children(joliet_path="/openstack/latest") if not child.is_dot()
    ]
    assert len(names) == 4  # `..` and three files
