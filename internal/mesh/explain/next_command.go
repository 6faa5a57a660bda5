package explain

import (
	"cmp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/text"
	"regexp"
	"strings"
)

// checks are what variables must look like to be believed; a text is full of words that stand where a name would.
var checks = map[string]func(string) bool{
	"project":      func(v string) bool { return mesh.CheckProject(v) == nil },
	"fleet_number": mesh.IsProjectNumber,
	"location":     func(v string) bool { return v == "global" || mesh.IsLocation(v) },
	"cluster":      mesh.IsClusterName,
	"membership":   mesh.IsMembershipName,
	"namespace":    mesh.IsMembershipName, // an RFC 1123 label, as namespaces are
	"pod":          plainWord.MatchString,
	"service":      regexp.MustCompile(`^[a-z0-9.-]+\.googleapis\.com$`).MatchString,
	"revision":     regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*$`).MatchString,
	"role":         regexp.MustCompile(`^roles/[A-Za-z0-9.]+$`).MatchString,
}

// namings are how texts name things.
var namings = []struct {
	pattern *regexp.Regexp // its groups are the variables
}{
	{regexp.MustCompile(`projects/(?P<project>[a-z0-9:.-]+)/(?:locations|zones|regions)/(?P<location>[a-z0-9-]+)/(?:clusters/(?P<cluster>[a-z0-9-]+)|(?:gkeM|m)emberships/(?P<membership>[a-z0-9-]+))`)},
	{regexp.MustCompile(`service-(?P<fleet_number>[0-9]+)@gcp-sa-servicemesh`)},
	{regexp.MustCompile(`cluster_name"? ?[:=] ?"?(?P<cluster>[a-z0-9-]+)`)},
	{regexp.MustCompile(`"location"? ?[:=] ?"?(?P<location>[a-z0-9-]+)`)},
	{regexp.MustCompile(`(?:--|labels\.)location[= ]"?(?P<location>[a-z0-9-]+)`)},
	{regexp.MustCompile(`namespaces?(?:_name)?"? ?[/:=] ?"?(?P<namespace>[a-z0-9-]+)`)},
	{regexp.MustCompile(`\b(?P<revision>asm-managed(?:-rapid|-stable)?)\b`)},
	{regexp.MustCompile(`project_id"? ?[:=] ?"?(?P<project>[a-z][a-z0-9:.-]+)`)},
	{regexp.MustCompile(`(?:[?&]|--)project[= ](?P<project>[a-z0-9:.-]+)`)},
	{regexp.MustCompile(`\bprojects/(?P<project>[a-z0-9:.-]+)`)},
	{regexp.MustCompile(`\bproject "?\[?(?P<project>[a-z0-9:.-]+)`)},
}

// name notes what the text around the evidence names. What the message itself named stays, then what the
// structure around it names; of names in running text, the nearest before the evidence, then the first behind it.
func (x *Explanation) name() {
	for name, value := range x.named {
		x.set(name, value)
	}
	if x.in != nil {
		before, after := x.in.Window(x.at, 600, x.at, 0), x.in.Window(x.at, 0, x.at, 1400)
		for _, n := range namings {
			m := n.pattern.FindStringSubmatch(after)
			if all := n.pattern.FindAllStringSubmatch(before, -1); len(all) > 0 {
				m = all[len(all)-1]
			}
			if m == nil {
				continue
			}
			for name, value := range text.NamedGroups(n.pattern, m) {
				x.set(name, strings.TrimRight(value, ".-:"))
			}
		}
	}
	if number := x.Variables["fleet_number"]; number != "" {
		x.Variables["agent"] = mesh.ServiceAgent(number)
	}
}

// The next commands. {project} is a variable; without it the name in capitals stands there for a person to fill in.
const (
	enableAPI   = "gcloud services enable {service} --project={project}"
	showBinding = `gcloud projects get-iam-policy {project} --flatten="bindings[].members" --filter="bindings.role:` + mesh.AgentRole +
		`" --format="value(bindings.members)"`
	showWriters = `gcloud logging read 'protoPayload.methodName="SetIamPolicy"' --project={project} --freshness=2d ` +
		`--format="table(timestamp,protoPayload.authenticationInfo.principalEmail,protoPayload.requestMetadata.callerSuppliedUserAgent)"`
	grantRole = "gcloud projects add-iam-policy-binding {project} --member=serviceAccount:{agent} --role=" + mesh.AgentRole +
		" --condition=None"
	setPool = "gcloud container clusters update {cluster} --location={location} --project={project} " +
		"--workload-pool={project_id}.svc.id.goog"
	describe     = "gcloud container fleet mesh describe --project={project}"
	showPlane    = "kubectl describe controlplanerevisions -n istio-system"
	enableMember = "gcloud container fleet mesh update --management=automatic --memberships={membership} --location={location} " +
		"--project={project}"
	failedPods = "kubectl get pods --all-namespaces -l dataplane-upgrade=failed"
	webhooks   = "kubectl get mutatingwebhookconfigurations"
)

var nextCommands = map[catalogue.Code]string{
	catalogue.ServiceDisabled:        enableAPI,
	catalogue.ConnectGatewayDisabled: strings.ReplaceAll(enableAPI, "{service}", mesh.GatewayService),
	catalogue.LogGatewayDisabled:     strings.ReplaceAll(enableAPI, "{service}", mesh.GatewayService),
	catalogue.LogWebhookFailed:       "gcloud services list --enabled --project={project} --filter=config.name=" + mesh.GatewayService,
	catalogue.AgentMissing:           "gcloud beta services identity create --service=" + mesh.IdentityService + " --project={project}",
	catalogue.BindingMissing:         grantRole,
	catalogue.BindingConditional:     grantRole,
	catalogue.BindingDeleted:         grantRole,
	catalogue.BindingTugOfWar:        showWriters,
	catalogue.RevisionsUnhealthy:     showBinding,
	catalogue.PoolMissing:            setPool,
	catalogue.PoolWrong:              setPool,
	catalogue.InstallerHealthCheck:   setPool,
	catalogue.NodePoolNoMetadata:     `gcloud container node-pools list --cluster={cluster} --location={location} --project={project} --format="table(name,config.workloadMetadataConfig.mode)"`,
	catalogue.IdentityMissing: "gcloud container fleet memberships register {membership} --gke-cluster={location}/{cluster} " +
		"--enable-workload-identity --project={project}",
	catalogue.InjectionWrong:        webhooks,
	catalogue.InjectorURL:           webhooks,
	catalogue.InjectionLabel:        webhooks, // they decide which label is right
	catalogue.FeatureDisabled:       "gcloud container fleet mesh enable --project={project}",
	catalogue.MembershipNotReported: describe,
	catalogue.NotManaged:            describe,
	catalogue.ControlPlaneState:     showPlane,
	catalogue.RevisionStalled:       showPlane,
	catalogue.RevisionNotReady:      showPlane,
	catalogue.ProxiesFailed:         failedPods,
	catalogue.DataPlaneProgress:     failedPods,
	catalogue.ClusterMissing:        "gcloud container fleet memberships list --project={project}",
	catalogue.ProjectDeleted:        "gcloud projects describe {project}",
}

// stopCommands and stateCommands are those of stops and data plane states that
// have one of their own. What changes a webhook begins with a copy of it.
var (
	stopCommands = map[catalogue.StopCode]string{
		catalogue.StopWorkloadIdentity: setPool,
		catalogue.StopWorkloadPool:     setPool,
		catalogue.StopChannel:          `kubectl patch controlplanerevision {name} -n istio-system --type=merge --patch='{"spec":{"channel":"{expected_channel}"}}'`,
		catalogue.StopChannelMissing:   showPlane,
		catalogue.StopType:             `kubectl patch controlplanerevision {revision} -n istio-system --type=merge --patch='{"spec":{"type":"managed_service"}}'`,
		catalogue.StopName:             "kubectl get controlplanerevision {name} -n istio-system -o yaml",
		catalogue.StopNamespace:        "kubectl get controlplanerevisions -n {namespace} -o yaml",
		catalogue.StopKubernetesVersion: "gcloud container clusters describe {cluster} --location={location} --project={project} " +
			"--format='value(currentMasterVersion)'",
		catalogue.StopMutatingURL:   "kubectl get mutatingwebhookconfiguration {name} -o yaml",
		catalogue.StopValidatingURL: "kubectl get validatingwebhookconfiguration {name} -o yaml",
		catalogue.StopClusterUpdate: "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations",
		catalogue.StopProject: "gcloud container clusters describe {cluster} --location={location} --project={project} " +
			"--format='value(fleet)'",
		catalogue.StopNotGKE: "gcloud container fleet memberships list --project={project}",
	}
	stateCommands = map[string]string{mesh.StateNeedsAttention: failedPods, mesh.StateFailedPrecondition: showPlane}
	variable      = regexp.MustCompile(`\{[a-z_]+\}`)
	plainWord     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/@-]*$`)
)

// next is the command to run next, with what the text names filled in. Only plain
// words are: a text may come from anywhere, and a shell would run the rest.
func (x Explanation) next() string {
	command := cmp.Or(x.command, nextCommands[x.Code])
	switch {
	case x.command != "":
	case x.Code == catalogue.RevisionStalled:
		if c := stopCommands[catalogue.StopCode(x.Detail)]; c != "" {
			command = c
		}
	case x.Code == catalogue.DataPlaneState:
		command = stateCommands[x.Detail]
	case x.Code == catalogue.ConditionReported:
		for _, root := range x.Roots {
			if command = nextCommands[root]; command != "" {
				break
			}
		}
	}
	if command == "" {
		command = x.diagnose()
	}
	return variable.ReplaceAllStringFunc(command, func(name string) string {
		name = strings.Trim(name, "{}")
		value := x.Variables[name]
		if name == "project_id" && !mesh.IsProjectNumber(x.Variables["project"]) { // pools are named after the id
			value = x.Variables["project"]
		}
		switch {
		case plainWord.MatchString(value):
			return value
		case name == "agent":
			return mesh.ServiceAgent("FLEET_PROJECT_NUMBER")
		}
		return strings.ToUpper(name)
	})
}

// diagnose is the command for what the text does not decide.
func (x Explanation) diagnose() string {
	const at = "terraform-provider-asm diagnose "
	switch {
	case x.Variables["membership"] != "" && x.Variables["location"] != "" && x.Variables["project"] != "":
		return at + "--membership=projects/{project}/locations/{location}/memberships/{membership}"
	case x.Variables["cluster"] != "" && x.Variables["location"] != "" && x.Variables["project"] != "":
		return at + "--cluster=projects/{project}/locations/{location}/clusters/{cluster}"
	}
	return at + "--fleet-project={project}"
}

// NextCommand is the command to run next about a finding, with what it names
// filled in and capitals for the rest; "" where no single command helps.
func NextCommand(f catalogue.Finding) string {
	if f.Meant != "" {
		return "terraform-provider-asm diagnose --membership=" + f.Meant
	}
	x := Explanation{Code: f.Code, Detail: f.Detail, Variables: map[string]string{}, in: text.NewPasted(f.Message + " " + f.Subject)}
	if f.Code == catalogue.ServiceDisabled {
		x.Variables["service"] = f.Detail
	}
	x.name()
	if command := x.next(); !strings.HasPrefix(command, "terraform-provider-asm diagnose") {
		return command
	}
	return ""
}
