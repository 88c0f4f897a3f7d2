"""Whose identity counts, and the embedded Keystone's options."""

from __future__ import annotations

import pytest

from stackspan import config

from .conftest import NOVA, Folder

AUTHTOKEN = """[keystone_authtoken]
auth_url = http://keystone:5000/v3
auth_type = password
username = nova
password = hunter2
project_name = service
user_domain_name = Default
project_domain_id = default
www_authenticate_uri = http://keystone.example.org:5000
"""
EMBEDDED = "[stackspan]\nidentity = embedded\n"
KEYSTONE = "[stackspan]\nidentity = keystone\n"


def test_a_keystone_and_nothing_said_stops_and_asks(folder: Folder) -> None:
    (line,) = folder.wrong({"nova.conf": NOVA + AUTHTOKEN, "cinder.conf": AUTHTOKEN})
    assert line == (
        "nova.conf:6: [keystone_authtoken]: The file brings a Keystone, and nothing says whether it counts. "
        "Set [stackspan] identity = embedded for Stackspan's own; `keystone`, for that one, isn't served yet."
    )


def test_an_empty_section_asks_nothing(folder: Folder) -> None:
    settings = folder.load({"nova.conf": NOVA + "[keystone_authtoken]\n# auth_url = x\n"})
    assert settings.identity.mode is config.IdentityMode.EMBEDDED


def test_embedded_ignores_it_whatever_it_holds(folder: Folder) -> None:
    texts = {"nova.conf": AUTHTOKEN + "insecure = perhaps\n", "stackspan.conf": EMBEDDED}
    settings = folder.load(texts)
    assert (settings.identity.mode, settings.identity.keystone) == (config.IdentityMode.EMBEDDED, None)
    kinds = {f.kind for f in folder.check(texts) if f.group == "keystone_authtoken"}
    assert kinds == {config.Kind.IGNORED}


def test_the_operator_s_keystone(folder: Folder) -> None:
    identity = folder.load({"nova.conf": AUTHTOKEN, "stackspan.conf": KEYSTONE}).identity
    assert identity.mode is config.IdentityMode.KEYSTONE
    assert identity.keystone == config.KeystoneSettings(
        auth_url="http://keystone:5000/v3",
        username="nova",
        password=config.Secret("hunter2"),
        project_name="service",
        user_domain_name="Default",
        project_domain_name=None,
        project_domain_id="default",
        www_authenticate_uri="http://keystone.example.org:5000",
    )
    assert "hunter2" not in repr(identity)
    assert (identity.mode_place.line, identity.mode_place.option) == (2, "identity")


def test_the_first_service_s_account_is_used_for_all(folder: Folder) -> None:
    cinder = AUTHTOKEN.replace("= nova", "= cinder")
    texts = {"cinder.conf": cinder, "nova.conf": AUTHTOKEN, "stackspan.conf": KEYSTONE}
    keystone = folder.load(texts).identity.keystone
    assert keystone is not None
    assert keystone.username == "nova"
    reasons = {f.reason for f in folder.check(texts) if f.file and f.file.name == "cinder.conf"}
    assert reasons == {"The account of nova is used for all."}


def test_the_names_of_old_files(folder: Folder) -> None:
    text = """[keystone_authtoken]
identity_uri = http://keystone:35357
auth_uri = http://keystone:5000
admin_user = nova
admin_password = hunter2
admin_tenant_name = service
"""
    keystone = folder.load({"nova.conf": text, "stackspan.conf": KEYSTONE}).identity.keystone
    assert keystone is not None
    assert (keystone.auth_url, keystone.username, keystone.project_name) == ("http://keystone:35357", "nova", "service")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("auth_type = password", "auth_type = v3oidcpassword", "Only passwords are served"),
        ("username = nova\n", "", "username is missing"),
        ("auth_url = http://keystone:5000/v3", "auth_url = keystone", "a URI"),
        ("auth_type = password", "auth_section = other", "Move the account here"),
        ("auth_type = password", "cafile = /no/such.pem", "isn't there"),
    ],
)
def test_wrong_accounts(folder: Folder, old: str, new: str, words: str) -> None:
    wrong = folder.wrong({"nova.conf": AUTHTOKEN.replace(old, new), "stackspan.conf": KEYSTONE})
    assert words in wrong[0]
    assert "hunter2" not in "".join(wrong)


def test_keystone_without_an_account(folder: Folder) -> None:
    (line,) = folder.wrong({"nova.conf": NOVA, "stackspan.conf": KEYSTONE})
    assert line.startswith("stackspan.conf:2: [stackspan] identity: No file has a [keystone_authtoken].")


def test_embedded_options_and_stock_defaults(folder: Folder) -> None:
    assert folder.load({"keystone.conf": ""}).identity == config.IdentitySettings()
    text = "[token]\nexpiration = 60\n[security_compliance]\nlockout_failure_attempts = 6\nlockout_duration = 9\n"
    identity = folder.load({"keystone.conf": text}).identity
    assert (identity.token_expiration, identity.lockout_attempts, identity.lockout_duration) == (60, 6, 9)


def test_placement(folder: Folder) -> None:
    text = "[placement]\nrandomize_allocation_candidates = True\n"
    assert folder.load({"placement.conf": text}).placement.randomize_allocation_candidates is True
