"""Our own options."""

from __future__ import annotations

import copy
import pathlib
import pickle

import pytest

from stackspan import config
from stackspan.config import stackspan, vcenter

from .conftest import NOVA, Folder


def test_defaults(folder: Folder, tmp_path: pathlib.Path) -> None:
    settings = folder.load({"stackspan.conf": ""})
    assert settings.stackspan.state_path == tmp_path / "state"
    assert settings.stackspan.secret_file == tmp_path / "state" / "secret"
    assert settings.database.url.reveal() == f"sqlite:///{tmp_path / 'state' / 'stackspan.db'}"
    assert settings.database.listen_connection is None
    assert str(settings.api.listen) == "127.0.0.1:8080"
    assert settings.api == config.ApiSettings()
    assert settings.worker == config.WorkerSettings()
    assert settings.stackspan.unfiltered_adopted_networks is config.UnfilteredNetworks.REFUSE


@pytest.mark.parametrize(
    ("environ", "user", "path"),
    [
        ({"STATE_DIRECTORY": "/s/a:/s/b", "HOME": "/h"}, 0, "/s/a"),
        ({"HOME": "/root"}, 0, "/var/lib/stackspan"),
        ({"HOME": "/h"}, 1000, "/h/.local/state/stackspan"),
        ({"HOME": "/h", "XDG_STATE_HOME": "/x"}, 1000, "/x/stackspan"),
    ],
)
def test_state_path(environ: dict[str, str], user: int, path: str) -> None:
    assert stackspan.default_state_path(environ, user) == pathlib.Path(path)


def test_everything_said(folder: Folder, tmp_path: pathlib.Path) -> None:
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("")
    text = f"""[stackspan]
region = Two
state_path = /srv/stackspan
unfiltered_adopted_networks = allow
vcenter_labels = vc.example.org:vc1
[stackspan_database]
url = postgresql+psycopg://u:hunter2@pooler/d
listen_connection = postgresql://u:hunter2@db/d
[stackspan_api]
listen = [::]:443
listen_compute = 10.0.0.1
listen_image = *:19292
tls_cert = {tmp_path / "cert.pem"}
tls_key = {tmp_path / "key.pem"}
public_endpoint = https://cloud.example.org/
forwarded = true
max_body_bytes = 2000000
[stackspan_worker]
threads = 256
vcenter_limit = 10
"""
    settings = folder.load({"nova.conf": NOVA, "stackspan.conf": text})
    assert settings.stackspan.region == "Two"
    assert settings.stackspan.unfiltered_adopted_networks is config.UnfilteredNetworks.ALLOW
    assert settings.api.listen == config.Address("::", 443)
    assert str(settings.api.listen) == "[::]:443"
    assert settings.api.listeners == {
        "compute": config.Address("10.0.0.1", 8774),
        "image": config.Address("0.0.0.0", 19292),
    }
    assert settings.api.public_endpoint == "https://cloud.example.org"
    assert (settings.worker.threads, settings.worker.vcenter_limit) == (256, 10)
    assert settings.vcenters[0].label == "vc1"
    assert settings.vcenters[0].pool_size == 256
    assert "hunter2" not in repr(settings)
    assert not settings.warnings


def test_a_repeated_section_adds_to_the_first(folder: Folder) -> None:
    text = "[stackspan]\nregion = A\n[stackspan_api]\n[stackspan]\ndebug = true\n"
    settings = folder.load({"stackspan.conf": text}).stackspan
    assert (settings.region, settings.debug) == ("A", True)


def test_the_network_in_clear_is_warned_of(folder: Folder) -> None:
    settings = folder.load({"stackspan.conf": "[stackspan_api]\nlisten = 0.0.0.0:8080\n"})
    (warning,) = settings.warnings
    assert "cross the network in clear" in str(warning)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[stackspan_worker]\nthreads = 257", "from 1 to 256"),
        ("[stackspan_worker]\nthreads = 0", "from 1 to 256"),
        ("[stackspan_api]\nlisten = localhost:http", "Give ADDRESS:PORT"),
        ("[stackspan_api]\nlisten = :80", "Give ADDRESS:PORT"),
        ("[stackspan_api]\nlisten = 1.2.3.4:0", "Give ADDRESS:PORT"),
        ("[stackspan_api]\nlisten = [::1:80", "Give ADDRESS:PORT"),
        ("[stackspan_api]\nlisten = 127.0.0.1:8774\nlisten_compute = 127.0.0.1", "is taken by another"),
        ("[stackspan_api]\ntls_cert = /dev/null", "tls_key is missing"),
        ("[stackspan_api]\npublic_endpoint = cloud", "a URI"),
        ("[stackspan]\nstate_path = state", "isn't a path from the root"),
        ("[stackspan]\nvcenter_labels = h:a b", "letters, digits"),
        ("[stackspan]\nunfiltered_adopted_networks = yes", "refuse, allow"),
    ],
)
def test_wrong(folder: Folder, text: str, words: str) -> None:
    wrong = folder.wrong({"stackspan.conf": text + "\n"})
    assert words in wrong[0]
    assert wrong[0].startswith("stackspan.conf:")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("h", ("h", None)),
        ("h:1", ("h", 1)),
        ("10.0.0.1:443", ("10.0.0.1", 443)),
        ("fd00::1", ("fd00::1", None)),
        ("[fd00::1]", ("fd00::1", None)),
        ("[fd00::1]:443", ("fd00::1", 443)),
    ],
)
def test_hosts(text: str, expected: tuple[str, int | None]) -> None:
    assert vcenter.split_host(text) == expected


@pytest.mark.parametrize(
    ("host", "label"), [("vc.a", "vc.a"), ("fd00::1", "fd00-1"), ("[fd00::1]", "fd00-1"), ("::", "vcenter")]
)
def test_labels(host: str, label: str) -> None:
    assert vcenter.label_of(host) == label


def test_a_secret_stays_one() -> None:
    secret = config.Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]}"
    assert secret == config.Secret("hunter2")
    assert secret != config.Secret("other")
    assert not config.Secret("")
    assert copy.deepcopy(secret) is secret  # so that dataclasses.asdict keeps it hidden
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////srv/x.db",
        "sqlite:///x.db",
        "postgresql://u:p@h:5432/d",
        "postgresql+psycopg://h/d",
        "postgresql://u:p%40ss@[::1]:5432/d?sslmode=require",
        "postgresql:///d?host=/run/postgresql",
    ],
)
def test_database_urls(folder: Folder, url: str) -> None:
    settings = folder.load({"stackspan.conf": f"[stackspan_database]\nurl = {url}\n"})
    assert settings.database.url.reveal() == url


def test_postgres_is_spelt_out(folder: Folder) -> None:
    settings = folder.load({"stackspan.conf": "[stackspan_database]\nurl = postgres://h/d\n"})
    assert settings.database.url.reveal() == "postgresql://h/d"


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql://u:hunter2@h",
        "postgresql://u:hunter2@h:x/d",
        "mysql://h/d",
        "x.db",
    ],
)
@pytest.mark.parametrize("option", ["url", "listen_connection"])
def test_wrong_database_urls(folder: Folder, url: str, option: str) -> None:
    first = "" if option == "url" else "url = postgresql://h/d\n"
    (line,) = folder.wrong({"stackspan.conf": f"[stackspan_database]\n{first}{option} = {url}\n"})
    assert f"{option}: It names no SQLite file and no PostgreSQL database." in line
    assert "hunter2" not in line
