// Command stackspan-vcsim is a vCenter simulator for tests and the demo.
package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/simulator/esx"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

type options struct {
	listen, control, dir, cert, key, user, password string
	withParent                                       bool
}

func main() {
	var o options
	flag.StringVar(&o.listen, "listen", "127.0.0.1:0", "address of the API")
	flag.StringVar(&o.control, "control", "127.0.0.1:0", "address of the control endpoint")
	flag.StringVar(&o.dir, "dir", "", "folder of the datastores' files")
	flag.StringVar(&o.cert, "cert", "", "PEM certificate")
	flag.StringVar(&o.key, "key", "", "PEM key")
	flag.StringVar(&o.user, "username", "administrator@vsphere.local", "account")
	flag.StringVar(&o.password, "password", "password", "its password")
	flag.BoolVar(&o.withParent, "exit-with-parent", false, "end when the parent process ends")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "stackspan-vcsim:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	ctx := context.Background()
	m := simulator.VPX()
	m.Datacenter, m.Host, m.Machine = 0, 0, 0
	if err := m.Create(); err != nil {
		return err
	}
	defer m.Remove()
	m.Service.RegisterEndpoints = true
	m.Service.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	if o.cert != "" {
		pair, err := tls.LoadX509KeyPair(o.cert, o.key)
		if err != nil {
			return err
		}
		m.Service.TLS.Certificates = []tls.Certificate{pair}
	}
	m.Service.Listen = &url.URL{Host: o.listen, User: url.UserPassword(o.user, o.password)}
	server := m.Service.NewServer()
	defer server.Close()
	client, err := govmomi.NewClient(ctx, server.URL, true)
	if err != nil {
		return err
	}
	if err := build(ctx, client, m, o.dir); err != nil {
		return err
	}
	if err := client.Logout(ctx); err != nil {
		return err
	}
	host := server.URL.Host
	return announce(ctx, o, m, host)
}

func announce(ctx context.Context, o options, m *simulator.Model, host string) error {
	line, err := json.Marshal(map[string]string{
		"url": "https://" + host + "/sdk", "control": "", "username": o.user, "password": o.password,
		"instance_uuid": m.ServiceContent.About.InstanceUuid,
	})
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	parent := os.Getppid()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return nil
		case <-tick.C:
			if o.withParent && os.Getppid() != parent {
				return nil
			}
		}
	}
}

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

var _ mo.Reference = (*simulator.Datastore)(nil)
