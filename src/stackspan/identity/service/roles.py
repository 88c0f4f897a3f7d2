"""Roles, what they imply, and who holds them where."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from stackspan.core import errors
from stackspan.db import Transaction
from stackspan.identity import errors as identity_errors
from stackspan.identity import model
from stackspan.identity.service.core import Core, found, require_mutable
from stackspan.identity.store import delegations, domains, filters, projects, roles, users

ROOT_ROLE = "admin"  # implied by none: who gets a lesser role must not get this one with it


class Roles:
    """Roles and implications."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def all(self, options: filters.ListOptions = filters.ALL) -> list[model.Role]:
        """Roles, by id."""
        with self._core.database.read() as tx:
            return roles.role_list(tx, options)

    def find(self, role_id: str) -> model.Role | None:
        """The role, or None."""
        with self._core.database.read() as tx:
            return roles.role_get(tx, role_id)

    def create(self, role: model.Role) -> model.Role:
        """Raises NameTaken, EntityNotFound (the domain)."""
        with self._core.database.write() as tx:
            if role.domain_id is not None:
                found(domains.domain_get(tx, role.domain_id), "domain", role.domain_id)
            if not roles.role_insert(tx, role):
                raise _taken(role)
        return role

    def update(self, role_id: str, change: Callable[[model.Role], model.Role]) -> model.Role:
        """Raises EntityNotFound, NameTaken, Immutable (unless the change ends just that)."""
        with self._core.database.write() as tx:
            before = found(roles.role_get(tx, role_id), "role", role_id)
            role = change(before)
            require_mutable(before, role, "role")
            if not roles.role_update(tx, role):
                raise _taken(role)
        return role

    def delete(self, role_id: str) -> None:
        """With its assignments and implications. Raises EntityNotFound, Immutable."""
        with self._core.database.write() as tx:
            role = found(roles.role_get(tx, role_id), "role", role_id)
            if role.options.get("immutable"):
                raise identity_errors.Immutable("delete", "role", role_id)
            roles.role_delete(tx, role_id)

    def implications(self) -> dict[str, list[str]]:
        """Role id → ids of the roles it implies directly."""
        with self._core.database.read() as tx:
            return roles.implication_list(tx)

    def imply(self, prior_role_id: str, implied_role_id: str) -> tuple[model.Role, model.Role]:
        """Raises EntityNotFound, Forbidden (admin can't be implied), Invalid (a circle)."""
        with self._core.database.write() as tx:
            pair = self._pair(tx, prior_role_id, implied_role_id)
            if pair[1].name == ROOT_ROLE and pair[1].domain_id is None:
                raise errors.Forbidden(f"{implied_role_id} cannot be an implied roles.")
            if prior_role_id in expand({implied_role_id}, roles.implication_list(tx)):
                raise errors.Invalid(f"Role {implied_role_id} implies {prior_role_id} already.")
            roles.implication_insert(tx, prior_role_id, implied_role_id)
        return pair

    def implied(self, prior_role_id: str, implied_role_id: str) -> tuple[model.Role, model.Role]:
        """Raises EntityNotFound, ImplicationNotFound."""
        with self._core.database.read() as tx:
            pair = self._pair(tx, prior_role_id, implied_role_id)
            if implied_role_id not in roles.implication_list(tx).get(prior_role_id, ()):
                raise identity_errors.ImplicationNotFound(prior_role_id, implied_role_id)
        return pair

    def unimply(self, prior_role_id: str, implied_role_id: str) -> None:
        """Raises EntityNotFound, ImplicationNotFound."""
        with self._core.database.write() as tx:
            self._pair(tx, prior_role_id, implied_role_id)
            if not roles.implication_delete(tx, prior_role_id, implied_role_id):
                raise identity_errors.ImplicationNotFound(prior_role_id, implied_role_id)

    def _pair(self, tx: Transaction, prior_role_id: str, implied_role_id: str) -> tuple[model.Role, model.Role]:
        return (
            found(roles.role_get(tx, prior_role_id), "role", prior_role_id),
            found(roles.role_get(tx, implied_role_id), "role", implied_role_id),
        )


@dataclass(frozen=True)
class AssignmentQuery:
    """Which assignments to list; None is no condition.

    `effective`: as tokens see them: groups replaced by their members, implied roles written out. `inherited_only` finds
    nothing: inherited assignments aren't served.
    """

    user_id: str | None = None
    group_id: str | None = None
    role_id: str | None = None
    target: model.Target | None = None
    target_kind: model.TargetKind | None = None
    effective: bool = False
    subtree_of: str | None = None
    inherited_only: bool = False


@dataclass(frozen=True)
class ListedAssignment:
    """An assignment, and where an effective one comes from."""

    assignment: model.Assignment
    through_group_id: str | None = None
    prior_role_id: str | None = None


class Assignments:
    """Who holds which role where."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def all(self, query: AssignmentQuery) -> list[ListedAssignment]:
        """Raises Invalid where the conditions exclude one another."""
        if query.effective and query.group_id is not None:
            raise errors.Invalid("Combining effective and group filter will always result in an empty list.")
        if query.inherited_only:
            return []
        with self._core.database.read() as tx:
            listed = self._effective(tx, query) if query.effective else self._plain(tx, query)
            if query.subtree_of is not None:
                tree = _tree(tx, query.subtree_of)
                listed = [one for one in listed if one.assignment.target.id in tree]
        return listed

    def roles_of(self, actor: model.Actor, target: model.Target) -> list[model.Role]:
        """The roles assigned to just that actor on just that target. Raises EntityNotFound."""
        with self._core.database.read() as tx:
            self._require(tx, actor, target)
            assigned = roles.assignment_list(tx, actors=[actor], target=target)
            return [found(roles.role_get(tx, one.role_id), "role", one.role_id) for one in assigned]

    def targets_of_user(self, user_id: str, kind: model.TargetKind) -> list[str]:
        """Ids of the targets on which the user holds any role."""
        with self._core.database.read() as tx:
            return roles.targets_of_user(tx, user_id, kind)

    def check(self, assignment: model.Assignment) -> None:
        """Raises EntityNotFound, AssignmentNotFound."""
        with self._core.database.read() as tx:
            self._require(tx, assignment.actor, assignment.target, assignment.role_id)
            if not roles.assignment_get(tx, assignment):
                raise _not_assigned(assignment)

    def grant(self, assignment: model.Assignment) -> None:
        """Raises EntityNotFound, Forbidden (a role of another domain)."""
        with self._core.database.write() as tx:
            role = self._require(tx, assignment.actor, assignment.target, assignment.role_id)
            if role is not None and role.domain_id is not None:
                self._require_same_domain(tx, role, assignment.target)
            roles.assignment_insert(tx, assignment)

    def revoke(self, assignment: model.Assignment) -> None:
        """Takes the application credentials along that stood on it. Raises EntityNotFound, AssignmentNotFound."""
        with self._core.database.write() as tx:
            self._require(tx, assignment.actor, assignment.target, assignment.role_id)
            if not roles.assignment_delete(tx, assignment):
                raise _not_assigned(assignment)
            if assignment.target.kind is model.TargetKind.PROJECT:
                losers = [assignment.actor.id]
                if assignment.actor.kind is model.ActorKind.GROUP:
                    losers = [user.id for user in users.user_list(tx, group_id=assignment.actor.id)]
                for user_id in losers:
                    delegations.application_credentials_delete(tx, user_id, assignment.target.id)

    def _plain(self, tx: Transaction, query: AssignmentQuery) -> list[ListedAssignment]:
        actors = None
        if query.user_id is not None or query.group_id is not None:
            actors = [model.Actor(model.ActorKind.USER, query.user_id)] if query.user_id is not None else []
            actors += [model.Actor(model.ActorKind.GROUP, query.group_id)] if query.group_id is not None else []
        assigned = roles.assignment_list(
            tx, actors=actors, target=query.target, target_kind=query.target_kind, role_id=query.role_id
        )
        return [ListedAssignment(one) for one in assigned]

    def _effective(self, tx: Transaction, query: AssignmentQuery) -> list[ListedAssignment]:
        actors = None
        if query.user_id is not None:
            groups = users.group_list(tx, user_id=query.user_id)
            actors = [model.Actor(model.ActorKind.USER, query.user_id)]
            actors += [model.Actor(model.ActorKind.GROUP, group.id) for group in groups]
        assigned = roles.assignment_list(tx, actors=actors, target=query.target, target_kind=query.target_kind)
        implied = roles.implication_list(tx)
        shown = {role.id for role in roles.role_list(tx) if role.domain_id is None}
        members: dict[str, list[str]] = {}
        listed: dict[model.Assignment, ListedAssignment] = {}
        for one in assigned:
            group_id = one.actor.id if one.actor.kind is model.ActorKind.GROUP else None
            if group_id is None:
                holders = [one.actor.id]
            elif query.user_id is not None:
                holders = [query.user_id]
            else:
                if group_id not in members:
                    members[group_id] = [user.id for user in users.user_list(tx, group_id=group_id)]
                holders = members[group_id]
            for role_id in expand({one.role_id}, implied) & shown:
                if query.role_id not in (None, role_id):
                    continue
                prior = None if role_id == one.role_id else one.role_id
                for holder in holders:
                    direct = replace(one, actor=model.Actor(model.ActorKind.USER, holder), role_id=role_id)
                    listed.setdefault(direct, ListedAssignment(direct, group_id, prior))
        return list(listed.values())

    def _require(
        self, tx: Transaction, actor: model.Actor, target: model.Target, role_id: str | None = None
    ) -> model.Role | None:
        role = None if role_id is None else found(roles.role_get(tx, role_id), "role", role_id)
        if actor.kind is model.ActorKind.USER:
            found(users.user_get(tx, actor.id), "user", actor.id)
        else:
            found(users.group_get(tx, actor.id), "group", actor.id)
        if target.kind is model.TargetKind.PROJECT:
            found(projects.project_get(tx, target.id), "project", target.id)
        elif target.kind is model.TargetKind.DOMAIN:
            found(domains.domain_get(tx, target.id), "domain", target.id)
        return role

    def _require_same_domain(self, tx: Transaction, role: model.Role, target: model.Target) -> None:
        domain_id: str | None = target.id
        if target.kind is model.TargetKind.SYSTEM:
            raise errors.Invalid("Role is a domain-specific role and can't be granted on the system.")
        if target.kind is model.TargetKind.PROJECT:
            project = projects.project_get(tx, target.id)
            domain_id = project.domain_id if project else None
        if domain_id != role.domain_id:
            raise errors.Forbidden(
                f"Project {target.id} must be in the same domain as the role {role.id} being assigned."
            )


def expand(role_ids: Collection[str], implied: Mapping[str, Sequence[str]]) -> set[str]:
    """The roles and all that they imply."""
    everything, pending = set(role_ids), list(role_ids)
    while pending:
        for one in implied.get(pending.pop(), ()):
            if one not in everything:
                everything.add(one)
                pending.append(one)
    return everything


def _tree(tx: Transaction, project_id: str) -> set[str]:
    tree = [project_id]
    for one in tree:
        tree += [child.id for child in projects.project_children(tx, one)]
    return set(tree)


def _taken(role: model.Role) -> identity_errors.NameTaken:
    return identity_errors.NameTaken("role", f"Duplicate entry found with name {role.name}")


def _not_assigned(assignment: model.Assignment) -> identity_errors.AssignmentNotFound:
    return identity_errors.AssignmentNotFound(assignment.role_id, assignment.actor.id, assignment.target.id)
