package main

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// checkSpec looks at a VM's spec as vCenter does before it begins; vm is nil for one that isn't made yet.
func checkSpec(
	ctx *simulator.Context, vm *simulator.VirtualMachine, spec *types.VirtualMachineConfigSpec,
) types.BaseMethodFault {
	keys := map[int32]types.BaseVirtualDevice{}
	if vm != nil {
		for _, device := range vm.Config.Hardware.Device {
			keys[device.GetVirtualDevice().Key] = device
		}
	}
	added := map[int32]bool{}
	for _, change := range spec.DeviceChange {
		if change := change.GetVirtualDeviceConfigSpec(); change.Operation == types.VirtualDeviceConfigSpecOperationAdd {
			added[change.Device.GetVirtualDevice().Key] = true
		}
	}
	for index, change := range spec.DeviceChange {
		change := change.GetVirtualDeviceConfigSpec()
		device := change.Device.GetVirtualDevice()
		invalid := &types.InvalidDeviceSpec{DeviceIndex: int32(index)}
		if change.Operation != types.VirtualDeviceConfigSpecOperationAdd {
			before, ok := keys[device.Key]
			if !ok {
				return invalid
			}
			if fault := checkEdit(vm, before, change); fault != nil {
				return fault
			}
			continue
		}
		// The simulator has the controllers that every VM has from 100 on.
		if key := device.ControllerKey; key != 0 && !added[key] && keys[key] == nil && (vm != nil || key < 0 || key >= 1000) {
			return invalid
		}
		if fault := checkAdded(ctx, change); fault != nil {
			return fault
		}
	}
	return nil
}

func checkAdded(ctx *simulator.Context, change *types.VirtualDeviceConfigSpec) types.BaseMethodFault {
	switch device := change.Device.(type) {
	case *types.VirtualDisk:
		return checkNewDisk(ctx, change, device)
	case *types.VirtualCdrom:
		if backing, ok := device.Backing.(*types.VirtualCdromIsoBackingInfo); ok {
			return checkFile(ctx, backing.FileName)
		}
	case types.BaseVirtualEthernetCard:
		backing, ok := device.GetVirtualEthernetCard().Backing.(*types.VirtualEthernetCardDistributedVirtualPortBackingInfo)
		if !ok {
			return nil
		}
		ref := types.ManagedObjectReference{Type: "DistributedVirtualPortgroup", Value: backing.Port.PortgroupKey}
		group, ok := ctx.Map.Get(ref).(*simulator.DistributedVirtualPortgroup)
		if !ok {
			return &types.InvalidDeviceBacking{}
		}
		dvs, ok := ctx.Map.Get(*group.Config.DistributedVirtualSwitch).(*simulator.DistributedVirtualSwitch)
		if !ok || dvs.Uuid != backing.Port.SwitchUuid {
			return &types.InvalidDeviceBacking{}
		}
	}
	return nil
}

func checkNewDisk(
	ctx *simulator.Context, change *types.VirtualDeviceConfigSpec, disk *types.VirtualDisk,
) types.BaseMethodFault {
	backing, ok := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	if !ok {
		return nil
	}
	if backing.Parent != nil {
		if fault := checkFile(ctx, backing.Parent.FileName); fault != nil {
			return fault
		}
		if capacity := capacityOf(ctx, backing.Parent.FileName); capacity != 0 && capacity != sizeOf(disk) {
			return &types.InvalidDeviceOperation{BadOp: types.VirtualDeviceConfigSpecOperationAdd}
		}
		return nil
	}
	if change.FileOperation == "" {
		return checkFile(ctx, backing.FileName)
	}
	if thin := backing.ThinProvisioned; thin != nil && *thin {
		return nil
	}
	if ds := datastoreOf(ctx, backing.FileName); ds != nil && sizeOf(disk) > ds.Summary.FreeSpace {
		return &types.NoDiskSpace{Datastore: ds.Name}
	}
	return nil
}

// checkEdit refuses to shrink a disk, and to grow a child or one with a snapshot.
func checkEdit(
	vm *simulator.VirtualMachine, before types.BaseVirtualDevice, change *types.VirtualDeviceConfigSpec,
) types.BaseMethodFault {
	old, wasDisk := before.(*types.VirtualDisk)
	disk, isDisk := change.Device.(*types.VirtualDisk)
	if !wasDisk || !isDisk || change.Operation != types.VirtualDeviceConfigSpecOperationEdit || sizeOf(disk) == sizeOf(old) {
		return nil
	}
	refused := &types.InvalidDeviceOperation{BadOp: types.VirtualDeviceConfigSpecOperationEdit}
	if sizeOf(disk) < sizeOf(old) || vm.Snapshot != nil {
		return refused
	}
	if backing, ok := old.Backing.(*types.VirtualDiskFlatVer2BackingInfo); ok && backing.Parent != nil {
		return refused
	}
	return nil
}

func sizeOf(disk *types.VirtualDisk) int64 {
	return max(disk.CapacityInBytes, disk.CapacityInKB*1024)
}

// chain lists the files of a disk, its own first.
func chain(disk *types.VirtualDisk) []string {
	var files []string
	backing, _ := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	for ; backing != nil; backing = backing.Parent {
		files = append(files, backing.FileName)
	}
	return files
}

// disksOf are the disks of a VM, in order.
func disksOf(vm *simulator.VirtualMachine) []*types.VirtualDisk {
	var disks []*types.VirtualDisk
	if vm.Config == nil {
		return nil
	}
	for _, device := range vm.Config.Hardware.Device {
		if disk, ok := device.(*types.VirtualDisk); ok {
			disks = append(disks, disk)
		}
	}
	return disks
}

// usedBy lists every file of the disk chains of all registered VMs but one.
func usedBy(ctx *simulator.Context, but types.ManagedObjectReference) map[string]bool {
	used := map[string]bool{}
	for _, entity := range ctx.Map.All("VirtualMachine") {
		if vm, ok := entity.(*simulator.VirtualMachine); ok && vm.Self != but {
			for _, disk := range disksOf(vm) {
				for _, file := range chain(disk) {
					used[file] = true
				}
			}
		}
	}
	return used
}

// capacityOf is the capacity of a disk that a registered VM has, in bytes; 0 where none has it.
func capacityOf(ctx *simulator.Context, file string) int64 {
	for _, entity := range ctx.Map.All("VirtualMachine") {
		if vm, ok := entity.(*simulator.VirtualMachine); ok {
			for _, disk := range disksOf(vm) {
				if slices.Contains(chain(disk), file) {
					return sizeOf(disk)
				}
			}
		}
	}
	return 0
}

func datastoreOf(ctx *simulator.Context, file string) *simulator.Datastore {
	var where object.DatastorePath
	if !where.FromString(file) {
		return nil
	}
	for _, entity := range ctx.Map.All("Datastore") {
		if ds, ok := entity.(*simulator.Datastore); ok && ds.Name == where.Datastore {
			return ds
		}
	}
	return nil
}

// checkFile refuses a file that isn't there, or a path that can't be.
func checkFile(ctx *simulator.Context, file string) types.BaseMethodFault {
	var where object.DatastorePath
	if !where.FromString(file) || where.Path == "" {
		return &types.InvalidDatastorePath{DatastorePath: file}
	}
	ds := datastoreOf(ctx, file)
	if ds == nil {
		return &types.InvalidDatastorePath{DatastorePath: file}
	}
	if _, err := os.Stat(filepath.Join(ds.Info.GetDatastoreInfo().Url, where.Path)); err != nil {
		return &types.FileNotFound{FileFault: types.FileFault{File: file}}
	}
	return nil
}
