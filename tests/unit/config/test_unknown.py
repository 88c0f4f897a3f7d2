"""Lines that nothing takes: ignored with the reason, unknown with a guess. Neither stops the start."""

from __future__ import annotations

import pytest

from stackspan import config

from .conftest import NOVA, Folder


def only(findings: list[config.Finding], option: str) -> config.Finding:
    (found,) = (finding for finding in findings if finding.option == option)
    return found


@pytest.mark.parametrize(
    ("file", "text", "kind", "words"),
    [
        ("nova.conf", "[libvirt]\nvirt_type = %$nonsense\n", "ignored", "vCenter clusters"),
        ("nova.conf", "[libvirt]\nno_such_option = 1\n", "ignored", "vCenter clusters"),
        ("nova.conf", "[database]\nconnection = mysql://u:hunter2@h/nova\n", "ignored", "database of its own"),
        ("nova.conf", "[oslo_messaging_rabbit]\nrabbit_password = hunter2\n", "ignored", "message bus"),
        ("nova.conf", "[DEFAULT]\ntransport_url = rabbit://u:hunter2@h\n", "ignored", "message bus"),
        ("nova.conf", "[DEFAULT]\nhost = node1\n", "ignored", "named after"),
        (
            "nova.conf",
            "[DEFAULT]\nfirewall_driver = nova.virt.firewall.NoopFirewallDriver\n",
            "ignored",
            "stock option",
        ),
        ("nova.conf", "[spice]\nenabled = True\n", "ignored", "stock section"),
        ("nova.conf", "[vmware]\nvnc_port = x\n", "ignored", "VNC"),
        ("nova.conf", "[vmware]\nwsdl_location = file:///x\n", "ignored", "Removed from nova"),
        ("nova.conf", "[vmware]\nmemory_reservation_max_ratio_fallback = 1\n", "ignored", "SAP"),
        ("nova.conf", "[quota]\ncoresx = 5\n", "unknown", "Did you mean cores?"),
        ("nova.conf", "[qota]\ncores = 5\n", "unknown", "Did you mean [quota]?"),
        ("nova.conf", "[default]\nmy_ip = 1\n", "unknown", "There is no such section."),
        ("nova.conf", "[DEFAULT]\nhost_ip = 10.0.0.1\n", "unknown", "It belongs in [vmware]."),
        ("nova.conf", "[DEFAULT]\nqwertyuiop = 1\n", "unknown", "There is no such option."),
        ("neutron.conf", "[ovs]\nbridge_mappings = x\n", "ignored", "No agent"),
        ("ml2_conf.ini", "[ml2]\ntenant_network_types = vxlan\n", "ignored", "type vlan"),
        ("keystone.conf", "[identity]\npassword_hash_algorithm = scrypt\n", "ignored", "argon2id"),
        (
            "placement.conf",
            "[placement]\nrandomise_allocation_candidates = 1\n",
            "unknown",
            "randomize_allocation_candidates",
        ),
        ("stackspan.conf", "[stackspan]\nregoin = x\n", "unknown", "Did you mean region?"),
        ("stackspan.conf", "[stackspan_wroker]\nthreads = 5\n", "unknown", "Did you mean [stackspan_worker]?"),
        ("stackspan.conf", "[nova:quotas]\ncores = 5\n", "unknown", "Did you mean [nova:quota]?"),
        ("stackspan.conf", "[nvoa:quota]\ncores = 5\n", "unknown", "Did you mean [nova:quota]?"),
        ("stackspan.conf", "[heat:quota]\ncores = 5\n", "unknown", "The services are nova,"),
        ("stackspan.conf", "[vmware]\nhost_ip = 5\n", "unknown", "Write [nova:vmware]."),
        ("stackspan.conf", "[qwertyuiop]\nx = 5\n", "unknown", "There is no such section."),
        ("stackspan.conf", "[nova:libvirt]\nx = 5\n", "ignored", "vCenter clusters"),
    ],
)
def test_fate_of_a_line(folder: Folder, file: str, text: str, kind: str, words: str) -> None:
    texts = {"nova.conf": NOVA, file: (NOVA if file == "nova.conf" else "") + text}
    folder.load(texts)
    findings = folder.check(texts)
    finding = findings[-1]
    assert finding.kind.value == kind, finding
    assert words in f"{finding.reason} {finding.remedy}"
    assert "hunter2" not in repr(findings)


def test_what_is_unknown_is_warned_of_at_the_start(folder: Folder) -> None:
    settings = folder.load({"nova.conf": "[quota]\ncoresx = 5\n[libvirt]\nx = 1\n"})
    assert [warning.option for warning in settings.warnings] == ["coresx"]


def test_what_is_checked_and_not_served_yet_says_so(folder: Folder) -> None:
    finding = only(folder.check({"nova.conf": "[vnc]\nenabled = False\n"}), "enabled")
    assert (finding.kind, finding.reason) == (config.Kind.USED, "Checked; consoles aren't served yet.")
    finding = only(folder.check({"cinder.conf": "[DEFAULT]\nquota_volumes = 5\n"}), "quota_volumes")
    assert (finding.kind, finding.reason) == (config.Kind.USED, "Checked; volumes aren't served yet.")


def test_rows(folder: Folder) -> None:
    findings = folder.check({"nova.conf": "[quota]\ncores = x\n"})
    assert config.render(findings) == [
        (
            str(folder.path / "nova.conf"),
            "2",
            "[quota]",
            "cores",
            "wrong",
            "'x' won't do. Give a whole number of at least -1, or leave it out for 20.",
        )
    ]
