package mesh

import (
	"regexp"
	"strings"
	"unicode"
)

// StopCode names why a ControlPlaneRevision stopped: one of the thirteen
// messages that the condition Stalled brings (the seed, "ControlPlaneRevision
// stop codes"), or StopUnknown. The names are ours; Google gives only texts.
type StopCode string

// The stop codes, in the seed's order.
const (
	StopNotGKE            StopCode = "not-a-gke-cluster"
	StopName              StopCode = "unsupported-revision-name"
	StopNamespace         StopCode = "unsupported-revision-namespace"
	StopChannel           StopCode = "channel-does-not-match-name"
	StopChannelMissing    StopCode = "channel-missing"
	StopType              StopCode = "unsupported-revision-type"
	StopKubernetesVersion StopCode = "unsupported-kubernetes-version"
	StopWorkloadIdentity  StopCode = "workload-identity-disabled"
	StopWorkloadPool      StopCode = "unsupported-workload-pool"
	StopProject           StopCode = "project-is-not-the-fleets"
	StopClusterUpdate     StopCode = "cluster-resources-not-updated"
	StopMutatingURL       StopCode = "mutating-webhook-url"
	StopValidatingURL     StopCode = "validating-webhook-url"
	StopUnknown           StopCode = "unknown"
)

// The reasons that a stalled revision gives.
const (
	ReasonPreconditionFailed = "PreconditionFailed"
	ReasonProvisioningFailed = "ProvisioningFailed"
)

// Stop is a stop message taken apart.
type Stop struct {
	Code        StopCode
	Reason      string            // as reported, or the code's own where none was
	Message     string            // as reported, whole
	Variables   map[string]string // by the seed's names, such as EXISTING_URL; never nil
	Explanation string
	// Established is false where the wording that was recognised is inferred and
	// not one that Google published, and for a message that is not known at all.
	Established bool
	// MechanicalFix is a change that a program can make, or "" where it takes a
	// person; Remedy says what to do either way.
	MechanicalFix string
	Remedy        string
	FixedBy       string // the Terraform resource that corrects it, or ""
}

// ParseStop recognises a stop message, in English or in the seed's Chinese,
// whatever its case and spacing. A message that is not known is StopUnknown, and
// shown whole. The message decides, because a reason covers many.
func ParseStop(reason, message string) Stop {
	folded := foldMessage(message)
	for _, known := range stops {
		for _, w := range known.wordings {
			m := w.pattern.FindStringSubmatch(folded)
			if m == nil {
				continue
			}
			stop := known.stop
			stop.Message, stop.Established, stop.Variables = message, w.established, map[string]string{}
			if reason = strings.TrimSpace(reason); reason != "" {
				stop.Reason = reason
			}
			for i, name := range w.pattern.SubexpNames() {
				if name != "" {
					stop.Variables[name] = m[i]
				}
			}
			return stop
		}
	}
	return Stop{
		Code: StopUnknown, Reason: strings.TrimSpace(reason), Message: message, Variables: map[string]string{},
		Explanation: "This version does not know this message; it is shown as the control plane reported it.",
		Remedy:      "Read the message, and Google's list of stop codes; contact support when neither helps.",
	}
}

// foldMessage brings what may vary without a meaning to one form: any white
// space to a blank, full-width punctuation and typographic quotes to ASCII.
func foldMessage(message string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r >= '\uff01' && r <= '\uff5e' { // full-width forms of ASCII, in its order
			r -= '\uff01' - '!'
		}
		switch r {
		case '\u3001': // ideographic comma
			return ','
		case '\u3002': // ideographic full stop
			return '.'
		case '\u201c', '\u201d', '\u2018', '\u2019', '\u300c', '\u300d', '\'', '`':
			return '"'
		case '\u200b', '\ufeff': // zero width: copied from web pages
			return -1
		}
		if unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, message))
}

// wording is one published form of a stop message.
type wording struct {
	pattern     *regexp.Regexp
	established bool
}

var placeholder = regexp.MustCompile(`\$\{([A-Z_]+)\}`)

// compileWording makes a pattern from a message as Google prints it, with
// ${VARIABLES}. Blanks may be more, fewer or none; quotes, commas and full stops
// may be missing; a colon is kept, for it alone tells "name: X" from
// "namespace: X".
func compileWording(template string, established bool) wording {
	var b strings.Builder
	b.WriteString(`(?i)^ *`)
	template = foldMessage(template)
	literal := func(text string) {
		for _, r := range text {
			switch {
			case r == ' ':
				b.WriteString(` *`)
			case r == '"', r == '.', r == ',':
				b.WriteString(` *` + regexp.QuoteMeta(string(r)) + `? *`)
			case r == ':':
				b.WriteString(` *: *`)
			case unicode.Is(unicode.Han, r): // no words are set apart: a blank may stand anywhere
				b.WriteString(` *` + string(r) + ` *`)
			default:
				b.WriteString(regexp.QuoteMeta(string(r)))
			}
		}
	}
	rest := template
	for {
		at := placeholder.FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		literal(rest[:at[0]])
		b.WriteString(` *"?(?P<` + rest[at[2]:at[3]] + `>[^ "]*?)"? *`)
		rest = rest[at[1]:]
	}
	literal(rest)
	b.WriteString(` *\.? *$`)
	return wording{regexp.MustCompile(b.String()), established}
}
