"""`/flavors` with extra specs and access; `/os-keypairs`."""

from __future__ import annotations

from stackspan.compute import errors, policy, versions
from stackspan.compute.api.common import Handlers
from stackspan.compute.schemas import others as schemas
from stackspan.compute.schemas import values
from stackspan.compute.service.flavors import FlavorQuery
from stackspan.compute.service.key_pairs import SSH, X509
from stackspan.compute.store.flavors import SORT_KEYS
from stackspan.compute.views import others as views
from stackspan.compute.views.links import paged
from stackspan.core import errors as core_errors
from stackspan.http.paging import page_of
from stackspan.http.request import Request, Response, no_content
from stackspan.http.routing import Route


class FlavorsApi(Handlers):
    """Handlers of flavors."""

    def routes(self) -> list[Route]:
        """All routes below `/v2.1/flavors`."""
        one = "/v2.1/flavors/{flavor_id}"
        specs = one + "/os-extra_specs"
        return [
            Route("GET", "/v2.1/flavors", self.index, statuses=(200, 400)),
            Route("GET", "/v2.1/flavors/detail", self.detail, statuses=(200, 400)),
            Route("POST", "/v2.1/flavors", self.create, request_schema=schemas.FlavorCreate, statuses=(200, 400, 409)),
            Route("GET", one, self.show, statuses=(200, 404)),
            Route("DELETE", one, self.delete, statuses=(202, 404)),
            Route("POST", one + "/action", self.act, statuses=(200, 400, 404, 409)),
            Route("GET", one + "/os-flavor-access", self.access, statuses=(200, 404)),
            Route("GET", specs, self.specs, statuses=(200, 404)),
            Route("POST", specs, self.specs_add, request_schema=schemas.ExtraSpecsBody, statuses=(200, 400, 404)),
            Route("GET", specs + "/{key}", self.spec, statuses=(200, 404)),
            Route("PUT", specs + "/{key}", self.spec_put, request_schema=schemas.ExtraSpecs, statuses=(200, 400, 404)),
            Route("DELETE", specs + "/{key}", self.spec_delete, statuses=(200, 404)),
        ]

    def index(self, request: Request) -> Response:
        """200, 400."""
        query = self._query(request)
        found = self.service.flavors.list(request.context, query)
        body = {"flavors": [views.flavor_basic(flavor, request) for flavor in found]}
        return Response(200, paged(body, request, "flavors", "flavors", query.limit, found[-1].id if found else None))

    def detail(self, request: Request) -> Response:
        """200, 400."""
        query = self._query(request)
        found = self.service.flavors.list(request.context, query)
        body = {"flavors": [views.flavor_full(flavor, request) for flavor in found]}
        last = found[-1].id if found else None
        return Response(200, paged(body, request, "flavors", "flavors/detail", query.limit, last))

    def show(self, request: Request) -> Response:
        """200, 404."""
        flavor = self.service.flavors.get(request.context, request.param("flavor_id"))
        return Response(200, {"flavor": views.flavor_full(flavor, request)})

    def create(self, request: Request) -> Response:
        """200, 400, 409."""
        self.admin(request, policy.FLAVOR_CREATE)
        new = schemas.new_flavor(request.json(schemas.FlavorCreate))
        return Response(200, {"flavor": views.flavor_full(self.service.flavors.create(request.context, new), request)})

    def delete(self, request: Request) -> Response:
        """202, 404."""
        self.admin(request, policy.FLAVOR_DELETE)
        self.service.flavors.delete(request.context, request.param("flavor_id"))
        return Response(202)

    def access(self, request: Request) -> Response:
        """200; 404 for a public flavor: everyone has access."""
        self.admin(request, policy.FLAVOR_ACCESS)
        flavor_id = request.param("flavor_id")
        flavor = self.service.flavors.get(request.context, flavor_id)
        if flavor.is_public:
            raise core_errors.NotFound("Access list not available for public flavors.")
        return Response(200, views.flavor_access(flavor_id, self.service.flavors.access(request.context, flavor_id)))

    def act(self, request: Request) -> Response:
        """addTenantAccess, removeTenantAccess: 200, 400, 404, 409."""
        body = request.json_any()
        name = next(iter(body)) if isinstance(body, dict) and len(body) == 1 else None
        flavor_id = request.param("flavor_id")
        if name == "addTenantAccess":
            self.admin(request, policy.FLAVOR_ACCESS_ADD)
            project_id = request.json(schemas.AccessAdd).addTenantAccess.tenant
            self._not_public(request, flavor_id)
            found = self.service.flavors.access_add(request.context, flavor_id, project_id)
        elif name == "removeTenantAccess":
            self.admin(request, policy.FLAVOR_ACCESS_REMOVE)
            project_id = request.json(schemas.AccessRemove).removeTenantAccess.tenant
            found = self.service.flavors.access_remove(request.context, flavor_id, project_id)
        else:
            raise core_errors.Invalid(f"There is no such action: {str(name)[:255]}")
        return Response(200, views.flavor_access(flavor_id, found))

    def specs(self, request: Request) -> Response:
        """200, 404."""
        self.own(request, policy.EXTRA_SPECS + "index")
        flavor = self.service.flavors.get(request.context, request.param("flavor_id"))
        return Response(200, {"extra_specs": dict(flavor.extra_specs)})

    def spec(self, request: Request) -> Response:
        """200, 404."""
        self.own(request, policy.EXTRA_SPECS + "show")
        flavor, key = self.service.flavors.get(request.context, request.param("flavor_id")), request.param("key")
        if key not in flavor.extra_specs:
            raise errors.ExtraSpecNotFound(flavor.id, key)
        return Response(200, {key: flavor.extra_specs[key]})

    def specs_add(self, request: Request) -> Response:
        """200, 400, 404."""
        self.admin(request, policy.EXTRA_SPECS + "create")
        specs = request.json(schemas.ExtraSpecsBody).extra_specs
        self.service.flavors.extra_specs_set(request.context, request.param("flavor_id"), specs)
        return Response(200, {"extra_specs": specs})

    def spec_put(self, request: Request) -> Response:
        """200; 400 where body and path name different keys."""
        self.admin(request, policy.EXTRA_SPECS + "update")
        specs: dict[str, str] = request.json(schemas.ExtraSpecs)
        if list(specs) != [request.param("key")]:
            raise core_errors.Invalid("Request body and URI mismatch")
        self.service.flavors.extra_specs_set(request.context, request.param("flavor_id"), specs)
        return Response(200, specs)

    def spec_delete(self, request: Request) -> Response:
        """200, 404."""
        self.admin(request, policy.EXTRA_SPECS + "delete")
        self.service.flavors.extra_spec_delete(request.context, request.param("flavor_id"), request.param("key"))
        return Response(200)

    def _not_public(self, request: Request, flavor_id: str) -> None:
        public = self.service.flavors.get(request.context, flavor_id).is_public
        if public and versions.serves(request.version, versions.FLAVOR_ACCESS_CHECK):
            raise core_errors.Conflict("Can not add access to a public flavor.")

    def _query(self, request: Request) -> FlavorQuery:
        query, page = request.query, page_of(request, self.service.parts.settings.max_limit)
        sort_key, direction = query.get("sort_key", "flavorid") or "", query.get("sort_dir", "asc")
        if sort_key not in SORT_KEYS:
            raise core_errors.Invalid(f"Invalid input for query parameters sort_key. Value: {sort_key}.")
        if direction not in ("asc", "desc"):
            raise core_errors.Invalid(f"Invalid input for query parameters sort_dir. Value: {direction}.")
        return FlavorQuery(
            is_public=self._is_public(request),
            min_memory_mib=_whole(request, "minRam", "min_ram"),
            min_root_gib=_whole(request, "minDisk", "min_disk"),
            sort_key=sort_key,
            ascending=direction == "asc",
            limit=page.limit,
            marker=page.marker,
        )

    def _is_public(self, request: Request) -> bool | None:
        """Administrators choose; others see public ones and those they have access to."""
        text = request.query.get("is_public")
        if not request.context.is_admin or text is None:
            return True
        lowered = text.strip().lower()
        if lowered == "none":
            return None
        if lowered in ("t", "true", "on", "y", "yes", "1"):
            return True
        if lowered in ("f", "false", "off", "n", "no", "0"):
            return False
        raise core_errors.Invalid(f"Invalid is_public filter [{text}]")


class KeyPairsApi(Handlers):
    """Handlers of key pairs."""

    def routes(self) -> list[Route]:
        """All routes below `/v2.1/os-keypairs`."""
        return [
            Route("GET", "/v2.1/os-keypairs", self.index, statuses=(200,)),
            Route(
                "POST", "/v2.1/os-keypairs", self.create, request_schema=schemas.KeyPairCreate210, statuses=(200, 201)
            ),
            Route("GET", "/v2.1/os-keypairs/{name}", self.show, statuses=(200, 404)),
            Route("DELETE", "/v2.1/os-keypairs/{name}", self.delete, statuses=(202, 204, 404)),
        ]

    def index(self, request: Request) -> Response:
        """200."""
        user_id = self._whose(request, "index")
        found = self.service.key_pairs.list(user_id)
        shown = [{"keypair": views.key_pair_listed(item, request.version)} for item in found]
        return Response(200, {"keypairs": shown})

    def show(self, request: Request) -> Response:
        """200, 404."""
        found = self.service.key_pairs.get(self._whose(request, "show"), request.param("name"))
        return Response(200, {"keypair": views.key_pair_full(found, request.version)})

    def create(self, request: Request) -> Response:
        """200 (201 from 2.2), 400, 403 above the quota, 409."""
        name, public_key, kind, user_id = self._body(request)
        owner = user_id or request.context.user_id
        self.policy.check(request.context, policy.KEYPAIRS + "create", {"user_id": owner})
        status = 201 if versions.serves(request.version, versions.KEYPAIR_TYPE) else 200
        if public_key is not None:
            found = self.service.key_pairs.import_key(request.context, owner, name, kind, public_key)
            return Response(status, {"keypair": views.key_pair(found, request.version)})
        make = self.service.key_pairs.generate_x509 if kind == X509 else self.service.key_pairs.generate
        found, private_key = make(request.context, owner, name)
        return Response(status, {"keypair": views.key_pair(found, request.version, private_key)})

    def delete(self, request: Request) -> Response:
        """202 (204 from 2.2), 404."""
        self.service.key_pairs.delete(self._whose(request, "delete"), request.param("name"))
        return no_content() if versions.serves(request.version, versions.KEYPAIR_TYPE) else Response(202)

    def _body(self, request: Request) -> tuple[str, str | None, str, str | None]:
        if versions.serves(request.version, versions.KEYPAIR_USER):
            newest = request.json(schemas.KeyPairCreate210).keypair
            return newest.name, newest.public_key, _kind(newest.type), newest.user_id
        if versions.serves(request.version, versions.KEYPAIR_TYPE):
            typed = request.json(schemas.KeyPairCreate22).keypair
            return typed.name, typed.public_key, _kind(typed.type), None
        plain = request.json(schemas.KeyPairCreate).keypair
        return plain.name, plain.public_key, SSH, None

    def _whose(self, request: Request, rule: str) -> str:
        user_id = request.context.user_id
        if versions.serves(request.version, versions.KEYPAIR_USER):
            user_id = request.query.get("user_id") or user_id
        self.policy.check(request.context, policy.KEYPAIRS + rule, {"user_id": user_id})
        return user_id


def _kind(text: str) -> str:
    if text not in (SSH, X509):
        raise core_errors.Invalid(
            f"Invalid input for field/attribute type. Value: {text}. '{text}' is not one of ['ssh', 'x509']"
        )
    return text


def _whole(request: Request, name: str, word: str) -> int:
    text = request.query.get(name)
    if text is None:
        return 0
    try:
        return values.number(name, text)
    except core_errors.Invalid:
        raise core_errors.Invalid(f"Invalid {word} filter [{text}]") from None
