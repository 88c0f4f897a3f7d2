"""What each network has in vCenter: a port group per vCenter, adopted or ours."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from stackspan.db import Transaction, insert_into
from stackspan.network.model import COMPUTE_OWNER, PORT_GROUP_MOVES, PortGroup, PortGroupState
from stackspan.network.tables import port, port_group

_SHOWN = [column for column in port_group.columns if column.name != "job_id"]


def port_group_list(
    tx: Transaction, *, network_ids: Collection[str] | None = None, vcenter_uuid: str | None = None
) -> list[PortGroup]:
    """Port groups of the networks."""
    query = sa.select(*_SHOWN)
    if network_ids is not None:
        query = query.where(port_group.c.network_id.in_(list(network_ids)))
    if vcenter_uuid is not None:
        query = query.where(port_group.c.vcenter_uuid == vcenter_uuid)
    return [PortGroup(**row) for row in tx.execute(query).mappings()]


def port_group_jobs(tx: Transaction, network_ids: Collection[str], vcenter_uuid: str) -> dict[str, str | None]:
    """network id → the job that last worked on its port group."""
    query = sa.select(port_group.c.network_id, port_group.c.job_id)
    query = query.where(port_group.c.network_id.in_(list(network_ids)), port_group.c.vcenter_uuid == vcenter_uuid)
    return {row[0]: row[1] for row in tx.execute(query)}


def port_group_begin(tx: Transaction, network_id: str, vcenter_uuid: str, name: str, job_id: str) -> None:
    """A job is going to find or make the port group: the row is BUILDING under that job."""
    values = {
        "network_id": network_id,
        "vcenter_uuid": vcenter_uuid,
        "state": PortGroupState.BUILDING,
        "name": name,
        "owned": False,
        "job_id": job_id,
    }
    insert = insert_into(tx, port_group).values(values)
    changes = {"state": PortGroupState.BUILDING, "job_id": job_id, "reason": None}
    tx.execute(insert.on_conflict_do_update(index_elements=["network_id", "vcenter_uuid"], set_=changes))


def port_group_move(
    tx: Transaction, network_id: str, vcenter_uuid: str, to: PortGroupState, changes: Mapping[str, Any]
) -> bool:
    """Change the state where that is an allowed move; False where it isn't from the present one."""
    allowed = [state for state, targets in PORT_GROUP_MOVES.items() if to in targets]
    statement = sa.update(port_group).where(
        port_group.c.network_id == network_id,
        port_group.c.vcenter_uuid == vcenter_uuid,
        port_group.c.state.in_(allowed),
    )
    return tx.execute(statement.values(state=to, **changes)).rowcount == 1


def port_group_claim_removal(tx: Transaction, network_id: str, vcenter_uuid: str) -> bool:
    """READY or ERROR → REMOVING, unless a server's port is on the network. False: leave it alone."""
    in_use = sa.exists().where(port.c.network_id == network_id, port.c.device_owner.startswith(COMPUTE_OWNER))
    statement = sa.update(port_group).where(
        port_group.c.network_id == network_id,
        port_group.c.vcenter_uuid == vcenter_uuid,
        port_group.c.state != PortGroupState.BUILDING,
        sa.not_(in_use),
    )
    return tx.execute(statement.values(state=PortGroupState.REMOVING)).rowcount == 1


def port_group_delete(tx: Transaction, network_id: str, vcenter_uuid: str) -> None:
    """Forget a port group that is gone (or was only adopted)."""
    tx.execute(
        sa.delete(port_group).where(
            port_group.c.network_id == network_id,
            port_group.c.vcenter_uuid == vcenter_uuid,
            port_group.c.state == PortGroupState.REMOVING,
        )
    )
