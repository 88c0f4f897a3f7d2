"""The four files of an operator, as they are and with stackspan.conf on top."""

from __future__ import annotations

import pathlib

from stackspan import config

EXAMPLES = pathlib.Path(__file__).parents[3] / "examples"
STOCK = [
    str(EXAMPLES / "operator-config" / n) for n in ("nova.conf", "nova-compute.conf", "glance-api.conf", "cinder.conf")
]
OWN = str(EXAMPLES / "stackspan.conf")
PASSWORD = "1qaz@WSX"


def test_the_four_files_alone_give_one_cluster_and_no_error() -> None:
    settings = config.load(config.collect(STOCK))
    (vmware,) = settings.compute.vmware
    assert vmware.clusters == ("cluster1",)
    assert (vmware.vcenter.host, vmware.vcenter.port) == ("10.89.153.195", 443)
    assert vmware.vcenter.password.reveal() == PASSWORD
    assert vmware.vcenter.insecure is False
    assert settings.identity.mode is config.IdentityMode.EMBEDDED


def test_each_section_keeps_its_own_account_under_one_label() -> None:
    settings = config.load(config.collect(STOCK))
    assert [(v.service, v.section) for v in settings.vcenters] == [
        ("compute", "nova [vmware]"),
        ("image", "glance [glance_store]"),
        ("volume", "cinder [vmware-vmdk]"),
    ]
    assert {v.label for v in settings.vcenters} == {"10.89.153.195"}


def test_images_go_to_the_datastore_by_the_scheme_name() -> None:
    image = config.load(config.collect(STOCK)).image
    assert [store.id for store in image.stores] == ["vmware"]
    assert [store.id for store in image.other_stores] == ["rbd", "http"]
    assert image.default_store == "vmware"
    (store,) = image.vmware_stores
    assert store.datastores == (config.StoreDatastore("Datacenter1", "ds1"),)
    assert store.image_dir == "openstack_glance"


def test_backends_without_a_section_are_reported_and_hinder_nothing() -> None:
    settings = config.load(config.collect(STOCK))
    assert [backend.name for backend in settings.volume.other_backends] == ["rbd-sas", "rbd-ssd"]
    assert "no section" in settings.volume.other_backends[0].reason
    (backend,) = settings.volume.backends
    assert (backend.name, backend.backend_name, backend.driver, backend.volume_folder) == (
        "vmware-vmdk",
        "vmware_vmdk",
        "vmdk",
        "cinder-volumes",
    )
    assert [w.line for w in settings.warnings if w.option == "enabled_backends"] == [2, 2]


def test_stackspan_conf_overrides() -> None:
    settings = config.load(config.collect([*STOCK, OWN]))
    assert settings.compute.vmware[0].clusters == ("cluster1", "cluster2", "cluster3")
    assert settings.network.vlan_ranges == {"physnet1": ((200, 299),)}


def test_stackspan_conf_is_on_top_wherever_it_stands() -> None:
    settings = config.load(config.collect([OWN, *STOCK]))
    assert settings.compute.vmware[0].clusters == ("cluster1", "cluster2", "cluster3")


def test_check_says_something_of_each_line_and_no_password() -> None:
    files = config.collect([*STOCK, OWN])
    findings = config.check(files)
    lines = {(f.file, f.line) for f in findings}
    for file in files:
        for number, line in enumerate(file.path.read_text().splitlines(), 1):
            assert ((file.path, number) in lines) == ("=" in line and not line.startswith("#")), (file.path, number)
    assert not any(f.kind in (config.Kind.WRONG, config.Kind.UNKNOWN) for f in findings)
    assert PASSWORD not in repr(findings)
    assert PASSWORD not in repr(config.render(findings))


def test_the_copies_are_the_operator_s_own() -> None:
    """Nothing of ours has slipped into the stock files."""
    assert not any("stackspan" in pathlib.Path(path).read_text() for path in STOCK)


def test_settings_never_show_a_password() -> None:
    settings = config.load(config.collect([*STOCK, OWN]))
    assert PASSWORD not in repr(settings)
    assert PASSWORD not in f"{settings.vcenters[0].password}"


def test_what_shows_later_can_be_told_with_its_line() -> None:
    """A password that vCenter refuses, a cluster or datastore that isn't there."""
    settings = config.load(config.collect([*STOCK, OWN]))
    (vmware,), (store,) = settings.compute.vmware, settings.image.vmware_stores
    error = vmware.clusters_place.error("There is no cluster cluster3.", "Correct the name.")
    assert str(error) == f"{OWN}:4: [nova:vmware] cluster_name: There is no cluster cluster3. Correct the name."
    places = [vmware.vcenter.host_place, vmware.vcenter.password_place, store.datastores_place]
    assert [(p.file.name, p.line, p.option) for p in places if p.file] == [
        ("nova.conf", 2, "host_ip"),
        ("nova.conf", 4, "host_password"),
        ("glance-api.conf", 8, "vmware_datastores"),
    ]
    assert settings.network.maps_place == config.Place(None, 0, "neutron:ML2_VMWARE", "network_maps")
