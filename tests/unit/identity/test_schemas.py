"""Bodies and their meaning."""

from __future__ import annotations

import datetime as dt

import pytest

from stackspan.core import errors
from stackspan.identity import model
from stackspan.identity.schemas import fields, resources


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23T10:00:00Z", dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)),
        ("2026-11-23T10:00:00", dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)),
        ("2026-11-23T10:00:00.123456Z", dt.datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=dt.UTC)),
        ("2026-11-23T11:00:00+01:00", dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)),
    ],
)
def test_moments(text: str, moment: dt.datetime) -> None:
    assert fields.moment(text) == moment


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_no_moments(text: str) -> None:
    with pytest.raises(errors.Invalid, match="Timestamp not in expected format"):
        fields.moment(text)


def test_what_is_left_out_stays() -> None:
    project = model.Project("p", "d", None, "name", "text", False, {"immutable": True}, ["a"], {"colour": "red"})
    assert resources.ProjectUpdate().applied(project, {}) == project


def test_null_takes_an_option_back() -> None:
    project = model.Project("p", "d", None, "name", options={"immutable": True})
    body = resources.ProjectUpdate(options=fields.ImmutableOption(immutable=None))
    assert body.applied(project, {}).options == {}


def test_what_is_ours_is_not_theirs_to_set() -> None:
    assert fields.extras({"a": 1}, {"a": 2, "id": "x", "links": {}, "b": 3}) == {"a": 2, "b": 3}
