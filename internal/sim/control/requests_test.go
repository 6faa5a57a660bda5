package control_test

import (
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/control"
)

func TestRequestsTellWritesFromReads(t *testing.T) {
	var requests control.Requests
	for _, e := range []sim.Exchange{
		{Method: "GET", Host: "h", Path: "/v1/projects/p", Status: 200},
		{Method: "POST", Host: "h", Path: "/v3/projects/p:getIamPolicy", Status: 200},
		{Method: "POST", Host: "h", Path: "/v2/entries:list", Status: 200},
		{Method: "POST", Host: "h", Path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", Status: 201},
		{Method: "POST", Host: "oauth2.googleapis.com", Path: "/token", Status: 200},
		{Method: "POST", Host: "h", Path: "/v3/projects/p:setIamPolicy", Status: 409},
	} {
		requests.Observe(e)
	}
	writes := requests.Writes()
	if len(writes) != 1 || control.Line(writes[0]) != "POST h/v3/projects/p:setIamPolicy 409" {
		t.Errorf("the writes are %+v", writes)
	}
	if n := requests.Count("projects/p"); n != 3 {
		t.Errorf("%d requests about the project, want 3", n)
	}
	requests.Forget()
	if n := len(requests.All()); n != 0 {
		t.Errorf("%d requests after they were forgotten", n)
	}
}
