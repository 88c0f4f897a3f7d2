"""Identity's decisions: a façade of parts, one per noun.

Neighbours use `Identity.authenticate`, `project_get`, `user_get`; the operator's command `bootstrap` and `keys`.
"""

from __future__ import annotations

from collections.abc import Sequence

from stackspan.core.clock import Clock
from stackspan.core.context import RequestContext
from stackspan.core.facts import Fact
from stackspan.db import Database, Transaction
from stackspan.identity import model
from stackspan.identity.service import bootstrap
from stackspan.identity.service.bootstrap import APIS, ApiEntry, Bootstrapped
from stackspan.identity.service.catalog import Catalog
from stackspan.identity.service.codec import TokenCodec
from stackspan.identity.service.core import Core, IdentitySettings, Publish, Seal, found
from stackspan.identity.service.credentials import Credentials, OpenCredential, PolicyDocuments
from stackspan.identity.service.delegations import ApplicationCredentials, NewCredential, Trusts
from stackspan.identity.service.keys import TokenKeys
from stackspan.identity.service.login import Logins
from stackspan.identity.service.people import Groups, Users
from stackspan.identity.service.resources import Domains, ProjectQuery, Projects
from stackspan.identity.service.roles import AssignmentQuery, Assignments, ListedAssignment, Roles
from stackspan.identity.service.tokens import Tokens
from stackspan.identity.store import projects as project_store
from stackspan.identity.store import users as user_store
from stackspan.identity.store.filters import Filter, ListOptions

__all__ = [
    "APIS",
    "ApiEntry",
    "AssignmentQuery",
    "Bootstrapped",
    "Filter",
    "Identity",
    "IdentitySettings",
    "ListOptions",
    "ListedAssignment",
    "NewCredential",
    "OpenCredential",
    "ProjectQuery",
    "Publish",
]


def _nobody_listens(tx: Transaction, fact: Fact) -> None:
    """The default of `publish`, where no neighbour is served."""


class Identity:
    """The embedded Identity service.

    Args:
        database: opened, at the program's schema.
        clock: time.
        settings: its secret and limits.
        publish: tells neighbours (`ProjectDeleted`) in the same transaction.
    """

    def __init__(
        self, database: Database, clock: Clock, settings: IdentitySettings, publish: Publish = _nobody_listens
    ) -> None:
        core = Core(database, clock, settings, Seal(settings.secret), publish)
        self._core = core
        self.settings = settings
        self.keys = TokenKeys(core)
        self.tokens = Tokens(core, TokenCodec(self.keys))
        self.logins = Logins(core, self.tokens)
        self.domains, self.projects = Domains(core), Projects(core)
        self.users, self.groups = Users(core), Groups(core)
        self.roles, self.assignments = Roles(core), Assignments(core)
        self.catalog = Catalog(core)
        self.application_credentials, self.trusts = ApplicationCredentials(core), Trusts(core)
        self.credentials, self.policies = Credentials(core), PolicyDocuments(core)

    def authenticate(self, token: str, service_token: str | None, request_id: str) -> RequestContext:
        """The caller with that token: one small read. Raises Unauthenticated."""
        return self.tokens.authenticate(token, service_token, request_id)

    def project_get(self, tx: Transaction, project_id: str) -> model.Project:
        """The project. Raises EntityNotFound."""
        return found(project_store.project_get(tx, project_id), "project", project_id)

    def user_get(self, tx: Transaction, user_id: str) -> model.User:
        """The user. Raises EntityNotFound."""
        return found(user_store.user_get(tx, user_id), "user", user_id)

    def bootstrap(
        self,
        *,
        password: str | None,
        username: str = "admin",
        project_name: str = "admin",
        region: str = "RegionOne",
        apis: Sequence[ApiEntry] = APIS,
    ) -> Bootstrapped:
        """Make the first domain, roles, admin, project, region and catalog, and the token key; again without harm.

        Args:
            password: the admin's; None leaves it as it is.
            apis: what is served; new ones are added to the catalog.
        """
        self.keys.ensure()
        return bootstrap.run(
            self._core, password=password, username=username, project_name=project_name, region=region, apis=apis
        )
