package health

import (
	"fmt"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"slices"
	"strings"
)

// Block is what keeps the managed data plane from upgrading a proxy.
type Block string

// The blocks. The data plane evicts pods, and only those of a ReplicaSet.
const (
	BlockBudget        Block = "budget"           // a PodDisruptionBudget allows no disruption
	BlockNotReplicaSet Block = "not-a-replicaset" // StatefulSet, DaemonSet or another controller
	BlockJob           Block = "job"              // ends by itself; never restarted
	BlockNakedPod      Block = "naked-pod"        // nothing would bring it back
	BlockHostNetwork   Block = "host-network"     // not managed at all
	BlockUnknown       Block = "unknown"
)

// BlockOf returns what keeps the data plane from evicting a pod, most severe first, with the budget when it is one.
func BlockOf(pod mesh.ProxyPod, budgets []mesh.Budget) (Block, *mesh.Budget) {
	switch {
	case pod.Controller == "":
		return BlockNakedPod, nil
	case pod.Controller == "Job":
		return BlockJob, nil
	case pod.Controller != "ReplicaSet":
		return BlockNotReplicaSet, nil
	case pod.HostNetwork:
		return BlockHostNetwork, nil
	}
	for i, b := range budgets {
		if b.Allowed <= 0 && b.Covers(pod.Namespace, pod.Labels) {
			return BlockBudget, &budgets[i]
		}
	}
	return BlockUnknown, nil
}

// FailedOwner is an owner of pods whose proxies could not be upgraded.
type FailedOwner struct {
	Owner  mesh.Owner
	Pods   []string // names, sorted
	Block  Block
	Budget string // the budget that blocks it, or ""
	Tags   []string
	Wanted string // the version that its revision wants, or ""
	Said   string // what the data plane noted in an event when it could not upgrade one of the pods, or ""
}

// Restartable reports whether a rolling restart renews the pods.
func (o FailedOwner) Restartable() bool {
	return slices.Contains([]string{"Deployment", "StatefulSet", "DaemonSet"}, o.Owner.Kind)
}

// Why returns a sentence with what blocks the owner's proxies and what to do.
func (o FailedOwner) Why() string {
	switch o.Block {
	case BlockBudget:
		return "PodDisruptionBudget " + o.Budget + " allows no disruption; make room in it, or restart the workload"
	case BlockNotReplicaSet:
		return "the managed data plane upgrades pods of ReplicaSets only; restart the " + o.Owner.Kind
	case BlockJob:
		return "pods of a Job are not restarted; the next run gets the new proxy"
	case BlockNakedPod:
		return "no controller would bring the pod back; delete and create it by hand"
	case BlockHostNetwork:
		return "pods on the host's network are not managed; restart the workload"
	}
	if o.Said != "" {
		return "the data plane noted: " + strings.TrimSuffix(o.Said, ".") + "; nothing keeps the pods now, so restart the workload"
	}
	return "the cause is not visible now; look at the events with reason DataPlaneUpgradeFailure, then restart the workload"
}

// GroupFailed gathers pods marked as failed by owner, once each, sorted.
func GroupFailed(pods []mesh.ProxyPod, budgets []mesh.Budget, environments []mesh.Environment) []FailedOwner {
	byOwner := map[mesh.Owner]*FailedOwner{}
	for _, p := range pods {
		if !p.Failed || p.Finished {
			continue
		}
		group, found := byOwner[p.Owner]
		block, budget := BlockOf(p, budgets)
		if !found {
			group = &FailedOwner{Owner: p.Owner, Block: block, Wanted: wantedTag(p.Revision, environments)}
			byOwner[p.Owner] = group
		}
		if budget != nil {
			group.Budget = budget.Namespace + "/" + budget.Name
		}
		group.Pods = append(group.Pods, p.Name)
		if tag := ImageTag(p.Image); tag != "" && !slices.Contains(group.Tags, tag) {
			group.Tags = append(group.Tags, tag)
		}
	}
	var groups []FailedOwner
	for _, g := range byOwner {
		slices.Sort(g.Pods)
		slices.Sort(g.Tags)
		groups = append(groups, *g)
	}
	slices.SortFunc(groups, func(a, b FailedOwner) int { return a.Owner.Compare(b.Owner) })
	return groups
}

func wantedTag(revision string, environments []mesh.Environment) string {
	for _, e := range environments {
		if e.Revision == revision {
			return e.Tag
		}
	}
	return ""
}

// Outdated are the pods whose proxy is not of the version that their revision
// wants. A pod whose revision or version is not known is not counted.
func Outdated(pods []mesh.ProxyPod, environments []mesh.Environment) []mesh.ProxyPod {
	var old []mesh.ProxyPod
	for _, p := range pods {
		tag, wanted := ImageTag(p.Image), wantedTag(p.Revision, environments)
		if !p.Finished && tag != "" && wanted != "" && !sameVersion(tag, wanted) {
			old = append(old, p)
		}
	}
	return old
}

// sameVersion compares tags of proxies. "-distroless" is another build of the same version. Tags of two naming schemes
// cannot be compared and count as the same: since 2025-09 the implementation TRAFFIC_DIRECTOR runs proxies named like
// csm_istio_proxy_20250611.00_p0 beside those named like 1.23.6-asm.4 (Google's release notes of 2025-09-30).
func sameVersion(a, b string) bool {
	return internalBuild(a) != internalBuild(b) || strings.TrimSuffix(a, "-distroless") == strings.TrimSuffix(b, "-distroless")
}

func internalBuild(tag string) bool { return strings.HasPrefix(tag, "csm_") }

// ImageTag is the tag of an image reference, or "" where it has none, as with a digest alone.
func ImageTag(image string) string {
	image, _, _ = strings.Cut(image, "@")
	last := image[strings.LastIndex(image, "/")+1:] // a registry may have a port
	_, tag, _ := strings.Cut(last, ":")
	return tag
}

// DataPlaneControl is a dataplanecontrols object: how far the managed data plane
// is with one revision (source of Google's controller).
type DataPlaneControl struct {
	Name, Revision, Version string
	TargetBasisPoints       int64  // the part of the proxies that should run Version, of 10,000
	State                   string // Unknown, Reconciling, Ready, Error
	ErrorCode               string
	ErrorMessage            string
	Managed, Unmanaged      int64
}

// ProxyState is what was read of a cluster's proxies.
type ProxyState struct {
	Failed   []FailedOwner
	Outdated []mesh.ProxyPod
	Controls []DataPlaneControl
}

// Judge gives the verdict over a cluster's proxies.
func (s ProxyState) Judge() Health {
	j := judge{subject: "pods"}
	for _, o := range s.Failed {
		j.subject = "namespaces/" + o.Owner.Namespace + "/" + o.Owner.Kind + "/" + o.Owner.Name
		f := j.add(catalogue.ProxiesFailed, mesh.Degraded,
			fmt.Sprintf("%s: %d pod(s) whose proxy could not be upgraded: %s", o.Owner, len(o.Pods), o.Why()))
		f.Remediation = o.Why() + "."
	}
	if n := len(s.Outdated); n > 0 {
		j.subject = "pods"
		j.add(catalogue.ProxiesOutdated, mesh.Healthy, fmt.Sprintf("%d pod(s) run a proxy of another version than their revision's", n))
	}
	for _, c := range s.Controls {
		j.subject = "dataplanecontrols/" + c.Name
		switch c.State {
		case "Ready":
		case "Reconciling":
			j.add(catalogue.DataPlaneProgress, mesh.Provisioning, "proxies of revision "+c.Revision+" are being upgraded to "+orNone(c.Version))
		case "Error":
			f := j.add(catalogue.DataPlaneProgress, mesh.Degraded,
				fmt.Sprintf("upgrading the proxies of revision %s does not succeed: %s %s", c.Revision, c.ErrorCode, c.ErrorMessage))
			f.Detail = c.ErrorCode
		default:
			j.add(catalogue.DataPlaneProgress, mesh.Unknown, "the data plane of revision "+c.Revision+" does not tell its state: "+orNone(c.State))
		}
	}
	return j.health()
}
