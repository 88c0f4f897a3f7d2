"""Flavors, key pairs, quotas, limits, hypervisors, services, zones, aggregates, server groups, versions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from stackspan.compute import versions
from stackspan.compute.model import Aggregate, Flavor, KeyPair, ServerGroup
from stackspan.compute.service.nodes import Hypervisor, Zone
from stackspan.compute.service.quotas import QuotaUse
from stackspan.compute.views.links import ROOT, links
from stackspan.core.clock import iso_micro
from stackspan.core.version import Version
from stackspan.http.request import Request

_NETWORK_QUOTAS = ("fixed_ips", "floating_ips", "security_groups", "security_group_rules")
HYPERVISOR_TYPE = "VMware vCenter Server"


def flavor_basic(flavor: Flavor, request: Request) -> dict[str, Any]:
    """A flavor in a short list."""
    return {"id": flavor.id, "name": flavor.name, "links": links(request, "flavors", flavor.id)}


def flavor_full(flavor: Flavor, request: Request) -> dict[str, Any]:
    """A flavor with all it shows."""
    return {
        "id": flavor.id,
        "name": flavor.name,
        "ram": flavor.memory_mib,
        "disk": flavor.root_gib,
        "swap": flavor.swap_mib or "",
        "OS-FLV-EXT-DATA:ephemeral": flavor.ephemeral_gib,
        "OS-FLV-DISABLED:disabled": flavor.disabled,
        "vcpus": flavor.vcpus,
        "os-flavor-access:is_public": flavor.is_public,
        "rxtx_factor": flavor.rxtx_factor,
        "links": links(request, "flavors", flavor.id),
    }


def flavor_access(flavor_id: str, project_ids: Sequence[str]) -> dict[str, Any]:
    """Who may use a private flavor."""
    return {"flavor_access": [{"flavor_id": flavor_id, "tenant_id": project_id} for project_id in project_ids]}


def key_pair(found: KeyPair, version: Version | None, private_key: str | None = None) -> dict[str, Any]:
    """A key pair after it was made."""
    body = key_pair_listed(found, version)
    body["user_id"] = found.user_id
    if private_key is not None:
        body["private_key"] = private_key
    return body


def key_pair_listed(found: KeyPair, version: Version | None) -> dict[str, Any]:
    """A key pair in a list."""
    body: dict[str, Any] = {"name": found.name, "public_key": found.public_key, "fingerprint": found.fingerprint}
    if versions.serves(version, versions.KEYPAIR_TYPE):
        body["type"] = found.type
    return body


def key_pair_full(found: KeyPair, version: Version | None) -> dict[str, Any]:
    """A key pair with all it shows."""
    return {
        **key_pair(found, version),
        "id": found.number,
        "created_at": iso_micro(found.created_at),
        "updated_at": iso_micro(found.updated_at) if found.updated_at else None,
        "deleted": False,
        "deleted_at": None,
    }


def quota_set(limits: Mapping[str, int], quota_id: str | None = None) -> dict[str, Any]:
    """Limits; what belongs to Network is unlimited here, as stock shows it up to 2.35."""
    body: dict[str, Any] = dict.fromkeys(_NETWORK_QUOTAS, -1) | dict(limits)
    if quota_id is not None:
        body["id"] = quota_id
    return body


def quota_detail(quotas: Mapping[str, QuotaUse], project_id: str) -> dict[str, Any]:
    """Limits with their use."""
    body: dict[str, Any] = {
        resource: {"limit": quota.limit, "in_use": quota.in_use, "reserved": 0} for resource, quota in quotas.items()
    }
    body |= {resource: {"limit": -1, "in_use": 0, "reserved": 0} for resource in _NETWORK_QUOTAS}
    return {**body, "id": project_id}


def absolute_limits(quotas: Mapping[str, QuotaUse]) -> dict[str, Any]:
    """The project's limits."""
    return {
        "maxTotalInstances": quotas["instances"].limit,
        "maxTotalCores": quotas["cores"].limit,
        "maxTotalRAMSize": quotas["ram"].limit,
        "maxServerMeta": quotas["metadata_items"].limit,
        "maxImageMeta": quotas["metadata_items"].limit,
        "maxPersonality": quotas["injected_files"].limit,
        "maxPersonalitySize": quotas["injected_file_content_bytes"].limit,
        "maxTotalKeypairs": quotas["key_pairs"].limit,
        "maxServerGroups": quotas["server_groups"].limit,
        "maxServerGroupMembers": quotas["server_group_members"].limit,
        "maxTotalFloatingIps": -1,
        "maxSecurityGroups": -1,
        "maxSecurityGroupRules": -1,
        "totalInstancesUsed": quotas["instances"].in_use,
        "totalCoresUsed": quotas["cores"].in_use,
        "totalRAMUsed": quotas["ram"].in_use,
        "totalServerGroupsUsed": quotas["server_groups"].in_use,
        "totalFloatingIpsUsed": 0,
        "totalSecurityGroupsUsed": 0,
    }


def hypervisor(found: Hypervisor) -> dict[str, Any]:
    """A hypervisor in a short list."""
    return {
        "id": found.node.number,
        "hypervisor_hostname": found.node.node,
        "state": "up" if found.up else "down",
        "status": "disabled" if found.node.disabled else "enabled",
    }


def hypervisor_full(found: Hypervisor, address: str) -> dict[str, Any]:
    """A hypervisor with its capacity; `address`: what is shown as its host's."""
    return {
        **hypervisor(found),
        "hypervisor_type": HYPERVISOR_TYPE,
        "hypervisor_version": found.node.version,
        "host_ip": address,
        "cpu_info": "",
        "service": {
            "id": found.node.number,
            "host": found.node.host,
            "disabled_reason": found.node.disabled_reason,
        },
        **_capacity([found]),
    }


def hypervisor_statistics(found: Sequence[Hypervisor]) -> dict[str, Any]:
    """All hypervisors together; disks are counted once per datastore by the caller."""
    enabled = [item for item in found if not item.node.disabled]
    return {"count": len(enabled), **_capacity(enabled)}


def service(found: Hypervisor, zone: str, updated_at: dt.datetime, version: Version | None) -> dict[str, Any]:
    """A compute service."""
    body: dict[str, Any] = {
        "id": found.node.number,
        "binary": "nova-compute",
        "host": found.node.host,
        "zone": zone,
        "status": "disabled" if found.node.disabled else "enabled",
        "state": "up" if found.up else "down",
        "updated_at": iso_micro(updated_at),
        "disabled_reason": found.node.disabled_reason,
    }
    if versions.serves(version, versions.FORCED_DOWN):
        body["forced_down"] = found.node.forced_down
    return body


def zone(found: Zone, hosts: Mapping[str, Any] | None) -> dict[str, Any]:
    """An availability zone; `hosts` for administrators."""
    return {"zoneName": found.name, "zoneState": {"available": found.available}, "hosts": hosts}


def aggregate(found: Aggregate) -> dict[str, Any]:
    """An aggregate."""
    return {
        "id": found.number,
        "name": found.name,
        "availability_zone": found.zone,
        "hosts": list(found.hosts),
        "metadata": dict(found.metadata),
        "created_at": iso_micro(found.created_at),
        "updated_at": iso_micro(found.updated_at) if found.updated_at else None,
        "deleted": False,
        "deleted_at": None,
    }


def server_group(found: ServerGroup) -> dict[str, Any]:
    """A server group (2.1–2.12)."""
    return {
        "id": found.id,
        "name": found.name,
        "policies": [found.policy],
        "members": list(found.members),
        "metadata": {},
    }


def version_entry(request: Request) -> dict[str, Any]:
    """v2.1 in the list of versions."""
    return {
        "id": "v2.1",
        "status": "CURRENT",
        "version": str(versions.MAXIMUM),
        "min_version": str(versions.MINIMUM),
        "updated": versions.UPDATED,
        "links": [{"rel": "self", "href": f"{request.service_url}{ROOT}/"}],
    }


def version_legacy(request: Request, *, full: bool = False) -> dict[str, Any]:
    """v2.0, which stock still lists first."""
    entry: dict[str, Any] = {
        "id": "v2.0",
        "status": "SUPPORTED",
        "version": "",
        "min_version": "",
        "updated": "2011-01-21T11:33:21Z",
        "links": [{"rel": "self", "href": f"{request.service_url}/v2/"}],
    }
    return _described(entry, "2") if full else entry


def version_full(request: Request) -> dict[str, Any]:
    """The document of v2.1."""
    return _described(version_entry(request), "2.1")


def _described(entry: dict[str, Any], media: str) -> dict[str, Any]:
    entry["links"].append({"rel": "describedby", "type": "text/html", "href": "http://docs.openstack.org/"})
    base = "application/json"
    entry["media-types"] = [{"base": base, "type": f"application/vnd.openstack.compute+json;version={media}"}]
    return entry


def _capacity(found: Sequence[Hypervisor]) -> dict[str, int]:
    def total(field: str) -> int:
        return sum(int(getattr(item, field)) for item in found)

    return {
        "vcpus": total("vcpus"),
        "vcpus_used": total("vcpus_used"),
        "memory_mb": total("memory"),
        "memory_mb_used": total("memory_used"),
        "free_ram_mb": total("memory") - total("memory_used"),
        "local_gb": total("disk"),
        "local_gb_used": total("disk_used"),
        "free_disk_gb": total("disk") - total("disk_used"),
        "disk_available_least": total("disk") - total("disk_used"),
        "current_workload": total("busy"),
        "running_vms": total("servers"),
    }
