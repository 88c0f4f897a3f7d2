"""Whatever a file holds: settings or a ConfigError, never anything else, and no secret in it."""

from __future__ import annotations

import pathlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oslo_config import cfg

from stackspan import config
from stackspan.config import cinder, glance, keystone, neutron, nova_options, placement, policy, stackspan

from .conftest import NOVA

BACKEND = "[DEFAULT]\nenabled_backends = a\n[a]\nvolume_driver = cinder.volume.drivers.vmware.vmdk.VMwareVcVmdkDriver\n"
GROUPS: dict[str, dict[str, tuple[cfg.Opt, ...]]] = {
    "nova.conf": {
        "DEFAULT": nova_options.default_options(),
        "vmware": nova_options.VMWARE,
        "quota": nova_options.QUOTA,
        "image_cache": nova_options.IMAGE_CACHE,
        "scheduler": nova_options.SCHEDULER,
        "filter_scheduler": nova_options.FILTER_SCHEDULER,
        "api": nova_options.API,
        "compute": nova_options.COMPUTE,
        "vnc": nova_options.VNC,
        "mks": nova_options.MKS,
        "oslo_policy": policy.OPTIONS,
        "keystone_authtoken": keystone._AUTHTOKEN,
    },
    "glance-api.conf": {
        "DEFAULT": glance._DEFAULT,
        "glance_store": (*glance._STORES, *glance._VMWARE_STORE),
        "image_format": glance._FORMATS,
    },
    "cinder.conf": {"DEFAULT": cinder._DEFAULT, "a": cinder._BACKEND},
    "neutron.conf": {
        "DEFAULT": neutron._DEFAULT,
        "ml2": neutron._ML2,
        "ml2_type_vlan": neutron._VLAN,
        "ml2_type_flat": neutron._FLAT,
        "QUOTAS": neutron._QUOTAS,
        **{name: options for name, options, _ in neutron._DRIVER_SECTIONS},
    },
    "keystone.conf": {
        "DEFAULT": keystone._DEFAULT,
        "identity": keystone._IDENTITY,
        "token": keystone._TOKEN,
        "fernet_tokens": keystone._FERNET,
        "security_compliance": keystone._COMPLIANCE,
    },
    "placement.conf": {"placement": placement._PLACEMENT},
    "stackspan.conf": {
        "stackspan": stackspan._STACKSPAN,
        "stackspan_database": stackspan._DATABASE,
        "stackspan_api": stackspan._API,
        "stackspan_worker": stackspan._WORKER,
    },
}
VALUES = (
    *("", "hunter2", "-1", "0", "99999999999999999999", "$", "$$", "$x", "${", "\\$", "a:b", "a:b:c"),
    *("[", "(", "%s%", ",", ":", "\x00", "ü"),
)
BEFORE = {
    "nova.conf": NOVA,
    "cinder.conf": BACKEND,
    "glance-api.conf": "[glance_store]\nstores = vmware,file\ndefault_store = vsphere\n",
}
KEYSTONE = "[stackspan]\nidentity = keystone\n"


def outcome(path: pathlib.Path, texts: dict[str, str]) -> str:
    """What an operator would see of a start and of a check with these files."""
    for name, text in texts.items():
        (path / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    files = config.collect([str(path / name) for name in texts])
    seen = "\n".join(str(finding) for finding in config.check(files))
    try:
        return seen + repr(config.load(files))
    except config.ConfigError as error:
        return seen + str(error)


@pytest.mark.parametrize("file", sorted(GROUPS))
def test_any_value_of_any_option_gives_settings_or_a_configuration_error(tmp_path: pathlib.Path, file: str) -> None:
    for group, options in GROUPS[file].items():
        for value in VALUES:
            lines = "".join(f"{option.dest} = {value}\n" for option in options)
            texts = {file: f"{BEFORE.get(file, '')}[{group}]\n{lines}"}
            if group == "keystone_authtoken":
                texts["stackspan.conf"] = KEYSTONE
            outcome(tmp_path, texts)


@pytest.mark.parametrize("file", sorted(GROUPS))
def test_no_secret_option_is_ever_shown(tmp_path: pathlib.Path, file: str) -> None:
    for group, options in GROUPS[file].items():
        lines = "".join(f"{option.dest} = hunter2 $x\n" for option in options if option.secret)
        texts = {file: f"{BEFORE.get(file, '').replace('hunter2', 'x')}[{group}]\n{lines}"}
        if group == "keystone_authtoken":
            texts["stackspan.conf"] = KEYSTONE
        for text in (texts[file], texts[file].replace(" $x", "")):
            assert "hunter2" not in outcome(tmp_path, {**texts, file: text}), group


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(sorted(GROUPS)),
        st.text(st.sampled_from("[]=:$,#;\n \t\"'\\%{}abhost_ip01.\ufeff\u2028é"), max_size=120),
        min_size=1,
        max_size=3,
    )
)
def test_any_text_gives_settings_or_a_configuration_error(tmp_path: pathlib.Path, texts: dict[str, str]) -> None:
    outcome(tmp_path, texts)
