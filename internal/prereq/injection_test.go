package prereq_test

import (
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// noDefaultTag leaves the cluster without a webhook that serves istio-injection=enabled.
func (w *world) noDefaultTag() {
	w.Call("PATCH", webhookPath+"mutatingwebhookconfigurations/istio-revision-tag-default", `{"webhooks":[]}`)
}

func (w *world) injection(revision string) *prereq.NamespaceInjection {
	return &prereq.NamespaceInjection{Clusters: w.clusters, Target: cluster.Target{Membership: &member}, Namespace: "shop",
		Revision: revision}
}

// Google's tutorials label namespaces istio-injection=enabled. Where the default tag's webhook serves that, nothing is to be
// done, whichever way the configuration names the managed control plane.
func TestTheTutorialsLabelIsMet(t *testing.T) {
	for _, implementation := range []string{"TRAFFIC_DIRECTOR", "ISTIOD"} {
		w := newWorld(t, sim.Options{Implementation: implementation, DefaultInjection: true})
		for _, revision := range []string{"asm-managed", "default"} {
			p := w.injection(revision)
			w.wrote()
			change := w.apply(p)
			if wrote := w.wrote(); len(wrote) > 0 || !change.Empty() {
				t.Errorf("%s, %s: wrote %v", implementation, revision, wrote)
			}
			s, err := p.Read(t.Context(), true)
			if shown, injection := s.Shown(); err != nil || shown != revision || injection != "" {
				t.Errorf("%s: shows %q and %q, %v", revision, shown, injection, err)
			}
		}
		// Another revision is what the default tag does not inject.
		if s := w.check(w.injection("asm-managed-rapid")); s.Met() {
			t.Error("asm-managed-rapid is met")
		}
	}
}

// Without that webhook the label asks for nothing that happens: it is replaced by the revision's, and never set.
func TestTheTutorialsLabelWithoutItsWebhook(t *testing.T) {
	w := newWorld(t, sim.Options{DefaultInjection: true})
	w.noDefaultTag()
	s := w.check(w.injection("default"))
	if s.Met() || len(s.Findings()) != 1 || s.Findings()[0].Code != catalogue.InjectionLabel ||
		!strings.Contains(s.Findings()[0].Message, "no webhook of the managed control plane serves it") {
		t.Errorf("%+v", s.Findings())
	}
	w.wrote()
	_, _, err := prereq.Apply(t.Context(), w.injection("default"))
	if err == nil || !strings.Contains(err.Error(), "istio-revision-tag-default") {
		t.Errorf("%v", err)
	}
	if wrote := w.wrote(); len(wrote) > 0 {
		t.Errorf("wrote %v", wrote)
	}
	w.apply(w.injection("asm-managed"))
	if wrote := w.wrote(); len(wrote) != 1 ||
		!strings.HasSuffix(wrote[0], `{"metadata":{"labels":{"istio-injection":null,"istio.io/rev":"asm-managed"}}}`) {
		t.Errorf("wrote %v", wrote)
	}
}

// The default tag is set as Google's tutorials set it, and an undo restores the revision's label.
func TestDefaultInjectionThereAndBack(t *testing.T) {
	w := newWorld(t, sim.Options{})
	w.wrote()
	change := readBack(t, w.apply(w.injection("default")))
	if wrote := w.wrote(); len(wrote) != 1 ||
		!strings.HasSuffix(wrote[0], `{"metadata":{"labels":{"istio-injection":"enabled","istio.io/rev":null}}}`) {
		t.Errorf("wrote %v", wrote)
	}
	w.undo(w.injection("default"), change)
	if labels, _ := w.shop(); labels["istio.io/rev"] != "asm-managed" || labels["istio-injection"] != nil {
		t.Errorf("labels %v", labels)
	}
}

// While an in-cluster istiod takes istio-injection=enabled, the label is not what the managed control plane injects by.
func TestTheLabelIsTakenByIstiod(t *testing.T) {
	w := newWorld(t, sim.Options{})
	w.Fault("wrong-injection")
	for _, revision := range []string{"asm-managed", "default"} {
		if s := w.check(w.injection(revision)); s.Met() {
			t.Errorf("%s is met", revision)
		}
	}
	if _, _, err := prereq.Apply(t.Context(), w.injection("default")); err == nil {
		t.Error("istio-injection=enabled is left to an in-cluster istiod")
	}
}
