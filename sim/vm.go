package main

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// virtualMachine is as strict as vCenter's.
type virtualMachine struct {
	*simulator.VirtualMachine
}

func init() {
	wrappers["VirtualMachine"] = func(object mo.Reference) mo.Reference {
		return &virtualMachine{object.(*simulator.VirtualMachine)}
	}
	wrappers["DistributedVirtualPortgroup"] = func(object mo.Reference) mo.Reference {
		return &portGroup{object.(*simulator.DistributedVirtualPortgroup)}
	}
}

// ReconfigVMTask refuses a stale changeVersion, devices that can't be, and hardware that a running VM can't be given.
func (vm *virtualMachine) ReconfigVMTask(ctx *simulator.Context, req *types.ReconfigVM_Task) soap.HasFault {
	if fault := vm.checkReconfig(ctx, &req.Spec); fault != nil {
		task := failedTask(ctx, vm.VirtualMachine, "reconfigVm", fault)
		return &methods.ReconfigVM_TaskBody{Res: &types.ReconfigVM_TaskResponse{Returnval: task}}
	}
	return vm.VirtualMachine.ReconfigVMTask(ctx, req)
}

func (vm *virtualMachine) checkReconfig(
	ctx *simulator.Context, spec *types.VirtualMachineConfigSpec,
) types.BaseMethodFault {
	if spec.ChangeVersion != "" && spec.ChangeVersion != vm.Config.ChangeVersion {
		return &types.ConcurrentAccess{}
	}
	if vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn {
		hot := func(enabled *bool) bool { return enabled != nil && *enabled }
		cpus := spec.NumCPUs != 0 && spec.NumCPUs != vm.Config.Hardware.NumCPU
		memory := spec.MemoryMB != 0 && int32(spec.MemoryMB) != vm.Config.Hardware.MemoryMB
		if (cpus && !hot(vm.Config.CpuHotAddEnabled)) || (memory && !hot(vm.Config.MemoryHotAddEnabled)) {
			return &types.InvalidPowerState{
				RequestedState: types.VirtualMachinePowerStatePoweredOff,
				ExistingState:  vm.Runtime.PowerState,
			}
		}
	}
	return checkSpec(ctx, vm.VirtualMachine, spec)
}

// PowerOnVMTask refuses a host that isn't there and disks that another running VM has open.
func (vm *virtualMachine) PowerOnVMTask(ctx *simulator.Context, req *types.PowerOnVM_Task) soap.HasFault {
	if fault := checkPowerOn(ctx, vm.VirtualMachine); fault != nil {
		task := failedTask(ctx, vm.VirtualMachine, "powerOn", fault)
		return &methods.PowerOnVM_TaskBody{Res: &types.PowerOnVM_TaskResponse{Returnval: task}}
	}
	return vm.VirtualMachine.PowerOnVMTask(ctx, req)
}

func checkPowerOn(ctx *simulator.Context, vm *simulator.VirtualMachine) types.BaseMethodFault {
	host, ok := ctx.Map.Get(*vm.Runtime.Host).(*simulator.HostSystem)
	if ok && host.Runtime.ConnectionState != types.HostSystemConnectionStateConnected {
		return &types.HostNotConnected{}
	}
	for _, entity := range ctx.Map.All("VirtualMachine") {
		other, ok := entity.(*simulator.VirtualMachine)
		if !ok || other.Self == vm.Self || other.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn {
			continue
		}
		for _, disk := range disksOf(vm) {
			if shared(disk) || !slices.ContainsFunc(disksOf(other), func(d *types.VirtualDisk) bool {
				return len(chain(d)) > 0 && len(chain(disk)) > 0 && chain(d)[0] == chain(disk)[0]
			}) {
				continue
			}
			return &types.FileLocked{FileFault: types.FileFault{File: chain(disk)[0]}}
		}
	}
	return nil
}

func shared(disk *types.VirtualDisk) bool {
	backing, ok := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	return ok && backing.Sharing == string(types.VirtualDiskSharingSharingMultiWriter)
}

// DestroyTask takes along every file of the VM's disk chains that no other registered VM uses: parents and attached
// disks too, as vCenter does.
func (vm *virtualMachine) DestroyTask(ctx *simulator.Context, req *types.Destroy_Task) soap.HasFault {
	var files []string
	for _, disk := range disksOf(vm.VirtualMachine) {
		files = append(files, chain(disk)...)
	}
	datacenter := datacenterOf(ctx, vm.VirtualMachine)
	task := nestedTask(ctx, vm.VirtualMachine, "destroy", func() (types.AnyType, types.BaseMethodFault) {
		// The simulator deletes the disks' own files whoever else has them: it must not see those.
		used := usedBy(ctx, vm.Self)
		devices := vm.Config.Hardware.Device
		vm.Config.Hardware.Device = slices.DeleteFunc(slices.Clone(devices), func(device types.BaseVirtualDevice) bool {
			_, isDisk := device.(*types.VirtualDisk)
			return isDisk
		})
		inner := vm.VirtualMachine.DestroyTask(ctx, req).(*methods.Destroy_TaskBody)
		if _, fault := ended(ctx, inner.Res.Returnval); fault != nil {
			vm.Config.Hardware.Device = devices
			return nil, fault
		}
		for _, file := range files {
			if !used[file] && checkFile(ctx, file) == nil {
				deleteDisk(ctx, datacenter, file)
			}
		}
		return nil, nil
	})
	return &methods.Destroy_TaskBody{Res: &types.Destroy_TaskResponse{Returnval: task}}
}

func deleteDisk(ctx *simulator.Context, datacenter *types.ManagedObjectReference, file string) {
	manager := ctx.Map.VirtualDiskManager()
	body := manager.DeleteVirtualDiskTask(ctx, &types.DeleteVirtualDisk_Task{Name: file, Datacenter: datacenter})
	ended(ctx, body.(*methods.DeleteVirtualDisk_TaskBody).Res.Returnval)
}

func datacenterOf(ctx *simulator.Context, entity mo.Entity) *types.ManagedObjectReference {
	for parent := entity.Entity().Parent; parent != nil; {
		if parent.Type == "Datacenter" {
			return parent
		}
		next, ok := ctx.Map.Get(*parent).(mo.Entity)
		if !ok {
			return nil
		}
		parent = next.Entity().Parent
	}
	return nil
}

// portGroup is one that isn't let go while a VM is on it.
type portGroup struct {
	*simulator.DistributedVirtualPortgroup
}

// DestroyTask refuses while a VM's network card is connected to the port group.
func (g *portGroup) DestroyTask(ctx *simulator.Context, req *types.Destroy_Task) soap.HasFault {
	for _, entity := range ctx.Map.All("VirtualMachine") {
		vm, ok := entity.(*simulator.VirtualMachine)
		if !ok || vm.Config == nil {
			continue
		}
		for _, device := range vm.Config.Hardware.Device {
			card, ok := device.(types.BaseVirtualEthernetCard)
			if !ok {
				continue
			}
			backing, ok := card.GetVirtualEthernetCard().Backing.(*types.VirtualEthernetCardDistributedVirtualPortBackingInfo)
			if ok && backing.Port.PortgroupKey == g.Key {
				fault := &types.ResourceInUse{Type: "DistributedVirtualPortgroup", Name: g.Name}
				task := failedTask(ctx, g.DistributedVirtualPortgroup, "destroy", fault)
				return &methods.Destroy_TaskBody{Res: &types.Destroy_TaskResponse{Returnval: task}}
			}
		}
	}
	return g.DistributedVirtualPortgroup.DestroyTask(ctx, req)
}

// ReconfigureDVPortgroupTask refuses a stale configVersion.
func (g *portGroup) ReconfigureDVPortgroupTask(
	ctx *simulator.Context, req *types.ReconfigureDVPortgroup_Task,
) soap.HasFault {
	if version := req.Spec.ConfigVersion; version != "" && version != g.Config.ConfigVersion {
		task := failedTask(ctx, g.DistributedVirtualPortgroup, "reconfigure", &types.ConcurrentAccess{})
		return &methods.ReconfigureDVPortgroup_TaskBody{Res: &types.ReconfigureDVPortgroup_TaskResponse{Returnval: task}}
	}
	return g.DistributedVirtualPortgroup.ReconfigureDVPortgroupTask(ctx, req)
}
