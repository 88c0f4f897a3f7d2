"""Configuration files made on the spot."""

from __future__ import annotations

import pathlib
import textwrap
from collections.abc import Mapping

import pytest

from stackspan import config

NOVA = """[vmware]
host_ip = vc.example.org
host_username = u
host_password = hunter2
cluster_name = c1
"""


class Folder:
    """A folder of configuration files; every call writes the given ones and reads all of them in the order given."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path

    def files(self, texts: Mapping[str, str]) -> tuple[config.ConfigFile, ...]:
        for name, text in texts.items():
            (self.path / name).write_text(textwrap.dedent(text), encoding="utf-8")
        return config.collect([str(self.path / name) for name in texts])

    def load(self, texts: Mapping[str, str]) -> config.Settings:
        return config.load(self.files(texts))

    def check(self, texts: Mapping[str, str]) -> list[config.Finding]:
        return config.check(self.files(texts))

    def nova(self, more: str = "") -> config.VMwareSettings:
        """The [vmware] that NOVA gives with `more` lines after it."""
        (vmware,) = self.load({"nova.conf": NOVA + textwrap.dedent(more)}).compute.vmware
        return vmware

    def wrong(self, texts: Mapping[str, str]) -> list[str]:
        """The wrong findings of a load that must fail, as `LINE [group] option reason remedy`, without the folder."""
        files = self.files(texts)
        with pytest.raises(config.ConfigError) as caught:
            config.load(files)
        assert all(finding.kind is config.Kind.WRONG for finding in caught.value.findings)
        return [str(finding).replace(f"{self.path}/", "") for finding in caught.value.findings]


@pytest.fixture
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    return Folder(tmp_path)
