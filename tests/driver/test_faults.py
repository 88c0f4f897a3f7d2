"""Every vCenter fault becomes the error, and the class of retry, that the table says."""

import http.client
import socket
import ssl
from xml.parsers.expat import ExpatError

import pytest
from pyVmomi import vim, vmodl

from stackspan.core import errors
from stackspan.core.errors import Retry
from stackspan.vsphere import faults

CASES = [
    (vim.fault.InvalidLogin(), faults.WrongCredentials, Retry.NEVER),
    (vim.fault.NotAuthenticated(), faults.SessionLost, Retry.CONNECTION),
    (vim.fault.NoPermission(), faults.NoPermission, Retry.NEVER),
    (vim.fault.TaskInProgress(), faults.TaskInProgress, Retry.BRIEF),
    (vim.fault.ConcurrentAccess(), faults.ConcurrentAccess, Retry.BRIEF),
    (vim.fault.ResourceInUse(), faults.HeldByOther, Retry.HELD),
    (vim.fault.FileLocked(), faults.HeldByOther, Retry.HELD),
    (vim.fault.MethodDisabled(), faults.HeldByOther, Retry.HELD),
    (vim.fault.NoDiskSpace(), faults.NoDiskSpace, Retry.NEVER),
    (vim.fault.InvalidDeviceSpec(), faults.InvalidSpec, Retry.NEVER),
    (vim.fault.DeviceUnsupportedForVmPlatform(), faults.InvalidSpec, Retry.NEVER),
    (vmodl.fault.InvalidArgument(), faults.InvalidSpec, Retry.NEVER),
    (vmodl.fault.NotSupported(), faults.NotSupported, Retry.NEVER),
    (vim.fault.DuplicateName(), faults.DuplicateName, Retry.NEVER),
    (vmodl.fault.ManagedObjectNotFound(), faults.ObjectGone, Retry.NEVER),
    (vim.fault.InvalidPowerState(), faults.InvalidPowerState, Retry.NEVER),
    (vim.fault.InvalidState(), faults.InvalidState, Retry.NEVER),
    (vim.fault.InsufficientMemoryResourcesFault(), faults.InsufficientResources, Retry.NEVER),
    (vim.fault.InsufficientFailoverResourcesFault(), faults.InsufficientResources, Retry.NEVER),
    (vim.fault.NoCompatibleHost(), faults.InsufficientResources, Retry.NEVER),
    (vim.fault.HostConnectFault(), faults.HostUnavailable, Retry.BRIEF),
    (vmodl.fault.HostCommunication(), faults.HostUnavailable, Retry.BRIEF),
    (vim.fault.FileAlreadyExists(), faults.FileExists, Retry.NEVER),
    (vim.fault.FileNotFound(), faults.FileMissing, Retry.NEVER),
    (vim.fault.ToolsUnavailable(), faults.ToolsUnavailable, Retry.NEVER),
    (vim.fault.QuestionPending(), faults.QuestionPending, Retry.NEVER),
    (vmodl.fault.RequestCanceled(), faults.TaskCancelled, Retry.BRIEF),
    (vmodl.fault.SystemError(reason="vmdk is locked"), faults.VCenterError, Retry.NEVER),
    (vmodl.fault.SystemError(msg="Failed to lock the file"), faults.HeldByOther, Retry.HELD),
    (ConnectionResetError(104, "reset"), faults.VCenterUnavailable, Retry.CONNECTION),
    (TimeoutError("timed out"), faults.VCenterUnavailable, Retry.CONNECTION),
    (socket.gaierror(-2, "unknown"), faults.VCenterUnavailable, Retry.CONNECTION),
    (http.client.HTTPException("503 Service Unavailable"), faults.VCenterUnavailable, Retry.CONNECTION),
    (ExpatError("syntax error"), faults.VCenterUnavailable, Retry.CONNECTION),
    (ssl.SSLCertVerificationError("self-signed"), faults.CertificateRefused, Retry.NEVER),
    (KeyError("urn:vim25 SystemErrorFault"), faults.Unreadable, Retry.BRIEF),
]


@pytest.mark.parametrize(("fault", "expected", "retry"), CASES, ids=lambda value: type(value).__name__)
def test_the_table(fault: BaseException, expected: type[faults.VCenterError], retry: Retry) -> None:
    error = faults.translate(fault, "PowerOnVM_Task vm-12")
    assert type(error) is expected
    assert error.retry is retry
    assert "PowerOnVM_Task vm-12" in error.log_message
    assert "vm-12" not in error.user_message
    assert isinstance(error, errors.StackspanError)


def test_every_named_fault_exists() -> None:
    for name in faults.BY_FAULT:
        module, _, last = name.rpartition(".")
        assert hasattr(vim.fault if module == "vim.fault" else vmodl.fault, last), name


def test_what_has_the_name_is_told() -> None:
    error = faults.translate(vim.fault.DuplicateName(name="a", object=vim.VirtualMachine("vm-7")))
    assert isinstance(error, faults.DuplicateName)
    assert error.moref == "vm-7"
    gone = faults.translate(vmodl.fault.ManagedObjectNotFound(obj=vim.Folder("group-v3")))
    assert isinstance(gone, faults.ObjectGone)
    assert gone.moref == "group-v3"


def test_vcenters_words_and_causes_reach_the_log_only() -> None:
    cause = vim.fault.NoPermission(privilegeId="VirtualMachine.Config.AddNewDisk", object=vim.Folder("group-v3"))
    error = faults.translate(vim.fault.InvalidVmConfig(msg="Invalid configuration", faultCause=cause))
    assert "Invalid configuration" in error.log_message
    assert "VirtualMachine.Config.AddNewDisk" in error.log_message
    assert "VirtualMachine" not in error.user_message


def test_a_translated_error_stays_as_it_is() -> None:
    error = faults.NoDiskSpace()
    assert faults.translate(error) is error
