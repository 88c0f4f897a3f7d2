package main

import (
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// folder is as strict about names and specs as vCenter.
type folder struct {
	*simulator.Folder
}

func init() {
	wrappers["Folder"] = func(object mo.Reference) mo.Reference { return &folder{object.(*simulator.Folder)} }
}

// CreateVMTask refuses what vCenter refuses, before anything is made: a name that the folder holds (DuplicateName, with
// the object that has it) and devices that can't be. An instanceUuid that another VM has is replaced.
// The simulator holds the folder's lock from here to the end of the task, so that nobody takes the name in between.
func (f *folder) CreateVMTask(ctx *simulator.Context, req *types.CreateVM_Task) soap.HasFault {
	answer := func(task types.ManagedObjectReference) soap.HasFault {
		return &methods.CreateVM_TaskBody{Res: &types.CreateVM_TaskResponse{Returnval: task}}
	}
	name := storedName(req.Config.Name)
	if taken := ctx.Map.FindByName(name, f.ChildEntity); taken != nil {
		fault := &types.DuplicateName{Name: name, Object: taken.Reference()}
		return answer(failedTask(ctx, f.Folder, "createVm", fault))
	}
	if fault := checkSpec(ctx, nil, &req.Config); fault != nil {
		return answer(failedTask(ctx, f.Folder, "createVm", fault))
	}
	if id := req.Config.InstanceUuid; id != "" && vmByInstanceUuid(ctx, id) != nil {
		req.Config.InstanceUuid = uuid.NewString()
	}
	if !strings.Contains(name, "%") {
		return f.Folder.CreateVMTask(ctx, req)
	}
	return answer(f.createEscaped(ctx, req, name))
}

// createEscaped makes a VM whose name has escapes: the simulator doubles the devices of one that it escapes itself.
func (f *folder) createEscaped(
	ctx *simulator.Context, req *types.CreateVM_Task, name string,
) types.ManagedObjectReference {
	plain := strings.NewReplacer("%", "_").Replace(name)
	req.Config.Name = plain
	if files := req.Config.Files; files != nil && !strings.Contains(files.VmPathName, ".vmx") {
		files.VmPathName = strings.TrimSpace(files.VmPathName) + " " + plain + "/" + plain + ".vmx"
	}
	return nestedTask(ctx, f.Folder, "createVm", func() (types.AnyType, types.BaseMethodFault) {
		inner := f.Folder.CreateVMTask(ctx, req).(*methods.CreateVM_TaskBody)
		result, fault := ended(ctx, inner.Res.Returnval)
		if fault != nil {
			return nil, fault
		}
		vm := ctx.Map.Get(result.(types.ManagedObjectReference)).(*simulator.VirtualMachine)
		ctx.WithLock(vm, func() {
			ctx.Update(vm, []types.PropertyChange{
				{Name: "name", Val: name}, {Name: "config.name", Val: name}, {Name: "summary.config.name", Val: name},
			})
		})
		return result, nil
	})
}

// CreateFolder takes a name that is escaped already as it is.
func (f *folder) CreateFolder(ctx *simulator.Context, req *types.CreateFolder) soap.HasFault {
	req.Name = plainName(req.Name)
	return f.Folder.CreateFolder(ctx, req)
}

func vmByInstanceUuid(ctx *simulator.Context, id string) *simulator.VirtualMachine {
	all := ctx.Map.All("VirtualMachine")
	at := slices.IndexFunc(all, func(entity mo.Entity) bool {
		vm, ok := entity.(*simulator.VirtualMachine)
		return ok && vm.Config != nil && strings.EqualFold(vm.Config.InstanceUuid, id)
	})
	if at < 0 {
		return nil
	}
	return all[at].(*simulator.VirtualMachine)
}
