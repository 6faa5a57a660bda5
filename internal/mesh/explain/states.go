package explain

import (
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"regexp"
	"strings"
)

// The planes, as outputs and people name them; squeezed.
var planeNames = []struct {
	key  string
	code catalogue.Code
}{
	{"controlplanemanagement", catalogue.ControlPlaneState},
	{"dataplanemanagement", catalogue.DataPlaneState},
	{"controlplane", catalogue.ControlPlaneState},
	{"dataplane", catalogue.DataPlaneState},
	{"控制平面", catalogue.ControlPlaneState},
	{"数据平面", catalogue.DataPlaneState},
}

var (
	stateField   = regexp.MustCompile(`\b"?state"?[ :=]+"?([A-Z][A-Z_]+)\b`)
	stateWord    = regexp.MustCompile(`^[^.;{}]{0,60}?\b([A-Z][A-Z_]{4,})\b`)
	implementing = regexp.MustCompile(`^implementation"? ?[:=] ?"?([A-Z_]+)`)
)

// states recognises the states of both planes where the text says which plane:
// under the keys of the API's answer, or in a sentence.
func (e *explainer) states() {
	for _, plane := range planeNames {
		management := strings.HasSuffix(plane.key, "management")
		e.Hits(plane.key, func(at, end int) bool {
			text := e.Window(end, 0, end, 1200)
			pattern := stateWord
			if management {
				text, pattern = upTo(text, "PlaneManagement", "resourceState", "membership", "{}", "updateTime"), stateField
			} else if strings.HasPrefix(text, "Management") {
				return true
			}
			m := pattern.FindStringSubmatch(text)
			e.alarmed = e.alarmed || management && m == nil // a plane without a state is none that works
			if e.spot = at; m == nil || !management && !e.planeOfMesh(m[1]) {
				return true
			}
			e.state(plane.code, m[1], strings.TrimSpace(shortly(e.Window(at, 0, end, 0)+m[0])), at)
			return true
		})
	}
	e.Hits("implementation", func(at, end int) bool {
		m := implementing.FindStringSubmatch(e.Window(at, 0, end, 40))
		switch {
		case m == nil:
		case m[1] == mesh.ImplementationIstiod:
			e.add(catalogue.ImplementationLegacy, mesh.ImplementationIstiod, m[0], at, true)
		case m[1] == mesh.ImplementationUpdating:
			e.add(catalogue.ImplementationMoving, "", m[0], at, true)
		}
		return true
	})
}

// planeOfMesh reports whether a sentence about a "control plane" or "data plane" is about the mesh's. Clusters have one,
// and other products do.
func (e *explainer) planeOfMesh(state string) bool {
	return e.ofMesh() || state != mesh.StateActive && e.mayBeOfMesh() && bareBefore.MatchString(e.Window(e.spot, 60, e.spot, 0))
}

// bareBefore is what may stand before "control plane" without saying whose it is.
var bareBefore = regexp.MustCompile(`(?i)(?:^|[^a-z0-9 ] ?|\b(?:the|managed|mesh|my|our|your|its|a|and|of|with|when|if|that) |[\x{4e00}-\x{9fff}] ?)$`)

// upTo cuts a text before the first of some words: a state behind them is that of something else.
func upTo(text string, words ...string) string {
	for _, word := range words {
		if i := strings.Index(text, word); i >= 0 {
			text = text[:i]
		}
	}
	return text
}

// shortly keeps the beginning and the end of a long piece of an answer.
func shortly(s string) string {
	const most = 160
	if len(s) <= most {
		return s
	}
	return s[:strings.IndexByte(s+" ", ' ')] + " … " + s[strings.LastIndex(s, "state"):]
}

// state adds what is known of a state of a plane.
func (e *explainer) state(code catalogue.Code, state, evidence string, at int) {
	if state == mesh.StateActive {
		e.add(catalogue.NothingWrong, "", evidence, at, true)
		return
	}
	if _, known := catalogue.DescribeState(state); known {
		e.add(code, state, evidence, at, true).state(code, state)
	}
}

// state fills in what is particular to a state of a plane.
func (x *Explanation) state(code catalogue.Code, state string) {
	info, known := catalogue.DescribeState(state)
	if !known || x.Code != code {
		return
	}
	switch code {
	case catalogue.ControlPlaneState:
		x.Title, x.Means, x.Remedy = "The control plane is "+state, info.ControlPlane, info.ControlRemedy
	case catalogue.DataPlaneState:
		x.Title, x.Means, x.Remedy = "The data plane is "+state, info.DataPlane, info.DataPlaneRemedy
	default:
		return
	}
	x.Source, x.Established = info.Source, x.Established && info.Established
	switch {
	case state == mesh.StateProvisioning:
		x.Severity, x.Cause = catalogue.Warning, "It was asked for, or a prerequisite was corrected, within the last minutes. Over ten minutes "+
			"means that something went wrong."
	case state == mesh.StateDisabled && code == catalogue.DataPlaneState:
		x.Severity, x.Cause = catalogue.Info, "The annotation mesh.cloud.google.com/proxy is on no namespace and no revision."
		x.Roots = []catalogue.Code{catalogue.ProxyUnmanaged}
	case state == mesh.StateDisabled || state == mesh.StateDeprovisioning:
		x.Cause = "Management is not set to automatic for this membership, or the mesh is being removed."
		x.Roots = []catalogue.Code{catalogue.NotManaged, catalogue.ManagementDiffers}
	case state == mesh.StateNeedsAttention && code == catalogue.DataPlaneState:
		x.Severity, x.Roots = catalogue.Warning, []catalogue.Code{catalogue.ProxiesFailed}
		x.Cause = catalogue.Describe(catalogue.ProxiesFailed).Cause
	case state == mesh.StateFailedPrecondition && code == catalogue.DataPlaneState:
		x.Cause, x.Roots = "The managed control plane does not work.", []catalogue.Code{catalogue.ControlPlaneState}
	case state == mesh.StateFailedPrecondition:
		x.Roots = []catalogue.Code{catalogue.ServiceDisabled, catalogue.BindingMissing, catalogue.PoolMissing, catalogue.PoolWrong,
			catalogue.NodePoolNoMetadata, catalogue.RevisionStalled}
	case state == mesh.StateStalled && code == catalogue.DataPlaneState:
		x.Cause = "An internal error, as Google's page has it; it may be that the control plane cannot reach the cluster."
		x.Roots = []catalogue.Code{catalogue.ControlPlaneState, catalogue.ServiceDisabled}
		x.Established = false
	case state == mesh.StateStalled:
		x.Roots = []catalogue.Code{catalogue.RevisionStalled, catalogue.ServiceDisabled}
	}
}

// enum is what a word of the API in capitals says by itself.
type enum struct {
	code   catalogue.Code
	detail string
}

var enumMeanings = map[string]enum{
	mesh.StateNeedsAttention:           {catalogue.DataPlaneState, mesh.StateNeedsAttention},
	mesh.StateDeprovisioning:           {catalogue.ControlPlaneState, mesh.StateDeprovisioning},
	catalogue.CodeUpgradeFailures:      {catalogue.DataPlaneState, mesh.StateNeedsAttention},
	catalogue.CodeControlPlaneRequired: {catalogue.DataPlaneState, mesh.StateFailedPrecondition},
	catalogue.CodeRevisionReady:        {catalogue.NothingWrong, ""},
	catalogue.CodeRevisionProvisioning: {catalogue.ControlPlaneState, mesh.StateProvisioning},
	catalogue.CodeRevisionPrecondition: {catalogue.ControlPlaneState, mesh.StateFailedPrecondition},
	"REVISION_STALLED":                 {catalogue.ControlPlaneState, mesh.StateStalled}, // not in any list of Google's that we know
	"FLEET_OUT_OF_SYNC":                {catalogue.MembershipOutOfSync, ""},
	"GCE_METADATA":                     {catalogue.NodePoolNoMetadata, ""},
	"DELETE_REQUESTED":                 {catalogue.ProjectDeleted, ""},
	mesh.ManagementManual:              {catalogue.NotManaged, mesh.ManagementManual},
	mesh.ManagementNotInstalled:        {catalogue.NotManaged, mesh.ManagementNotInstalled},
}

// enums recognises condition codes and other words of the API that mean one thing wherever they stand.
func (e *explainer) enums() {
	text := e.Text
	for i := 0; i < len(text); {
		if c := text[i]; c < 'A' || c > 'Z' || i > 0 && isWord(text[i-1]) {
			i++
			continue
		}
		end := i + 1
		for end < len(text) && isWord(text[end]) {
			end++
		}
		e.enum(text[i:end], i)
		i = end
	}
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

func (e *explainer) enum(word string, at int) {
	e.spot = at
	if c, known := catalogue.DescribeCondition(word); known && word != "CODE_UNSPECIFIED" {
		if !strings.HasPrefix(word, "CONFIG_") || e.ofMesh() || e.alone(word) || hubCondition.MatchString(e.Window(at, 300, at, 300)) {
			e.condition(c, at)
		}
		return
	}
	m, known := enumMeanings[word]
	switch word { // words of other APIs, too
	case "DELETE_REQUESTED", mesh.StateDeprovisioning:
		known = known && (e.ofMesh() || e.alone(word))
	case mesh.StateNeedsAttention:
		known = known && e.mayBeOfMesh()
	}
	if !known || e.has(m.code) { // a state decides, a code only explains
		return
	}
	e.add(m.code, m.detail, word, at, true).state(m.code, m.detail)
}

// hubCondition is what stands beside the code of a condition of GKE Hub. Codes such as CONFIG_VALIDATION_ERROR are those of
// other programs, too.
var hubCondition = regexp.MustCompile(`(?i)conditions"?:|membershipstate|documentationLink|MESH|feature state`)

// alone reports whether the passage is this word and nothing else.
func (e *explainer) alone(word string) bool { return strings.Trim(e.Text, ` "`) == word }

// severityBeside is the severity that the API gives a condition, right before or after its code and details.
var severityBeside = regexp.MustCompile(`severity"?[ :=]+"?(ERROR|WARNING|INFO)\b`)

func (e *explainer) condition(c catalogue.ConditionInfo, at int) {
	x := e.conditionFound(c, c.Code, at)
	after := e.Window(at+len(c.Code), 0, at+len(c.Code), 600)
	if i := strings.Index(after, "code"); i >= 0 { // the next condition
		after = after[:i]
	}
	if m := severityBeside.FindStringSubmatch(after); m != nil {
		x.setSeverity(m[1])
	}
}

// conditionFound adds what is known about a condition of the mesh.
func (e *explainer) conditionFound(c catalogue.ConditionInfo, evidence string, at int) *Explanation {
	x := e.add(catalogue.ConditionReported, c.Code, evidence, at, c.Established)
	if x.Variables == nil {
		return x
	}
	x.Title = "Condition " + c.Code
	x.Means, x.Cause, x.Remedy, x.FixedBy, x.Roots, x.DocURL = c.Means, c.Cause, c.Remedy, c.FixedBy, c.Follows, c.DocURL
	x.Source = "GKE Hub API, ServiceMeshCondition.code; Google's page on feature state conditions"
	if !c.Established {
		x.Source = "GKE Hub API, ServiceMeshCondition.code; cause and remedy are inferred"
	}
	if !c.Blocks {
		x.Severity = catalogue.Warning
	}
	if c.Runbook == "" {
		x.Severity = catalogue.Info
	}
	return x
}

// bareState recognises a state, or a state and its code, that is all the text
// there is. Words that are common are taken in capitals only.
func (e *explainer) bareState(text string) {
	var state, code string
	for _, word := range strings.FieldsFunc(text,
		func(r rune) bool { return r == ' ' || r == '/' || r == ':' || r == ',' || r == '"' || r == '\t' }) {
		upper := strings.ToUpper(word)
		_, known := catalogue.DescribeState(upper)
		condition, _ := catalogue.DescribeCondition(upper)
		switch {
		case known && state == "" && (word == upper || strings.Contains(word, "_")):
			state = upper
		case condition.Code != "" && strings.Contains(word, "_"):
			e.condition(condition, 0)
			return
		case enumMeanings[upper].code != "" && strings.Contains(word, "_"):
			e.enum(upper, 0)
			return
		case word == catalogue.CodeOK || word == catalogue.CodeInternalError || word == state:
			code = word
		case word == "state" || word == "code":
		default:
			return
		}
	}
	switch {
	case state == "" && code == catalogue.CodeInternalError:
		state = mesh.StateStalled
	case state == "":
		return
	}
	// The table on Google's page is that of the data plane. DEGRADED and DEPROVISIONING are
	// not in it, and matter more of the control plane.
	plane := catalogue.DataPlaneState
	if state == mesh.StateDegraded || state == mesh.StateDeprovisioning {
		plane = catalogue.ControlPlaneState
	}
	e.state(plane, state, text, 0)
	if x := len(e.found) - 1; x >= 0 && plane == catalogue.DataPlaneState && e.found[x].Code == plane && code == "" {
		info, _ := catalogue.DescribeState(state)
		e.found[x].Means += " (Of the control plane it means: " + strings.TrimSuffix(info.ControlPlane, ".") + ".)"
	}
}
