"""docs/configuration.md names every option of ours, with its default."""

from __future__ import annotations

import pathlib
import re

from oslo_config import cfg

from stackspan.config import stackspan

DOCS = pathlib.Path(__file__).parents[3] / "docs" / "configuration.md"
GROUPS = {
    "stackspan": stackspan._STACKSPAN,
    "stackspan_database": stackspan._DATABASE,
    "stackspan_api": stackspan._API,
    "stackspan_worker": stackspan._WORKER,
}


def _documented(group: str) -> dict[str, str]:
    """Option → what the table says of its default."""
    _, _, rest = DOCS.read_text(encoding="utf-8").partition(f"### `[{group}]`\n")
    table = rest.partition("###")[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", table, flags=re.MULTILINE))


def _spelt(option: cfg.Opt) -> str | None:
    """The default as one would write it; None where there is none or it depends."""
    if option.default in (None, [], {}):
        return None
    if isinstance(option.default, list):
        return ",".join(option.default)
    return str(option.default).lower() if isinstance(option.default, bool) else str(option.default)


def test_every_option_of_ours_is_documented_with_its_default() -> None:
    for group, options in GROUPS.items():
        documented = _documented(group)
        assert set(documented) == {option.name for option in options}, group
        for option in options:
            spelt = _spelt(option)
            assert spelt is None or documented[option.name] == f"`{spelt}`", (group, option.name)
