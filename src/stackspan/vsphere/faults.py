"""vCenter's faults as our errors; one table says which is which and what a job may do after it.

    StackspanError
    ├── Unavailable
    │   └── VCenterUnavailable        no connection, a 503, an answer that can't be read: patient retry
    │       └── SessionLost           the session ended during the call and could not be renewed
    ├── Invalid
    │   └── InvalidSpec (VCenterError)
    ├── NotFound
    │   ├── ObjectGone (VCenterError)     the managed object isn't there any more
    │   └── FileMissing (VCenterError)
    ├── Conflict
    │   ├── DuplicateName (VCenterError)  carries the moref of what has that name
    │   ├── FileExists (VCenterError)
    │   ├── InvalidPowerState (VCenterError)
    │   └── …
    └── VCenterError                  mix-in of all that vCenter says

All derive from `VCenterError`, so that a caller may catch everything vCenter said at once. `user_message` names no
vCenter object; `log_message` has method, entity, fault type and vCenter's own words.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
from xml.parsers.expat import ExpatError

from pyVmomi import vmodl

from stackspan.core import errors
from stackspan.core.errors import Retry


class VCenterError(errors.StackspanError):
    """Base of everything vCenter answers or fails to answer."""

    default_message = "The virtualization platform could not complete the operation."


class VCenterUnavailable(VCenterError, errors.Unavailable):
    """vCenter can't be reached, is starting, or its answer can't be read. The call may or may not have had its effect."""

    retry = Retry.CONNECTION
    default_message = "The virtualization platform is not reachable at the moment."


class SessionLost(VCenterUnavailable):
    """The session ended and could not be renewed."""


class WrongCredentials(VCenterError, errors.Unavailable):
    """vCenter refuses our account. Nothing is tried again, so that the account isn't locked."""

    retry = Retry.NEVER
    default_message = "The virtualization platform refuses this service's account."


class CertificateRefused(VCenterError, errors.Unavailable):
    """vCenter's certificate isn't signed by the configured authority, or is for another name."""

    retry = Retry.NEVER
    default_message = "The virtualization platform could not be verified."


class NoPermission(VCenterError):
    """Our account lacks a privilege; `log_message` names it."""

    default_message = "The service's account lacks a privilege on the virtualization platform."


class TaskInProgress(VCenterError, errors.Conflict):
    """Another operation on the same object is under way."""

    retry = Retry.BRIEF
    default_message = "Another operation on this resource is in progress."


class ConcurrentAccess(VCenterError, errors.Stale):
    """The object changed since it was read: read again and retry."""

    retry = Retry.BRIEF
    default_message = "The resource was changed by someone else at the same time."


class HeldByOther(VCenterError, errors.Conflict):
    """A backup or replication product, a lock on a file, or a busy host holds the object: passes in minutes."""

    retry = Retry.HELD
    default_message = "The resource is held by another operation, such as a backup."


class NoDiskSpace(VCenterError):
    """The datastore is full."""

    default_message = "There is not enough free space on the storage."


class InvalidSpec(VCenterError, errors.Invalid):
    """vCenter refuses the values or devices of a request."""

    default_message = "The virtualization platform refused the requested configuration."


class NotSupported(VCenterError, errors.Unsupported):
    """vCenter or the host can't do this."""

    default_message = "The virtualization platform does not support this operation."


class DuplicateName(VCenterError, errors.Conflict):
    """There is an object of that name. `moref` is its id where vCenter says it."""

    default_message = "A resource of that name exists already."

    def __init__(
        self, user_message: str | None = None, log_message: str | None = None, moref: str | None = None
    ) -> None:
        super().__init__(user_message, log_message)
        self.moref = moref


class ObjectGone(VCenterError, errors.NotFound):
    """The managed object isn't there any more. `moref` is its id where vCenter says it."""

    default_message = "The resource no longer exists on the virtualization platform."

    def __init__(
        self, user_message: str | None = None, log_message: str | None = None, moref: str | None = None
    ) -> None:
        super().__init__(user_message, log_message)
        self.moref = moref


class InvalidPowerState(VCenterError, errors.Conflict):
    """The VM's power state forbids the operation."""

    default_message = "The power state does not allow this operation."


class InvalidState(VCenterError, errors.Conflict):
    """The object's state (a snapshot, a missing host, maintenance) forbids the operation."""

    default_message = "The state of the resource does not allow this operation."


class InsufficientResources(VCenterError):
    """No host of the cluster, or not enough of it within HA's limits, can run the VM."""

    default_message = "There are not enough resources to start the server."


class HostUnavailable(VCenterError, errors.Unavailable):
    """An ESXi host is disconnected, in maintenance, or can't be reached by vCenter."""

    retry = Retry.BRIEF
    default_message = "A host is not available at the moment."


class FileExists(VCenterError, errors.Conflict):
    """The file is there already."""

    default_message = "The file exists already."


class FileMissing(VCenterError, errors.NotFound):
    """The file or directory isn't there."""

    default_message = "A file of the resource is missing on the storage."


class ToolsUnavailable(VCenterError, errors.Conflict):
    """The guest runs no tools that could do this."""

    default_message = "The guest operating system does not respond."


class QuestionPending(VCenterError, errors.Conflict):
    """The VM waits for the answer to a question; `log_message` has its text."""

    default_message = "The server waits for an operator's decision."


class TaskCancelled(VCenterError):
    """The task was cancelled."""

    retry = Retry.BRIEF
    default_message = "The operation was cancelled."


class TaskUnknown(VCenterError):
    """vCenter no longer knows the task: it may have succeeded or failed. Judge by the object, never as a failure."""

    retry = Retry.BRIEF
    default_message = "The outcome of the operation is not known yet."


class TaskTimeout(VCenterError):
    """The task is still running after the time we were told to wait."""

    retry = Retry.BRIEF
    default_message = "The operation takes longer than expected."


class Unreadable(VCenterError):
    """vCenter's answer can't be parsed (a type this release of pyVmomi doesn't know). The call may have had its effect."""

    retry = Retry.BRIEF
    default_message = "The virtualization platform answered unexpectedly."


# Searched along the class hierarchy of the fault, nearest first, so a base class covers what isn't named.
BY_FAULT: dict[str, type[VCenterError]] = {
    "vim.fault.InvalidLogin": WrongCredentials,
    "vim.fault.PasswordExpired": WrongCredentials,
    "vim.fault.NotAuthenticated": SessionLost,
    "vim.fault.NoPermission": NoPermission,
    "vmodl.fault.SecurityError": NoPermission,
    "vim.fault.RestrictedVersion": NoPermission,
    "vim.fault.TaskInProgress": TaskInProgress,
    "vim.fault.ConcurrentAccess": ConcurrentAccess,
    "vim.fault.Timedout": HostUnavailable,
    "vim.fault.ResourceInUse": HeldByOther,
    "vim.fault.FileLocked": HeldByOther,
    "vim.fault.MethodDisabled": HeldByOther,
    "vim.fault.TooManyHosts": InsufficientResources,
    "vim.fault.NoDiskSpace": NoDiskSpace,
    "vim.fault.InsufficientStorageSpace": NoDiskSpace,
    "vim.fault.InsufficientResourcesFault": InsufficientResources,
    "vim.fault.InsufficientFailoverResourcesFault": InsufficientResources,
    "vim.fault.NoCompatibleHost": InsufficientResources,
    "vim.fault.InsufficientStandbyResource": InsufficientResources,
    "vmodl.fault.InvalidArgument": InvalidSpec,
    "vmodl.fault.InvalidRequest": InvalidSpec,
    "vmodl.fault.InvalidType": InvalidSpec,
    "vim.fault.InvalidName": InvalidSpec,
    "vim.fault.InvalidVmConfig": InvalidSpec,
    "vim.fault.InvalidDeviceSpec": InvalidSpec,
    "vim.fault.InvalidDatastore": InvalidSpec,
    "vim.fault.InvalidDatastorePath": InvalidSpec,
    "vim.fault.VirtualHardwareVersionNotSupported": InvalidSpec,
    "vim.fault.DvsFault": InvalidSpec,
    "vmodl.fault.NotSupported": NotSupported,
    "vmodl.fault.NotImplemented": NotSupported,
    "vmodl.fault.MethodNotFound": NotSupported,
    "vim.fault.NotSupportedHost": NotSupported,
    "vim.fault.DuplicateName": DuplicateName,
    "vim.fault.AlreadyExists": DuplicateName,
    "vmodl.fault.ManagedObjectNotFound": ObjectGone,
    "vim.fault.NotFound": ObjectGone,
    "vim.fault.InvalidPowerState": InvalidPowerState,
    "vim.fault.InvalidState": InvalidState,
    "vim.fault.ResourceNotAvailable": InvalidState,
    "vim.fault.HostConnectFault": HostUnavailable,
    "vim.fault.HostConfigFault": HostUnavailable,
    "vim.fault.HostIncompatibleForFaultTolerance": InsufficientResources,
    "vmodl.fault.HostCommunication": HostUnavailable,
    "vmodl.fault.HostNotConnected": HostUnavailable,
    "vmodl.fault.HostNotReachable": HostUnavailable,
    "vim.fault.FileAlreadyExists": FileExists,
    "vim.fault.FileNotFound": FileMissing,
    "vim.fault.ToolsUnavailable": ToolsUnavailable,
    "vim.fault.QuestionPending": QuestionPending,
    "vmodl.fault.RequestCanceled": TaskCancelled,
    "vim.fault.DatacenterMismatch": InvalidSpec,
}

# Generic faults whose text alone tells what happened.
_BY_TEXT: tuple[tuple[re.Pattern[str], type[VCenterError]], ...] = (
    (re.compile(r"lock(ed)?\b.*file|file .*lock|failed to lock|in use", re.I), HeldByOther),
    (re.compile(r"no space left|insufficient disk space", re.I), NoDiskSpace),
    (re.compile(r"already been deleted or has not been completely created", re.I), ObjectGone),
)

_CONNECTION_ERRORS = (OSError, http.client.HTTPException, ExpatError)


def fault_name(fault: BaseException) -> str:
    """`InvalidPowerState` for vim.fault.InvalidPowerState; the Python name for anything else."""
    return str(getattr(fault, "_wsdlName", type(fault).__name__))


def describe(fault: BaseException) -> str:
    """vCenter's own words about a fault and its causes, in one line."""
    parts: list[str] = []
    seen: BaseException | None = fault
    while seen is not None and len(parts) < 4:
        text = str(getattr(seen, "msg", "") or getattr(seen, "reason", "") or "")
        if not text and not isinstance(seen, vmodl.MethodFault):
            text = str(seen)
        details = _details(seen)
        parts.append(f"{fault_name(seen)}: {text}{details}".rstrip(": "))
        seen = getattr(seen, "faultCause", None)
    return "; caused by ".join(parts)


def _details(fault: BaseException) -> str:
    told: list[str] = []
    for name in ("privilegeId", "object", "name", "property", "invalidProperty", "deviceIndex", "file", "datastore"):
        value = getattr(fault, name, None)
        text = str(getattr(value, "_moId", "" if value is None else value))
        if text:
            told.append(f"{name}={text}")
    for message in getattr(fault, "faultMessage", None) or ():
        if message.message:
            told.append(str(message.message))
    return f" ({', '.join(told)})" if told else ""


def _class_of(fault: BaseException) -> type[VCenterError]:
    for base in type(fault).__mro__:
        found = BY_FAULT.get(_qualified(base))
        if found is not None:
            return found
    text = f"{getattr(fault, 'msg', '')} {getattr(fault, 'reason', '')}"
    for pattern, found in _BY_TEXT:
        if pattern.search(text):
            return found
    return VCenterError


def _qualified(cls: type) -> str:
    # pyVmomi's classes carry their full dotted name as __name__.
    return cls.__name__


def _moref_of(fault: BaseException) -> str | None:
    for name in ("object", "obj"):
        value = getattr(fault, name, None)
        if value is not None and hasattr(value, "_moId"):
            return str(value._moId)
    return None


def translate(fault: BaseException, doing: str = "") -> VCenterError:
    """Our error for what pyVmomi, or the connection, raised.

    Args:
        fault: a vim or vmodl fault (raised, or the `error` of a task), a socket, TLS, HTTP or parse error.
        doing: "PowerOnVM_Task vm-12", for the log.
    """
    if isinstance(fault, VCenterError):
        return fault
    log = f"{doing}: {describe(fault)}" if doing else describe(fault)
    if isinstance(fault, vmodl.MethodFault):
        cls = _class_of(fault)
        error = cls(log_message=log)
        if isinstance(error, DuplicateName | ObjectGone):
            error.moref = _moref_of(fault)
    elif isinstance(fault, ssl.SSLCertVerificationError):
        error = CertificateRefused(log_message=log)
    elif isinstance(fault, _CONNECTION_ERRORS):
        error = VCenterUnavailable(log_message=log)
    else:
        error = Unreadable(log_message=log)
    error.__cause__ = fault
    return error


def never_sent(fault: BaseException) -> bool:
    """Whether the request can't have reached vCenter, so that repeating it is safe whatever it does."""
    return isinstance(fault, ConnectionRefusedError | socket.gaierror | ssl.SSLCertVerificationError)
