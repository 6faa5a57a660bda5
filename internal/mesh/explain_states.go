package mesh

import (
	"regexp"
	"strings"
)

// The planes, as outputs and people name them; squeezed.
var planeNames = []struct {
	key  string
	code Code
}{
	{"controlplanemanagement", ControlPlaneState},
	{"dataplanemanagement", DataPlaneState},
	{"controlplane", ControlPlaneState},
	{"dataplane", DataPlaneState},
	{"控制平面", ControlPlaneState},
	{"数据平面", DataPlaneState},
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
		e.hits(plane.key, func(at, end int) bool {
			text := e.window(end, 0, end, 1200)
			pattern := stateWord
			if management {
				// The next plane's state is not this one's.
				if i := strings.Index(text, "PlaneManagement"); i >= 0 {
					text = text[:i]
				}
				pattern = stateField
			} else if strings.HasPrefix(text, "Management") {
				return true
			}
			m := pattern.FindStringSubmatch(text)
			if m == nil {
				return true
			}
			e.state(plane.code, m[1], strings.TrimSpace(shortly(e.window(at, 0, end, 0)+m[0])), at)
			return true
		})
	}
	e.hits("implementation", func(at, end int) bool {
		m := implementing.FindStringSubmatch(e.window(at, 0, end, 40))
		switch {
		case m == nil:
		case m[1] == ImplementationIstiod:
			e.add(ImplementationLegacy, ImplementationIstiod, m[0], at, true)
		case m[1] == ImplementationUpdating:
			e.add(ImplementationMoving, "", m[0], at, true)
		}
		return true
	})
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
func (e *explainer) state(code Code, state, evidence string, at int) {
	if state == StateActive {
		e.add(NothingWrong, "", evidence, at, true)
		return
	}
	if _, known := DescribeState(state); known {
		e.add(code, state, evidence, at, true).state(code, state)
	}
}

// state fills in what is particular to a state of a plane.
func (x *Explanation) state(code Code, state string) {
	info, known := DescribeState(state)
	if !known || x.Code != code {
		return
	}
	switch code {
	case ControlPlaneState:
		x.Title, x.Means, x.Remedy = "The control plane is "+state, info.ControlPlane, info.ControlRemedy
	case DataPlaneState:
		x.Title, x.Means, x.Remedy = "The data plane is "+state, info.DataPlane, info.DataPlaneRemedy
	default:
		return
	}
	x.Source, x.Established = info.Source, x.Established && info.Established
	switch {
	case state == StateProvisioning:
		x.Severity, x.Cause = Warning, "It was asked for, or a prerequisite was corrected, within the last minutes. Over ten minutes means that something went wrong."
	case state == StateDisabled && code == DataPlaneState:
		x.Severity, x.Cause = Info, "The annotation mesh.cloud.google.com/proxy is on no namespace and no revision."
		x.Roots = []Code{ProxyUnmanaged}
	case state == StateDisabled || state == StateDeprovisioning:
		x.Cause = "Management is not set to automatic for this membership, or the mesh is being removed."
		x.Roots = []Code{NotManaged, ManagementDiffers}
	case state == StateNeedsAttention && code == DataPlaneState:
		x.Severity, x.Cause, x.Roots = Warning, Describe(ProxiesFailed).Cause, []Code{ProxiesFailed}
	case state == StateFailedPrecondition && code == DataPlaneState:
		x.Cause, x.Roots = "The managed control plane does not work.", []Code{ControlPlaneState}
	case state == StateFailedPrecondition:
		x.Roots = []Code{ServiceDisabled, BindingMissing, PoolMissing, PoolWrong, NodePoolNoMetadata, RevisionStalled}
	case state == StateStalled && code == DataPlaneState:
		x.Cause, x.Roots = "An internal error; often the control plane cannot reach the cluster.", []Code{ControlPlaneState, ServiceDisabled}
		x.Established = false
	case state == StateStalled:
		x.Roots = []Code{RevisionStalled, ServiceDisabled}
	}
}

// enum is what a word of the API in capitals says by itself.
type enum struct {
	code   Code
	detail string
}

var enumMeanings = map[string]enum{
	StateNeedsAttention:      {DataPlaneState, StateNeedsAttention},
	StateDeprovisioning:      {ControlPlaneState, StateDeprovisioning},
	codeUpgradeFailures:      {DataPlaneState, StateNeedsAttention},
	codeControlPlaneRequired: {DataPlaneState, StateFailedPrecondition},
	codeRevisionReady:        {NothingWrong, ""},
	codeRevisionProvisioning: {ControlPlaneState, StateProvisioning},
	codeRevisionPrecondition: {ControlPlaneState, StateFailedPrecondition},
	"REVISION_STALLED":       {ControlPlaneState, StateStalled}, // not in any list of Google's that we know
	"FLEET_OUT_OF_SYNC":      {MembershipOutOfSync, ""},
	"GCE_METADATA":           {NodePoolNoMetadata, ""},
	"DELETE_REQUESTED":       {ProjectDeleted, ""},
	ManagementManual:         {NotManaged, ManagementManual},
	ManagementNotInstalled:   {NotManaged, ManagementNotInstalled},
}

// enums recognises condition codes and other words of the API that mean one thing
// wherever they stand.
func (e *explainer) enums() {
	text := e.text
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
	if c, known := DescribeCondition(word); known && word != "CODE_UNSPECIFIED" {
		e.condition(c, at)
		return
	}
	m, known := enumMeanings[word]
	if !known || e.has(m.code) { // a state decides, a code only explains
		return
	}
	e.add(m.code, m.detail, word, at, true).state(m.code, m.detail)
}

// severityBeside is the severity that the API gives a condition, right before or
// after its code and details.
var severityBeside = regexp.MustCompile(`severity"?[ :=]+"?(ERROR|WARNING|INFO)\b`)

func (e *explainer) condition(c ConditionInfo, at int) {
	x := e.add(ConditionReported, c.Code, c.Code, at, c.Established)
	if x.Variables == nil {
		return
	}
	x.Title = "Condition " + c.Code
	x.Means, x.Cause, x.Remedy, x.FixedBy, x.Roots, x.DocURL = c.Means, c.Cause, c.Remedy, c.FixedBy, c.Follows, c.DocURL
	x.Source = "GKE Hub API, ServiceMeshCondition.code; Google's page on feature state conditions"
	if !c.Established {
		x.Source = "GKE Hub API, ServiceMeshCondition.code; cause and remedy are inferred"
	}
	if !c.Blocks {
		x.Severity = Warning
	}
	if c.Runbook == "" {
		x.Severity = Info
	}
	after := e.window(at+len(c.Code), 0, at+len(c.Code), 600)
	if i := strings.Index(after, "code"); i >= 0 { // the next condition
		after = after[:i]
	}
	if m := severityBeside.FindStringSubmatch(after); m != nil {
		x.Severity = Severity(strings.ToLower(m[1]))
	}
}

// bareState recognises a state, or a state and its code, that is all the text
// there is. Words that are common are taken in capitals only.
func (e *explainer) bareState(text string) {
	var state, code string
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '/' || r == ':' || r == ',' || r == '"' || r == '\t' }) {
		upper := strings.ToUpper(word)
		_, known := DescribeState(upper)
		condition, _ := DescribeCondition(upper)
		switch {
		case known && state == "" && (word == upper || strings.Contains(word, "_")):
			state = upper
		case condition.Code != "" && strings.Contains(word, "_"):
			e.condition(condition, 0)
			return
		case enumMeanings[upper].code != "" && strings.Contains(word, "_"):
			e.enum(upper, 0)
			return
		case word == codeOK || word == codeInternalError || word == state:
			code = word
		case word == "state" || word == "code":
		default:
			return
		}
	}
	switch {
	case state == "" && code == codeInternalError:
		state = StateStalled
	case state == "":
		return
	}
	// The seed's table is that of the data plane. DEGRADED and DEPROVISIONING are
	// not in it, and matter more of the control plane.
	plane := DataPlaneState
	if state == StateDegraded || state == StateDeprovisioning {
		plane = ControlPlaneState
	}
	e.state(plane, state, text, 0)
	if x := len(e.found) - 1; x >= 0 && plane == DataPlaneState && e.found[x].Code == plane && code == "" {
		info, _ := DescribeState(state)
		e.found[x].Means += " (Of the control plane it means: " + strings.TrimSuffix(info.ControlPlane, ".") + ".)"
	}
}
