package explain

import (
	"cmp"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/text"
)

// Explanation is what is known about a message.
type Explanation struct {
	Code        catalogue.Code     `json:"code"`
	Detail      string             `json:"detail,omitempty"` // a condition's code, a stop code or a state
	Severity    catalogue.Severity `json:"severity"`
	Title       string             `json:"title"`
	Means       string             `json:"means"`
	Cause       string             `json:"cause"`
	Subjects    []string           `json:"subjects,omitempty"`  // the memberships or objects that it is about, where the text has several
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

	in      *text.Pasted      // the passage with the evidence; nil for what a document says by its structure
	at      int               // where in it the evidence begins
	order   int               // the same, counted over all passages
	named   map[string]string // variables that the structure around the passage gives
	command string            // the template of NextCommand; "" is the finding's own
}

// Explain recognises what a person pastes: an error of an installer, gcloud, kubectl, Helm or Terraform, a log entry, a
// condition, the name of a state, condition or finding; in English or as Google's Chinese page words it, with timestamps,
// prefixes, escapes, colours and line breaks around and in it. Answers of GKE Hub, Kubernetes objects and log entries in
// YAML or JSON are read by their structure, and several memberships are kept apart. Root causes come first. Of a text that
// is not known it returns nothing; nor does it of one that says that a part works beside an error.
func Explain(raw string) []Explanation {
	if text.NewPasted(raw).Text == "" {
		return nil
	}
	found, rest := documents(raw)
	e := &explainer{}
	e.tables(rest)
	for _, d := range found {
		e.document(d)
	}
	e.subject, e.named = "", nil
	e.passage(rest)
	if len(e.found) == 0 {
		e.Pasted = text.NewPasted(raw)
		e.bare(raw)
	}
	return e.sorted()
}

// explainer reads a text passage by passage.
type explainer struct {
	*text.Pasted                   // the passage that is read
	spot         int               // where in it the message is that is looked at
	base         int               // the length of the passages before it
	subject      string            // what the passage is about: a membership, an object; "" where nothing says
	named        map[string]string // variables that the structure around the passage gives
	stated       bool              // a state beside the passage decides whether this part works
	alarmed      bool              // a plane is in the text without a state
	read         []string          // the passages, for what speaks against an all-clear
	found        []Explanation
}

// passage looks for messages in running text.
func (e *explainer) passage(raw string) {
	if e.Pasted != nil {
		e.base += len(e.Text)
	}
	e.Pasted = text.NewPasted(raw)
	if e.Text == "" {
		return
	}
	e.read = append(e.read, e.Text)
	e.shapes()
	e.stops()
	e.signs()
	e.disabledAPI()
	e.refusedPermission()
	e.failedWebhook()
	if !e.stated {
		e.states()
	}
	e.describedConditions()
	e.unknownStop()
	e.enums()
	e.codes()
	e.fallbacks()
	e.Pasted, e.base = &text.Pasted{}, e.base+len(e.Text)
}

// leaves looks for messages in the texts of a document, beside which a state stands.
func (e *explainer) leaves(texts []string) {
	e.stated = true
	for _, t := range texts {
		e.passage(t)
	}
	e.stated = false
}

// document reads what a document says by its structure.
func (e *explainer) document(d document) {
	e.subject, e.named = "", nil
	e.tree(d.tree, d.raw)
}

func (e *explainer) tree(tree any, raw string) {
	switch v := tree.(type) {
	case []any:
		for _, item := range v {
			e.tree(item, "")
		}
	case map[string]any:
		switch {
		case isLogEntry(v):
			if raw == "" {
				encoded, _ := json.Marshal(v)
				raw = string(encoded)
			}
			e.logEntry(v, raw)
		case isHubMembership(v):
			e.hubMembership(v)
		case isObject(v):
			e.object(v)
		case isFleet(v) || stringAt(v, "name") != "":
			e.fleet(v, member{})
		default:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				e.tree(v[key], "")
			}
		}
	}
}

// about sets what the following explanations are about: a membership by its name.
func (e *explainer) about(membership string) {
	e.subject, e.named = membership, map[string]string{}
	if m, err := mesh.ParseMembership(membership); err == nil {
		e.named = map[string]string{"membership": m.Name, "location": m.Location, "project": m.Project}
		if mesh.IsProjectNumber(m.Project) { // answers name memberships with the fleet project's number
			e.named["fleet_number"] = m.Project
		}
	}
}

// claim adds an explanation of what a document says by its structure.
func (e *explainer) claim(code catalogue.Code, detail, evidence string) *Explanation {
	before := e.stated
	e.stated = false
	x := e.add(code, detail, evidence, 0, true)
	e.stated = before
	x.in = nil
	return x
}

// decided are findings that a state decides, and no message beside it.
var decided = []catalogue.Code{catalogue.ControlPlaneState, catalogue.DataPlaneState, catalogue.MembershipState, catalogue.NothingWrong}

// add appends an explanation of a kind of finding, as the catalogue has it, and
// returns it for what is particular. A finding that is already there is not added twice.
func (e *explainer) add(code catalogue.Code, detail, evidence string, at int, established bool) *Explanation {
	for i := range e.found {
		if x := &e.found[i]; x.Code == code && x.Detail == detail {
			if e.subject != "" && !slices.Contains(x.Subjects, e.subject) {
				x.Subjects = append(x.Subjects, e.subject)
			}
			return &Explanation{}
		}
	}
	if e.stated && slices.Contains(decided, code) {
		return &Explanation{}
	}
	d := catalogue.Describe(code)
	x := Explanation{
		Code: code, Detail: detail, Severity: d.Severity, Title: d.Title, Means: d.Means, Cause: d.Cause, Remedy: d.Remedy,
		Evidence: shorten(evidence), Variables: map[string]string{}, FixedBy: d.FixedBy,
		Runbook: catalogue.RunbookOf(catalogue.Finding{Code: code, Detail: detail}),
		Source:  d.Source, Established: d.Established && established, DocURL: d.DocURL, in: e.Pasted, at: at, order: e.base + at, named: e.named,
	}
	if e.subject != "" {
		x.Subjects = []string{e.subject}
	}
	e.found = append(e.found, x)
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
			if e.spot = at; !found || !e.mayBeOfMesh() {
				continue
			}
			if known.Stop.Code == catalogue.StopWorkloadIdentity && e.installer(at) {
				if strings.Contains(strings.ToLower(e.Window(at, 12, at, 0)), "nodepool") {
					continue
				}
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
			if e.spot = at; !found || s.where != nil && !s.where(e) {
				continue
			}
			x := e.add(s.code, s.detail, evidence, at, w.Established)
			x.state(s.code, s.detail)
			x.Cause, x.Means, x.Title = cmp.Or(s.cause, x.Cause), cmp.Or(s.means, x.Means), cmp.Or(s.title, x.Title)
			x.Remedy, x.command = cmp.Or(s.remedy, x.Remedy), s.command
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
	troubled := func(x Explanation) bool { return x.Severity != catalogue.Info }
	if e.has(catalogue.NothingWrong) && (e.alarmed || slices.ContainsFunc(e.found, troubled) || slices.ContainsFunc(e.read, alarms)) {
		e.found = slices.DeleteFunc(e.found, func(x Explanation) bool { return x.Code == catalogue.NothingWrong })
	}
	well := func(x Explanation) int { // a notice of a condition comes behind the all-clear, any other before it
		switch x.Code {
		case catalogue.NothingWrong:
			return 1
		case catalogue.ConditionReported:
			return 2
		}
		return 0
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
			cmp.Compare(a.order, b.order), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Detail, b.Detail),
		)
	})
	var all []Explanation
	for _, i := range order {
		x := e.found[i]
		x.name()
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
