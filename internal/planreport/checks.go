package planreport

import (
	"fmt"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// checks joins the results of check blocks, and of the conditions of resources and outputs where they are not met.
func (j *join) checks(plan *tfjson.Plan) {
	for _, c := range plan.Checks {
		if len(c.Instances) == 0 {
			j.check(c.Address.ToDisplay, c.Address.Kind, c.Status, nil)
		}
		for _, i := range c.Instances {
			address := i.Address.ToDisplay
			if address == "" {
				address = c.Address.ToDisplay
			}
			j.check(address, c.Address.Kind, i.Status, i.Problems)
		}
	}
}

func (j *join) check(address string, kind tfjson.CheckKind, status tfjson.CheckStatus, problems []tfjson.CheckResultProblem) {
	if address == "" {
		address = "check"
	}
	if status == tfjson.CheckStatusPass {
		if kind == tfjson.CheckKindCheckBlock {
			s := j.subject(address, diagnosis.TypeCheck, mesh.Healthy, "pass")
			s.Checks = append(s.Checks, diagnosis.Check{Kind: catalogue.Describe(catalogue.CheckFailed).Kind, Status: diagnosis.Met})
			j.passed++
		}
		return
	}
	var messages []string
	for _, p := range problems {
		if p.Message != "" {
			messages = append(messages, p.Message)
		}
	}
	said := strings.Join(messages, "; ")
	if status == tfjson.CheckStatusFail {
		j.failed++
		if said == "" {
			said = "it gives no message"
		}
		j.subject(address, diagnosis.TypeCheck, mesh.Unhealthy, "fail: "+said)
		f := j.add(address, catalogue.NewFinding(catalogue.CheckFailed, address, said))
		f.said = messages
		return
	}
	// unknown, error, or a status of a later version
	j.undecided++
	message := fmt.Sprintf("the check's status is %q", string(status))
	if said != "" {
		message += ": " + said
	}
	j.subject(address, diagnosis.TypeCheck, mesh.Unknown, message)
	f := catalogue.NewFinding(catalogue.CheckUndecided, address, message)
	f.Verdict = mesh.Unknown
	j.add(address, f)
}
