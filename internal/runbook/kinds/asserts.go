package kinds

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// diagnosePermissions are those without which a diagnosis of a membership has gaps.
var diagnosePermissions = []string{"gkehub.features.get", "gkehub.memberships.get", "gkehub.memberships.list", "gkehub.gateway.get"}

// observeFunc is the type of Def.Observe.
type observeFunc func(ctx context.Context, env *Runtime, args Args) (Observation, error)

func assert(kind lang.Kind, scope func(Args) PermissionScope, observe observeFunc) Def {
	kind.Action, kind.Risk = lang.Assert, lang.NoRisk
	return Def{Kind: kind, PermissionScope: scope, Observe: observe}
}

// holdsIf is what an assert saw.
func holdsIf(ok bool, holds, fails string) Observation {
	if ok {
		return Observation{State: Holds, Message: holds}
	}
	return Observation{State: Fails, Message: fails}
}

// asserts are the asserts that check something besides what an ensure enforces.
var asserts = []Def{
	assert(lang.Kind{
		Name: "diagnosed",
		Doc: "A membership can be diagnosed. What was found is in the result, for steps that depend on it: `roots` are the root causes, " +
			"errors and warnings that nothing else explains, each with the name of the runbook that corrects it or `\"\"`; `blocking` are those " +
			"among them that keep a control plane from working.",
		Args: []lang.Arg{
			argMembership,
			optional(
				"corrected",
				cty.Set(cty.String),
				cty.NilVal,
				"Codes of findings that were just corrected. What can follow from one of them is not counted as blocking: the mesh may only have to "+
					"notice.",
				each(checkCode),
			),
		},
		Permissions: diagnosePermissions, Result: rootsType,
	}, inFleetOf, diagnosed),
	assert(lang.Kind{
		Name: "no_findings",
		Doc: "The diagnosis of a membership finds none of these as error or warning. A check that could not be made does not count as one " +
			"that found nothing.",
		Args: []lang.Arg{argMembership, argCodes}, Permissions: diagnosePermissions,
	}, inFleetOf, noFindings),
	assert(lang.Kind{
		Name: "mesh_healthy",
		Doc:  "The fleet reports a membership's mesh as healthy.",
		Args: []lang.Arg{argMembership}, Permissions: []string{"gkehub.features.get"},
	}, inFleetOf, meshHealthy),
	assert(lang.Kind{
		Name: "revisions_listed",
		Doc: "A cluster's ControlPlaneRevisions can be listed. `unsupported` are those that no mesh supports because of their name or " +
			"namespace, by `NAMESPACE/NAME`; `supported` are the names of the others.",
		Args: placed(), Permissions: []string{"gkehub.gateway.get", "list " + controlPlaneRevisions},
		Result: cty.Object(map[string]cty.Type{"unsupported": cty.Map(texts("namespace", "name")), "supported": cty.Set(cty.String)}),
	}, insideCluster, revisionsListed),
	assert(lang.Kind{
		Name: "injector_present",
		Doc: "A revision has its injection webhook; without `revision`, each that the namespaces with wrong injection are meant for, or " +
			"any where there is none of these. `leftover` is the name of a webhook configuration of an in-cluster control plane that is " +
			"there beside it, or `\"\"`; `wrong` are the namespaces whose pods no managed control plane alone would inject, though they should; " +
			"`meant` has for each namespace that a managed revision is meant to inject the name of that revision.",
		Args: placed(optional("revision", cty.String, cty.NilVal, argRevision.Doc, argRevision.Check)),
		Permissions: []string{
			"gkehub.gateway.get", "list mutatingwebhookconfigurations.admissionregistration.k8s.io", "list " +
				"validatingwebhookconfigurations.admissionregistration.k8s.io",
			"list " + controlPlaneRevisions, "list namespaces",
		},
		Result: cty.Object(map[string]cty.Type{"leftover": cty.String, "wrong": cty.Set(cty.String), "meant": cty.Map(cty.String)}),
	}, insideCluster, injectorPresent),
	assert(lang.Kind{
		Name: "log_quiet",
		Doc: "The recent logs of projects have no line in which managed mesh reports that it cannot reach its clusters: \"Connect Gateway API " +
			"has not been used in project\" of the control plane, \"failed calling webhook\" of a cluster.",
		Args:        []lang.Arg{needed("projects", cty.Set(cty.String), "IDs or numbers of the projects.", each(mesh.CheckProject)), argSince},
		Permissions: []string{"logging.logEntries.list"},
	}, nil, logQuiet),
	assert(lang.Kind{
		Name: "debug_configz",
		Doc: "The control plane of a revision answers at its debugging page `/debug/configz`, as in the debug commands of Google's " +
			"troubleshooting page. It creates a ten-minute token of the service account `default` in the namespace `default`, for the audience " +
			"`istio-ca`, sends it only to the address of the injection webhook, and never shows it.",
		Args: placed(argRevision), Permissions: []string{"gkehub.gateway.get", "gkehub.gateway.post", "create serviceaccounts/token"},
	}, nil, debugConfigz),
}

func open(ctx context.Context, env *Runtime, a Args) (*cluster.Cluster, error) {
	target, err := a.Target()
	if err != nil {
		return nil, err
	}
	return env.Clusters.Open(ctx, target)
}

func revisionsListed(ctx context.Context, env *Runtime, a Args) (Observation, error) {
	opened, err := open(ctx, env, a)
	if err != nil {
		return Observation{}, err
	}
	found, err := opened.Revisions(ctx)
	if err != nil {
		return Observation{}, err
	}
	unsupported, supported := map[string]cty.Value{}, []string{}
	for _, r := range found.All {
		if _, known := mesh.ChannelOf(r.Name); known && r.Namespace == mesh.SystemNamespace {
			supported = append(supported, r.Name)
			continue
		}
		unsupported[r.Namespace+"/"+
			r.Name] = cty.ObjectVal(map[string]cty.Value{"namespace": cty.StringVal(r.Namespace), "name": cty.StringVal(r.Name)})
	}
	wrong := cty.MapValEmpty(texts("namespace", "name"))
	if len(unsupported) > 0 {
		wrong = cty.MapVal(unsupported)
	}
	return Observation{
		State: Holds, Message: fmt.Sprintf("%s has %d revision(s) that are supported and %d that are "+
			"not", opened, len(supported), len(unsupported)),
		Result: cty.ObjectVal(map[string]cty.Value{"unsupported": wrong, "supported": setOf(supported)}),
	}, nil
}

func injectorPresent(ctx context.Context, env *Runtime, a Args) (Observation, error) {
	opened, err := open(ctx, env, a)
	if err != nil {
		return Observation{}, err
	}
	webhooks, err := opened.Webhooks(ctx) // all of it, or an error
	if err != nil {
		return Observation{}, err
	}
	injection, err := opened.Injection(ctx)
	if err != nil {
		return Observation{}, err
	}
	for _, f := range injection.Findings {
		if f.Code == catalogue.Unreadable {
			return Observation{}, fmt.Errorf("cannot find out what injects the pods of %s: %s", opened, f.Message)
		}
	}
	injectors, leftover := map[string]string{}, "" // webhook by managed revision
	for _, c := range webhooks.Mutating {
		switch {
		case c.Revision() != "" && c.Tag() == "" && c.Plane() == mesh.PlaneManaged:
			injectors[c.Revision()] = c.Name
		case c.Injects() && c.Plane() == mesh.PlaneInCluster:
			leftover = cmp.Or(leftover, c.Name)
		}
	}
	var wrong, asked []string
	meant := map[string]cty.Value{}
	for _, n := range injection.Namespaces {
		if n.Asks != "" {
			meant[n.Namespace.Name] = cty.StringVal(n.Asks)
		}
		if slices.ContainsFunc(n.Findings, func(f catalogue.Finding) bool { return f.Severity != catalogue.Info }) {
			wrong = append(wrong, n.Namespace.Name)
			asked = append(asked, n.Meant)
		}
	}
	if revision := a.Text("revision"); revision != "" {
		asked = []string{revision}
	}
	seen := injectorsOf(opened.String(), asked, injectors)
	if leftover != "" {
		seen.Message += "; webhook " + leftover + " of an in-cluster control plane is left over"
	}
	revisions := cty.MapValEmpty(cty.String)
	if len(meant) > 0 {
		revisions = cty.MapVal(meant)
	}
	seen.Result = cty.ObjectVal(map[string]cty.Value{"leftover": cty.StringVal(leftover), "wrong": setOf(wrong), "meant": revisions})
	return seen, nil
}

// injectorsOf is whether each of the revisions that are asked for has its webhook; without any, whether one has.
func injectorsOf(cluster string, asked []string, injectors map[string]string) Observation {
	asked = slices.DeleteFunc(asked, func(revision string) bool { return revision == "" })
	if len(asked) == 0 {
		asked = slices.Collect(maps.Keys(injectors))
	}
	slices.Sort(asked)
	var present []string
	for _, revision := range slices.Compact(asked) {
		if injectors[revision] == "" {
			return Observation{State: Fails, Message: fmt.Sprintf(
				"%s has no webhook that injects for revision %s: the control plane is not provisioned, or the webhook was deleted", cluster, revision)}
		}
		present = append(present, fmt.Sprintf("webhook %s of %s injects for revision %s", injectors[revision], cluster, revision))
	}
	return holdsIf(len(present) > 0, strings.Join(present, "; "),
		cluster+" has no webhook that injects for a managed revision: the control plane is not provisioned, or the webhook was deleted")
}

func logQuiet(ctx context.Context, env *Runtime, a Args) (Observation, error) {
	projects, since := a.Texts("projects"), a.Duration("since")
	lines, err := env.Client.RecentMeshLogs(ctx, projects, env.Clock.Now(), since)
	if err != nil {
		return Observation{}, err
	}
	if len(lines) == 0 {
		return Observation{
			State:   Holds,
			Message: fmt.Sprintf("the logs of %s have no such line in the last %s", strings.Join(projects, ", "), since),
		}, nil
	}
	last := lines[0] // newest first
	return Observation{State: Fails, Message: fmt.Sprintf("the logs of %s have %d such line(s) in the last %s, the latest at %s: %s",
		strings.Join(projects, ", "), len(lines), since, last.Time.UTC().Format(time.RFC3339), short(last.Message))}, nil
}

// short is a text on one line, of a length for people.
func short(text string) string {
	const most = 300
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

func debugConfigz(ctx context.Context, env *Runtime, a Args) (Observation, error) {
	opened, err := open(ctx, env, a)
	if err != nil {
		return Observation{}, err
	}
	answer, err := opened.Debug(ctx, cluster.DebugRequest{Revision: a.Text("revision"), HTTP: env.DebugTransport})
	if err != nil {
		return Observation{}, err
	}
	text := fmt.Sprintf("%s/debug/configz answers %d %s", answer.Address, answer.Status, http.StatusText(answer.Status))
	if answer.Configs >= 0 {
		text += fmt.Sprintf(" with %d object(s)", answer.Configs)
	}
	return holdsIf(answer.Status == http.StatusOK, text, text), nil
}
