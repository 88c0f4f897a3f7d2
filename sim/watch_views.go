package main

import (
	"slices"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// viewManager makes views that keep up without walking the inventory at each change.
type viewManager struct {
	*simulator.ViewManager
	watch *watch
}

// A view tells which objects it holds; `refresh` brings its property "view" up to date, for plain retrieval.
type view interface {
	mo.Reference
	holds(types.ManagedObjectReference) bool
	all() []types.ManagedObjectReference
	refresh()
}

// CreateContainerView answers with a view of ours where the simulator finds nothing wrong with the request.
func (m *viewManager) CreateContainerView(ctx *simulator.Context, req *types.CreateContainerView) soap.HasFault {
	body := &methods.CreateContainerViewBody{}
	root := ctx.Map.Get(req.Container)
	if root == nil {
		body.Fault_ = simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.Container})
		return body
	}
	if !isKind(req.Container.Type, "ManagedEntity") || isKind(req.Container.Type, "VirtualMachine") {
		body.Fault_ = simulator.Fault("", &types.InvalidArgument{InvalidProperty: "container"})
		return body
	}
	for _, kind := range req.Type {
		if kind != "ManagedEntity" && !slices.Contains(entityKinds, kind) {
			body.Fault_ = simulator.Fault("", &types.InvalidArgument{InvalidProperty: "type"})
			return body
		}
	}
	made := &containerView{main: m.watch.main}
	made.Self.Type = "ContainerView"
	made.Container, made.Recursive, made.Type = req.Container, req.Recursive, req.Type
	made.refresh()
	body.Res = &types.CreateContainerViewResponse{Returnval: ctx.Session.Put(made).Reference()}
	return body
}

// CreateListView answers with a view of ours; objects that don't exist are refused.
func (m *viewManager) CreateListView(ctx *simulator.Context, req *types.CreateListView) soap.HasFault {
	body := &methods.CreateListViewBody{}
	made := &listView{watch: m.watch, members: map[types.ManagedObjectReference]bool{}}
	made.Self.Type = "ListView"
	if unknown := made.add(ctx, req.Obj); len(unknown) != 0 {
		body.Fault_ = simulator.Fault("", &types.ManagedObjectNotFound{Obj: unknown[0]})
		return body
	}
	made.refresh()
	body.Res = &types.CreateListViewResponse{Returnval: ctx.Session.Put(made).Reference()}
	return body
}

type containerView struct {
	mo.ContainerView
	main *simulator.Registry
	mu   sync.Mutex
}

func (v *containerView) holds(ref types.ManagedObjectReference) bool {
	return v.wants(ref.Type) && v.below(ref)
}

func (v *containerView) wants(kind string) bool {
	if len(v.Type) == 0 {
		return isKind(kind, "ManagedEntity")
	}
	return slices.ContainsFunc(v.Type, func(wanted string) bool { return isKind(kind, wanted) })
}

// below tells whether an object is in the container: directly, or at any depth where the view is recursive. VMs are in
// their folder, and in their host's and resource pool's clusters too.
func (v *containerView) below(ref types.ManagedObjectReference) bool {
	if v.Recursive && v.Container == v.rootFolder() {
		return true
	}
	for _, parent := range v.parents(ref) {
		if parent == v.Container || (v.Recursive && v.below(parent)) {
			return true
		}
	}
	return false
}

func (v *containerView) rootFolder() types.ManagedObjectReference {
	root, _ := v.main.Get(types.ManagedObjectReference{Type: "ServiceInstance", Value: "ServiceInstance"}).(*simulator.ServiceInstance)
	return root.Content.RootFolder
}

func (v *containerView) parents(ref types.ManagedObjectReference) []types.ManagedObjectReference {
	entity, ok := v.main.Get(ref).(mo.Entity)
	if !ok {
		return nil
	}
	var found []types.ManagedObjectReference
	if parent := entity.Entity().Parent; parent != nil {
		found = append(found, *parent)
	}
	if vm, ok := entity.(*simulator.VirtualMachine); ok {
		for _, other := range []*types.ManagedObjectReference{vm.Runtime.Host, vm.ResourcePool} {
			if other != nil {
				found = append(found, *other)
			}
		}
	}
	return found
}

func (v *containerView) all() []types.ManagedObjectReference {
	var found []types.ManagedObjectReference
	for _, kind := range entityKinds {
		if !v.wants(kind) {
			continue
		}
		for _, ref := range v.main.AllReference(kind) {
			// A type may be asked for by its base's name, and the registry answers for that too.
			if ref.Reference().Type == kind && v.below(ref.Reference()) {
				found = append(found, ref.Reference())
			}
		}
	}
	return found
}

func (v *containerView) refresh() {
	all := v.all()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.View = all
}

// DestroyView ends the view.
func (v *containerView) DestroyView(ctx *simulator.Context, req *types.DestroyView) soap.HasFault {
	ctx.Session.Remove(ctx, req.This)
	return &methods.DestroyViewBody{Res: &types.DestroyViewResponse{}}
}

type listView struct {
	mo.ListView
	watch   *watch
	mu      sync.Mutex
	members map[types.ManagedObjectReference]bool
}

func (v *listView) holds(ref types.ManagedObjectReference) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.members[ref]
}

func (v *listView) all() []types.ManagedObjectReference {
	v.mu.Lock()
	defer v.mu.Unlock()
	found := make([]types.ManagedObjectReference, 0, len(v.members))
	for ref := range v.members {
		found = append(found, ref)
	}
	return found
}

func (v *listView) refresh() {
	all := v.all()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.View = all
}

// add puts objects into the list; those that don't exist are left out and returned.
func (v *listView) add(ctx *simulator.Context, refs []types.ManagedObjectReference) []types.ManagedObjectReference {
	var unknown []types.ManagedObjectReference
	for _, ref := range refs {
		if ctx.Session.Get(ref) == nil {
			unknown = append(unknown, ref)
			continue
		}
		v.mu.Lock()
		v.members[ref] = true
		v.mu.Unlock()
	}
	return unknown
}

func (v *listView) remove(refs []types.ManagedObjectReference) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, ref := range refs {
		delete(v.members, ref)
	}
}

// ModifyListView takes effect in a wait that is under way.
func (v *listView) ModifyListView(ctx *simulator.Context, req *types.ModifyListView) soap.HasFault {
	v.remove(req.Remove)
	unknown := v.add(ctx, req.Add)
	v.watch.changedView(append(slices.Clone(req.Remove), req.Add...))
	return &methods.ModifyListViewBody{Res: &types.ModifyListViewResponse{Returnval: unknown}}
}

// ResetListView replaces the list.
func (v *listView) ResetListView(ctx *simulator.Context, req *types.ResetListView) soap.HasFault {
	before := v.all()
	v.remove(before)
	unknown := v.add(ctx, req.Obj)
	v.watch.changedView(append(before, req.Obj...))
	return &methods.ResetListViewBody{Res: &types.ResetListViewResponse{Returnval: unknown}}
}

// ResetListViewFromView replaces the list by what another view holds.
func (v *listView) ResetListViewFromView(ctx *simulator.Context, req *types.ResetListViewFromView) soap.HasFault {
	body := &methods.ResetListViewFromViewBody{}
	other, ok := ctx.Session.Get(req.View).(view)
	if !ok {
		body.Fault_ = simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.View})
		return body
	}
	before := v.all()
	v.remove(before)
	v.add(ctx, other.all())
	v.watch.changedView(append(before, v.all()...))
	body.Res = &types.ResetListViewFromViewResponse{}
	return body
}

// DestroyView ends the view.
func (v *listView) DestroyView(ctx *simulator.Context, req *types.DestroyView) soap.HasFault {
	ctx.Session.Remove(ctx, req.This)
	return &methods.DestroyViewBody{Res: &types.DestroyViewResponse{}}
}
