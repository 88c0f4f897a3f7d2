"""What Identity shows: its values as JSON, with absolute links."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from stackspan.core import clock
from stackspan.identity import model

Json = dict[str, Any]


def moment(value: dt.datetime | None) -> str | None:
    """`2026-11-23T10:00:00.000000Z`, or None."""
    return None if value is None else clock.iso_micro(value, "Z")


def linked(body: Json, base: str, path: str) -> Json:
    """`body` with its own link, `path` below `base` (`…/v3`)."""
    return {**body, "links": {"self": f"{base}/{path}/{body['id']}"}}


def domain(value: model.Domain) -> Json:
    return {
        **value.extra,
        "id": value.id,
        "name": value.name,
        "description": value.description,
        "enabled": value.enabled,
        "options": value.options,
        "tags": sorted(value.tags),
    }


def domain_as_project(value: model.Domain) -> Json:
    return {**domain(value), "domain_id": None, "parent_id": None, "is_domain": True}


def project(value: model.Project) -> Json:
    return {
        **value.extra,
        "id": value.id,
        "name": value.name,
        "domain_id": value.domain_id,
        "parent_id": value.parent_id or value.domain_id,
        "is_domain": False,
        "description": value.description,
        "enabled": value.enabled,
        "options": value.options,
        "tags": sorted(value.tags),
    }


def user(value: model.User) -> Json:
    body = {
        **value.extra,
        "id": value.id,
        "name": value.name,
        "domain_id": value.domain_id,
        "enabled": value.enabled,
        "options": value.options,
        "password_expires_at": None,
    }
    if value.default_project_id is not None:
        body["default_project_id"] = value.default_project_id
    return body


def group(value: model.Group) -> Json:
    return {
        **value.extra,
        "id": value.id,
        "name": value.name,
        "domain_id": value.domain_id,
        "description": value.description,
    }


def role(value: model.Role) -> Json:
    return {
        **value.extra,
        "id": value.id,
        "name": value.name,
        "domain_id": value.domain_id,
        "description": value.description,
        "options": value.options,
    }


def region(value: model.Region) -> Json:
    return {
        **value.extra,
        "id": value.id,
        "description": value.description,
        "parent_region_id": value.parent_region_id,
    }


def service(value: model.Service) -> Json:
    body: Json = {**value.extra, "id": value.id, "type": value.type, "enabled": value.enabled}
    if value.name is not None:
        body["name"] = value.name
    if value.description is not None:
        body["description"] = value.description
    return body


def endpoint(value: model.Endpoint, url_root: str) -> Json:
    return {
        **value.extra,
        "id": value.id,
        "interface": value.interface,
        "region": value.region_id,
        "region_id": value.region_id,
        "service_id": value.service_id,
        "url": endpoint_url(value.url, url_root, None),
        "enabled": value.enabled,
    }


def endpoint_url(url: str, url_root: str, project_id: str | None) -> str:
    """An endpoint's address for a client that reached us at `url_root`; stock templates are filled in."""
    absolute = url_root + url if url.startswith("/") else url
    if project_id is not None:
        for name in ("project_id", "tenant_id"):
            absolute = absolute.replace(f"%({name})s", project_id).replace(f"$({name})s", project_id)
    return absolute


def catalog(services: Iterable[model.CatalogService], url_root: str, project_id: str | None) -> list[Json]:
    """The catalog; endpoints that need a project are left out where there is none."""
    return [
        {
            "id": entry.service.id,
            "type": entry.service.type,
            "name": entry.service.name or "",
            "endpoints": [
                {
                    "id": one.id,
                    "interface": one.interface,
                    "region": one.region_id,
                    "region_id": one.region_id,
                    "url": endpoint_url(one.url, url_root, project_id),
                }
                for one in entry.endpoints
                if project_id is not None or not _needs_project(one.url)
            ],
        }
        for entry in services
    ]


def _needs_project(url: str) -> bool:
    return any(name in url for name in ("(project_id)s", "(tenant_id)s"))


def token(valid: model.ValidToken, entries: Sequence[model.CatalogService] | None, url_root: str) -> Json:
    """The body of a token's answers; `entries` None leaves the catalog out."""
    content, state = valid.token, valid.state
    body: Json = {
        "methods": list(content.methods),
        "user": {
            "domain": {"id": state.user_domain_id, "name": state.user_domain_name},
            "id": state.user_id,
            "name": state.user_name,
            "password_expires_at": None,
        },
        "audit_ids": list(content.audit_ids),
        "expires_at": moment(content.expires_at),
        "issued_at": moment(content.issued_at),
    }
    target = content.target
    if target is not None:
        body.update(_scope(target, state))
        body["roles"] = [{"id": role_id, "name": name} for name, role_id in sorted(state.roles.items())]
    if valid.trust is not None:
        body["OS-TRUST:trust"] = {
            "id": valid.trust.id,
            "trustor_user": {"id": valid.trust.trustor_user_id},
            "trustee_user": {"id": valid.trust.trustee_user_id},
            "impersonation": valid.trust.impersonation,
        }
    if valid.application_credential is not None:
        body["application_credential"] = _credential_of_token(valid.application_credential)
    if entries is not None and target is not None:
        project_id = target.id if target.kind is model.TargetKind.PROJECT else None
        body["catalog"] = catalog(entries, url_root, project_id)
    return {"token": body}


def _scope(target: model.Target, state: model.TokenState) -> Json:
    if target.kind is model.TargetKind.SYSTEM:
        return {"system": {"all": True}}
    if target.kind is model.TargetKind.DOMAIN:
        return {"domain": {"id": target.id, "name": state.scope_name}}
    return {
        "project": {
            "domain": {"id": state.scope_domain_id, "name": state.scope_domain_name},
            "id": target.id,
            "name": state.scope_name,
        },
        "is_domain": False,
    }


def _credential_of_token(value: model.ApplicationCredential) -> Json:
    body: Json = {"id": value.id, "name": value.name, "restricted": not value.unrestricted}
    if value.access_rules:
        body["access_rules"] = [access_rule(rule) for rule in value.access_rules]
    return body


def access_rule(value: model.AccessRule) -> Json:
    return {"id": value.id, "service": value.service, "method": value.method, "path": value.path}


def application_credential(value: model.ApplicationCredential, secret: str | None = None) -> Json:
    body: Json = {
        "id": value.id,
        "name": value.name,
        "description": value.description,
        "project_id": value.project_id,
        "expires_at": None if value.expires_at is None else clock.iso_micro(value.expires_at),
        "unrestricted": value.unrestricted,
        "system": None,
        "roles": [{"id": one.id, "name": one.name, "domain_id": one.domain_id} for one in value.roles],
    }
    if value.access_rules is not None:
        body["access_rules"] = [access_rule(rule) for rule in value.access_rules]
    if secret is not None:
        body["secret"] = secret
    return body


def trust(value: model.Trust, base: str) -> Json:
    path = f"{base}/OS-TRUST/trusts/{value.id}"
    return {
        **value.extra,
        "id": value.id,
        "trustor_user_id": value.trustor_user_id,
        "trustee_user_id": value.trustee_user_id,
        "project_id": value.project_id,
        "impersonation": value.impersonation,
        "expires_at": moment(value.expires_at),
        "deleted_at": None,
        "remaining_uses": value.remaining_uses,
        "redelegation_count": value.redelegation_count,
        "redelegated_trust_id": value.redelegated_trust_id,
        "roles": [linked(role(one), base, "roles") for one in value.roles],
        "roles_links": {"self": f"{path}/roles", "next": None, "previous": None},
        "links": {"self": path},
    }


def credential(value: model.Credential, blob: str) -> Json:
    return {
        **value.extra,
        "id": value.id,
        "user_id": value.user_id,
        "project_id": value.project_id,
        "type": value.type,
        "blob": blob,
    }


def policy_document(value: model.PolicyDocument) -> Json:
    return {**value.extra, "id": value.id, "type": value.type, "blob": value.blob}


def version(base: str) -> Json:
    """The version document; `base` is `…/v3`."""
    return {
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": f"{base}/"}],
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}],
    }
