package contract_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/contract"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// brokenWire are the faults after which a client cannot read the answer. The value says whether the answer was
// bad when it was observed, so that the checker has to see it; others are damaged on their way.
var brokenWire = map[string]bool{"cut": false, "malformed": false, "conflict-empty-body": true}

// faultParameters make a fault that takes real time quick.
var faultParameters = map[string]string{"slow": "?by=1ms"}

// everyRead reads all that a fault may show in.
var everyRead = []string{
	"GET " + crm + "/v1/projects/" + fleet,
	"GET " + crm + "/v3/projects/" + second,
	"POST " + crm + "/v3/projects/" + fleet + ":getIamPolicy",
	"GET " + usage + "/v1/projects/" + fleet + "/services?filter=state:ENABLED&pageSize=200",
	"GET " + usage + "/v1/projects/" + second + "/services/connectgateway.googleapis.com",
	"GET " + gke + "/v1/projects/" + fleet + "/locations/-/clusters",
	"GET " + gke + "/v1/projects/" + second + "/locations/-/clusters",
	"GET " + gke + "/v1/projects/" + fleet + "/locations/-/operations",
	"GET " + hub + "/v1/projects/" + fleet + "/locations/-/memberships",
	"GET " + hub + "/v1/projects/" + fleet + "/locations/global/features/servicemesh",
	"GET " + hub + "/v1beta/projects/" + fleet + "/locations/global/features/servicemesh?returnPartialSuccess=true",
	"GET " + hub + "/v2/projects/" + fleet + "/" + regional + "/memberships/cluster-1/features/servicemesh",
}

// Whatever goes wrong in the simulated world, what it says about it conforms.
func TestSimulatorFaults(t *testing.T) {
	for _, fault := range sim.Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			c := newChecker(t)
			if fault.Name == "new-enum" {
				c = newChecker(t, contract.AllowNewEnums())
			}
			s := simulate(t, c)
			s.control("PUT _sim/faults/" + fault.Name + faultParameters[fault.Name])
			if visible, ok := brokenWire[fault.Name]; ok {
				s.breakWire(visible)
				return
			}
			s.readAll()
			s.write()
			for range 3 { // the mesh degrades, and stays so
				s.later("6m")
				s.readAll()
			}
			s.control("DELETE _sim/faults/" + fault.Name)
			s.later("6m")
			s.readAll()
		})
	}
}

func (s *simulation) readAll() {
	s.t.Helper()
	for _, request := range everyRead {
		body := ""
		if strings.HasPrefix(request, "POST ") {
			body = `{"options":{"requestedPolicyVersion":3}}`
		}
		s.send(request, body, admin)
	}
	for _, project := range []string{fleet, second} {
		s.send("POST "+logging+"/v2/entries:list", `{"resourceNames":["projects/`+project+`"],"pageSize":1000}`, admin)
	}
}

// write changes each kind of thing, and looks at the operation for it.
func (s *simulation) write() {
	s.t.Helper()
	for _, change := range []struct{ prefix, request, body string }{
		{"", "POST " + crm + "/v3/projects/" + fleet + ":setIamPolicy",
			`{"policy":{"version":3,"etag":"BwXSd+CQHPE=","bindings":[]},"updateMask":"bindings,etag"}`},
		{usage + "/v1/", "POST " + usage + "/v1/projects/" + fleet + "/services/secretmanager.googleapis.com:enable", `{}`},
		{usage + "/v1/", "POST " + usage + "/v1/projects/" + fleet + "/services:batchEnable",
			`{"serviceIds":["secretmanager.googleapis.com","connectgateway.googleapis.com"]}`},
		{gke + "/v1/projects/" + fleet + "/" + regional + "/operations/",
			"PUT " + gke + "/v1/projects/" + fleet + "/" + regional + "/clusters/cluster-1",
			`{"update":{"desiredWorkloadIdentityConfig":{"workloadPool":"` + fleet + `.svc.id.goog"}}}`},
		{hub + "/v1/", "PATCH " + hub + "/v1/projects/" + fleet + "/locations/global/features/servicemesh?updateMask=labels",
			`{"labels":{"a":"b"}}`},
	} {
		status, answer := s.send(change.request, change.body, admin)
		if status != http.StatusOK || change.prefix == "" {
			continue
		}
		name := decodeName(answer)
		if name == "operations/noop.DONE_OPERATION" {
			continue // is not there to be read
		}
		s.send("GET "+change.prefix+name, "", admin)
		s.later("1m")
		s.send("GET "+change.prefix+name, "", admin)
	}
}

// breakWire sends requests whose answers a client cannot read.
func (s *simulation) breakWire(visible bool) {
	s.t.Helper()
	for _, request := range everyRead {
		s.try(request)
	}
	s.try("POST " + crm + "/v3/projects/" + fleet + ":setIamPolicy")
	if visible && len(s.taken()) == 0 {
		s.t.Error("the checker sees nothing wrong with the answer")
	}
}
