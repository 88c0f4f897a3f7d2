package main

import (
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// A filter of a collector: which objects, and which of their properties.
type filter struct {
	mo.PropertyFilter
	collector *collector
	views     []view
	objects   map[types.ManagedObjectReference]bool // asked for by themselves, or reached by a path that isn't a view
	missing   []types.MissingObject

	// What was read last, and what the client was told last. Guarded by the collector's lock.
	now, told map[types.ManagedObjectReference]values
	fresh     bool // nothing has been read yet

	mu      sync.Mutex
	looking map[types.ManagedObjectReference]bool // true: changed again since the look began
}

// newFilter resolves the objects of a spec. Objects behind a path that isn't a view's are those of this moment.
func newFilter(ctx *simulator.Context, c *collector, spec types.PropertyFilterSpec) (*filter, types.BaseMethodFault) {
	f := &filter{collector: c, fresh: true}
	f.Spec = spec
	f.Self.Type = "PropertyFilter"
	f.objects = map[types.ManagedObjectReference]bool{}
	f.looking = map[types.ManagedObjectReference]bool{}
	f.reset()
	for _, set := range spec.ObjectSet {
		object := ctx.Session.Get(set.Obj)
		if object == nil {
			fault := &types.ManagedObjectNotFound{Obj: set.Obj}
			if spec.ReportMissingObjectsInResults == nil || !*spec.ReportMissingObjectsInResults {
				return nil, fault
			}
			f.missing = append(f.missing, types.MissingObject{Obj: set.Obj, Fault: types.LocalizedMethodFault{Fault: fault}})
			continue
		}
		if len(set.SelectSet) == 0 || set.Skip == nil || !*set.Skip {
			f.objects[set.Obj] = true
		}
		if found, ok := object.(view); ok && len(set.SelectSet) != 0 {
			f.views = append(f.views, found)
		} else if len(set.SelectSet) != 0 {
			f.traverse(ctx, set)
		}
	}
	return f, nil
}

// traverse finds what a selection leads to by a plain retrieval of nothing but the objects.
func (f *filter) traverse(ctx *simulator.Context, set types.ObjectSpec) {
	var asked []types.PropertySpec
	for _, wanted := range f.Spec.PropSet {
		asked = append(asked, types.PropertySpec{Type: wanted.Type})
	}
	req := &types.RetrievePropertiesEx{
		This:    f.collector.Self,
		SpecSet: []types.PropertyFilterSpec{{ObjectSet: []types.ObjectSpec{set}, PropSet: asked}},
	}
	body := f.collector.PropertyCollector.RetrievePropertiesEx(ctx, req).(*methods.RetrievePropertiesExBody)
	if body.Res != nil && body.Res.Returnval != nil {
		for _, content := range body.Res.Returnval.Objects {
			f.objects[content.Obj] = true
		}
	}
}

// reset forgets what the client was told: the next answer is a full view. The collector's lock is held.
func (f *filter) reset() {
	f.now = map[types.ManagedObjectReference]values{}
	f.told = map[types.ManagedObjectReference]values{}
	f.fresh = true
}

func (f *filter) wants(kind string) bool {
	for _, set := range f.Spec.PropSet {
		if isKind(kind, set.Type) {
			return true
		}
	}
	return false
}

func (f *filter) holds(ref types.ManagedObjectReference) bool {
	if f.objects[ref] {
		return true
	}
	for _, view := range f.views {
		if view.holds(ref) {
			return true
		}
	}
	return false
}

// readAll reads every object of the filter: its first view.
func (f *filter) readAll() {
	seen := map[types.ManagedObjectReference]bool{}
	for ref := range f.objects {
		seen[ref] = true
	}
	for _, view := range f.views {
		for _, ref := range view.all() {
			seen[ref] = true
		}
	}
	for ref := range seen {
		if f.wants(ref.Type) {
			f.read(ref)
		}
	}
}

// look has an object read soon, once for all changes that come until then.
func (f *filter) look(ref types.ManagedObjectReference) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.looking[ref]; ok {
		f.looking[ref] = true
		return
	}
	f.looking[ref] = false
	go f.lookUntilQuiet(ref)
}

func (f *filter) lookUntilQuiet(ref types.ManagedObjectReference) {
	for {
		if ref.Type != "Task" {
			time.Sleep(gather)
		}
		f.mu.Lock()
		f.looking[ref] = false
		f.mu.Unlock()
		f.read(ref)
		f.mu.Lock()
		if !f.looking[ref] {
			delete(f.looking, ref)
			f.mu.Unlock()
			return
		}
		f.mu.Unlock()
	}
}

// read reads one object under its lock and offers what it found to the collector.
func (f *filter) read(ref types.ManagedObjectReference) {
	w := f.collector.watch
	if w.unsettled(ref) {
		return // looked at again when it is whole
	}
	object := w.main.Get(ref)
	if object == nil || w.gone(ref) || !f.holds(ref) {
		f.collector.offer(f, ref, nil)
		return
	}
	ctx := w.context()
	w.main.WithLock(ctx, object, func() {
		f.collector.offer(f, ref, readValues(object, f.Spec.PropSet))
	})
}

// DestroyPropertyFilter ends the filter.
func (f *filter) DestroyPropertyFilter(ctx *simulator.Context, req *types.DestroyPropertyFilter) soap.HasFault {
	f.collector.drop(f)
	ctx.Session.Remove(ctx, req.This)
	return &methods.DestroyPropertyFilterBody{Res: &types.DestroyPropertyFilterResponse{}}
}
