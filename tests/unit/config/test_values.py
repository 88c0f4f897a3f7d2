"""Types, defaults, old names, order, references; wrong values with file, line, option and remedy."""

from __future__ import annotations

import pytest

from stackspan import config

from .conftest import NOVA, Folder


def test_a_wrong_value_stops_the_start_with_file_line_option_and_remedy(folder: Folder) -> None:
    (line,) = folder.wrong({"nova.conf": NOVA + "host_port = https\n"})
    place, remedy = "nova.conf:6: [vmware] host_port:", "Give a whole number from 0 to 65535, or leave it out for 443."
    assert line == f"{place} 'https' won't do. {remedy}"


def test_all_mistakes_are_told_at_once(folder: Folder) -> None:
    text = "[quota]\ncores = x\nram = -2\n[DEFAULT]\nforce_config_drive = perhaps\ncpu_allocation_ratio = much\n"
    wrong = folder.wrong({"nova.conf": text, "cinder.conf": "[DEFAULT]\nquota_volumes = 1.5\n"})
    assert [line.split(": ")[0] for line in wrong] == [
        "nova.conf:2",
        "nova.conf:3",
        "nova.conf:5",
        "nova.conf:6",
        "cinder.conf:2",
    ]
    assert "at least -1" in wrong[1]
    assert "true or false" in wrong[2]


def test_choices_are_told(folder: Folder) -> None:
    (line,) = folder.wrong({"stackspan.conf": "[stackspan]\nidentity = ldap\n"})
    assert line == "stackspan.conf:2: [stackspan] identity: 'ldap' won't do. Give one of embedded, keystone."


def test_a_wrong_secret_isn_t_shown(folder: Folder) -> None:
    wrong = folder.wrong({"stackspan.conf": "[stackspan_database]\nurl = mysql://u:hunter2@h/d\n"})
    assert len(wrong) == 1
    assert "hunter2" not in wrong[0]
    assert "postgresql" in wrong[0]


def test_the_last_line_and_the_last_file_count(folder: Folder) -> None:
    texts = {
        "nova.conf": "[quota]\ncores = 1\ncores = 2\nram = 3\n",
        "nova-compute.conf": "[quota]\nram = 4\n",
    }
    quota = folder.load(texts).compute.quota
    assert (quota.cores, quota.ram) == (2, 4)
    findings = {(f.file.name, f.line): f for f in folder.check(texts) if f.file}
    assert findings["nova.conf", 2].kind is config.Kind.IGNORED
    assert findings["nova.conf", 2].reason.endswith("nova.conf:3.")
    assert findings["nova.conf", 3].kind is config.Kind.USED
    assert findings["nova.conf", 4].reason.endswith("nova-compute.conf:2.")


def test_a_wrong_value_that_is_replaced_does_no_harm(folder: Folder) -> None:
    texts = {"nova.conf": "[quota]\ncores = x\n", "stackspan.conf": "[nova:quota]\ncores = 5\n"}
    assert folder.load(texts).compute.quota.cores == 5


def test_old_names_are_taken_with_a_hint(folder: Folder) -> None:
    texts = {"nova.conf": "[DEFAULT]\nquota_cores = 7\nremove_unused_base_images = False\n"}
    settings = folder.load(texts)
    assert settings.compute.quota.cores == 7
    assert settings.compute.image_cache.remove_unused is False
    assert "Write it as [quota] cores." in str(settings.warnings[0])


def test_the_present_name_outdoes_the_old_one_in_a_file_and_a_later_file_outdoes_both(folder: Folder) -> None:
    text = "[quota]\ncores = 1\n[DEFAULT]\nquota_cores = 2\n"
    assert folder.load({"nova.conf": text}).compute.quota.cores == 1
    assert folder.load({"nova.conf": text, "nova-b.conf": "[DEFAULT]\nquota_cores = 3\n"}).compute.quota.cores == 3


def test_section_names_but_default_ignore_case(folder: Folder) -> None:
    assert folder.load({"neutron.conf": "[quotas]\nquota_port = 5\n"}).network.quota.port == 5


def test_empty_numbers_and_strings_leave_the_default(folder: Folder) -> None:
    settings = folder.load(
        {"nova.conf": "[quota]\ncores =\n[vmware]\n", "glance-api.conf": "[DEFAULT]\nimage_size_cap=\n"}
    )
    assert settings.compute.quota.cores == 20
    assert settings.image.image_size_cap == 1099511627776


def test_references_are_replaced(folder: Folder) -> None:
    more = """\
    cache_prefix = $host_username-${vmware.cluster_name}-$my_ip.
    [DEFAULT]
    my_ip = 192.0.2.7
    """
    assert folder.nova(more).cache_prefix == "u-c1-192.0.2.7."


def test_a_reference_to_a_default(folder: Folder) -> None:
    text = "[image_cache]\nsubdirectory_name = _$default_availability_zone\n"
    assert folder.load({"nova.conf": text}).compute.image_cache.folder == "_nova"


@pytest.mark.parametrize(
    ("written", "meant"), [("pa$$word", "pa$word"), (r"pa\$word", "pa$word"), ("5$", "5$"), ("a$1", "a$1")]
)
def test_dollars_in_passwords(folder: Folder, written: str, meant: str) -> None:
    assert folder.nova(f"host_password = {written}\n").vcenter.password.reveal() == meant


def test_a_reference_to_nothing_is_wrong_and_shows_no_secret(folder: Folder) -> None:
    (line,) = folder.wrong({"nova.conf": NOVA + "host_password = pa$word\n"})
    assert line == (
        "nova.conf:6: [vmware] host_password: A $ stands before a name that isn't set. Write $$ for a dollar sign."
    )
    (line,) = folder.wrong({"nova.conf": NOVA + "cache_prefix = pa$word\n"})
    assert "isn't set: word." in line


def test_a_reference_to_itself_ends(folder: Folder) -> None:
    (line,) = folder.wrong({"nova.conf": NOVA + "cache_prefix = a$cache_prefix\n"})
    assert "cache_prefix" in line


def test_repeated_options_add_up_over_files_as_in_stock_but_stackspan_conf_replaces_them(folder: Folder) -> None:
    glance = """\
    [glance_store]
    stores = vmware
    default_store = vsphere
    vmware_server_host = h
    vmware_server_username = u
    vmware_server_password = p
    vmware_datastores = dc:a
    """
    texts = {"glance-api.conf": glance, "glance-api-2.conf": "[glance_store]\nvmware_datastores = dc:b\n"}
    assert [d.name for d in folder.load(texts).image.vmware_stores[0].datastores] == ["a", "b"]
    texts["stackspan.conf"] = "[glance:glance_store]\nvmware_datastores = dc:c\nvmware_datastores = dc:d\n"
    assert [d.name for d in folder.load(texts).image.vmware_stores[0].datastores] == ["c", "d"]


def test_an_account_in_a_wrong_url_isn_t_shown(folder: Folder) -> None:
    (line,) = folder.wrong({"nova.conf": NOVA + "serial_port_proxy_uri = http://u:hunter2@h\n"})
    assert "'http://***@h' won't do." in line


def test_the_environment_sets_nothing(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """oslo.config's variables name no service, so one of them would change several."""
    monkeypatch.setenv("OS_QUOTA__CORES", "5")
    assert folder.load({"nova.conf": ""}).compute.quota.cores == 20
