package guard

import (
	"fmt"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// Fleet is a fleet whose mesh is guarded.
type Fleet struct {
	Project string // the id or number of its host project
	Number  string // the host project's number; "" where it is not known
}

// ParseFleet reads ID or ID=NUMBER.
func ParseFleet(s string) (Fleet, error) {
	id, number, given := strings.Cut(s, "=")
	if err := mesh.CheckProject(id); err != nil {
		return Fleet{}, err
	}
	if !given {
		if mesh.IsProjectNumber(id) {
			number = id
		}
		return Fleet{id, number}, nil
	}
	if err := mesh.CheckProjectNumber(number); err != nil {
		return Fleet{}, fmt.Errorf("%s: %w", id, err)
	}
	return Fleet{id, number}, nil
}

// scope is what a plan as a whole says about the projects, clusters and agents in it, and which fleets are ours.
type scope struct {
	fleets  []Fleet
	ids     map[string]string          // of projects, by their number
	born    map[string]bool            // projects that the plan creates: nothing in them can be lost
	made    map[string]bool            // clusters that the plan creates
	holders map[string]map[string]bool // agents that hold the role on a project, as the plan shows it
	bare    map[string]bool            // clusters that have no workload pool
	member  map[string]bool            // clusters that a membership, or a resource of the mesh, names
	known   map[string]value           // clusters as the plan shows them
}

func newScope(fleets []Fleet, changes []*change) *scope {
	s := &scope{
		fleets: slices.Clone(fleets), ids: map[string]string{}, born: map[string]bool{}, made: map[string]bool{},
		holders: map[string]map[string]bool{}, bare: map[string]bool{}, member: map[string]bool{}, known: map[string]value{},
	}
	for _, f := range fleets {
		if f.Number != "" && f.Project != f.Number {
			s.ids[f.Number] = f.Project
		}
	}
	for _, c := range changes {
		s.learnNumbers(c)
	}
	for i, f := range s.fleets {
		if f.Number == "" {
			s.fleets[i].Number = s.number(f.Project)
		}
	}
	for _, c := range changes {
		s.learn(c)
	}
	return s
}

// learnNumbers reads the numbers of projects where a plan has them.
func (s *scope) learnNumbers(c *change) {
	for _, v := range []value{c.before, c.after} {
		switch c.kind {
		case "google_project":
			if id, number := v.get("project_id").text(), v.get("number").text(); id != "" && number != "" {
				s.ids[number] = id
			}
		case "asm_service_agent_binding":
			if id, number := v.get("fleet_project").text(), v.get("fleet_project_number").text(); id != "" && number != "" && id != number {
				s.ids[number] = id
			}
		}
	}
}

func (s *scope) learn(c *change) {
	creates := slices.Contains(c.actions, "create") && !c.replaces()
	switch c.kind {
	case "google_project":
		if creates && c.after.get("project_id").text() != "" {
			s.born[s.canon(c.after.get("project_id").text())] = true
		}
	case "google_container_cluster":
		v := c.before
		if creates {
			v = c.after
			s.made[s.clusterKey(v)] = true
		} else {
			s.known[s.clusterKey(v)] = v
		}
		if wi := v.get("workload_identity_config"); v.at("workload_identity_config", "workload_pool").text() == "" && !wi.anyUnknown() {
			s.bare[s.clusterKey(v)] = true
		}
	case "google_gke_hub_membership":
		for _, v := range []value{c.before, c.after} {
			if link, err := mesh.ParseCluster(v.at("endpoint", "gke_cluster", "resource_link").text()); err == nil {
				s.member[s.canon(link.Project)+"/"+link.Name] = true
			}
		}
	case "asm_workload_pool":
		for _, v := range []value{c.before, c.after} {
			if link, err := mesh.ParseCluster(v.get("cluster").text()); err == nil {
				s.member[s.canon(link.Project)+"/"+link.Name] = true
			}
		}
	}
	for _, v := range []value{c.before, c.after} {
		where, agents := grants(c.kind, v)
		for number := range agents {
			if where = s.canon(where); s.holders[where] == nil {
				s.holders[where] = map[string]bool{}
			}
			s.holders[where][number] = true
		}
	}
}

// canon is a project's id, or its number where the id is not known.
func (s *scope) canon(name string) string {
	name = strings.ToLower(strings.TrimPrefix(name, "projects/"))
	if id, known := s.ids[name]; known {
		return id
	}
	return name
}

func (s *scope) number(id string) string {
	for number, of := range s.ids {
		if of == id {
			return number
		}
	}
	return ""
}

// ours reports whether the agent of this number may be that of a guarded fleet. Without fleets, or while the number of
// one is not known, every agent counts.
func (s *scope) ours(number string) bool {
	for _, f := range s.fleets {
		if f.Number == "" || f.Number == number {
			return true
		}
	}
	return len(s.fleets) == 0
}

// foreign reports whether a fleet project is certainly none of the guarded fleets'.
func (s *scope) foreign(name string) bool {
	if len(s.fleets) == 0 || name == "" {
		return false
	}
	name = s.canon(name)
	for _, f := range s.fleets {
		switch {
		case name == s.canon(f.Project), name == f.Number:
			return false
		case mesh.IsProjectNumber(name) && f.Number == "", !mesh.IsProjectNumber(name) && mesh.IsProjectNumber(s.canon(f.Project)):
			return false // an id and a number may be the same project
		}
	}
	return true
}

// clusterKey names a cluster without its location, which resources of node pools may leave out.
func (s *scope) clusterKey(v value) string {
	return s.canon(v.get("project").text()) + "/" + v.get("name").text()
}
