"""Microversions: which one a request asks for, and what the answer's headers say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stackspan.core import errors, version
from stackspan.core.version import Version

HEADER = "openstack-api-version"


class MalformedVersion(errors.Invalid):
    """The version header isn't two numbers (400)."""


class VersionNotServed(errors.Unsupported):
    """The version is outside the served range (406)."""


@dataclass(frozen=True)
class Microversions:
    """A service's range.

    Args:
        service_type: the name in `OpenStack-API-Version: <type> 2.104`.
        minimum: also the version of a request that names none.
        maximum: raised only when every route honours all versions up to it.
        legacy_header: an older header of the same meaning, such as `X-OpenStack-Nova-API-Version`.
    """

    service_type: str
    minimum: Version
    maximum: Version
    legacy_header: str | None = None

    def requested(self, headers: Mapping[str, str]) -> Version:
        """The version to answer in. Raises MalformedVersion or VersionNotServed."""
        text = self._text(headers)
        if text is None:
            return self.minimum
        if text == "latest":
            return self.maximum
        try:
            asked = version.parse(text)
        except ValueError:
            raise MalformedVersion(
                f"API Version String {text} is of invalid format. Must be of format MajorNum.MinorNum."
            ) from None
        if not self.minimum <= asked <= self.maximum:
            raise VersionNotServed(
                f"Version {asked} is not supported by the API. Minimum is {self.minimum} and maximum is {self.maximum}."
            )
        return asked

    def response_headers(self, answered: Version | None) -> dict[str, str]:
        """The headers that tell the version answered in."""
        names = ["OpenStack-API-Version"]
        headers = {}
        if answered is not None:
            headers["OpenStack-API-Version"] = f"{self.service_type} {answered}"
        if self.legacy_header:
            names.append(self.legacy_header)
            if answered is not None:
                headers[self.legacy_header] = str(answered)
        headers["Vary"] = ", ".join(names)
        return headers

    def _text(self, headers: Mapping[str, str]) -> str | None:
        for entry in headers.get(HEADER, "").split(","):
            words = entry.split()
            if len(words) == 2 and words[0].lower() == self.service_type:
                return words[1].lower()
        if self.legacy_header:
            legacy = headers.get(self.legacy_header.lower())
            return legacy.strip().lower() if legacy else None
        return None
