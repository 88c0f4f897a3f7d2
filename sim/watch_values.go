package main

import (
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// values of watched paths, by path.
type values map[string]types.AnyType

// readValues reads the watched paths of an object, which its caller has locked. What is unset is left out. The values are
// copies: they may be encoded long after the lock is gone.
func readValues(object mo.Reference, sets []types.PropertySpec) values {
	found := values{}
	state := managedObject(object)
	for _, set := range sets {
		if !isKind(object.Reference().Type, set.Type) {
			continue
		}
		if set.All != nil && *set.All {
			readAll(state, found)
			continue
		}
		for _, name := range set.PathSet {
			if value := readPath(state, name); value != nil {
				found[name] = value
			}
		}
	}
	return found
}

// managedObject is the part of an object that the API shows: a struct of package mo, wrapped by the simulator and by us.
func managedObject(object mo.Reference) reflect.Value {
	state := reflect.ValueOf(object).Elem()
	for path.Base(state.Type().PkgPath()) != "mo" {
		state = state.Field(0)
		if state.Kind() == reflect.Pointer {
			state = state.Elem()
		}
	}
	return state
}

func readAll(state reflect.Value, found values) {
	for i := range state.NumField() {
		field := state.Type().Field(i)
		if field.Anonymous {
			readAll(state.Field(i), found)
		} else if value := asAnyType(state.Field(i)); value != nil && field.Name != "Self" {
			found[strings.ToLower(field.Name[:1])+field.Name[1:]] = value
		}
	}
}

func readPath(state reflect.Value, name string) types.AnyType {
	for _, part := range strings.Split(name, ".") {
		for state.Kind() == reflect.Pointer || state.Kind() == reflect.Interface {
			if state.IsNil() {
				return nil
			}
			state = state.Elem()
		}
		if state.Kind() != reflect.Struct || part == "" {
			return nil
		}
		state = state.FieldByName(strings.ToUpper(part[:1]) + part[1:])
		if !state.IsValid() {
			return nil
		}
	}
	return asAnyType(state)
}

// asAnyType is a copy of the value in the form that a property has on the wire: lists as ArrayOf…, nil when unset.
func asAnyType(value reflect.Value) types.AnyType {
	for value.Kind() == reflect.Pointer || value.Kind() == reflect.Interface {
		if value.IsNil() {
			return nil
		}
		value = value.Elem()
	}
	switch value.Kind() {
	case reflect.String:
		if value.Len() == 0 {
			return nil
		}
	case reflect.Slice:
		return asArray(value)
	}
	return copyOf(value).Interface()
}

var arrayNames = map[string]string{"int16": "Short", "int32": "Int", "int64": "Long", "uint8": "Byte", "string": "String"}

func asArray(list reflect.Value) types.AnyType {
	name := strings.TrimPrefix(list.Type().Elem().Name(), "Base")
	if short, ok := arrayNames[list.Type().Elem().Name()]; ok {
		name = short
	}
	kind, ok := types.TypeFunc()("ArrayOf" + name)
	if !ok {
		return nil
	}
	array := reflect.New(kind)
	array.Elem().Field(0).Set(copyOf(list).Convert(array.Elem().Field(0).Type()))
	return array.Interface()
}

// copyOf copies a value with all that it refers to.
func copyOf(value reflect.Value) reflect.Value {
	switch value.Kind() {
	case reflect.Pointer:
		if value.IsNil() {
			return value
		}
		made := reflect.New(value.Type().Elem())
		made.Elem().Set(copyOf(value.Elem()))
		return made
	case reflect.Interface:
		if value.IsNil() {
			return value
		}
		made := reflect.New(value.Type()).Elem()
		made.Set(copyOf(value.Elem()))
		return made
	case reflect.Slice:
		if value.IsNil() {
			return value
		}
		made := reflect.MakeSlice(value.Type(), value.Len(), value.Len())
		for i := range value.Len() {
			made.Index(i).Set(copyOf(value.Index(i)))
		}
		return made
	case reflect.Struct:
		made := reflect.New(value.Type()).Elem()
		made.Set(value) // unexported fields, as those of time.Time, are copied as they are
		for i := range value.NumField() {
			if value.Type().Field(i).IsExported() {
				made.Field(i).Set(copyOf(value.Field(i)))
			}
		}
		return made
	}
	return value
}

// differences are the changes that lead from one reading to the next, in the order of their names.
func differences(before, after values) []types.PropertyChange {
	var changes []types.PropertyChange
	for name, value := range after {
		if old, ok := before[name]; !ok || !reflect.DeepEqual(old, value) {
			changes = append(changes, types.PropertyChange{Name: name, Op: types.PropertyChangeOpAssign, Val: value})
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			changes = append(changes, types.PropertyChange{Name: name, Op: types.PropertyChangeOpAssign})
		}
	}
	slices.SortFunc(changes, func(a, b types.PropertyChange) int { return strings.Compare(a.Name, b.Name) })
	return changes
}

// kinds are the types that a type extends; every entity is a ManagedEntity too.
var kinds = map[string][]string{
	"ClusterComputeResource":         {"ComputeResource"},
	"DistributedVirtualPortgroup":    {"Network"},
	"OpaqueNetwork":                  {"Network"},
	"StoragePod":                     {"Folder"},
	"VirtualApp":                     {"ResourcePool"},
	"VmwareDistributedVirtualSwitch": {"DistributedVirtualSwitch"},
}

var entityKinds = []string{
	"Folder", "StoragePod", "Datacenter", "ComputeResource", "ClusterComputeResource", "HostSystem", "ResourcePool",
	"VirtualApp", "VirtualMachine", "Datastore", "Network", "OpaqueNetwork", "DistributedVirtualPortgroup",
	"DistributedVirtualSwitch", "VmwareDistributedVirtualSwitch",
}

// isKind tells whether an object of a type counts as the wanted type.
func isKind(kind, wanted string) bool {
	if kind == wanted || slices.Contains(kinds[kind], wanted) {
		return true
	}
	return wanted == "ManagedEntity" && slices.Contains(entityKinds, kind)
}
