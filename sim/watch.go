package main

import (
	"context"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// The simulator's own WaitForUpdatesEx collects a filter anew at every change, and its views walk the inventory under
// locks: many threads cloning under a container view hang it. Here one listener hears of every change and only notes
// which object it concerns. The object is read again, under its lock, by a goroutine of its own; what differs from what
// the client was told last goes out with the next answer. An object that changes often is read once for many changes.

// gather is for how long changes of an object are gathered before it is read. Tasks are read at once.
const gather = 5 * time.Millisecond

// watch is the listener, and what it tells.
type watch struct {
	main *simulator.Registry

	mu       sync.Mutex
	filters  map[*filter]struct{}
	removed  map[types.ManagedObjectReference]bool
	settling map[types.ManagedObjectReference][]types.ManagedObjectReference // folder → VMs being made in it
}

func installWatch(main *simulator.Registry) *watch {
	w := &watch{
		main:     main,
		filters:  map[*filter]struct{}{},
		removed:  map[types.ManagedObjectReference]bool{},
		settling: map[types.ManagedObjectReference][]types.ManagedObjectReference{},
	}
	main.AddHandler(w)
	wrappers["PropertyCollector"] = func(object mo.Reference) mo.Reference {
		return &collector{PropertyCollector: object.(*simulator.PropertyCollector), watch: w}
	}
	wrappers["ViewManager"] = func(object mo.Reference) mo.Reference {
		return &viewManager{ViewManager: object.(*simulator.ViewManager), watch: w}
	}
	return w
}

// context is a caller of the simulator that holds no lock yet.
func (w *watch) context() *simulator.Context {
	return &simulator.Context{Context: context.Background(), Map: w.main}
}

// Reference names the watch among the registry's listeners.
func (w *watch) Reference() types.ManagedObjectReference {
	return types.ManagedObjectReference{Type: "StackspanWatch", Value: "watch"}
}

// PutObject is called for every object that enters the registry, locks held.
func (w *watch) PutObject(_ *simulator.Context, object mo.Reference) {
	if vm, ok := object.(*simulator.VirtualMachine); ok && vm.Parent != nil {
		w.settle(vm.Self, *vm.Parent)
		return
	}
	w.touch(object.Reference())
}

// UpdateObject is called for every change that the simulator tells of, locks held.
func (w *watch) UpdateObject(_ *simulator.Context, object mo.Reference, changes []types.PropertyChange) {
	w.touch(object.Reference())
	task, ok := object.(*mo.Task)
	if !ok || (task.Info.State != types.TaskInfoStateSuccess && task.Info.State != types.TaskInfoStateError) {
		return
	}
	// Much that a task does isn't told: sizes, annotations, modes of hosts, free space.
	if task.Info.Entity != nil {
		w.touch(*task.Info.Entity)
		if host, ok := w.main.Get(*task.Info.Entity).(*simulator.HostSystem); ok && host.Parent != nil {
			w.touch(*host.Parent)
		}
	}
	for _, datastore := range w.main.AllReference("Datastore") {
		w.touch(datastore.Reference())
	}
}

// RemoveObject is called for every object that leaves the registry, locks held.
func (w *watch) RemoveObject(_ *simulator.Context, ref types.ManagedObjectReference) {
	w.mu.Lock()
	w.removed[ref] = true
	w.mu.Unlock()
	w.touch(ref)
}

// touch notes that an object may have changed.
func (w *watch) touch(ref types.ManagedObjectReference) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for f := range w.filters {
		if f.wants(ref.Type) {
			f.look(ref)
		}
	}
}

// changedView has the members that joined or left a list looked at.
func (w *watch) changedView(refs []types.ManagedObjectReference) {
	for _, ref := range refs {
		w.touch(ref)
	}
}

// settle looks at a new VM once it is whole. The simulator fills it in without its lock, but under that of its folder.
func (w *watch) settle(vm, parent types.ManagedObjectReference) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, working := w.settling[parent]
	w.settling[parent] = append(w.settling[parent], vm)
	if !working {
		go w.settleFolder(parent)
	}
}

func (w *watch) settleFolder(parent types.ManagedObjectReference) {
	for {
		time.Sleep(gather)
		var whole []types.ManagedObjectReference
		w.main.WithLock(w.context(), parent, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			whole, w.settling[parent] = w.settling[parent], nil
		})
		for _, vm := range whole {
			w.touch(vm)
		}
		w.mu.Lock()
		if len(w.settling[parent]) == 0 {
			delete(w.settling, parent)
			w.mu.Unlock()
			return
		}
		w.mu.Unlock()
	}
}

// unsettled tells whether a VM is still being made.
func (w *watch) unsettled(ref types.ManagedObjectReference) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, vms := range w.settling {
		for _, vm := range vms {
			if vm == ref {
				return true
			}
		}
	}
	return false
}

func (w *watch) gone(ref types.ManagedObjectReference) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.removed[ref]
}

func (w *watch) open(f *filter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.filters[f] = struct{}{}
}

func (w *watch) close(closed ...*filter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range closed {
		delete(w.filters, f)
	}
}

// dropEnded forgets the filters of sessions that are over.
func (w *watch) dropEnded(sessions map[string]bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for f := range w.filters {
		if !sessions[f.collector.sessionKey()] {
			delete(w.filters, f)
		}
	}
}
