"""The config drive: an ISO labelled `config-2` with OpenStack's metadata. A pure function from facts to bytes.

Names are kept in full in Rock Ridge and Joliet; the plain ISO 9660 names are only what that old form allows.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import pycdlib

LABEL = "config-2"
_VERSIONS = ("2018-08-27", "2020-10-14", "latest")  # the newest two that guests ask for, and the name for the newest


def build(
    meta_data: Mapping[str, Any],
    network_data: Mapping[str, Any],
    user_data: bytes | None,
    vendor_data: Mapping[str, Any],
) -> bytes:
    """The whole ISO."""
    files = {
        "meta_data.json": _json(meta_data),
        "network_data.json": _json(network_data),
        "vendor_data.json": _json(vendor_data),
    }
    if user_data is not None:
        files["user_data"] = user_data
    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=3, joliet=3, rock_ridge="1.09", vol_ident=LABEL, sys_ident="LINUX")
    iso.add_directory("/OPENSTACK", rr_name="openstack", joliet_path="/openstack")
    for number, version in enumerate(_VERSIONS):
        _add_version(iso, f"/OPENSTACK/V{number}", version, files)
    target = io.BytesIO()
    iso.write_fp(target)
    iso.close()
    return target.getvalue()


def _add_version(iso: pycdlib.PyCdlib, iso_path: str, version: str, files: Mapping[str, bytes]) -> None:
    joliet = f"/openstack/{version}"
    iso.add_directory(iso_path, rr_name=version, joliet_path=joliet)
    for name, content in files.items():
        plain = name.upper().replace("-", "_")
        plain = plain if "." in plain else f"{plain}."
        iso.add_fp(
            io.BytesIO(content),
            len(content),
            f"{iso_path}/{plain};1",
            rr_name=name,
            joliet_path=f"{joliet}/{name}",
        )


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True).encode()
