package main

import (
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// The simulator dispatches a method to the object in its registry, and its own code asserts the types of what it finds
// there: an object of the main registry can't be replaced. But it prefers what the caller's session has under the same
// reference. So the first call of a session on an object puts a wrapper of ours into the session's registry: a type
// that embeds the simulator's and overrides methods. The wrapper goes when the object goes.

// wrappers makes, by managed object type, the object that answers in place of the simulator's.
var wrappers = map[string]func(mo.Reference) mo.Reference{}

// A guard looks at every call before it is dispatched; a fault answers the call.
var guards []func(*simulator.Context, *simulator.Method) types.BaseMethodFault

// hooks remembers which sessions hold a wrapper of an object.
type hooks struct {
	main *simulator.Registry

	mu      sync.Mutex
	holders map[types.ManagedObjectReference][]*simulator.Registry
}

func installHooks(main *simulator.Registry) *hooks {
	h := &hooks{main: main, holders: map[types.ManagedObjectReference][]*simulator.Registry{}}
	main.Handler = h.handle
	main.AddHandler(h)
	return h
}

func (h *hooks) handle(ctx *simulator.Context, method *simulator.Method) (mo.Reference, types.BaseMethodFault) {
	for _, guard := range guards {
		if fault := guard(ctx, method); fault != nil {
			return nil, fault
		}
	}
	wrap := wrappers[method.This.Type]
	if wrap == nil || ctx.Session == nil {
		return nil, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if ctx.Session.Registry.Get(method.This) != nil {
		return nil, nil
	}
	if object := h.main.Get(method.This); object != nil {
		ctx.Session.Registry.Put(wrap(object))
		h.holders[method.This] = append(h.holders[method.This], ctx.Session.Registry)
	}
	return nil, nil
}

// Reference names the hooks among the registry's listeners.
func (h *hooks) Reference() types.ManagedObjectReference {
	return types.ManagedObjectReference{Type: "StackspanHooks", Value: "hooks"}
}

// PutObject is called for every object that enters the registry.
func (h *hooks) PutObject(*simulator.Context, mo.Reference) {}

// UpdateObject is called for every change of an object's properties.
func (h *hooks) UpdateObject(*simulator.Context, mo.Reference, []types.PropertyChange) {}

// RemoveObject drops the wrappers of an object that left the registry.
func (h *hooks) RemoveObject(ctx *simulator.Context, ref types.ManagedObjectReference) {
	h.mu.Lock()
	holders := h.holders[ref]
	delete(h.holders, ref)
	h.mu.Unlock()
	for _, registry := range holders {
		registry.Remove(ctx, ref)
	}
}
