"""Tasks that a test drives by hand: made by an extension of ours, as vCenter lets any extension do."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from pyVmomi import vim

from stackspan.vsphere import faults
from stackspan.vsphere.session import VCenter
from stackspan.vsphere.tasks import TaskTracker

_KEY = "org.stackspan.tests"
_TYPE = "org.stackspan.tests.task"


class HandTask:
    """A task on `entity` (a folder) that does what the test says."""

    def __init__(self, vc: VCenter, entity: str, *, cancelable: bool = False) -> None:
        self._vc = vc
        _register(vc)
        manager = vc.object(vim.TaskManager, vc.content.taskManager._moId)
        info = vc.call(
            manager,
            "CreateTask",
            obj=vc.object(vim.Folder, entity),
            taskTypeId=_TYPE,
            cancelable=cancelable,
        )
        self.moref = str(info.task._moId)
        reader = TaskTracker(vc)
        deadline = time.monotonic() + 10
        while self.moref not in reader.read([self.moref]):
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def run(self) -> None:
        """It has started."""
        self._set("running")

    def succeed(self, result: Any = None) -> None:
        """It ended well."""
        self._set("success", result=result)

    def fail(self, fault: Exception) -> None:
        """It ended with this vim or vmodl fault."""
        self._set("error", fault=fault)

    def _set(self, state: str, **what: Any) -> None:
        self._vc.call(self._vc.object(vim.Task, self.moref), "SetTaskState", state=state, **what)


def _register(vc: VCenter) -> None:
    if vc.memory.get("hand tasks"):
        return
    extension = vim.Extension(
        key=_KEY,
        version="1",
        description=vim.Description(label="Tests", summary="Tests"),
        lastHeartbeatTime=now(vc),
        taskList=[vim.Extension.TaskTypeInfo(taskID=_TYPE)],
    )
    manager = vc.object(vim.ExtensionManager, vc.content.extensionManager._moId)
    with contextlib.suppress(faults.VCenterError):  # registered by an earlier test
        vc.call(manager, "RegisterExtension", extension=extension)
    vc.memory["hand tasks"] = True


def now(vc: VCenter) -> Any:
    """vCenter's time, in pyVmomi's form."""
    return vc.call(vc.object(vim.ServiceInstance, "ServiceInstance"), "CurrentTime")
