"""Network's errors, in the stock service's words. `type_name` is what clients see as the error's `type`."""

from __future__ import annotations

from stackspan.core import errors


class _MissingThing(errors.NotFound):
    words = "{} could not be found."

    def __init__(self, thing_id: str) -> None:
        super().__init__(self.words.format(thing_id))


class NetworkNotFound(_MissingThing):
    """No such network."""

    words = "Network {} could not be found."


class SubnetNotFound(_MissingThing):
    """No such subnet."""

    words = "Subnet {} could not be found."


class PortNotFound(_MissingThing):
    """No such port."""

    words = "Port {} could not be found."


class SecurityGroupNotFound(_MissingThing):
    """No such security group."""

    words = "Security group {} does not exist"


class SecurityGroupRuleNotFound(_MissingThing):
    """No such rule."""

    words = "Security group rule {} does not exist"


class ExtensionNotFound(_MissingThing):
    """No such extension."""

    words = "Extension with alias {} does not exist"


class PolicyNotAuthorized(errors.Forbidden):
    """A policy rule says no."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"rule:{rule} is disallowed by policy")


class InvalidInput(errors.Invalid):
    """A value can't be right."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Invalid input for operation: {reason}.")


class NetworkInUse(errors.Conflict):
    """Ports are on the network."""

    def __init__(self, network_id: str) -> None:
        super().__init__(
            f"Unable to complete operation on network {network_id}. There are one or more ports still in use on the network."
        )


class SubnetInUse(errors.Conflict):
    """Addresses of the subnet are in use."""

    def __init__(self, subnet_id: str) -> None:
        super().__init__(
            f"Unable to complete operation on subnet {subnet_id}: One or more ports have an IP allocation from this subnet."
        )


class SecurityGroupInUse(errors.Conflict):
    """Ports use the group."""

    def __init__(self, group_id: str) -> None:
        super().__init__(f"Security Group {group_id} in use.")


class PortInUse(errors.Conflict):
    """The port has a device already."""

    def __init__(self, port_id: str) -> None:
        super().__init__(f"Port {port_id} is still in use.")


class MacAddressInUse(errors.Conflict):
    """Another port of the network has this MAC."""

    def __init__(self, network_id: str, mac: str) -> None:
        super().__init__(f"Unable to complete operation for network {network_id}. The mac address {mac} is in use.")


class IpAddressInUse(errors.Conflict):
    """Another port has this address."""

    type_name = "IpAddressAlreadyAllocated"

    def __init__(self, address: str, subnet_id: str) -> None:
        super().__init__(f"IP address {address} already allocated in subnet {subnet_id}")


class IpAddressGenerationFailure(errors.Conflict):
    """The subnet's pools are used up."""

    def __init__(self, network_id: str) -> None:
        super().__init__(f"No more IP addresses available on network {network_id}.")


class VlanIdInUse(errors.Conflict):
    """Another network has this VLAN."""

    def __init__(self, vlan: int, physical_network: str) -> None:
        super().__init__(
            f"Unable to create the network. The VLAN {vlan} on physical network {physical_network} is in use."
        )


class NoNetworkAvailable(errors.Unavailable):
    """The ranges are used up, or there are none."""

    def __init__(self) -> None:
        super().__init__("Unable to create the network. No tenant network is available for allocation.")


class DuplicateSecurityGroup(errors.Conflict):
    """A second `default`."""

    type_name = "SecurityGroupDefaultAlreadyExists"

    def __init__(self) -> None:
        super().__init__("Default security group already exists.")


class CannotRemoveDefault(errors.Conflict):
    """The default group is not the user's to delete."""

    type_name = "SecurityGroupCannotRemoveDefault"

    def __init__(self, group_id: str) -> None:
        super().__init__(f"Insufficient rights for removing default security group {group_id}.")


class CannotUpdateDefault(errors.Conflict):
    """The default group keeps its name."""

    type_name = "SecurityGroupCannotUpdateDefault"

    def __init__(self) -> None:
        super().__init__("Updating default security group not allowed.")


class RuleExists(errors.Conflict):
    """The same rule is there already."""

    type_name = "SecurityGroupRuleExists"

    def __init__(self, rule_id: str) -> None:
        super().__init__(f"Security group rule already exists. Rule id is {rule_id}.")


class OverQuota(errors.QuotaExceeded):
    """The project's quota is used up."""

    def __init__(self, resource: str) -> None:
        super().__init__(f"Quota exceeded for resources: ['{resource}'].")


class BelowUsage(errors.Invalid):
    """A limit that the project exceeds already."""

    type_name = "HTTPBadRequest"

    def __init__(self, resource: str, limit: int, used: int) -> None:
        super().__init__(f"Quota limit {limit} for {resource} must be greater than or equal to already used {used}")


class NetworkAmbiguous(errors.Conflict):
    """A server without `networks`, and there are several."""

    def __init__(self) -> None:
        super().__init__("Multiple possible networks found, use a Network ID to be more specific.")


class BootNicRefused(errors.Invalid):
    """What a server's `networks` asks for can't be given (Compute answers 400)."""


class BootPortInUse(errors.Conflict):
    """A server was asked to use a port that has a device (Compute answers 409)."""

    def __init__(self, port_id: str) -> None:
        super().__init__(f"Port {port_id} is still in use.")


class GatewayConflict(errors.Conflict):
    """The gateway lies inside a pool."""

    type_name = "GatewayConflictWithAllocationPools"

    def __init__(self, gateway: str, pool: str) -> None:
        super().__init__(f"Gateway ip {gateway} conflicts with allocation pool {pool}.")


class PortSecurityAndGroups(errors.Conflict):
    """A port without port security has no security groups."""

    type_name = "PortSecurityPortHasSecurityGroup"

    def __init__(self) -> None:
        super().__init__(
            "Port has security group associated. Cannot disable port security or ip address until "
            "security group is removed."
        )


class AddressPairsNeedPortSecurity(errors.Conflict):
    """Address pairs mean nothing without port security."""

    type_name = "AddressPairAndPortSecurityRequired"

    def __init__(self) -> None:
        super().__init__("Port Security must be enabled in order to have allowed address pairs on a port.")


class RuleRefused(errors.Invalid):
    """A security group rule that can't be right; the message says why, `type_name` is stock's name for that."""

    def __init__(self, type_name: str, message: str) -> None:
        super().__init__(message)
        self.type_name = type_name
