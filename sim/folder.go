package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// folder is as strict about names as vCenter.
type folder struct {
	*simulator.Folder
}

func init() {
	wrappers["Folder"] = func(object mo.Reference) mo.Reference { return &folder{object.(*simulator.Folder)} }
}

// CreateVMTask refuses a name that the folder already holds: DuplicateName, with the object that has it.
// The simulator holds the folder's lock from here to the end of the task, so that nobody takes the name in between.
func (f *folder) CreateVMTask(ctx *simulator.Context, req *types.CreateVM_Task) soap.HasFault {
	if taken := ctx.Map.FindByName(req.Config.Name, f.ChildEntity); taken != nil {
		fault := &types.DuplicateName{Name: req.Config.Name, Object: taken.Reference()}
		return &methods.CreateVM_TaskBody{
			Res: &types.CreateVM_TaskResponse{Returnval: failedTask(ctx, f.Folder, "createVm", fault)},
		}
	}
	return f.Folder.CreateVMTask(ctx, req)
}
