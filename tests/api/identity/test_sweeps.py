"""Every route of Identity under odd input."""

from __future__ import annotations

import pathlib

from tests.support import api, sweeps


def test_no_token(tmp_path: pathlib.Path) -> None:
    with api.serve(None, tmp_path) as served:
        assert sweeps.no_token(served, "identity") == []


def test_unknown_ids(tmp_path: pathlib.Path) -> None:
    with api.serve(None, tmp_path) as served:
        assert sweeps.unknown_ids(served, "identity") == []


def test_odd_bodies(tmp_path: pathlib.Path) -> None:
    with api.serve(None, tmp_path) as served:
        assert sweeps.odd_bodies(served, "identity") == []


def test_odd_queries(tmp_path: pathlib.Path) -> None:
    with api.serve(None, tmp_path) as served:
        assert sweeps.odd_queries(served, "identity") == []
