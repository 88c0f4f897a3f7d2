"""Compute's options."""

from __future__ import annotations

import pathlib

import pytest

from stackspan import config

from .conftest import NOVA, Folder

ACCOUNT = NOVA.replace("cluster_name = c1\n", "")


@pytest.mark.parametrize(
    ("lines", "clusters"),
    [
        ("cluster_name = a,b, c\n", ("a", "b", "c")),
        ("cluster_name = a\ncluster_name = b\n", ("a", "b")),
        ("cluster_name = a,b\ncluster_name = b,c\n", ("a", "b", "c")),
        ("cluster_name = a,\n  b\n", ("a", "b")),
        ("cluster_name = Prod\\, East,b\n", ("Prod, East", "b")),
        ("[DEFAULT]\nvmwareapi_cluster_name = a\n", ("a",)),
    ],
)
def test_clusters_repeated_and_with_commas(folder: Folder, lines: str, clusters: tuple[str, ...]) -> None:
    (vmware,) = folder.load({"nova.conf": ACCOUNT + lines}).compute.vmware
    assert vmware.clusters == clusters


def test_a_later_file_s_clusters_replace_an_earlier_one_s(folder: Folder) -> None:
    texts = {"nova.conf": NOVA, "nova-compute.conf": "[vmware]\ncluster_name = c2\ncluster_name = c3\n"}
    assert folder.load(texts).compute.vmware[0].clusters == ("c2", "c3")


def test_all_of_vmware_with_its_defaults(folder: Folder) -> None:
    vmware = folder.nova()
    assert vmware == config.VMwareSettings(
        vcenter=config.VCenterSettings(
            label="vc.example.org",
            host="vc.example.org",
            port=443,
            username="u",
            password=config.Secret("hunter2"),
            pool_size=64,
            section="nova [vmware]",
        ),
        clusters=("c1",),
    )


def test_vmware_options(folder: Folder, tmp_path: pathlib.Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text("")
    vmware = folder.nova(f"""\
        host_port = 8443
        ca_file = {ca}
        insecure = True
        connection_pool_size = 200
        api_retry_count = 3
        task_poll_interval = 1.5
        datastore_regex = nas.*
        use_linked_clone = False
        cache_prefix = node1
        console_delay_seconds = 5
        serial_port_service_uri = vspc
        serial_port_proxy_uri = telnets://h:1
        """)
    vcenter = vmware.vcenter
    assert (vcenter.port, vcenter.ca_file, vcenter.insecure) == (8443, str(ca), True)
    assert (vcenter.pool_size, vcenter.api_retry_count, vcenter.task_poll_interval) == (200, 3, 1.5)
    assert (vmware.datastore_regex, vmware.use_linked_clone, vmware.cache_prefix) == ("nas.*", False, "node1")
    assert vmware.serial_port_proxy_uri == "telnets://h:1"


@pytest.mark.parametrize("driver", ["vmwareapi.VMwareVCDriver", "nova.virt.vmwareapi.VMwareVCDriver"])
def test_the_driver_s_spellings(folder: Folder, driver: str) -> None:
    assert folder.load({"nova.conf": NOVA + f"[DEFAULT]\ncompute_driver = {driver}\n"}).compute.vmware


@pytest.mark.parametrize(
    ("driver", "words"),
    [
        ("vmwareapi.VMwareESXDriver", "removed from nova in Juno"),
        ("nova.virt.vmwareapi.VMwareESXDriver", "removed from nova in Juno"),
        ("libvirt.LibvirtDriver", "libvirt.LibvirtDriver can't be served"),
    ],
)
def test_other_drivers_are_told_clearly(folder: Folder, driver: str, words: str) -> None:
    (line,) = folder.wrong({"nova.conf": NOVA + f"[DEFAULT]\ncompute_driver = {driver}\n"})
    assert words in line
    assert line.endswith(
        "Write compute_driver = vmwareapi.VMwareVCDriver, or override it in stackspan.conf, [nova:DEFAULT]."
    )


def test_the_driver_may_be_overridden(folder: Folder) -> None:
    texts = {
        "nova.conf": NOVA + "[DEFAULT]\ncompute_driver = libvirt.LibvirtDriver\n",
        "stackspan.conf": "[nova:DEFAULT]\ncompute_driver = vmwareapi.VMwareVCDriver\n",
    }
    assert folder.load(texts).compute.vmware


def test_what_an_account_lacks_is_told_at_its_section(folder: Folder) -> None:
    assert folder.wrong({"nova.conf": "[DEFAULT]\nmy_ip = 192.0.2.1\n[vmware]\nhost_ip = h\n"}) == [
        "nova.conf:3: [vmware] host_username: host_username is missing. Name the account at vCenter.",
        "nova.conf:3: [vmware] host_password: host_password is missing. Give the account's password.",
        "nova.conf:3: [vmware] cluster_name: cluster_name is missing. Name the clusters, with commas between.",
    ]


def test_what_lacks_a_section_is_told_without_a_line(folder: Folder) -> None:
    wrong = folder.wrong({"nova.conf": "[DEFAULT]\ncompute_driver = vmwareapi.VMwareVCDriver\n"})
    assert wrong[0] == "configuration: [nova:vmware] host_ip: host_ip is missing. Name the vCenter."


def test_an_empty_host_won_t_do(folder: Folder) -> None:
    (line,) = folder.wrong({"nova.conf": NOVA.replace("vc.example.org", "")})
    assert line == "nova.conf:2: [vmware] host_ip: '' won't do. Give a host name or address."


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("ca_file = /no/such.pem", "The file /no/such.pem isn't there"),
        ("datastore_regex = nas[", "It isn't a regular expression"),
        ("connection_pool_size = 5", "at least 10"),
        ("host_ip = not a host", "a host name or address"),
        ("serial_port_proxy_uri = http://x", "telnet or telnets"),
        ("pbm_enabled = True", "pbm_default_policy is missing"),
        ("[DEFAULT]\nconfig_drive_format = vfat", "A VM's config drive is an ISO"),
        ("[DEFAULT]\ninstance_name_template = x%s%s", "It takes one number"),
        ("[quota]\ndriver = nova.quota.UnifiedLimitsDriver", "aren't served"),
        ("[filter_scheduler]\nenabled_filters = ComputeFilter,mine.MyFilter", "There is no filter mine.MyFilter"),
    ],
)
def test_wrong(folder: Folder, more: str, words: str) -> None:
    (line,) = folder.wrong({"nova.conf": f"{NOVA}{more}\n"})
    assert words in line
    assert "nova.conf:" in line


def test_storage_policies_aren_t_applied_yet_and_the_regex_stays_in_force(folder: Folder) -> None:
    more = "pbm_enabled = True\npbm_default_policy = gold\ndatastore_regex = nas\n"
    vmware = folder.nova(more)
    assert (vmware.pbm_default_policy, vmware.datastore_regex) == ("gold", "nas")
    (warning,) = folder.load({"nova.conf": NOVA + more}).warnings
    assert str(warning).endswith("[vmware] pbm_enabled: Storage policies aren't applied yet. Use datastore_regex.")


def test_stock_defaults(folder: Folder) -> None:
    compute = folder.load({"nova.conf": NOVA}).compute
    assert compute.quota == config.ComputeQuotaSettings()
    assert compute.allocation == config.AllocationSettings()
    assert compute.image_cache == config.ImageCacheSettings()
    assert compute.scheduler == config.SchedulerSettings()
    assert compute.console == config.ConsoleSettings()
    assert compute.sync_power_state_interval == 600


def test_ratios_and_reserved(folder: Folder) -> None:
    text = """[DEFAULT]
cpu_allocation_ratio = 8
ram_allocation_ratio = 0.0
initial_ram_allocation_ratio = 1.25
reserved_host_memory_mb = 1024
"""
    allocation = folder.load({"nova.conf": text}).compute.allocation
    assert (allocation.cpu_ratio, allocation.ram_ratio, allocation.disk_ratio) == (8.0, 1.25, 1.0)
    assert allocation.reserved_memory_mib == 1024


@pytest.mark.parametrize(("value", "interval"), [("-1", None), ("0", 60), ("300", 300)])
def test_intervals(folder: Folder, value: str, interval: int | None) -> None:
    text = f"[DEFAULT]\nsync_power_state_interval = {value}\nimage_cache_manager_interval = {value}\n"
    compute = folder.load({"nova.conf": text}).compute
    assert compute.sync_power_state_interval == interval
    assert compute.image_cache.interval == interval


def test_an_old_force_config_drive(folder: Folder) -> None:
    assert folder.load({"nova.conf": "[DEFAULT]\nforce_config_drive = always\n"}).compute.config_drive is True


def test_noop_quota(folder: Folder) -> None:
    text = "[DEFAULT]\nquota_driver = nova.quota.NoopQuotaDriver\n"
    assert folder.load({"nova.conf": text}).compute.quota.enforced is False


def test_the_names_of_2013(folder: Folder) -> None:
    text = """[DEFAULT]
compute_driver = vmwareapi.VMwareVCDriver
vmwareapi_host_ip = 10.0.0.1
vmwareapi_host_username = u
vmwareapi_host_password = p
vmwareapi_cluster_name = a
vmwareapi_task_poll_interval = 5.0
vmwareapi_api_retry_count = 7
vmwareapi_wsdl_loc = http://x
use_linked_clone = False
"""
    (vmware,) = folder.load({"nova.conf": text}).compute.vmware
    assert (vmware.vcenter.host, vmware.vcenter.api_retry_count, vmware.use_linked_clone) == ("10.0.0.1", 7, False)


def test_policy_file(folder: Folder, tmp_path: pathlib.Path) -> None:
    (tmp_path / "rules.yaml").write_text("")
    (tmp_path / "policy.yaml").write_text("")
    text = "[oslo_policy]\npolicy_file = rules.yaml\n"
    assert folder.load({"nova.conf": text}).compute.policy_file == tmp_path / "rules.yaml"
    # The default name counts only in a folder named after the service: rule names collide between services.
    assert folder.load({"nova.conf": ""}).compute.policy_file is None
    (line,) = folder.wrong({"nova.conf": "[oslo_policy]\npolicy_file = gone.yaml\n"})
    assert "There is no file gone.yaml" in line


def test_the_stock_policy_file_in_a_folder_of_the_service(tmp_path: pathlib.Path) -> None:
    etc = tmp_path / "nova"
    etc.mkdir()
    (etc / "policy.yaml").write_text("")
    (etc / "nova.conf").write_text("")
    assert config.load(config.collect([], [str(etc)])).compute.policy_file == etc / "policy.yaml"
