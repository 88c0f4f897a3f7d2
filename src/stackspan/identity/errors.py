"""Identity's errors, in the stock service's words.

core.errors
├── NotFound ── EntityNotFound ── (user, project, domain, … by `missing`)
├── Conflict ── NameTaken
├── Invalid ── NotExpected, InvalidEndpointUrl, CircularRegion
├── Unauthenticated ── AccountDisabled, AuthMethodNotServed
└── Forbidden ── ActionForbidden, Immutable, RegionInUse
"""

from __future__ import annotations

from stackspan.core import errors

_MALFORMED = (
    "The server could not comply with the request since it is either malformed or otherwise incorrect. "
    "The client is assumed to be in error."
)


class EntityNotFound(errors.NotFound):
    """There is no such thing: "Could not find user: x."."""

    def __init__(self, kind: str, entity_id: str) -> None:
        super().__init__(f"Could not find {kind}: {entity_id}.")
        self.kind = kind


class MemberNotFound(errors.NotFound):
    """The user isn't in the group."""

    def __init__(self, user_id: str, group_id: str) -> None:
        super().__init__(f"User '{user_id}' not found in group '{group_id}'.")


class AssignmentNotFound(errors.NotFound):
    """The role isn't assigned."""

    def __init__(self, role_id: str, actor_id: str, target_id: str) -> None:
        super().__init__(
            f"Could not find role assignment with role: {role_id}, user or group: {actor_id}, "
            f"project, domain, or system: {target_id}."
        )


class ImplicationNotFound(errors.NotFound):
    """The one role doesn't imply the other."""

    def __init__(self, prior_role_id: str, implied_role_id: str) -> None:
        super().__init__(f"{prior_role_id} does not imply {implied_role_id}.")


class NameTaken(errors.Conflict):
    """Another one has that name."""

    def __init__(self, kind: str, details: str) -> None:
        super().__init__(f"Conflict occurred attempting to store {kind} - {details}.")


class NotExpected(errors.Invalid):
    """Something is missing where it has to be."""

    def __init__(self, attribute: str, target: str) -> None:
        super().__init__(f"Expecting to find {attribute} in {target}. {_MALFORMED}")


class InvalidEndpointUrl(errors.Invalid):
    """An endpoint's address can't be used."""

    def __init__(self, url: str) -> None:
        super().__init__(f"Cannot create an endpoint with an invalid URL: {url}.")


class ExpiresInThePast(errors.Invalid):
    """What is to be made would be over already."""

    def __init__(self) -> None:
        super().__init__(f"The 'expires_at' must not be before now. {_MALFORMED}")


class CircularRegion(errors.Invalid):
    """A region would be its own ancestor."""

    def __init__(self, parent_region_id: str) -> None:
        super().__init__(f"The specified parent region {parent_region_id} would create a circular region hierarchy.")


class MarkerNotFound(errors.NotFound):
    """A list's marker is none of its entries."""

    def __init__(self, marker: str) -> None:
        super().__init__(f"Marker {marker} could not be found.")


class AuthMethodNotServed(errors.Unauthenticated):
    """An authentication method that isn't served."""

    def __init__(self) -> None:
        super().__init__("Attempted to authenticate with an unsupported method.")


class LoginRefused(errors.Unauthenticated):
    """The stock 401, which tells the user nothing; the log has the reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(None, f"login refused: {reason}")


class PasswordExpired(errors.Unauthenticated):
    """The password has to be changed first."""

    def __init__(self, user_id: str) -> None:
        super().__init__(f"The password is expired and needs to be changed for user: {user_id}.")


class ActionForbidden(errors.Forbidden):
    """The stock 403: "You are not authorized to perform the requested action: x."."""

    def __init__(self, action: str) -> None:
        super().__init__(f"You are not authorized to perform the requested action: {action}.")


class Immutable(errors.Forbidden):
    """The `immutable` option is in the way."""

    def __init__(self, verb: str, kind: str, entity_id: str) -> None:
        super().__init__(
            f'Unable to {verb} immutable {kind} resource: `{entity_id}. Set resource option "immutable" to false first.'
        )


class RegionInUse(errors.Forbidden):
    """A region with endpoints can't go."""

    def __init__(self, region_id: str) -> None:
        super().__init__(
            f"Unable to delete region {region_id} because it or its child regions have associated endpoints."
        )
