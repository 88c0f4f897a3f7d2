package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/simulator/esx"
	"github.com/vmware/govmomi/vim25/types"
)

func wait(ctx context.Context, task *object.Task, err error) (*types.TaskInfo, error) {
	if err != nil {
		return nil, err
	}
	return task.WaitForResult(ctx, nil)
}

func build(ctx context.Context, client *govmomi.Client, m *simulator.Model, dir string) error {
	root := object.NewRootFolder(client.Client)
	dc, err := root.CreateDatacenter(ctx, "Datacenter1")
	if err != nil {
		return err
	}
	folders, err := dc.Folders(ctx)
	if err != nil {
		return err
	}
	info, err := wait(ctx, must(folders.NetworkFolder.CreateDVS(ctx, types.DVSCreateSpec{
		ConfigSpec: &types.VMwareDVSConfigSpec{DVSConfigSpec: types.DVSConfigSpec{Name: "DVS0"}, MaxMtu: 9000},
	})), nil)
	if err != nil {
		return err
	}
	dvs := object.NewDistributedVirtualSwitch(client.Client, info.Result.(types.ManagedObjectReference))
	enabled := true
	var hosts []*object.HostSystem
	for c := 1; c <= 3; c++ {
		cluster, err := folders.HostFolder.CreateCluster(ctx, fmt.Sprintf("cluster%d", c), types.ClusterConfigSpecEx{
			DrsConfig: &types.ClusterDrsConfigInfo{Enabled: &enabled, DefaultVmBehavior: types.DrsBehaviorFullyAutomated},
		})
		if err != nil {
			return err
		}
		for h := 1; h <= 3; h++ {
			name := fmt.Sprintf("esxi%d%d.example.org", c, h)
			info, err := wait(ctx, must(cluster.AddHost(ctx, types.HostConnectSpec{HostName: name}, true, nil, nil)), nil)
			if err != nil {
				return err
			}
			host := object.NewHostSystem(client.Client, info.Result.(types.ManagedObjectReference))
			hosts = append(hosts, host)
			_, err = wait(ctx, must(dvs.Reconfigure(ctx, &types.DVSConfigSpec{Host: []types.DistributedVirtualSwitchHostMemberConfigSpec{
				{Operation: "add", Host: host.Reference()}}})), nil)
			if err != nil {
				return err
			}
		}
	}
	for _, name := range []string{"ds1", "ds2"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(path, 0o700); err != nil {
			return err
		}
		for _, host := range hosts {
			system, err := host.ConfigManager().DatastoreSystem(ctx)
			if err != nil {
				return err
			}
			if _, err := system.CreateLocalDatastore(ctx, name, path); err != nil {
				return err
			}
		}
	}
	for _, entity := range m.Map().All("Datastore") {
		if ds, ok := m.Map().Get(entity.Reference()).(*simulator.Datastore); ok {
			shape(ds)
		}
	}
	vlan := types.VmwareDistributedVirtualSwitchVlanIdSpec{VlanId: 100}
	_, err = wait(ctx, must(dvs.AddPortgroup(ctx, []types.DVPortgroupConfigSpec{{
		Name: "br-int", Type: "earlyBinding", NumPorts: 128,
		DefaultPortConfig: &types.VMwareDVSPortSetting{Vlan: &vlan},
	}})), nil)
	return err
}

const capacity = int64(4) << 40

func shape(ds *simulator.Datastore) {
	ds.Summary.Type = "VMFS"
	ds.Summary.Capacity, ds.Summary.FreeSpace = capacity, capacity
	if info, ok := ds.Info.(*types.LocalDatastoreInfo); ok {
		info.FreeSpace, info.MaxFileSize = capacity, capacity
	}
}

func must(task *object.Task, err error) *object.Task {
	if err != nil {
		panic(err)
	}
	return task
}

func init() {
	esx.HostHardwareInfo.MemorySize = 256 << 30
	esx.HostHardwareInfo.CpuInfo.NumCpuCores, esx.HostHardwareInfo.CpuInfo.NumCpuThreads = 32, 32
	hw := esx.HostSystem.Summary.Hardware
	hw.MemorySize, hw.NumCpuCores, hw.NumCpuThreads = 256<<30, 32, 32
}
