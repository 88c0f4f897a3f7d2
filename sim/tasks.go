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

// nestedTask is a task on entity that runs one or more of the simulator's own tasks on behalf of the same caller, who
// holds the entity's lock for all of them.
func nestedTask(
	ctx *simulator.Context, entity mo.Reference, name string, run func() (types.AnyType, types.BaseMethodFault),
) types.ManagedObjectReference {
	task := simulator.CreateTask(entity, name, func(*simulator.Task) (types.AnyType, types.BaseMethodFault) { return run() })
	return task.Run(ctx)
}

// ended waits for a task of the simulator's; its result or fault.
func ended(ctx *simulator.Context, ref types.ManagedObjectReference) (types.AnyType, types.BaseMethodFault) {
	task := ctx.Map.Get(ref).(*simulator.Task)
	task.Wait()
	if task.Info.Error != nil {
		return nil, task.Info.Error.Fault
	}
	return task.Info.Result, nil
}
