package main

import (
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	defaultObjectUpdates = 100                    // an answer, as vCenter gives where the client says nothing
	answerGather         = 10 * time.Millisecond  // changes that come together go out together
	sessionCheck         = 200 * time.Millisecond // how soon a wait notices that its session is over
)

// A collector waits for changes by itself and leaves plain retrieval to the simulator.
type collector struct {
	*simulator.PropertyCollector
	watch *watch

	mu      sync.Mutex
	session *simulator.Session
	filters []*filter
	changed []change
	known   map[change]bool // what is in changed
	version int
	// The last answer and the version it was asked with: a client whose connection broke asks again.
	last      *types.UpdateSet
	lastAsked string
	wake      chan struct{}
	cancel    chan struct{}
}

// A change is an object of a filter of which the client may have to be told.
type change struct {
	filter *filter
	ref    types.ManagedObjectReference
}

// CreatePropertyCollector makes another collector of the session.
func (c *collector) CreatePropertyCollector(ctx *simulator.Context, _ *types.CreatePropertyCollector) soap.HasFault {
	made := &collector{PropertyCollector: &simulator.PropertyCollector{}, watch: c.watch}
	made.PropertyCollector.Self.Type = "PropertyCollector"
	made.join(ctx)
	ref := ctx.Session.Put(made).Reference()
	return &methods.CreatePropertyCollectorBody{Res: &types.CreatePropertyCollectorResponse{Returnval: ref}}
}

// DestroyPropertyCollector ends the collector, its filters and a wait that is under way.
func (c *collector) DestroyPropertyCollector(ctx *simulator.Context, req *types.DestroyPropertyCollector) soap.HasFault {
	c.interrupt()
	c.mu.Lock()
	filters := c.filters
	c.filters = nil
	c.mu.Unlock()
	c.watch.close(filters...)
	for _, f := range filters {
		ctx.Session.Remove(ctx, f.Self)
	}
	ctx.Session.Remove(ctx, req.This)
	return &methods.DestroyPropertyCollectorBody{Res: &types.DestroyPropertyCollectorResponse{}}
}

// CreateFilter begins to watch what the spec names; its first view comes with the next answer.
func (c *collector) CreateFilter(ctx *simulator.Context, req *types.CreateFilter) soap.HasFault {
	body := &methods.CreateFilterBody{}
	c.join(ctx)
	f, fault := newFilter(ctx, c, req.Spec)
	if fault != nil {
		body.Fault_ = simulator.Fault("", fault)
		return body
	}
	f.PartialUpdates = req.PartialUpdates
	ref := ctx.Session.Put(f).Reference()
	c.watch.dropEnded(sessionKeys(ctx))
	c.mu.Lock()
	c.filters = append(c.filters, f)
	c.Filter = append(c.Filter, ref)
	c.mu.Unlock()
	c.watch.open(f)
	c.poke()
	body.Res = &types.CreateFilterResponse{Returnval: ref}
	return body
}

// RetrievePropertiesEx brings views up to date first.
func (c *collector) RetrievePropertiesEx(ctx *simulator.Context, req *types.RetrievePropertiesEx) soap.HasFault {
	refreshViews(ctx, req.SpecSet)
	return c.PropertyCollector.RetrievePropertiesEx(ctx, req)
}

// RetrieveProperties brings views up to date first.
func (c *collector) RetrieveProperties(ctx *simulator.Context, req *types.RetrieveProperties) soap.HasFault {
	refreshViews(ctx, req.SpecSet)
	return c.PropertyCollector.RetrieveProperties(ctx, req)
}

// CancelWaitForUpdates makes a wait that is under way end with RequestCanceled.
func (c *collector) CancelWaitForUpdates(*types.CancelWaitForUpdates) soap.HasFault {
	c.interrupt()
	return &methods.CancelWaitForUpdatesBody{Res: &types.CancelWaitForUpdatesResponse{}}
}

// WaitForUpdates is WaitForUpdatesEx without options.
func (c *collector) WaitForUpdates(ctx *simulator.Context, req *types.WaitForUpdates) soap.HasFault {
	set, fault := c.wait(ctx, req.Version, nil)
	if fault != nil {
		return &methods.WaitForUpdatesBody{Fault_: simulator.Fault("", fault)}
	}
	if set == nil {
		set = &types.UpdateSet{Version: req.Version}
	}
	return &methods.WaitForUpdatesBody{Res: &types.WaitForUpdatesResponse{Returnval: *set}}
}

// CheckForUpdates answers at once.
func (c *collector) CheckForUpdates(ctx *simulator.Context, req *types.CheckForUpdates) soap.HasFault {
	set, fault := c.wait(ctx, req.Version, &types.WaitOptions{MaxWaitSeconds: types.NewInt32(0)})
	if fault != nil {
		return &methods.CheckForUpdatesBody{Fault_: simulator.Fault("", fault)}
	}
	return &methods.CheckForUpdatesBody{Res: &types.CheckForUpdatesResponse{Returnval: set}}
}

// WaitForUpdatesEx answers with what changed since `version`, as soon as something did.
func (c *collector) WaitForUpdatesEx(ctx *simulator.Context, req *types.WaitForUpdatesEx) soap.HasFault {
	set, fault := c.wait(ctx, req.Version, req.Options)
	if fault != nil {
		return &methods.WaitForUpdatesExBody{Fault_: simulator.Fault("", fault)}
	}
	return &methods.WaitForUpdatesExBody{Res: &types.WaitForUpdatesExResponse{Returnval: set}}
}

func (c *collector) wait(
	ctx *simulator.Context, version string, options *types.WaitOptions,
) (*types.UpdateSet, types.BaseMethodFault) {
	c.join(ctx)
	most, deadline := limits(options)
	if again, fault := c.begin(version); again != nil || fault != nil {
		return again, fault
	}
	wake, cancelled := c.waiting()
	check := time.NewTicker(sessionCheck)
	defer check.Stop()
	for {
		c.readFresh()
		if set := c.answer(version, most); set != nil {
			return set, nil
		}
		select {
		case <-wake:
			time.Sleep(answerGather)
		case <-deadline:
			return nil, nil
		case <-cancelled:
			return nil, &types.RequestCanceled{}
		case <-check.C:
			if !sessionKeys(ctx)[c.sessionKey()] {
				c.watch.dropEnded(sessionKeys(ctx))
				return nil, nil
			}
		}
	}
}

func limits(options *types.WaitOptions) (int, <-chan time.Time) {
	most := defaultObjectUpdates
	var deadline <-chan time.Time
	if options != nil {
		if options.MaxObjectUpdates > 0 {
			most = int(options.MaxObjectUpdates)
		}
		if seconds := options.MaxWaitSeconds; seconds != nil {
			deadline = time.After(time.Duration(*seconds) * time.Second)
		}
	}
	return most, deadline
}

// begin checks the version. An empty one starts over with a full view; the one before the last answer gets that again.
func (c *collector) begin(version string) (*types.UpdateSet, types.BaseMethodFault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if version == "" {
		for _, f := range c.filters {
			f.reset()
		}
		c.changed, c.known, c.last = nil, nil, nil
		return nil, nil
	}
	if c.last != nil && version == c.lastAsked {
		return c.last, nil
	}
	if version != strconv.Itoa(c.version) {
		return nil, &types.InvalidCollectorVersion{}
	}
	return nil, nil
}

// readFresh reads the first view of filters that have none yet.
func (c *collector) readFresh() {
	c.mu.Lock()
	var fresh []*filter
	for _, f := range c.filters {
		if f.fresh {
			f.fresh = false
			fresh = append(fresh, f)
		}
	}
	c.mu.Unlock()
	for _, f := range fresh {
		f.readAll()
	}
}

// offer takes what was read of an object; nil: it is not, or no longer, the filter's.
func (c *collector) offer(f *filter, ref types.ManagedObjectReference, found values) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found == nil {
		delete(f.now, ref)
	} else {
		f.now[ref] = found
	}
	one := change{f, ref}
	if _, told := f.told[ref]; c.known[one] || (found == nil && !told) {
		return
	}
	if c.known == nil {
		c.known = map[change]bool{}
	}
	c.known[one] = true
	c.changed = append(c.changed, one)
	if c.wake != nil {
		select {
		case c.wake <- struct{}{}:
		default:
		}
	}
}

// answer makes the next set of updates, nil where there are none. A full view is answered even where it is empty.
func (c *collector) answer(version string, most int) *types.UpdateSet {
	c.mu.Lock()
	defer c.mu.Unlock()
	set := &types.UpdateSet{}
	count := 0
	for len(c.changed) > 0 && count < most {
		one := c.changed[0]
		c.changed = c.changed[1:]
		delete(c.known, one)
		if update := one.filter.tell(one.ref); update != nil {
			appendUpdate(set, one.filter.Self, *update)
			count++
		}
	}
	for _, f := range c.filters {
		if len(f.missing) != 0 {
			set.FilterSet = append(set.FilterSet, types.PropertyFilterUpdate{Filter: f.Self, MissingSet: f.missing})
			f.missing = nil
		}
	}
	if len(set.FilterSet) == 0 && version != "" {
		return nil
	}
	c.version++
	set.Version = strconv.Itoa(c.version)
	set.Truncated = types.NewBool(len(c.changed) > 0)
	c.last, c.lastAsked = set, version
	return set
}

// tell is what the client must hear of an object, nil where that is nothing. The collector's lock is held.
func (f *filter) tell(ref types.ManagedObjectReference) *types.ObjectUpdate {
	now, is := f.now[ref]
	told, was := f.told[ref]
	switch {
	case !is && !was:
		return nil
	case !is:
		delete(f.told, ref)
		return &types.ObjectUpdate{Obj: ref, Kind: types.ObjectUpdateKindLeave}
	}
	f.told[ref] = now
	changes := differences(told, now)
	if !was {
		return &types.ObjectUpdate{Obj: ref, Kind: types.ObjectUpdateKindEnter, ChangeSet: changes}
	}
	if len(changes) == 0 {
		return nil
	}
	return &types.ObjectUpdate{Obj: ref, Kind: types.ObjectUpdateKindModify, ChangeSet: changes}
}

func appendUpdate(set *types.UpdateSet, ref types.ManagedObjectReference, update types.ObjectUpdate) {
	at := slices.IndexFunc(set.FilterSet, func(f types.PropertyFilterUpdate) bool { return f.Filter == ref })
	if at < 0 {
		set.FilterSet = append(set.FilterSet, types.PropertyFilterUpdate{Filter: ref})
		at = len(set.FilterSet) - 1
	}
	set.FilterSet[at].ObjectSet = append(set.FilterSet[at].ObjectSet, update)
}

func (c *collector) waiting() (<-chan struct{}, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wake, c.cancel = make(chan struct{}, 1), make(chan struct{})
	return c.wake, c.cancel
}

// interrupt ends a wait that is under way.
func (c *collector) interrupt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancel != nil {
		close(c.cancel)
		c.cancel = nil
	}
}

// poke has a wait that is under way look again.
func (c *collector) poke() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wake != nil {
		select {
		case c.wake <- struct{}{}:
		default:
		}
	}
}

func (c *collector) drop(gone *filter) {
	c.watch.close(gone)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.filters = slices.DeleteFunc(c.filters, func(f *filter) bool { return f == gone })
	c.Filter = slices.DeleteFunc(c.Filter, func(ref types.ManagedObjectReference) bool { return ref == gone.Self })
	c.changed = slices.DeleteFunc(c.changed, func(one change) bool { return one.filter == gone })
}

// join notes whose collector this is; the session's own default collector learns it at its first use.
func (c *collector) join(ctx *simulator.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session == nil {
		c.session = ctx.Session
	}
}

func (c *collector) sessionKey() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session == nil {
		return ""
	}
	return c.session.Key
}

// sessionKeys are the sessions that count now.
func sessionKeys(ctx *simulator.Context) map[string]bool {
	ref := *simulator.Map(ctx).Get(types.ManagedObjectReference{Type: "ServiceInstance", Value: "ServiceInstance"}).(*simulator.ServiceInstance).Content.SessionManager
	found := map[string]bool{}
	if manager, ok := ctx.Session.Get(ref).(*simulator.SessionManager); ok {
		for _, session := range manager.SessionList {
			found[session.Key] = true
		}
	}
	return found
}

func refreshViews(ctx *simulator.Context, specs []types.PropertyFilterSpec) {
	for _, spec := range specs {
		for _, set := range spec.ObjectSet {
			if found, ok := ctx.Session.Get(set.Obj).(view); ok {
				found.refresh()
			}
		}
	}
}

var _ mo.Reference = (*collector)(nil)
