"""A world for Compute's trials: real services on a database, the simulated vCenter, an image that is cached already."""

from __future__ import annotations

import dataclasses
import pathlib
import types
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from tests.api.compute import world as seeds
from tests.support import trials
from tests.support.vcsim import Vcsim

from stackspan.compute.model import NicRequest, Server, ServerRequest, VCenterFacts, VmState
from stackspan.compute.service import ComputeService
from stackspan.compute.service.flavors import NewFlavor
from stackspan.compute.store import servers as server_store
from stackspan.compute.workflows import scene, server_create, server_delete, server_power, server_rename
from stackspan.config.nova import ComputeSettings
from stackspan.core import ids
from stackspan.core.clock import SystemClock
from stackspan.core.context import RequestContext
from stackspan.db import Database, Transaction
from stackspan.identity.service import Identity, IdentitySettings
from stackspan.image.model import CacheEntry, CacheState, ImageOptions, Status
from stackspan.image.service import ImageService
from stackspan.image.store import cache as cache_store
from stackspan.image.store import images as image_store
from stackspan.network.model import NetworkOptions, PortGroupState
from stackspan.network.service import NetworkService
from stackspan.network.store import port_groups as port_group_store
from stackspan.network.workflows import portgroup_ensure, portgroup_remove
from stackspan.placement.service import PlacementService
from stackspan.vsphere import datastores, folders, inventory, specs, vms
from stackspan.vsphere.fleet import Fleet, Link
from stackspan.vsphere.types import ClusterInfo, DatastoreInfo, PortGroupInfo
from stackspan.workflow import Queue, Workflow
from stackspan.workflow import tables as job_tables

GIB = 1 << 30
SETTINGS = ComputeSettings(config_drive=True, shutdown_timeout=2)


@dataclasses.dataclass
class Site:
    """The simulated vCenter as one test session sees it, with a keeper that holds the cached disk."""

    fleet: Fleet
    link: Link
    datacenter: str
    datacenter_path: str
    clusters: Sequence[ClusterInfo]
    datastore: DatastoreInfo
    port_group: PortGroupInfo
    keeper: str
    parent_path: str

    def children(self, folder: str) -> dict[str, str]:
        """{moref: name} in a folder."""
        return folders.children(self.link.vc, folder)

    def drives(self) -> list[str]:
        """Paths of all config drives."""
        found = datastores.search(
            self.link.vc, self.link.tasks, self.datastore.moref, f"[{self.datastore.name}] stackspan_configdrive"
        )
        return [info.path for info in found]


def open_site(vcsim: Vcsim) -> Site:
    """Connect, look around, make the keeper."""
    settings: Any = types.SimpleNamespace(vcenters=(vcsim.settings(),))
    fleet = Fleet(settings)
    fleet.start()
    assert fleet.wait_connected(30)
    (link,) = fleet.all()
    (datacenter,) = inventory.datacenters(link.vc)
    datastore = next(found for found in inventory.datastores(link.vc) if found.name == "ds1")
    clusters = inventory.clusters(link.vc)
    port_group = next(found for found in inventory.port_groups(link.vc) if found.vlan == 100 and not found.uplink)
    name = f"keeper {ids.new_hex()[:8]}"
    plan = specs.VmPlan(
        name=name,
        instance_uuid=ids.new_uuid(),
        datastore=datastore.name,
        hardware=specs.Hardware(cpus=1, memory_mib=32),
        disks=[specs.BlankDisk(GIB, datastore.name)],
    )
    folder = folders.ensure_path(link.vc, datacenter.moref, ("Keepers",))
    task = vms.create(link.vc, folder, clusters[0].resource_pool, specs.create_spec(plan))
    keeper = str(link.tasks.wait(task).result)
    (disk,) = vms.read(link.vc, keeper).hardware.disks
    return Site(
        fleet=fleet,
        link=link,
        datacenter=datacenter.moref,
        datacenter_path=datacenter.path,
        clusters=clusters,
        datastore=datastore,
        port_group=port_group,
        keeper=keeper,
        parent_path=disk.path,
    )


class ComputeWorld(trials.World):
    """A project with a network and a flavor, two clusters, one image."""

    def __init__(self, database: Database, site: Site, folder: pathlib.Path) -> None:
        self.database = database
        self.site = site
        self.queue = Queue()
        clock = SystemClock()
        identity = Identity(database, clock, IdentitySettings(secret=b"a secret for trials, 32 bytes or more"))
        placement = PlacementService(database, clock)
        self.network_options = NetworkOptions(vlan_ranges={"physnet1": ((200, 299),)})
        network = NetworkService(database, self.queue, clock, self.network_options)
        image = ImageService(database, self.queue, clock, ImageOptions(spool=str(folder)), placement)
        self.service = ComputeService(
            database,
            self.queue,
            clock,
            SETTINGS,
            identity=identity,
            placement=placement,
            image=image,
            network=network,
            vcenter=lambda _uuid: VCenterFacts("sim", 8_000_003),
        )
        self.context = RequestContext(
            request_id=ids.new_request_id(),
            user_id=ids.new_hex(),
            project_id=ids.new_hex(),
            roles=frozenset({"member", "reader", "admin"}),
        )
        self.server_id = ""
        self._seed()

    # -- what the trials ask -----------------------------------------------------------------------------------------

    def workflows(self) -> Sequence[Workflow[Any]]:
        fleet = self.site.fleet
        return [
            server_create.workflow(self.service, fleet),
            server_delete.workflow(self.service, fleet),
            server_power.workflow(self.service, fleet),
            server_rename.workflow(self.service, fleet),
            portgroup_ensure.workflow(fleet, self.network_options),
            portgroup_remove.workflow(self.database, fleet),
        ]

    def submit(self) -> str:
        self.server_id = self.boot()
        return self.job("server.create")

    def delete(self) -> None:
        self.service.lifecycle.delete(self.context, self.server_id)

    def assert_done(self) -> None:
        server = self.server()
        assert server.vm_state is VmState.ACTIVE
        assert server.task_state is None
        (moref,) = self.vms()
        assert moref == server.vm_moref
        state = vms.read(self.site.link.vc, moref)
        assert state.instance_uuid == server.id
        assert state.power_state.value == "poweredOn"
        assert [disk.capacity_bytes for disk in state.hardware.disks] == [GIB, 2 * GIB]
        assert len(state.hardware.nics) == 1
        assert len(self.own_drives()) == 1
        assert self.allocations() == {"VCPU": 1, "MEMORY_MB": 512, "DISK_GB": 3}

    def assert_undone(self) -> None:
        server = self.server()
        assert server.vm_state is VmState.ERROR
        assert server.task_state is None
        with self.database.read() as tx:
            fault = server_store.faults_many(tx, [server.id])[server.id]
        assert fault.message
        self.assert_nothing_outside()

    def assert_deleted(self) -> None:
        assert self.server().deleted
        self.assert_nothing_outside()

    # -- helpers -----------------------------------------------------------------------------------------------------

    def assert_nothing_outside(self) -> None:
        """Neither VM nor file is left, no room is held, the cached disk is there still."""
        assert self.vms() == []
        assert self.own_drives() == []
        assert self.allocations() == {}
        with self.database.read() as tx:
            assert self.service.parts.network.nics_get(tx, self.server_id) == []
        held = vms.read(self.site.link.vc, self.site.keeper)
        assert held.hardware.disks[0].path == self.site.parent_path

    def boot(self, **changes: Any) -> str:
        """Ask for a server; its id."""
        request = ServerRequest(
            name="trial",
            flavor_id=self.flavor_id,
            image_id=self.image_id,
            networks=[NicRequest(network_id=self.network_id)],
            metadata={"role": "test"},
            user_data="IyEvYmluL3NoCg==",
        )
        accepted = self.service.boots.create(self.context, dataclasses.replace(request, **changes))
        return accepted.servers[0].id

    def server(self, server_id: str | None = None) -> Server:
        """The server's row."""
        with self.database.read() as tx:
            found = server_store.server_get(tx, server_id or self.server_id)
        assert found is not None
        return found

    def job(self, name: str) -> str:
        """The newest job of that name."""
        query = (
            sa.select(job_tables.job.c.id).where(job_tables.job.c.name == name).order_by(job_tables.job.c.seq.desc())
        )
        with self.database.read() as tx:
            return str(tx.execute(query).scalars().first())

    def folder(self) -> str:
        """The folder of the project's VMs."""
        path = ("OpenStack", f"Project ({self.context.project_id})", "Instances")
        return folders.ensure_path(self.site.link.vc, self.site.datacenter, path)

    def vms(self) -> list[str]:
        """The project's VMs."""
        return list(self.site.children(self.folder()))

    def own_drives(self) -> list[str]:
        """The server's config drives."""
        return [path for path in self.site.drives() if self.server_id in path]

    def allocations(self) -> dict[str, int]:
        """What the server has of each resource class."""
        with self.database.read() as tx:
            held = self.service.parts.placement.allocation_get(tx, self.server_id)
        return {name: used for classes in held.values() for name, used in classes.items()}

    def events(self) -> dict[str, Any]:
        """event → result of the server's newest action."""
        action = self.service.servers.actions(self.context, self.server_id)[0]
        _, events = self.service.servers.action(self.context, self.server_id, action.request_id)
        return {event.event: event.result for event in events}

    def foreign_vm(self, server_id: str, name: str) -> str:
        """A clone with our marks, as a backup product restores it; its moref."""
        plan = specs.VmPlan(
            name=name,
            instance_uuid=ids.new_uuid(),
            datastore=self.site.datastore.name,
            hardware=specs.Hardware(cpus=1, memory_mib=32),
            disks=[specs.BlankDisk(GIB, self.site.datastore.name)],
            extra_config={scene.MARKER: server_id, "nvp.vm-uuid": server_id},
        )
        spec = specs.create_spec(plan)
        task = vms.create(self.site.link.vc, self.folder(), self.site.clusters[0].resource_pool, spec)
        return str(self.site.link.tasks.wait(task).result)

    # -- rows --------------------------------------------------------------------------------------------------------

    def _seed(self) -> None:
        now = self.service.parts.now()
        site, uuid = self.site, self.site.link.vcenter_uuid
        self.image_id, self.flavor_id = ids.new_uuid(), "trial"
        with self.database.write() as tx:
            cluster_uuids = [seeds.cluster(tx, found, uuid, now) for found in site.clusters[:2]]
            datastore_uuid = seeds.datastore(tx, site.datastore, uuid, cluster_uuids, now)
            image_store.image_insert(tx, seeds.image(self.image_id, "trial", Status.ACTIVE, now))
            self._cached(tx, datastore_uuid)
        self.service.flavors.create(self.context, NewFlavor(self.flavor_id, "trial", 1, 512, 1, ephemeral_gib=2))
        self.network_id = self._network()

    def _cached(self, tx: Transaction, datastore_uuid: str) -> None:
        row = CacheEntry(
            entry_id=ids.new_uuid(),
            image_id=self.image_id,
            vcenter_uuid=self.site.link.vcenter_uuid,
            datastore_uuid=datastore_uuid,
            root_gib=1,
            state=CacheState.BUILDING,
            keeper_name="keeper",
            keeper_moref=None,
            vmdk_path=None,
            capacity_bytes=None,
            adapter_type="pvscsi",
            disk_format="qcow2",
            reason=None,
        )
        cache_store.entry_insert(tx, row)
        ready = {"keeper_moref": self.site.keeper, "vmdk_path": self.site.parent_path, "capacity_bytes": GIB}
        cache_store.entry_move(tx, row.entry_id, CacheState.READY, ready)

    def _network(self) -> str:
        network_id = seeds.network(self.service.parts.network, self.context)
        group = self.site.port_group
        uuid = self.site.link.vcenter_uuid
        with self.database.write() as tx:
            port_group_store.port_group_begin(tx, network_id, uuid, group.name, ids.new_uuid())
            found = {"moref": group.moref, "key": group.key, "dvs_uuid": group.dvs_uuid, "owned": False}
            port_group_store.port_group_move(tx, network_id, uuid, PortGroupState.READY, found)
        return network_id
