package world

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Fault is something that can be made to go wrong.
type Fault struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	// Parameters may be given with it, as in ?project=mesh-sim-2&count=3.
	Parameters []string `json:"parameters,omitempty"`
}

// Faults lists the known faults by name.
func Faults() []Fault {
	out := make([]Fault, len(faultDefs))
	for i, d := range faultDefs {
		out[i] = d.Fault
	}
	slices.SortFunc(out, func(a, b Fault) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func faultNames() []string {
	var out []string
	for _, f := range Faults() {
		out = append(out, f.Name)
	}
	return out
}

// A faultDef is a fault and how it is done. World faults change the world, as any client could; the others change how
// requests are answered, and package api checks whether they are active.
type faultDef struct {
	Fault
	apply, undo faultAction
	// scope of a world fault's targets
	scope scope
}

// A faultAction does a world fault to a target, or undoes it.
type faultAction func(w *World, f *ActiveFault, t target, now time.Time)

// worldFault is a fault that changes the world.
func worldFault(name, description string, s scope, apply, undo faultAction) faultDef {
	params := projectParams
	if s == scopeCluster {
		params = clusterParams
	}
	return faultDef{Fault: Fault{Name: name, Description: description, Parameters: params}, scope: s, apply: apply, undo: undo}
}

type scope int

const (
	scopeNone scope = iota
	scopeFleet
	scopeProject
	scopeCluster
)

// faultDefs are all faults.
var faultDefs = slices.Concat(worldFaults(), fleetFaults(), clusterFaults(), insideFaults(), requestFaults())

// CheckFault refuses a name that no fault has.
func CheckFault(name string) error {
	if findFault(name) == nil {
		return fmt.Errorf("unknown fault %q; known are %s", name, strings.Join(faultNames(), ", "))
	}
	return nil
}

func findFault(name string) *faultDef {
	for i := range faultDefs {
		if faultDefs[i].Name == name {
			return &faultDefs[i]
		}
	}
	return nil
}

// check validates the parameters of a fault.
func (d *faultDef) check(params map[string]string) error {
	for k, v := range params {
		if !slices.Contains(d.Parameters, k) {
			return fmt.Errorf("fault %s has no parameter %q; it has %s", d.Name, k, strings.Join(d.Parameters, ", "))
		}
		switch k {
		case "count":
			if n, err := strconv.Atoi(v); err != nil || n < 1 {
				return fmt.Errorf("count: %q is not a positive number", v)
			}
		case "status":
			if n, err := strconv.Atoi(v); err != nil || n < 400 || n > 599 {
				return fmt.Errorf("status: %q is not an HTTP error status", v)
			}
		case "for", "by":
			if dur, err := time.ParseDuration(v); err != nil || dur < 0 {
				return fmt.Errorf("%s: %q is not a duration such as 30s", k, v)
			}
		}
	}
	return nil
}

// An ActiveFault is a fault that was switched on.
type ActiveFault struct {
	Name   string            `json:"name"`
	Params map[string]string `json:"params,omitempty"`
	// Left counts down the requests that it still hits; absent: all.
	Left *int `json:"left,omitempty"`
	// Targets are the ids of what a world fault changed.
	Targets []string `json:"targets,omitempty"`
	// Clusters were deleted and can be restored.
	Clusters map[string]*Cluster `json:"clusters,omitempty"`
}

// ActiveFault finds an active fault; nil if it is not active. The methods of a nil fault match nothing.
func (w *World) ActiveFault(name string) *ActiveFault {
	for _, f := range w.Faults {
		if f.Name == name && !f.exhausted() {
			return f
		}
	}
	return nil
}

func (f *ActiveFault) exhausted() bool { return f.Left != nil && *f.Left == 0 }

// UseHit counts a hit down and reports whether one was left.
func (f *ActiveFault) UseHit() bool {
	if f == nil || f.exhausted() {
		return false
	}
	if f.Left != nil {
		*f.Left--
	}
	return true
}

// faultDurations are the spans of faults that take one.
var faultDurations = map[string]time.Duration{
	"cluster-busy": 30 * time.Second, "slow": 5 * time.Second, "slow-propagation": 30 * time.Second,
}

// Duration is a parameter, or its default.
func (f *ActiveFault) Duration(param string) time.Duration {
	if d, err := time.ParseDuration(f.Params[param]); err == nil {
		return d
	}
	return faultDurations[f.Name]
}

// matchesOperation reports whether a fault applies to an operation that starts.
func (f *ActiveFault) matchesOperation(op *Operation) bool {
	return f != nil && (f.Params["host"] == "" || strings.EqualFold(f.Params["host"], op.API)) &&
		(f.Params["path"] == "" || strings.Contains(op.Project+"/"+op.Target+"/"+op.Type, f.Params["path"]))
}

// matchesProject is the same for a project.
func (f *ActiveFault) matchesProject(p *Project) bool {
	ref := f.Params["project"]
	return ref == "" || ref == "*" || ref == p.ProjectID || ref == p.Number()
}

// Activate switches a fault on. A world fault is done again for further targets; another one gets new parameters.
func (w *World) Activate(name string, params map[string]string, now time.Time) error {
	if err := CheckFault(name); err != nil {
		return err
	}
	def := findFault(name)
	if err := def.check(params); err != nil {
		return err
	}
	i := slices.IndexFunc(w.Faults, func(f *ActiveFault) bool { return f.Name == name })
	var f *ActiveFault
	if i >= 0 {
		f = w.Faults[i]
	} else {
		f = &ActiveFault{Name: name}
	}
	targets, err := w.targets(def.scope, params)
	if err != nil {
		return err
	}
	f.Params, f.Left = params, nil
	if n, err := strconv.Atoi(params["count"]); err == nil {
		f.Left = &n
	}
	if i < 0 {
		w.Faults = append(w.Faults, f)
	}
	for _, t := range targets {
		if !slices.Contains(f.Targets, t.id) {
			f.Targets = append(f.Targets, t.id)
		}
		def.apply(w, f, t, now)
	}
	return nil
}

// Deactivate switches a fault off; what a world fault did is repaired, for
// all of its targets or those that the parameters name.
func (w *World) Deactivate(name string, params map[string]string, now time.Time) error {
	if err := CheckFault(name); err != nil {
		return err
	}
	def := findFault(name)
	i := slices.IndexFunc(w.Faults, func(f *ActiveFault) bool { return f.Name == name })
	if i < 0 {
		return nil
	}
	f := w.Faults[i]
	chosen := f.Targets
	if params["project"]+params["cluster"]+params["membership"] != "" {
		targets, err := w.targets(def.scope, params)
		if err != nil {
			return err
		}
		chosen = nil
		for _, t := range targets {
			chosen = append(chosen, t.id)
		}
	}
	var rest []string
	for _, id := range f.Targets {
		if !slices.Contains(chosen, id) {
			rest = append(rest, id)
			continue
		}
		if t, ok := w.targetByID(id); ok && def.undo != nil {
			def.undo(w, f, t, now)
		}
	}
	f.Targets = rest
	if len(rest) == 0 {
		w.Faults = slices.Delete(w.Faults, i, i+1)
	}
	if name == "stuck-operations" {
		w.resumeStuck(now)
	}
	return nil
}
