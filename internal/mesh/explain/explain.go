package explain

import (
	"cmp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/text"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Explanation is what is known about a message.
type Explanation struct {
	Code        catalogue.Code     `json:"code"`
	Detail      string             `json:"detail,omitempty"` // a condition's code, a stop code or a state
	Severity    catalogue.Severity `json:"severity"`
	Title       string             `json:"title"`
	Means       string             `json:"means"`
	Cause       string             `json:"cause"`
	Evidence    string             `json:"evidence"`            // the part of the text that was recognised, without escapes and breaks
	Variables   map[string]string  `json:"variables,omitempty"` // what the text names: project, cluster, existing_url …
	Remedy      string             `json:"remedy"`
	NextCommand string             `json:"next_command"`    // what to run next; capitals stand for what the text lacks
	Roots       []catalogue.Code   `json:"roots,omitempty"` // findings that usually bring it about
	FixedBy     string             `json:"fixed_by,omitempty"`
	Runbook     string             `json:"runbook,omitempty"` // the runbook that corrects it
	Source      string             `json:"source"`
	// Established is false where the cause or the wording is inferred.
	Established bool   `json:"established"`
	DocURL      string `json:"doc_url,omitempty"`

	at int // where the evidence begins
}

// Explain recognises what a person pastes: an error of an installer, gcloud, kubectl or Terraform, a log entry, a
// condition, the output of "gcloud container fleet mesh describe" or a part of it, the name of a state, condition or
// finding; in English or as Google's Chinese page words it, with timestamps, prefixes, escapes, colours and line breaks
// around and in it. Root causes come first. Of a text that is not known it returns nothing.
func Explain(raw string) []Explanation {
	p := text.NewPasted(raw)
	if p.Text == "" {
		return nil
	}
	e := &explainer{Pasted: p}
	e.stops()
	e.signs()
	e.disabledAPI()
	e.failedWebhook()
	e.states()
	e.unknownStop()
	e.enums()
	e.codes()
	if len(e.found) == 0 {
		e.bare(raw)
	}
	return e.sorted()
}

type explainer struct {
	*text.Pasted
	found []Explanation
}

// add appends an explanation of a kind of finding, as the catalogue has it, and
// returns it for what is particular. A finding that is already there is not added twice.
func (e *explainer) add(code catalogue.Code, detail, evidence string, at int, established bool) *Explanation {
	for i := range e.found {
		if e.found[i].Code == code && e.found[i].Detail == detail {
			return &Explanation{}
		}
	}
	d := catalogue.Describe(code)
	e.found = append(e.found, Explanation{
		Code: code, Detail: detail, Severity: d.Severity, Title: d.Title, Means: d.Means, Cause: d.Cause, Remedy: d.Remedy,
		Evidence: shorten(evidence), Variables: map[string]string{}, FixedBy: d.FixedBy,
		Runbook: catalogue.RunbookOf(catalogue.Finding{Code: code, Detail: detail}),
		Source:  d.Source, Established: d.Established && established, DocURL: d.DocURL, at: at,
	})
	return &e.found[len(e.found)-1]
}

func (e *explainer) has(code catalogue.Code) bool {
	return slices.ContainsFunc(e.found, func(x Explanation) bool { return x.Code == code })
}

// stops looks for the thirteen stop messages.
func (e *explainer) stops() {
	for _, known := range catalogue.StopMessages {
		for _, w := range known.Wordings {
			evidence, variables, at, found := w.Find(e.Pasted)
			if !found {
				continue
			}
			if known.Stop.Code == catalogue.StopWorkloadIdentity && e.installer(at) {
				// The installer prints it of a cluster, before a revision exists.
				e.add(catalogue.PoolMissing, "", evidence, at, false)
				continue
			}
			x := e.add(catalogue.RevisionStalled, string(known.Stop.Code), evidence, at, w.Established)
			x.stopped(known.Stop)
			for name, value := range variables {
				x.set(stopVariables[name], value)
			}
		}
	}
}

// unknownStop recognises that a revision is stalled for a reason that has no stop
// code here, by the reasons that Google gives.
func (e *explainer) unknownStop() {
	if e.has(catalogue.RevisionStalled) || !strings.Contains(e.Squeezed, "stalled") && !strings.Contains(e.Squeezed, "controlplanerevision") {
		return
	}
	for _, reason := range []string{catalogue.ReasonPreconditionFailed, catalogue.ReasonProvisioningFailed} {
		e.Hits(text.Squeeze(reason), func(at, end int) bool {
			e.add(catalogue.RevisionStalled, string(catalogue.StopUnknown), e.Window(at, 0, end, 200), at, true).stopped(catalogue.ParseStop(reason,
				""))
			return false
		})
	}
}

func (x *Explanation) stopped(stop catalogue.Stop) {
	x.Title = "A ControlPlaneRevision is stalled"
	if stop.Code != catalogue.StopUnknown {
		x.Title += ": " + strings.ReplaceAll(string(stop.Code), "-", " ")
	}
	x.Means = "Provisioning will not go on without intervention. " + stop.Explanation
	x.Cause, x.Remedy, x.FixedBy, x.Roots = stop.Explanation, stop.Remedy, stop.FixedBy, stop.Follows
}

var stopVariables = map[string]string{
	"CLUSTER_NAME": "cluster", "NAME": "name", "NAMESPACE": "namespace", "CHANNEL": "channel", "OTHER_CHANNEL": "expected_channel",
	"TYPE":    "type",
	"VERSION": "version", "POOL": "pool", "EXISTING_URL": "existing_url", "EXPECTED_URL": "expected_url",
}

// installer reports whether the text just before is the installer's.
func (e *explainer) installer(at int) bool {
	return strings.Contains(strings.ToLower(e.Window(at, 200, at, 0)), "asmcli")
}

// signs looks for the messages that mean one thing whatever is around them.
func (e *explainer) signs() {
	for _, s := range signs {
		for _, w := range s.wordings {
			evidence, variables, at, found := w.Find(e.Pasted)
			if !found || s.unless != "" && strings.Contains(e.Squeezed, s.unless) {
				continue
			}
			x := e.add(s.code, s.detail, evidence, at, w.Established)
			x.state(s.code, s.detail)
			x.Cause, x.Means, x.Title = cmp.Or(s.cause, x.Cause), cmp.Or(s.means, x.Means), cmp.Or(s.title, x.Title)
			x.Remedy = cmp.Or(s.remedy, x.Remedy)
			x.Roots = append(x.Roots, s.roots...)
			for name, value := range variables {
				x.set(strings.ToLower(name), value)
			}
		}
	}
}

// set notes a variable, unless it is the placeholder of a documentation.
func (x *Explanation) set(name, value string) {
	value = strings.Trim(value, `[]*()<>"`)
	if name == "" || value == "" || x.Variables == nil || strings.Contains(value, "${") {
		return
	}
	if check := checks[name]; check != nil && !check(value) {
		return
	}
	if _, known := x.Variables[name]; !known {
		x.Variables[name] = value
	}
}

// sorted orders what was found: root causes first, then the graver, then by what depends on what and by place. That
// something works is not said beside what does not.
func (e *explainer) sorted() []Explanation {
	if slices.ContainsFunc(e.found, func(x Explanation) bool { return x.Severity != catalogue.Info }) {
		e.found = slices.DeleteFunc(e.found, func(x Explanation) bool { return x.Code == catalogue.NothingWrong })
	}
	well := func(x Explanation) int {
		if x.Code == catalogue.NothingWrong {
			return 0
		}
		return 1
	}
	behind := make([]int, len(e.found)) // how many others explain it
	order := make([]int, len(e.found))
	for i, x := range e.found {
		order[i] = i
		for _, other := range e.found {
			if (catalogue.Finding{Code: x.Code, Detail: x.Detail}).FollowsFrom(catalogue.Finding{Code: other.Code, Detail: other.Detail}) {
				behind[i]++
			}
		}
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := e.found[i], e.found[j]
		return cmp.Or(
			cmp.Compare(behind[i], behind[j]),
			a.Severity.Compare(b.Severity), cmp.Compare(well(a), well(b)),
			catalogue.Describe(a.Code).Kind.Compare(catalogue.Describe(b.Code).Kind),
			cmp.Compare(a.at, b.at), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Detail, b.Detail),
		)
	})
	var all []Explanation
	for _, i := range order {
		x := e.found[i]
		e.name(&x)
		x.NextCommand = x.next()
		all = append(all, x)
	}
	return all
}

// shorten keeps evidence to what a person reads.
func shorten(evidence string) string {
	const most = 400
	evidence = strings.Trim(evidence, ` "`)
	if len(evidence) <= most {
		return evidence
	}
	cut := most
	for !utf8.RuneStart(evidence[cut]) {
		cut--
	}
	return evidence[:cut] + "…"
}

// apiRefused is how Google refuses an API that is not enabled. gcloud and
// Terraform repeat it; logs bring it in jsonPayload.message.
var (
	apiRefused    = regexp.MustCompile(`^[Hh]as not been used in project ?(\S*)(?: before or it is disabled)?`)
	apiTitle      = regexp.MustCompile(`(?:^|[^A-Za-z() ])? ?((?:[A-Z][A-Za-z]*|\([A-Z]+\))(?: (?:[A-Z][A-Za-z]*|\([A-Z]+\)))*) ?$`)
	apiInURL      = regexp.MustCompile(`/apis/api/([a-z0-9.]+)/|service"?: ?"?([a-z0-9.]+\.googleapis\.com)`)
	apiNotEnabled = regexp.MustCompile(`^API \[?([a-z0-9.]+\.googleapis\.com)\]? (?:is )?not enabled on project \[?([a-z0-9:.-]+)`)
)

var gatewayTitle = "Connect Gateway API"

// disabledAPI recognises the refusal of an API. That of Connect Gateway in the
// control plane's log is the last section of Google's page.
func (e *explainer) disabledAPI() {
	e.Hits("hasnotbeenusedinproject", func(at, end int) bool {
		text := e.Window(at, 0, end, 200)
		m := apiRefused.FindStringSubmatch(text)
		if m == nil {
			return true
		}
		title := ""
		if t := apiTitle.FindStringSubmatch(e.Window(at, 80, at, 0)); t != nil {
			title = t[1]
		}
		service := ""
		if u := apiInURL.FindStringSubmatch(e.Window(at, 0, end, 900)); u != nil {
			service = cmp.Or(u[1], u[2])
		}
		if service == "" && strings.HasSuffix(title, gatewayTitle) {
			service = mesh.GatewayService
		}
		e.refused(service, m[1], strings.TrimSpace(title+" "+m[0]), at)
		return true
	})
	e.Hits("notenabledonproject", func(at, _ int) bool {
		text := e.Window(at, 120, at, 200)
		if i := strings.LastIndex(text, "API "); i >= 0 {
			if m := apiNotEnabled.FindStringSubmatch(text[i:]); m != nil {
				e.refused(m[1], m[2], m[0], at)
			}
		}
		return true
	})
}

// gcloudsProject is Google's own project, which answers for user credentials
// without a quota project; no user can enable an API there.
const gcloudsProject = "764086051850"

func (e *explainer) refused(service, project, evidence string, at int) {
	project = strings.Trim(project, "[]*()<>\".,")
	if service != "" && mesh.ServiceReason(service) == "" {
		return // not an API of the mesh
	}
	code := catalogue.ServiceDisabled
	switch {
	case service == mesh.GatewayService && strings.Contains(e.Squeezed, "istio_control_plane"):
		code = catalogue.LogGatewayDisabled
	case service == mesh.GatewayService:
		code = catalogue.ConnectGatewayDisabled
	}
	if project == gcloudsProject {
		x := e.add(catalogue.Unreadable, "", evidence, at, true)
		x.Title, x.Cause = "The credentials have no quota project", "Google answers for user credentials without a quota project with a "+
			"project of its own, where you cannot enable an API."
		x.Remedy = "Set a quota project: gcloud auth application-default set-quota-project PROJECT; in the provider, user_project_override and " +
			"billing_project."
		return
	}
	x := e.add(code, "", evidence, at, true)
	x.set("service", service)
	x.set("project", project)
	if code != catalogue.ServiceDisabled {
		x.Roots = []catalogue.Code{catalogue.ServiceDisabled}
	} else if reason := mesh.ServiceReason(service); reason != "" {
		x.Means += " It is for: " + reason + "."
	}
}

var webhookCall = regexp.MustCompile(`^failed calling webhook(?: "?([a-z0-9.-]+)"?)?(?:.{0,200}?an error on the server \( ?"?unknown"? ?\)(?: has prevented the request from succeeding)?)?`)

// failedWebhook recognises that an injection or validation webhook of the mesh
// could not be called. Others' webhooks are none of ours.
func (e *explainer) failedWebhook() {
	e.Hits("failedcallingwebhook", func(at, end int) bool {
		m := webhookCall.FindStringSubmatch(e.Window(at, 0, end, 400))
		if m == nil || m[1] != "" && !strings.Contains(m[1], "istio.io") && !strings.Contains(m[1], "mesh.cloud.google.com") {
			return true
		}
		byGateway := strings.Contains(m[0], "unknown")
		x := e.add(catalogue.LogWebhookFailed, "", m[0], at, byGateway || m[1] == "")
		x.Roots = []catalogue.Code{catalogue.ServiceDisabled, catalogue.ConnectGatewayDisabled}
		if !byGateway && m[1] != "" && x.Variables != nil {
			x.Cause = "The control plane behind the webhook does not answer, or cannot be reached. What follows in the message says how it failed."
			x.Remedy = "See whether the control plane is healthy and whether the webhook calls the address that its revision expects; then " +
				"restart the workloads."
			x.Roots = []catalogue.Code{catalogue.InjectorURL, catalogue.ControlPlaneState, catalogue.ServiceDisabled}
		}
		x.set("webhook", m[1])
		return false
	})
}

// codes recognises findings by their own names, as in a report of ours.
func (e *explainer) codes() {
	e.Hits("code:", func(at, end int) bool {
		word := kebab.FindString(strings.TrimLeft(e.Window(end, 0, end, 80), ` "`))
		if catalogue.IsKnown(catalogue.Code(word)) && word != string(catalogue.NothingWrong) {
			e.add(catalogue.Code(word), "", "code: "+word, at, true)
		}
		return true
	})
}

var kebab = regexp.MustCompile(`^[a-z0-9]+(?:-[a-z0-9]+)+`)

// bare recognises a text that is a name and nothing else.
func (e *explainer) bare(raw string) {
	word := strings.Trim(strings.TrimSpace(raw), "\"'`.,;")
	if word == "" || len(word) > 80 {
		return
	}
	if d := catalogue.Describe(catalogue.Code(strings.ToLower(word))); catalogue.IsKnown(d.Code) {
		e.add(d.Code, "", word, 0, true)
		return
	}
	if stop, known := catalogue.DescribeStop(catalogue.StopCode(strings.ToLower(word))); known {
		e.add(catalogue.RevisionStalled, string(stop.Code), word, 0, true).stopped(stop)
		return
	}
	e.bareState(word)
}
