package health

import (
	"fmt"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"slices"
	"time"
)

// Stale is the reason why a pod must be recreated.
type Stale string

// Why pods are stale.
const (
	StaleFailed  Stale = "failed"   // marked dataplane-upgrade=failed
	StaleNone    Stale = "no-proxy" // it would get a proxy, and has none
	StalePlane   Stale = "plane"    // its proxy is of another control plane or revision
	StaleVersion Stale = "version"  // its proxy is of another version than its revision's
	StaleAsked   Stale = "asked"    // nothing is wrong with it: everything is to be restarted
)

// Renewal is an owner whose pods must be recreated, because a pod gets its proxy only when it is created.
type Renewal struct {
	Owner     mesh.Owner
	Pods      []string  // names of those that are stale, sorted
	Stale     Stale     // the most severe reason
	Revision  string    // that would inject them
	Why       string    // in words
	Restarted time.Time // when it was restarted last of those restarts that its stale pods come from; zero: none
	// Lost is true where no managed control plane would inject the pods: a restart
	// would leave them without a proxy, or with another one's.
	Lost bool
}

// bySeverity has the reasons, most severe first.
var bySeverity = []Stale{StaleFailed, StalePlane, StaleNone, StaleVersion, StaleAsked}

// WouldInject is the managed webhook that would inject a pod if it were created now:
// one alone, and without conditions that cannot be judged.
func WouldInject(configurations []mesh.WebhookConfiguration, namespace Namespace, pod mesh.ProxyPod) (Injector, bool) {
	if pod.HostNetwork || pod.OptedOut {
		return Injector{}, false // the injector leaves it alone
	}
	found := Injectors(configurations, namespace, pod.Labels)
	if len(found) != 1 || found[0].Plane != mesh.PlaneManaged || found[0].Conditional {
		return Injector{}, false
	}
	return found[0], true
}

// StaleFor returns why a pod is stale, when by would inject it; "" when it is not. A
// version that is not known is not compared.
func StaleFor(pod mesh.ProxyPod, by Injector, environments []mesh.Environment) Stale {
	has, wanted := ImageTag(pod.Image), wantedTag(by.Revision, environments)
	switch {
	case pod.Finished:
		return ""
	case pod.Failed:
		return StaleFailed
	case !pod.Proxied():
		return StaleNone
	case otherPlane(pod, by.Revision):
		return StalePlane
	case has != "" && wanted != "" && !sameVersion(has, wanted):
		return StaleVersion
	}
	return ""
}

// Renewals gathers the stale pods by owner, sorted. With all, every pod with a proxy that was not restarted since is
// stale, too; since without a time is never. Pods of Jobs are left out: they end by themselves. revision bounds it to
// what that one would inject; "" is any.
func Renewals(pods []mesh.ProxyPod, namespaces []Namespace, configurations []mesh.WebhookConfiguration, environments []mesh.Environment,
	revision string, all bool, since time.Time) []Renewal {
	named := map[string]Namespace{}
	for _, n := range namespaces {
		named[n.Name] = n
	}
	byOwner := map[mesh.Owner]*Renewal{}
	for _, p := range pods {
		n, known := named[p.Namespace]
		if !known || p.Finished || p.Controller == "Job" {
			continue
		}
		by, managed := WouldInject(configurations, n, p)
		stale := StaleFor(p, by, environments)
		switch {
		case !managed && !p.Failed:
			continue // what it has now, it would not get again
		case managed && revision != "" && by.Revision != revision, !managed && revision != "" && p.Revision != revision:
			continue
		case stale == "" && all && !restartedSince(p, since):
			stale = StaleAsked
		}
		if stale == "" {
			continue
		}
		r, found := byOwner[p.Owner]
		if !found {
			r = &Renewal{Owner: p.Owner, Stale: stale, Revision: by.Revision, Restarted: p.Restarted}
			byOwner[p.Owner] = r
		}
		if slices.Index(bySeverity, stale) < slices.Index(bySeverity, r.Stale) {
			r.Stale = stale
		}
		if p.Restarted.After(r.Restarted) {
			r.Restarted = p.Restarted
		}
		r.Pods, r.Lost = append(r.Pods, p.Name), r.Lost || !managed
	}
	renewals := []Renewal{}
	for _, r := range byOwner {
		slices.Sort(r.Pods)
		r.Why = r.inWords()
		renewals = append(renewals, *r)
	}
	slices.SortFunc(renewals, func(a, b Renewal) int { return a.Owner.Compare(b.Owner) })
	return renewals
}

// restartedSince reports whether the pod's owner was restarted at or after a time, as
// kubectl notes it, to the second. Before the zero time nothing was.
func restartedSince(p mesh.ProxyPod, t time.Time) bool {
	return !t.IsZero() && !p.Restarted.IsZero() && !p.Restarted.Before(t.Truncate(time.Second))
}

func (r Renewal) inWords() string {
	what := map[Stale]string{
		StaleFailed:  "their proxies could not be upgraded",
		StaleNone:    "they have no proxy, and revision " + r.Revision + " would give them one",
		StalePlane:   "their proxies are not of revision " + r.Revision,
		StaleVersion: "their proxies are of another version than revision " + r.Revision + " wants",
		StaleAsked:   "everything is to be restarted",
	}[r.Stale]
	return fmt.Sprintf("%d pod(s): %s", len(r.Pods), what)
}

// Finding reports pods that must be recreated.
func (r Renewal) Finding(cluster string) catalogue.Finding {
	code := catalogue.ProxiesOutdated
	switch r.Stale {
	case StaleFailed:
		code = catalogue.ProxiesFailed
	case StalePlane:
		code = catalogue.PodsElsewhere
	case StaleNone:
		code = catalogue.PodsBare
	}
	f := catalogue.NewFinding(code, cluster+"/namespaces/"+r.Owner.Namespace+"/"+r.Owner.Kind+"/"+r.Owner.Name, r.Owner.String()+": "+r.Why)
	if code == catalogue.PodsElsewhere || code == catalogue.PodsBare {
		f.Detail = r.Owner.Kind
	}
	return f
}
