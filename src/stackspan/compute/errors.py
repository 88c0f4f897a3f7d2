"""Compute's errors, in the stock service's words."""

from __future__ import annotations

from collections.abc import Sequence

from stackspan.core import errors


class _Missing(errors.NotFound):
    words = "{} could not be found."

    def __init__(self, *what: object) -> None:
        super().__init__(self.words.format(*what))


class ServerNotFound(_Missing):
    """No such server, or another project's."""

    words = "Instance {} could not be found."


class FlavorNotFound(_Missing):
    """No such flavor, or one the project may not use."""

    words = "Flavor {} could not be found."


class FlavorAccessNotFound(_Missing):
    """The project has no access that could be taken."""

    words = "Flavor access not found for {} / {} combination."


class ExtraSpecNotFound(_Missing):
    """The flavor has no such extra spec."""

    words = "Flavor {} has no extra specs with key {}."


class KeyPairNotFound(_Missing):
    """The user has no such key pair."""

    words = "Keypair {} not found for user {}"


class MetadataItemNotFound(errors.NotFound):
    """The server has no such metadata item."""

    default_message = "Metadata item was not found"


class ActionNotFound(_Missing):
    """The server has no action of that request id."""

    words = "Action for request_id {} on instance {} not found"


class NodeNotFound(_Missing):
    """No such hypervisor."""

    words = "Compute host {} could not be found."


class HypervisorNotFound(_Missing):
    """No such hypervisor (by id)."""

    words = "Hypervisor with ID '{}' could not be found."


class HypervisorSearchEmpty(_Missing):
    """No hypervisor's name contains the text."""

    words = "No hypervisor matching '{}' could be found."


class ServiceNotFound(_Missing):
    """No such compute service."""

    words = "Service {} not found."


class ServiceHostNotFound(_Missing):
    """No such service on that host."""

    words = "Could not find binary {1} on host {0}."


class AggregateNotFound(_Missing):
    """No such aggregate."""

    words = "Aggregate {} could not be found."


class AggregateHostNotFound(_Missing):
    """The hypervisor isn't in the aggregate."""

    words = "Aggregate {} has no host {}."


class AggregateNameExists(errors.Conflict):
    """An aggregate has that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Aggregate {name} already exists.")


class AggregateHostExists(errors.Conflict):
    """The hypervisor is in the aggregate already."""

    def __init__(self, number: int, host: str) -> None:
        super().__init__(f"Aggregate {number} already has host {host}.")


class AggregateInvalid(errors.Conflict):
    """The change would put a hypervisor into two zones, or is refused for another reason."""


class ServerGroupNotFound(_Missing):
    """No such server group."""

    words = "Instance group {} could not be found."


class AddressNetworkNotFound(errors.NotFound):
    """The server has no network of that name."""

    default_message = "Instance is not a member of specified network"


class ImageMetaNotFound(errors.NotFound):
    """The legacy image proxy doesn't know the image."""

    default_message = "Image not found."


class InterfaceNotFound(_Missing):
    """The server has no such interface."""

    words = "Port id {} could not be found."


class FlavorExists(errors.Conflict):
    """A flavor of that name exists."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Flavor with name {name} already exists.")


class FlavorIdExists(errors.Conflict):
    """A flavor of that id exists."""

    def __init__(self, flavor_id: str) -> None:
        super().__init__(f"Flavor with ID {flavor_id} already exists.")


class FlavorAccessExists(errors.Conflict):
    """The project has access already."""

    def __init__(self, flavor_id: str, project_id: str) -> None:
        super().__init__(f"Flavor access already exists for flavor {flavor_id} and project {project_id} combination.")


class KeyPairExists(errors.Conflict):
    """The user has a key pair of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Key pair '{name}' already exists.")


class InvalidKeyPair(errors.Invalid):
    """What was given isn't a key or a name for one."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Keypair data is invalid: {reason}")


class ServerStateRefuses(errors.Conflict):
    """The server's state forbids the action.

    Args:
        attribute: "vm_state", "task_state"; None: the server has never been active.
    """

    def __init__(self, action: str, server_id: str, attribute: str | None, state: str | None) -> None:
        if attribute is None:
            super().__init__(f"Cannot '{action}' an instance which has never been active")
        else:
            super().__init__(f"Cannot '{action}' instance {server_id} while it is in {attribute} {state}")


class ServerLocked(errors.Conflict):
    """The server is locked."""

    def __init__(self, server_id: str) -> None:
        super().__init__(f"Instance {server_id} is locked")


class QuotaExceeded(errors.QuotaExceeded):
    """A project's compute quota is used up; the words depend on the resource."""


class TooManyInstances(QuotaExceeded):
    """More instances, cores or memory than the quota allows."""

    def __init__(self, resource: str, requested: Sequence[int], used: Sequence[int], allowed: Sequence[int]) -> None:
        def text(values: Sequence[int]) -> str:
            return ", ".join(str(value) for value in values)

        super().__init__(
            f"Quota exceeded for {resource}: Requested {text(requested)}, but already used {text(used)} "
            f"of {text(allowed)} {resource}"
        )


class MultiplePortsRefused(errors.Invalid):
    """One port can't be given to several servers."""

    default_message = (
        "Unable to launch multiple instances with a single configured port ID. "
        "Please launch your instance one by one with different ports."
    )


class ZoneInvalid(errors.Invalid):
    """No such availability zone."""

    default_message = "The requested availability zone is not available"


class FlavorTooSmall(errors.Invalid):
    """The flavor's memory or disk can't hold the image; the message says which."""


class BootRefused(errors.Invalid):
    """What was asked for can't be booted; the message says why."""


class PortQuotaExceeded(errors.QuotaExceeded):
    """The project's ports are used up."""

    default_message = "Maximum number of ports exceeded"


class QuotaInvalid(errors.Invalid):
    """A limit that can't be right; the message says why."""
