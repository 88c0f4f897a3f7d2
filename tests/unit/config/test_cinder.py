"""Volume's options: a section per backend."""

from __future__ import annotations

import pytest

from stackspan import config

from .conftest import Folder

ACCOUNT = "vmware_host_ip = h\nvmware_host_username = u\nvmware_host_password = hunter2\n"
VMDK = "volume_driver = cinder.volume.drivers.vmware.vmdk.VMwareVcVmdkDriver\n" + ACCOUNT
FCD = "volume_driver = cinder.volume.drivers.vmware.fcd.VMwareVStorageObjectDriver\n" + ACCOUNT


def test_both_drivers(folder: Folder) -> None:
    text = f"[DEFAULT]\nenabled_backends = a,b\n[a]\n{VMDK}volume_backend_name = gold\n[b]\n{FCD}"
    volume = folder.load({"cinder.conf": text}).volume
    assert [(b.name, b.backend_name, b.driver) for b in volume.backends] == [("a", "gold", "vmdk"), ("b", "b", "fcd")]


def test_backend_options(folder: Folder) -> None:
    text = f"""[DEFAULT]
enabled_backends = a
quota_gigabytes = 5
[a]
{VMDK}vmware_cluster_name = c1
vmware_cluster_name = c2,c3
vmware_storage_profile = gold
vmware_adapter_type = paraVirtual
vmware_snapshot_format = COW
vmware_lazy_create = False
vmware_host_port = 8443
max_over_subscription_ratio = auto
vmware_host_version = 8.0
"""
    settings = folder.load({"cinder.conf": text})
    (backend,) = settings.volume.backends
    assert backend.clusters == ("c1", "c2", "c3")
    assert backend.storage_profiles == ("gold",)
    assert (backend.adapter_type, backend.snapshot_format, backend.lazy_create) == ("paraVirtual", "COW", False)
    assert (backend.vcenter.port, backend.vcenter.task_poll_interval) == (8443, 2.0)
    assert backend.max_over_subscription_ratio is None
    assert settings.volume.quota.gigabytes == 5
    assert folder.check({"cinder.conf": text})[-1].kind is config.Kind.IGNORED


def test_a_second_vcenter_of_the_same_kind(folder: Folder) -> None:
    text = f"[DEFAULT]\nenabled_backends = a,b\n[a]\n{VMDK}[b]\n{VMDK.replace('= h', '= h2')}"
    assert [v.host for v in folder.load({"cinder.conf": text}).vcenters] == ["h", "h2"]


def test_a_driver_that_isn_t_vmware_s_is_left_alone(folder: Folder) -> None:
    text = f"""[DEFAULT]
enabled_backends = rbd-sas,a
[rbd-sas]
volume_driver = cinder.volume.drivers.rbd.RBDDriver
volume_backend_name = sas
rbd_secret_uuid = whatever
vmware_host_port = nonsense
[a]
{VMDK}"""
    volume = folder.load({"cinder.conf": text}).volume
    (other,) = volume.other_backends
    assert (other.name, other.backend_name) == ("rbd-sas", "sas")
    assert "cinder.volume.drivers.rbd.RBDDriver" in other.reason
    in_group = [f for f in folder.check({"cinder.conf": text}) if f.group == "rbd-sas"]
    assert len(in_group) == 4
    assert {f.kind for f in in_group} == {config.Kind.IGNORED}


def test_a_backend_that_isn_t_enabled_isn_t_validated(folder: Folder) -> None:
    text = f"[DEFAULT]\nenabled_backends = a\n[a]\n{VMDK}[b]\n{VMDK}vmware_host_port = nonsense\n"
    assert len(folder.load({"cinder.conf": text}).volume.backends) == 1
    findings = [f for f in folder.check({"cinder.conf": text}) if f.group == "b"]
    assert {f.reason for f in findings} == {"The backend isn't in enabled_backends."}


def test_a_backend_in_default_is_told(folder: Folder) -> None:
    text = f"[DEFAULT]\n{VMDK}"
    settings = folder.load({"cinder.conf": text})
    assert settings.volume.backends == ()
    assert any("no longer takes a backend in [DEFAULT]" in str(warning) for warning in settings.warnings)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("vmware_adapter_type = nvme", "lsiLogic, busLogic"),
        ("vmware_snapshot_format = raw", "template, COW"),
        ("vmware_volume_folder = a/b", "name of one folder"),
        ("max_over_subscription_ratio = 0.5", "at least 1.0"),
        ("vmware_datastore_regex = (", "regular expression"),
        ("vmware_host_username =", "vmware_host_username is missing"),
    ],
)
def test_wrong(folder: Folder, more: str, words: str) -> None:
    (line,) = folder.wrong({"cinder.conf": f"[DEFAULT]\nenabled_backends = a\n[a]\n{VMDK}{more}\n"})
    assert words in line
    assert line.startswith("cinder.conf:8:")


def test_the_driver_for_esxi_hosts_is_told(folder: Folder) -> None:
    text = (
        "[DEFAULT]\nenabled_backends = a\n[a]\nvolume_driver = cinder.volume.drivers.vmware.vmdk.VMwareEsxVmdkDriver\n"
    )
    (line,) = folder.wrong({"cinder.conf": text})
    assert line.startswith("cinder.conf:4: [a] volume_driver: The driver for single ESXi hosts was removed")
