"""Names and parameters of Compute's workflows, no code."""

from __future__ import annotations

from stackspan.workflow import Operation, Params


class ServerCreate(Params, frozen=True, kw_only=True):
    """Make the VM of a server and start it.

    Args:
        action: number of the server action whose events the steps write.
        host: service host of the hypervisor, for those events.
        alternates: (cluster uuid, datastore uuid) to try next where the chosen cluster can't run it.
        rejected: (cluster name, reason) of those tried before; for administrators.
    """

    server_id: str
    action: int
    host: str
    alternates: tuple[tuple[str, str], ...] = ()
    rejected: tuple[tuple[str, str], ...] = ()


class ServerDelete(Params, frozen=True, kw_only=True):
    """Remove everything a server has, from any state."""

    server_id: str
    action: int
    host: str


class ServerPower(Params, frozen=True, kw_only=True):
    """Change a server's power: `change` is "start", "stop", "suspend", "resume", "reboot_soft" or "reboot_hard"."""

    server_id: str
    action: int
    host: str
    change: str


class ServerRename(Params, frozen=True, kw_only=True):
    """Give the VM the name that follows the server's."""

    server_id: str


SERVER_CREATE = Operation("server.create", 1, ServerCreate)
SERVER_DELETE = Operation("server.delete", 1, ServerDelete)
SERVER_POWER = Operation("server.power", 1, ServerPower)
SERVER_RENAME = Operation("server.rename", 1, ServerRename)
