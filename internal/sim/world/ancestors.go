package world

// An Ancestor is a folder or an organization above projects.
type Ancestor struct {
	Parent *ResourceID `json:"parent,omitempty"` // of a folder
	Policy Policy      `json:"policy,omitzero"`
	// Hidden is set where its policy may not be read. Otherwise whoever may write the policy of a project below may read it:
	// a simplification, for the real permission is granted on the ancestor.
	Hidden bool `json:"hidden,omitempty"`
}

// AncestorsOf are the folders and the organization above a project, the nearest first. Those that the world says nothing
// about have an empty policy.
func (w *World) AncestorsOf(p *Project) (ids []ResourceID) {
	for at := p.Parent; at != nil && len(ids) < 12; { // Resource Manager nests folders ten deep
		ids = append(ids, *at)
		if a := w.Ancestors[at.Type+"s/"+at.ID]; a != nil {
			at = a.Parent
		} else {
			at = nil
		}
	}
	return ids
}

// Ancestor is a folder or an organization by its name, folders/123, and whether a caller may read its policy; nil where no
// project is below it.
func (w *World) Ancestor(name, email string) (found *Ancestor, readable bool) {
	for _, p := range w.Projects {
		for _, id := range w.AncestorsOf(p) {
			if id.Type+"s/"+id.ID != name {
				continue
			}
			if found = w.Ancestors[name]; found == nil {
				found = &Ancestor{}
			}
			if !found.Hidden && w.Allowed(p, email, "resourcemanager.projects.setIamPolicy") {
				return found, true
			}
		}
	}
	return found, false
}

// Holds reports whether a member has a role on a project, granted there or above it, without a condition.
func (w *World) Holds(p *Project, role, member string) bool {
	if p.Policy.Holds(role, member) {
		return true
	}
	for _, id := range w.AncestorsOf(p) {
		if a := w.Ancestors[id.Type+"s/"+id.ID]; a != nil && a.Policy.Holds(role, member) {
			return true
		}
	}
	return false
}
