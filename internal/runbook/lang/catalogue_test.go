package lang_test

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// kinds are what the runbooks of these tests use.
func kinds() []lang.Kind {
	project := lang.Arg{
		Name:     "project",
		Type:     cty.String,
		Required: true,
		Doc:      "ID or number of the project.",
		Check:    func(v cty.Value) error { return mesh.CheckProject(v.AsString()) },
	}
	cluster := lang.Arg{Name: "cluster", Type: cty.String, Required: true, Doc: "Resource name of the cluster."}
	membership := lang.Arg{Name: "membership", Type: cty.String, Required: true, Doc: "Resource name of the membership."}
	namespace := lang.Arg{Name: "namespace", Type: cty.String, Required: true, Doc: "Name of the namespace."}
	revision := lang.Arg{Name: "revision", Type: cty.String, Required: true, Doc: "Name of the revision."}
	return []lang.Kind{
		{Action: lang.Ensure, Name: "project_services", Doc: "APIs are enabled on a project.", Risk: lang.LowRisk,
			Args:        []lang.Arg{project, {Name: "services", Type: cty.List(cty.String), Required: true, Doc: "Names of the APIs."}},
			Permissions: []string{"serviceusage.services.enable"}, Result: cty.Object(map[string]cty.Type{"enabled": cty.List(cty.String)})},
		{Action: lang.Ensure, Name: "service_agent_binding", Doc: "The mesh service agent has its role on a project.", Risk: lang.LowRisk,
			Args: []lang.Arg{project, {Name: "fleet_project", Type: cty.String, Required: true, Doc: "ID of the fleet's host project."}}},
		{Action: lang.Ensure, Name: "control_plane_provisioned", Doc: "The managed control plane is provisioned.", Risk: lang.HighRisk,
			Args:   []lang.Arg{membership, {Name: "again", Type: cty.Bool, Default: cty.False, Doc: "Provision even where it is."}},
			Result: cty.Object(map[string]cty.Type{"revision": cty.String})},
		{Action: lang.Ensure, Name: "rolling_restart", Doc: "Workloads of a namespace run proxies of a revision.", Risk: lang.MediumRisk,
			Args: []lang.Arg{cluster, namespace, revision,
				{Name: "stateful_sets", Type: cty.Bool, Default: cty.False, Doc: "Restart stateful sets, too."},
				{Name: "surge", Type: cty.Number, Default: cty.NumberIntVal(1), Doc: "How many at once."}}},
		{Action: lang.Ensure, Name: "namespace_injection", Doc: "A namespace carries the label of a revision.", Risk: lang.LowRisk,
			Args: []lang.Arg{cluster, namespace, revision}, Result: cty.Map(cty.String)},
		{Action: lang.Assert, Name: "service_agent_binding", Doc: "The mesh service agent has its role on a project.", Risk: lang.NoRisk,
			Args: []lang.Arg{project, {Name: "fleet_project", Type: cty.String, Required: true, Doc: "ID of the fleet's host project."}}},
		{Action: lang.Assert, Name: "injector_present", Doc: "A revision has an injection webhook.", Risk: lang.NoRisk,
			Args: []lang.Arg{cluster, revision}, Result: cty.Object(map[string]cty.Type{"leftover": cty.String})},
		{Action: lang.Assert, Name: "debug_configz", Doc: "istiod serves its configuration.", Risk: lang.NoRisk,
			Args: []lang.Arg{cluster, {Name: "token", Type: cty.String, Required: true, Doc: "Token for istiod.", Check: noSpaces}}},
		{Action: lang.Assert, Name: "log_quiet", Doc: "A log has no entries that match.", Risk: lang.NoRisk,
			Args: []lang.Arg{
				project,
				{Name: "filter", Type: cty.String, Required: true, Doc: "Filter of Cloud Logging."},
				{Name: "within", Type: cty.String, Default: cty.StringVal("10m"), Doc: "How far back."},
			}},
		{Action: lang.Wait, Name: "control_plane_state", Doc: "The control plane is active.", Risk: lang.NoRisk, Args: []lang.Arg{membership},
			Success: []string{"ACTIVE"}, Transitional: []string{"PROVISIONING"}, Failure: []string{"STALLED"}},
		{Action: lang.Wait, Name: "api_usable", Doc: "An API answers.", Risk: lang.NoRisk,
			Args:    []lang.Arg{project, {Name: "service", Type: cty.String, Required: true, Doc: "Name of the API."}},
			Success: []string{"usable"}, Transitional: []string{"propagating"}},
	}
}

func noSpaces(v cty.Value) error {
	if strings.Contains(v.AsString(), " ") {
		return &quoting{v.AsString()}
	}
	return nil
}

type quoting struct{ value string }

func (q *quoting) Error() string { return "\"" + q.value + "\" has a space in it" }

func catalogue(t testing.TB) *lang.Catalogue {
	t.Helper()
	c, err := lang.NewCatalogue(kinds()...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCatalogueRefusesWhatNoRunbookCouldUse(t *testing.T) {
	good := lang.Kind{Action: lang.Wait, Name: "thing", Doc: "A thing.", Risk: lang.NoRisk, Success: []string{"yes"}}
	if _, err := lang.NewCatalogue(good); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(k *lang.Kind){
		`only ensure, assert and wait have kinds`:         func(k *lang.Kind) { k.Action = lang.Approve },
		`the name is not in lower-case letters`:           func(k *lang.Kind) { k.Name = "a-thing" },
		`it is not documented`:                            func(k *lang.Kind) { k.Doc = "" },
		`"extreme" is not a risk`:                         func(k *lang.Kind) { k.Risk = "extreme" },
		`no state means success`:                          func(k *lang.Kind) { k.Success = nil },
		`"timeout": the name is reserved by the language`: func(k *lang.Kind) { k.Args = []lang.Arg{{Name: "timeout", Type: cty.String}} },
		`"a" has no type`:                                 func(k *lang.Kind) { k.Args = []lang.Arg{{Name: "a"}} },
		`"a" is defined twice`: func(k *lang.Kind) {
			k.Args = []lang.Arg{{Name: "a", Type: cty.String}, {Name: "a", Type: cty.String}}
		},
		`"a" is required and has a default`: func(k *lang.Kind) {
			k.Args = []lang.Arg{{Name: "a", Type: cty.String, Required: true, Default: cty.StringVal("x")}}
		},
		`"a": the default: a number is required`: func(k *lang.Kind) {
			k.Args = []lang.Arg{{Name: "a", Type: cty.Number, Default: cty.StringVal("x")}}
		},
	} {
		bad := good
		change(&bad)
		if _, err := lang.NewCatalogue(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
	if _, err := lang.NewCatalogue(good, good); err == nil || !strings.Contains(err.Error(), "is defined twice") {
		t.Errorf("the same kind twice: %v", err)
	}
}
