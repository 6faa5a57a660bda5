package world

import "fmt"

// The control plane implementations (gkehub.v1.ServiceMeshControlPlaneManagement.implementation). New meshes get
// TRAFFIC_DIRECTOR; ISTIOD is deprecated.
const (
	implementationTrafficDirector = "TRAFFIC_DIRECTOR"
	implementationIstiod          = "ISTIOD"
)

// CheckImplementation refuses what is no control plane implementation. Empty is the default.
func CheckImplementation(name string) error {
	switch name {
	case "", implementationTrafficDirector, implementationIstiod:
		return nil
	}
	return fmt.Errorf("%q is not %s or %s", name, implementationTrafficDirector, implementationIstiod)
}

// implementation is what the fleet's memberships report.
func (w *World) implementation() string {
	if w.Implementation == "" {
		return implementationTrafficDirector
	}
	return w.Implementation
}
