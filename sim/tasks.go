package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// failedTask is a task on entity that ends with the fault: most of vCenter's refusals come so, not as the call's answer.
func failedTask(
	ctx *simulator.Context, entity mo.Reference, name string, fault types.BaseMethodFault,
) types.ManagedObjectReference {
	run := func(*simulator.Task) (types.AnyType, types.BaseMethodFault) { return nil, fault }
	return simulator.CreateTask(entity, name, run).Run(ctx)
}
