"""Which file is whose, and files that can't be read."""

from __future__ import annotations

import os
import pathlib

import pytest

from stackspan import config
from stackspan.config import files


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("nova.conf", "nova"),
        ("nova-compute.conf", "nova"),
        ("cinder.conf", "cinder"),
        ("glance-api.conf", "glance"),
        ("glance-registry.conf", None),
        ("neutron.conf", "neutron"),
        ("ml2_conf.ini", "neutron"),
        ("keystone.conf", "keystone"),
        ("placement.conf", "placement"),
        ("stackspan.conf", "stackspan"),
        ("nova.conf.bak", None),
        ("heat.conf", None),
    ],
)
def test_service_by_base_name(name: str, service: str | None) -> None:
    assert files.service_of(pathlib.Path("/etc/x") / name) == service


def test_service_said_by_the_operator() -> None:
    assert files.config_file("nova=/etc/a=b.conf") == config.ConfigFile(pathlib.Path("/etc/a=b.conf"), "nova")
    assert files.config_file("/etc/a=b.conf").service is None


def test_a_folder_is_read_in_order_and_may_hold_files_of_others(tmp_path: pathlib.Path) -> None:
    for name in ("nova.conf", "heat.conf", "nova.conf.bak", "ml2_conf.ini"):
        (tmp_path / name).write_text("")
    (tmp_path / "nova.d.conf").mkdir()
    found = config.collect([], [str(tmp_path)])
    assert [(file.path.name, file.service) for file in found] == [
        ("heat.conf", None),
        ("ml2_conf.ini", "neutron"),
        ("nova.conf", "nova"),
    ]
    (finding,) = config.check(found)
    assert finding.kind is config.Kind.IGNORED


def test_a_folder_of_one_service(tmp_path: pathlib.Path) -> None:
    (tmp_path / "01-quota.conf").write_text("[quota]\ncores = 7\n")
    assert config.load(config.collect([], [f"nova={tmp_path}"])).compute.quota.cores == 7


def test_a_file_named_twice_counts_once(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "nova.conf"
    path.write_text("[quota]\ncores = 7\n")
    assert len(config.collect([str(path)], [str(tmp_path)])) == 1


def test_a_missing_folder_is_told(tmp_path: pathlib.Path) -> None:
    with pytest.raises(config.ConfigError, match=r"conf\.d: The folder can't be read: No such file or directory\."):
        config.collect([], [str(tmp_path / "conf.d")])


def test_a_file_whose_name_says_nothing_is_wrong(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "compute.conf"
    path.write_text("")
    with pytest.raises(config.ConfigError, match="--config-file SERVICE=PATH"):
        config.load(config.collect([str(path)]))


def test_a_missing_file_is_told_with_the_other_mistakes(tmp_path: pathlib.Path) -> None:
    (tmp_path / "nova.conf").write_text("[quota]\ncores = many\n")
    with pytest.raises(config.ConfigError) as caught:
        config.load(config.collect([str(tmp_path / "cinder.conf"), str(tmp_path / "nova.conf")]))
    assert [finding.reason for finding in caught.value.findings] == ["There is no such file.", "'many' won't do."]


def test_a_folder_in_the_place_of_a_file_is_told(tmp_path: pathlib.Path) -> None:
    with pytest.raises(config.ConfigError, match="--config-dir"):
        config.load(config.collect([f"nova={tmp_path}"]))


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "nova.conf"
    path.write_text("")
    path.chmod(0)
    with pytest.raises(config.ConfigError, match="may not be read"):
        config.load(config.collect([str(path)]))


def test_permission_denied_is_told(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the test above, where root runs the tests."""

    def refuse(_path: pathlib.Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(pathlib.Path, "read_bytes", refuse)
    with pytest.raises(config.ConfigError, match=r"nova\.conf: The file may not be read\. Let the account"):
        config.load(config.collect([str(tmp_path / "nova.conf")]))


def test_no_files_at_all() -> None:
    settings = config.load(())
    assert settings.compute.vmware == ()
    assert settings.image.stores == ()
    assert settings.vcenters == ()
