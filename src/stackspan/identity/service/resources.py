"""Domains and projects: what things belong to."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from stackspan.core import errors, facts
from stackspan.db import Transaction
from stackspan.identity import errors as identity_errors
from stackspan.identity import model
from stackspan.identity.service.core import Core, found, require_mutable
from stackspan.identity.store import credentials, delegations, domains, filters, projects, roles, users

MAX_DEPTH = 5  # stock max_project_tree_depth


@dataclasses.dataclass(frozen=True)
class ProjectQuery:
    """What a list of projects is narrowed to beside its plain filters."""

    parent_id: str | None = None
    domain_id: str | None = None
    tags: frozenset[str] = frozenset()
    tags_any: frozenset[str] = frozenset()
    not_tags: frozenset[str] = frozenset()
    not_tags_any: frozenset[str] = frozenset()

    def fits(self, project: model.Project) -> bool:
        """Whether `project` is asked for."""
        tags = set(project.tags)
        return (
            self.parent_id in (None, project.parent_id or project.domain_id)
            and self.domain_id in (None, project.domain_id)
            and self.tags <= tags
            and (not self.tags_any or bool(self.tags_any & tags))
            and not (self.not_tags and self.not_tags <= tags)
            and not self.not_tags_any & tags
        )


class Domains:
    """Domains."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def all(self, options: filters.ListOptions = filters.ALL) -> list[model.Domain]:
        """Domains, by id."""
        with self._core.database.read() as tx:
            return domains.domain_list(tx, options)

    def of_user(self, user_id: str) -> list[model.Domain]:
        """Enabled domains on which the user holds a role."""
        with self._core.database.read() as tx:
            held = set(roles.targets_of_user(tx, user_id, model.TargetKind.DOMAIN))
            return [domain for domain in domains.domain_list(tx) if domain.id in held and domain.enabled]

    def find(self, domain_id: str) -> model.Domain | None:
        """The domain, or None."""
        with self._core.database.read() as tx:
            return domains.domain_get(tx, domain_id)

    def create(self, domain: model.Domain) -> model.Domain:
        """Raises NameTaken."""
        with self._core.database.write() as tx:
            if not domains.domain_insert(tx, domain):
                raise _domain_taken(tx, domain)
        return domain

    def update(self, domain_id: str, change: Callable[[model.Domain], model.Domain]) -> model.Domain:
        """Raises EntityNotFound, NameTaken, Immutable. Disabling it cuts all tokens of its users and on its projects."""
        with self._core.database.write() as tx:
            before = found(domains.domain_get(tx, domain_id), "domain", domain_id)
            domain = change(before)
            require_mutable(before, domain, "domain")
            if before.enabled and not domain.enabled:
                domain = dataclasses.replace(domain, token_epoch=before.token_epoch + 1)
                users.user_epochs_raise(tx, domain_id)
                projects.project_epochs_raise(tx, domain_id)
            if not domains.domain_update(tx, domain):
                raise _domain_taken(tx, domain)
        return domain

    def delete(self, domain_id: str) -> None:
        """With its users, groups, projects and roles. Raises EntityNotFound, Forbidden (it is enabled), Immutable."""
        with self._core.database.write() as tx:
            domain = found(domains.domain_get(tx, domain_id), "domain", domain_id)
            if domain.options.get("immutable"):
                raise identity_errors.Immutable("delete", "domain", domain_id)
            if domain_id == model.DEFAULT_DOMAIN_ID:
                raise identity_errors.ActionForbidden("delete the default domain")
            if domain.enabled:
                raise errors.Forbidden("Cannot delete a domain that is enabled, please disable it first.")
            for project in _leaves_first(projects.project_list(tx, filters.equals(domain_id=domain_id))):
                project_remove(self._core, tx, project.id)
            for user in users.user_list(tx, filters.equals(domain_id=domain_id)):
                user_remove(tx, user.id)
            for group in users.group_list(tx, filters.equals(domain_id=domain_id)):
                group_remove(tx, group.id)
            for role in roles.role_list(tx, filters.equals(domain_id=domain_id)):
                roles.role_delete(tx, role.id)
            roles.assignments_on_target_delete(tx, model.Target(model.TargetKind.DOMAIN, domain_id))
            domains.domain_delete(tx, domain_id)


class Projects:
    """Projects."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def all(self, options: filters.ListOptions = filters.ALL, query: ProjectQuery | None = None) -> list[model.Project]:
        """Projects, by id."""
        with self._core.database.read() as tx:
            if query in (None, ProjectQuery()):
                return projects.project_list(tx, options)
            everything = projects.project_list(tx, dataclasses.replace(options, limit=None))
        wanted = [project for project in everything if query is None or query.fits(project)]
        return wanted if options.limit is None else wanted[: options.limit + 1]

    def of_user(self, user_id: str, options: filters.ListOptions = filters.ALL) -> list[model.Project]:
        """Projects on which the user holds a role."""
        with self._core.database.read() as tx:
            held = roles.targets_of_user(tx, user_id, model.TargetKind.PROJECT)
            return projects.project_list(tx, options, held)

    def find(self, project_id: str) -> model.Project | None:
        """The project, or None."""
        with self._core.database.read() as tx:
            return projects.project_get(tx, project_id)

    def ancestors(self, project: model.Project) -> Sequence[model.Project]:
        """The projects above, the nearest first."""
        with self._core.database.read() as tx:
            return _ancestors(tx, project)

    def descendants(self, project_id: str) -> Sequence[model.Project]:
        """All projects below, nearer ones first."""
        with self._core.database.read() as tx:
            return _descendants(tx, project_id)

    def create(self, project: model.Project) -> model.Project:
        """Raises NameTaken, EntityNotFound (domain, parent), Invalid, Forbidden (too deep a tree)."""
        with self._core.database.write() as tx:
            domain = found(domains.domain_get(tx, project.domain_id), "domain", project.domain_id)
            if not domain.enabled:
                raise errors.Forbidden(f"Domain is disabled: {domain.id}.")
            if project.parent_id is not None:
                self._require_parent(tx, project, project.parent_id)
            if not projects.project_insert(tx, project):
                raise _project_taken(project)
        return project

    def update(self, project_id: str, change: Callable[[model.Project], model.Project]) -> model.Project:
        """Raises EntityNotFound, NameTaken, Immutable, Forbidden. Disabling it cuts all tokens on it."""
        with self._core.database.write() as tx:
            before = found(projects.project_get(tx, project_id), "project", project_id)
            project = change(before)
            require_mutable(before, project, "project")
            if before.enabled and not project.enabled:
                if any(child.enabled for child in _descendants(tx, project_id)):
                    raise errors.Forbidden(
                        f"Cannot disable project {project_id} since its subtree contains enabled projects."
                    )
                project = dataclasses.replace(project, token_epoch=before.token_epoch + 1)
            if project.enabled and not before.enabled and not all(one.enabled for one in _ancestors(tx, project)):
                raise errors.Forbidden(f"Cannot enable project {project_id} since it has disabled parents.")
            if not projects.project_update(tx, project):
                raise _project_taken(project)
        return project

    def delete(self, project_id: str) -> None:
        """Cuts all tokens on it, and tells the neighbours. Raises EntityNotFound, Immutable, Forbidden (has children)."""
        with self._core.database.write() as tx:
            project = found(projects.project_get(tx, project_id), "project", project_id)
            if project.options.get("immutable"):
                raise identity_errors.Immutable("delete", "project", project_id)
            if projects.project_children(tx, project_id):
                raise errors.Forbidden(
                    f"Cannot delete the project {project_id} since it is not a leaf in the hierarchy. Use the cascade "
                    "option if you want to delete a whole subtree."
                )
            project_remove(self._core, tx, project_id)

    def _require_parent(self, tx: Transaction, project: model.Project, parent_id: str) -> None:
        parent = found(projects.project_get(tx, parent_id), "project", parent_id)
        if parent.domain_id != project.domain_id:
            raise errors.Invalid(
                f"Cannot create project, since it specifies its domain_id {project.domain_id}, but specifies a parent "
                f"in a different domain ({parent.domain_id})."
            )
        above = [parent, *_ancestors(tx, parent)]
        if not all(one.enabled for one in above):
            raise errors.Forbidden(f"Cannot create project in a branch containing a disabled project: {parent_id}")
        if len(above) + 1 >= MAX_DEPTH:
            raise errors.Forbidden(f"Max hierarchy depth reached for {parent_id} branch.")


def project_remove(core: Core, tx: Transaction, project_id: str) -> None:
    """Take a project with all that stands on it, and tell the neighbours."""
    roles.assignments_on_target_delete(tx, model.Target(model.TargetKind.PROJECT, project_id))
    delegations.delegations_delete(tx, project_id=project_id)
    credentials.credentials_of_project_delete(tx, project_id)
    users.default_project_forget(tx, project_id)
    projects.project_delete(tx, project_id)
    core.publish(tx, facts.ProjectDeleted(project_id=project_id))


def user_remove(tx: Transaction, user_id: str) -> None:
    """Take a user with its roles and all that it handed on."""
    roles.assignments_of_actor_delete(tx, model.Actor(model.ActorKind.USER, user_id))
    delegations.delegations_delete(tx, user_id=user_id)
    users.user_delete(tx, user_id)


def group_remove(tx: Transaction, group_id: str) -> None:
    """Take a group with its roles."""
    roles.assignments_of_actor_delete(tx, model.Actor(model.ActorKind.GROUP, group_id))
    users.group_delete(tx, group_id)


def _ancestors(tx: Transaction, project: model.Project) -> list[model.Project]:
    above: list[model.Project] = []
    parent_id = project.parent_id
    while parent_id is not None and len(above) < 2 * MAX_DEPTH:
        parent = found(projects.project_get(tx, parent_id), "project", parent_id)
        above.append(parent)
        parent_id = parent.parent_id
    return above


def _descendants(tx: Transaction, project_id: str) -> list[model.Project]:
    below = projects.project_children(tx, project_id)
    for project in below:
        below += projects.project_children(tx, project.id)
    return below


def _leaves_first(found_projects: Sequence[model.Project]) -> list[model.Project]:
    by_id = {project.id: project for project in found_projects}

    def depth(project: model.Project) -> int:
        parent = by_id.get(project.parent_id or "")
        return 0 if parent is None else 1 + depth(parent)

    return sorted(found_projects, key=depth, reverse=True)


def _domain_taken(tx: Transaction, domain: model.Domain) -> identity_errors.NameTaken:
    if domains.domain_get_by_name(tx, domain.name) is not None:
        return identity_errors.NameTaken("domain", f"Duplicate entry found with name {domain.name}")
    return identity_errors.NameTaken("domain", f"Duplicate ID, {domain.id}")


def _project_taken(project: model.Project) -> identity_errors.NameTaken:
    return identity_errors.NameTaken(
        "project", f"Duplicate entry found with name {project.name} at domain ID {project.domain_id}"
    )
