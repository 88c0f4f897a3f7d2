"""Which version a request asks for, and what the answer says."""

from __future__ import annotations

import pytest

from stackspan.core.version import Version
from stackspan.http.microversion import MalformedVersion, Microversions, VersionNotServed

COMPUTE = Microversions("compute", Version(2, 1), Version(2, 90), "X-OpenStack-Nova-API-Version")


def test_none_is_the_minimum() -> None:
    assert COMPUTE.requested({}) == Version(2, 1)


@pytest.mark.parametrize(
    ("headers", "version"),
    [
        ({"openstack-api-version": "compute 2.53"}, Version(2, 53)),
        ({"openstack-api-version": "volume 3.70, compute 2.53"}, Version(2, 53)),
        ({"openstack-api-version": "volume 3.70"}, Version(2, 1)),
        ({"openstack-api-version": "Compute LATEST"}, Version(2, 90)),
        ({"x-openstack-nova-api-version": "2.53"}, Version(2, 53)),
        ({"x-openstack-nova-api-version": "latest"}, Version(2, 90)),
        ({"openstack-api-version": "compute 2.60", "x-openstack-nova-api-version": "2.53"}, Version(2, 60)),
    ],
)
def test_as_asked(headers: dict[str, str], version: Version) -> None:
    assert COMPUTE.requested(headers) == version


@pytest.mark.parametrize("text", ["2", "2.", "2.01", "two", "2.1.1", "-2.1", "2.1e3", "٢.١", "2.9999999999999"])
def test_malformed(text: str) -> None:
    with pytest.raises(MalformedVersion):
        COMPUTE.requested({"openstack-api-version": f"compute {text}"})


@pytest.mark.parametrize("text", ["2.0", "2.91", "3.1", "1.1"])
def test_out_of_range(text: str) -> None:
    with pytest.raises(VersionNotServed, match=r"Minimum is 2\.1 and maximum is 2\.90"):
        COMPUTE.requested({"openstack-api-version": f"compute {text}"})


def test_what_the_answer_says() -> None:
    assert COMPUTE.response_headers(Version(2, 53)) == {
        "OpenStack-API-Version": "compute 2.53",
        "X-OpenStack-Nova-API-Version": "2.53",
        "Vary": "OpenStack-API-Version, X-OpenStack-Nova-API-Version",
    }
    assert COMPUTE.response_headers(None) == {"Vary": "OpenStack-API-Version, X-OpenStack-Nova-API-Version"}
