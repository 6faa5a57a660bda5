package health

import (
	"fmt"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"time"
)

// JudgeSpec compares a membership's spec with what runs, which the state alone does not show. It reports nothing where
// they agree, where the control plane does not run anyway, and while it is being removed as asked.
func JudgeSpec(m mesh.MembershipMesh) (f catalogue.Finding, differs bool) {
	switch {
	case m.Management != mesh.ManagementManual && m.Management != mesh.ManagementNotInstalled:
		return catalogue.Finding{}, false
	case !m.Runs() || m.ControlPlane.State == mesh.StateDeprovisioning:
		return catalogue.Finding{}, false
	}
	f = catalogue.NewFinding(catalogue.SpecState, m.Name,
		fmt.Sprintf("management is %s, but a managed control plane is %s", m.Management, m.ControlPlane.State))
	f.Detail = m.Management
	return f, true
}

// When the implementation ISTIOD on GKE was deprecated and when its support ends (Google's pages on modernization).
var (
	IstiodDeprecated = time.Date(2026, time.September, 28, 0, 0, 0, 0, time.UTC)
	IstiodSupportEnd = time.Date(2028, time.March, 1, 0, 0, 0, 0, time.UTC)
)

// JudgeImplementation reports a control plane whose implementation is deprecated, without support, or being changed.
// Its text has the two dates and no age, so that it does not differ from read to read.
func JudgeImplementation(m mesh.MembershipMesh, now time.Time) (f catalogue.Finding, reported bool) {
	switch m.Implementation {
	case mesh.ImplementationUpdating:
		return catalogue.NewFinding(catalogue.ImplementationMoving, m.Name, "the implementation of the control plane is being updated"), true
	case mesh.ImplementationIstiod:
	default:
		return catalogue.Finding{}, false
	}
	deprecated, ends := IstiodDeprecated.Format(time.DateOnly), IstiodSupportEnd.Format(time.DateOnly)
	f = catalogue.NewFinding(catalogue.ImplementationLegacy, m.Name, "")
	f.Detail = mesh.ImplementationIstiod
	switch {
	case now.Before(IstiodDeprecated):
		f.Severity = catalogue.Info
		f.Message = fmt.Sprintf("the control plane's implementation is ISTIOD, which is deprecated from %s on; support ends on %s", deprecated,
			ends)
	case now.Before(IstiodSupportEnd):
		f.Message = fmt.Sprintf("the control plane's implementation is ISTIOD, deprecated since %s; support ends on %s", deprecated, ends)
	default:
		f.Severity = catalogue.Error
		f.Message = fmt.Sprintf("the control plane's implementation is ISTIOD, deprecated since %s and without support since %s", deprecated,
			ends)
	}
	return f, true
}
