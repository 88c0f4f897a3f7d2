"""Extra configuration, and cloud-init's VMware data source in `guestinfo.*`.

cloud-init reads `guestinfo.metadata` and `guestinfo.userdata`, each with an `.encoding` of `gzip+base64`. Guests can read
and write these keys and clones copy them: no secret may stand there alone, and nothing read back is believed.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass

from pyVmomi import vim

from stackspan.vsphere import faults

MAX_USER_DATA = 65535  # bytes, as the stock API limits it
_MAX_TOTAL = 500_000  # bytes; vCenter's bound for all extra configuration lies a little above


@dataclass(frozen=True)
class GuestInfo:
    """What cloud-init gets: `metadata` (instance-id, local-hostname, network, …) as JSON, and the raw user data."""

    metadata: Mapping[str, object]
    user_data: bytes | None = None
    vendor_data: bytes | None = None


def entries(info: GuestInfo) -> dict[str, str]:
    """The extra configuration keys for `info`. Raises InvalidSpec when the user data is too large."""
    if len(info.user_data or b"") > MAX_USER_DATA:
        raise faults.InvalidSpec(f"User data is larger than {MAX_USER_DATA} bytes.")
    found = {"metadata": json.dumps(info.metadata, separators=(",", ":"), sort_keys=True).encode()}
    if info.user_data:
        found["userdata"] = info.user_data
    if info.vendor_data:
        found["vendordata"] = info.vendor_data
    result: dict[str, str] = {}
    for key, raw in found.items():
        result[f"guestinfo.{key}"] = _pack(raw)
        result[f"guestinfo.{key}.encoding"] = "gzip+base64"
    return result


def option_values(extra: Mapping[str, str]) -> list[vim.option.OptionValue]:
    """`extra` as vCenter's list. An empty value removes the key. Raises InvalidSpec when it is too large in all."""
    if sum(len(key) + len(value) for key, value in extra.items()) > _MAX_TOTAL:
        raise faults.InvalidSpec("The server's metadata and user data are too large together.")
    return [vim.option.OptionValue(key=key, value=value) for key, value in extra.items()]


def _pack(raw: bytes) -> str:
    # mtime=0: the same input gives the same text, so that a repeated step changes nothing.
    return base64.b64encode(gzip.compress(raw, mtime=0)).decode("ascii")
