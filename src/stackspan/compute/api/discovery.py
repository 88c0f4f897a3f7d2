"""Version documents, and the list of extensions (frozen long ago in stock)."""

from __future__ import annotations

from stackspan.compute import policy
from stackspan.compute.api.common import Handlers
from stackspan.compute.views import others as views
from stackspan.core import errors
from stackspan.http.request import Request, Response
from stackspan.http.routing import Route

_UPDATED = "2014-12-03T00:00:00Z"
_EXTENSIONS = {
    "os-availability-zone": "AvailabilityZone",
    "os-aggregates": "Aggregates",
    "os-attach-interfaces": "AttachInterfaces",
    "OS-DCF": "DiskConfig",
    "OS-EXT-AZ": "ExtendedAvailabilityZone",
    "OS-EXT-IPS": "ExtendedIps",
    "OS-EXT-IPS-MAC": "ExtendedIpsMac",
    "OS-EXT-SRV-ATTR": "ExtendedServerAttributes",
    "OS-EXT-STS": "ExtendedStatus",
    "os-extended-volumes": "ExtendedVolumes",
    "os-flavor-access": "FlavorAccess",
    "OS-FLV-DISABLED": "FlavorDisabled",
    "os-flavor-extra-specs": "FlavorExtraSpecs",
    "OS-FLV-EXT-DATA": "FlavorExtraData",
    "os-flavor-manage": "FlavorManage",
    "os-hypervisors": "Hypervisors",
    "os-instance-actions": "InstanceActions",
    "os-keypairs": "Keypairs",
    "os-multiple-create": "MultipleCreate",
    "os-quota-class-sets": "QuotaClasses",
    "os-quota-sets": "Quotas",
    "os-scheduler-hints": "SchedulerHints",
    "os-security-groups": "SecurityGroups",
    "os-server-groups": "ServerGroups",
    "os-server-start-stop": "ServerStartStop",
    "OS-SRV-USG": "ServerUsage",
    "os-services": "Services",
    "os-user-data": "UserData",
}


class DiscoveryApi(Handlers):
    """Handlers of version documents and extensions."""

    def routes(self) -> list[Route]:
        """The roots, without a token; extensions."""
        return [
            Route("GET", "/", self.versions, anonymous=True),
            Route("GET", "/v2.1", self.version, anonymous=True),
            Route("GET", "/v2.1/", self.version, anonymous=True),
            Route("GET", "/v2", self.legacy, anonymous=True),
            Route("GET", "/v2/", self.legacy, anonymous=True),
            Route("GET", "/v2.1/extensions", self.extensions),
            Route("GET", "/v2.1/extensions/{alias}", self.extension),
        ]

    def versions(self, request: Request) -> Response:
        """200."""
        return Response(200, {"versions": [views.version_legacy(request), views.version_entry(request)]})

    def legacy(self, request: Request) -> Response:
        """200: v2.0 by its old path; it is v2.1 without microversions."""
        return Response(200, {"version": views.version_legacy(request, full=True)})

    def version(self, request: Request) -> Response:
        """200."""
        return Response(200, {"version": views.version_full(request)})

    def extensions(self, request: Request) -> Response:
        """200."""
        self.own(request, policy.EXTENSIONS)
        return Response(200, {"extensions": [_extension(alias) for alias in sorted(_EXTENSIONS)]})

    def extension(self, request: Request) -> Response:
        """200, 404."""
        self.own(request, policy.EXTENSIONS)
        alias = request.param("alias")
        if alias not in _EXTENSIONS:
            raise errors.NotFound("The resource could not be found.")
        return Response(200, {"extension": _extension(alias)})


def _extension(alias: str) -> dict[str, object]:
    name = _EXTENSIONS[alias]
    return {
        "alias": alias,
        "name": name,
        "description": f"{name} support.",
        "updated": _UPDATED,
        "links": [],
        "namespace": "http://docs.openstack.org/compute/ext/fake_xml",
    }
