package kinds

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

func waitFor(kind lang.Kind, usual time.Duration, scope func(Args) PermissionScope, observe observeFunc) Def {
	kind.Action, kind.Risk = lang.Wait, lang.NoRisk
	return Def{Kind: kind, UsualDuration: usual, PermissionScope: scope, Observe: observe}
}

func failsAfter(times int, d Def) Def {
	d.FailsAfter = times
	return d
}

// waits are all kinds of wait.
var waits = []Def{
	waitFor(lang.Kind{
		Name: "service_usable",
		Doc: "An API is enabled on a project and takes effect: enabling is done some minutes before every caller notices. Of `" +
			mesh.GatewayService +
			"` that is seen by asking a membership's cluster through it, where `membership` is given; of `" + mesh.HubService +
			"`, by listing the project's memberships; of other APIs, that they are enabled is all there is to see.",
		Args: []lang.Arg{
			argProject,
			needed("service", cty.String, "Name of the API, such as `connectgateway.googleapis.com`.", each(mesh.CheckService)),
			optional("membership", cty.String, cty.NilVal, "Full resource name of a membership to ask through Connect Gateway.",
				each(checkMembership)),
		},
		Permissions: []string{"serviceusage.services.get"},
		Success:     []string{serviceUsable}, Transitional: []string{serviceDisabled, servicePropagating},
	}, 5*time.Minute, inProject("project"), serviceIsUsable),
	waitFor(lang.Kind{
		Name: "control_plane_state",
		Doc: "The managed control plane of a membership is active, as the fleet reports it. A state that the fleet leaves out is waited for, " +
			"and so is one that is `DISABLED` although automatic management is asked for: the mesh has yet to notice.",
		Args: []lang.Arg{argMembership}, Permissions: []string{"gkehub.features.get"},
		Success: []string{mesh.StateActive},
		Transitional: []string{
			mesh.StateProvisioning,
			mesh.StateFailedPrecondition,
			mesh.StateStalled,
			mesh.StateDegraded,
			mesh.StateNeedsAttention,
		},
		Failure: []string{mesh.StateDisabled, mesh.StateDeprovisioning},
	}, catalogue.ProvisioningLimit, inFleetOf, component(controlPlane, func(m mesh.MembershipMesh) mesh.Component { return m.ControlPlane })),
	waitFor(lang.Kind{
		Name: "data_plane_state",
		Doc: "The managed data plane of a membership is active, as the fleet reports it. It is `DISABLED` until the mesh has noticed the " +
			"annotation that turns it on, so that state is waited for.",
		Args: []lang.Arg{argMembership}, Permissions: []string{"gkehub.features.get"},
		Success: []string{mesh.StateActive},
		Transitional: []string{
			mesh.StateDisabled,
			mesh.StateProvisioning,
			mesh.StateFailedPrecondition,
			mesh.StateStalled,
			mesh.StateDegraded,
			mesh.StateNeedsAttention,
		},
		Failure: []string{mesh.StateDeprovisioning},
	}, catalogue.ProvisioningLimit, inFleetOf, component(dataPlane, func(m mesh.MembershipMesh) mesh.Component { return m.DataPlane })),
	waitFor(lang.Kind{
		Name: "revision_ready",
		Doc: "A ControlPlaneRevision works: its condition Reconciled is true, and Stalled is not. ProvisioningFinished is ignored, because it " +
			"is also true after a failure.",
		Args: placed(argRevision), Permissions: []string{"gkehub.gateway.get", "get " + controlPlaneRevisions},
		Success: []string{revisionReconciled}, Transitional: []string{revisionProvisioning, revisionStalled, revisionMissing},
	}, catalogue.ProvisioningLimit, insideCluster, revisionReady),
	waitFor(lang.Kind{
		Name: "proxies_current",
		Doc: "All pods have the proxy that they would get if they were created now, and none is marked as not upgraded. `moving` means that " +
			"the managed data plane is upgrading pods; `failed`, that it could not upgrade pods, which waiting does not change.",
		Args: placed(argNamespaces),
		Permissions: []string{
			"gkehub.gateway.get", "list pods", "list namespaces", "list " +
				"mutatingwebhookconfigurations.admissionregistration.k8s.io", "list dataplanecontrols.mesh.cloud.google.com",
		},
		Success: []string{proxiesCurrent}, Transitional: []string{proxiesOutdated, proxiesMoving}, Failure: []string{proxiesFailed},
	}, catalogue.ProvisioningLimit, insideCluster, proxiesAreCurrent),
	failsAfter(3, waitFor(lang.Kind{
		Name: "findings_gone",
		Doc: "The diagnosis of a membership no longer reports these findings. One with another cause does not count: it disappears when that " +
			"cause is corrected. A possible consequence of one of these is not another cause. `waiting` means that the cause is corrected but the " +
			"mesh has not updated its state; `unknown`, that a check could not be made. `back` means that what the run has corrected is found " +
			"again; seen three times in a row, it ends the wait.",
		Args: []lang.Arg{argMembership, argCodes, optional("corrected", cty.Set(cty.String), cty.SetValEmpty(cty.String),
			"Codes of findings whose causes earlier steps have corrected. One of them that is found is back.", each(checkCode))},
		Permissions: diagnosePermissions,
		Success:     []string{findingsGone}, Transitional: []string{findingsPresent, findingsWaiting, findingsUnknown},
		Failure: []string{findingsBack},
	}, catalogue.ProvisioningLimit, inFleetOf, findingsAreGone)),
}

// The states of service_usable.
const (
	serviceUsable      = "usable"
	serviceDisabled    = "disabled"
	servicePropagating = "propagating"
)

func serviceIsUsable(ctx context.Context, env *Runtime, a Args) (Observation, error) {
	project, service := a.Text("project"), a.Text("service")
	states, err := env.Client.FreshServices(ctx, project, []string{service})
	if err != nil {
		return Observation{}, err
	}
	if states[service] != "ENABLED" {
		return Observation{State: serviceDisabled, Message: service + " is not enabled on project " + project}, nil
	}
	if service == mesh.HubService {
		return fleetIsReadable(ctx, env, project)
	}
	if service != mesh.GatewayService || a.Text("membership") == "" {
		return Observation{State: serviceUsable, Message: service + " is enabled on project " + project}, nil
	}
	membership, err := a.Membership("membership")
	if err != nil {
		return Observation{}, err
	}
	opened, err := env.Clusters.Open(ctx, cluster.Target{Membership: &membership})
	if err != nil {
		return Observation{}, err
	}
	_, err = opened.Namespace(ctx, "kube-system") // which every cluster has
	if refused, off := apierr.GatewayDisabled(err); off {
		return Observation{
			State:   servicePropagating,
			Message: fmt.Sprintf("%s is enabled on project %s, and Connect Gateway still refuses project %s", service, project, refused),
		}, nil
	}
	if err != nil && !answered(err) {
		return Observation{}, err
	}
	return Observation{State: serviceUsable, Message: "Connect Gateway reaches the cluster of " + membership.String()}, nil
}

// fleetIsReadable is whether GKE Hub answers for a project whose API is enabled.
func fleetIsReadable(ctx context.Context, env *Runtime, project string) (Observation, error) {
	env.Client.Forget()
	_, _, err := env.Client.Memberships(ctx, project)
	if _, off := apierr.Disabled(err); off {
		return Observation{
			State:   servicePropagating,
			Message: fmt.Sprintf("%s is enabled on project %s, and GKE Hub still refuses to list its memberships", mesh.HubService, project),
		}, nil
	}
	return Observation{State: serviceUsable, Message: "GKE Hub lists the memberships of project " + project}, err
}

// answered reports whether a failed read reached the cluster.
func answered(err error) bool {
	for e := range apierr.All(err) {
		if e.Source == apierr.Kubernetes {
			return true
		}
	}
	return false
}

// The states of revision_ready.
const (
	revisionReconciled   = "Reconciled"
	revisionProvisioning = "Provisioning"
	revisionStalled      = "Stalled"
	revisionMissing      = "Missing"
)

func revisionReady(ctx context.Context, env *Runtime, a Args) (Observation, error) {
	opened, err := open(ctx, env, a)
	if err != nil {
		return Observation{}, err
	}
	name := a.Text("revision")
	r, err := opened.Revision(ctx, name)
	if apierr.NotFound(err) {
		return Observation{State: revisionMissing, Message: fmt.Sprintf("%s has no ControlPlaneRevision %s", opened, name)}, nil
	}
	if err != nil {
		return Observation{}, err
	}
	stop, reconciled := catalogue.StopOf(r), r.Condition(mesh.ConditionReconciled)
	switch {
	case stop != nil:
		return Observation{
			State:   revisionStalled,
			Message: fmt.Sprintf("revision %s is stalled (%s): %s", name, stop.Code, short(stop.Message)),
		}, nil
	case reconciled.Status == "True":
		return Observation{State: revisionReconciled, Message: "revision " + name + " works"}, nil
	}
	return Observation{
		State:   revisionProvisioning,
		Message: strings.TrimSuffix(fmt.Sprintf("revision %s does not report that it is ready: %s", name, short(reconciled.Message)), ": "),
	}, nil
}

// The states of proxies_current.
const (
	proxiesCurrent  = "current"
	proxiesOutdated = "outdated"
	proxiesMoving   = "moving"
	proxiesFailed   = "failed"
)

func proxiesAreCurrent(ctx context.Context, env *Runtime, a Args) (Observation, error) {
	opened, err := open(ctx, env, a)
	if err != nil {
		return Observation{}, err
	}
	stale, err := opened.Renewals(ctx, cluster.RenewalQuery{Namespaces: a.Texts("namespaces")},
		cluster.Restart{StatefulSets: true, IgnoreBudgets: true})
	if err != nil {
		return Observation{}, err
	}
	if len(stale) == 0 {
		return Observation{State: proxiesCurrent, Message: fmt.Sprintf("the proxies of %s are those that their pods would get", opened)}, nil
	}
	var failed, others []string
	for _, s := range stale {
		text := s.Owner.String() + ": " + s.Why
		if s.Stale == health.StaleFailed {
			failed = append(failed, text)
		} else {
			others = append(others, text)
		}
	}
	if len(failed) > 0 {
		return Observation{State: proxiesFailed, Message: strings.Join(failed, "; ")}, nil
	}
	seen := Observation{State: proxiesOutdated, Message: strings.Join(others, "; ")}
	proxies, err := opened.Proxies(ctx, false)
	if err != nil {
		return Observation{}, err
	}
	if slices.ContainsFunc(proxies.Controls, func(c health.DataPlaneControl) bool { return c.State == "Reconciling" }) {
		seen.State = proxiesMoving
	}
	return seen, nil
}
