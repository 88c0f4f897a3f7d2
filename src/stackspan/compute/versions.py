"""The microversions of the Compute API that are served, one line each, and their differences by name.

`MAXIMUM` rises only when every existing route honours all versions up to it. Inside, only the newest form exists:
`api` raises requests to it, `views` lower answers from it by asking `serves(version, DIFFERENCE)`.
"""

from __future__ import annotations

from stackspan.core.version import Version
from stackspan.http.microversion import Microversions

BASE = Version(2, 1)  # the API as it began
KEYPAIR_TYPE = Version(2, 2)  # key pairs have a type; create answers 201, delete 204
EXTENDED_ATTRIBUTES = Version(2, 3)  # administrators see hostname, launch index, user data, … of a server
RESERVED_FIXED_IPS = Version(2, 4)  # os-fixed-ips shows `reserved`: that route isn't served
IP6_FILTER = Version(2, 5)  # everyone may filter servers by IPv6 address
REMOTE_CONSOLES = Version(2, 6)  # a console by POST /remote-consoles: no console is served yet
FLAVOR_ACCESS_CHECK = Version(2, 7)  # access can't be given to a public flavor
MKS_CONSOLE = Version(2, 8)  # consoles of type mks: no console is served yet
LOCKED = Version(2, 9)  # a server shows whether it is locked
KEYPAIR_USER = Version(2, 10)  # key pairs of another user, for administrators
FORCED_DOWN = Version(2, 11)  # services show and take `forced_down`

MINIMUM = BASE
MAXIMUM = FORCED_DOWN
UPDATED = "2013-07-23T11:33:21Z"  # of the version document, as stock

RANGE = Microversions("compute", MINIMUM, MAXIMUM, "X-OpenStack-Nova-API-Version")


def serves(version: Version | None, difference: Version) -> bool:
    """Whether an answer in `version` has that difference."""
    return version is not None and version >= difference
