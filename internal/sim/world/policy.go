package world

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// A Policy is an IAM policy of Resource Manager.
type Policy struct {
	Version      int32          `json:"version,omitempty"`
	Etag         string         `json:"etag,omitempty"`
	Bindings     []*Binding     `json:"bindings,omitempty"`
	AuditConfigs []*AuditConfig `json:"auditConfigs,omitempty"`
}

// A Binding grants a role to members. Its key is the role and the condition
// together; the same role may be there several times.
type Binding struct {
	Role      string   `json:"role"`
	Members   []string `json:"members,omitempty"`
	Condition *Expr    `json:"condition,omitempty"`
}

// An Expr is the condition of a binding, in CEL.
type Expr struct {
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Expression  string `json:"expression,omitempty"`
	Location    string `json:"location,omitempty"`
}

// An AuditConfig says which data access is logged.
type AuditConfig struct {
	Service         string            `json:"service,omitempty"`
	AuditLogConfigs []*AuditLogConfig `json:"auditLogConfigs,omitempty"`
}

// An AuditLogConfig is one log type of an AuditConfig.
type AuditLogConfig struct {
	LogType         string   `json:"logType,omitempty"`
	ExemptedMembers []string `json:"exemptedMembers,omitempty"`
}

// key identifies a binding.
func (b *Binding) key() string {
	if b.Condition == nil {
		return b.Role
	}
	return strings.Join([]string{b.Role, b.Condition.Title, b.Condition.Description, b.Condition.Expression}, "\x00")
}

func (b *Binding) clone() *Binding {
	c := *b
	c.Members = slices.Clone(b.Members)
	if b.Condition != nil {
		e := *b.Condition
		c.Condition = &e
	}
	return &c
}

// Clone copies the policy; the audit configs are shared.
func (p Policy) Clone() Policy {
	c := p
	c.Bindings = make([]*Binding, len(p.Bindings))
	for i, b := range p.Bindings {
		c.Bindings[i] = b.clone()
	}
	c.AuditConfigs = slices.Clone(p.AuditConfigs) // never changed in place
	return c
}

// Conditional reports whether a binding has a condition.
func (p Policy) Conditional() bool {
	return slices.ContainsFunc(p.Bindings, func(b *Binding) bool { return b.Condition != nil })
}

// Normalized writes the policy as the server does: members in lower case, sorted and once each; bindings of one role and
// condition joined, sorted by role (custom roles come first, "projects/" being less than "roles/"), and those without
// members gone.
func (p Policy) Normalized() Policy {
	byKey := map[string]*Binding{}
	var keys []string
	for _, b := range p.Bindings {
		k := b.key()
		have, ok := byKey[k]
		if !ok {
			have = &Binding{Role: b.Role, Condition: b.Condition}
			byKey[k] = have
			keys = append(keys, k)
		}
		for _, m := range b.Members {
			have.Members = append(have.Members, NormalizeMember(m))
		}
	}
	slices.SortFunc(keys, cmp.Compare)
	out := p
	out.Bindings = nil
	for _, k := range keys {
		b := byKey[k]
		slices.Sort(b.Members)
		b.Members = slices.Compact(b.Members)
		if len(b.Members) > 0 {
			out.Bindings = append(out.Bindings, b)
		}
	}
	return out.Versioned()
}

// Versioned sets version 3 for a policy with conditions and 1 for others.
func (p Policy) Versioned() Policy {
	p.Version = 1
	if p.Conditional() {
		p.Version = 3
	}
	return p
}

// NormalizeMember lower-cases an email, which is case-insensitive on input.
func NormalizeMember(m string) string {
	kind, rest, ok := strings.Cut(m, ":")
	if !ok {
		return m
	}
	switch kind {
	case "user", "group", "domain":
		return kind + ":" + strings.ToLower(rest)
	case "serviceAccount":
		if !strings.Contains(rest, "[") {
			return kind + ":" + strings.ToLower(rest)
		}
	}
	return m
}

// newEtag makes a policy etag in the recorded form: base64 of eight bytes that begin 0x07 0x06, different at each write.
func (w *World) newEtag(t time.Time) string {
	n := uint64(t.UnixMicro())<<12 | uint64(w.NextSerial())&0xfff
	b := []byte{7, 6, 0, 0, 0, 0, 0, 0}
	for i := 7; i >= 2; i-- {
		b[i] = byte(n)
		n >>= 8
	}
	return base64.StdEncoding.EncodeToString(b)
}

// neverSetEtag is the etag of a policy that was never written (inferred).
const neverSetEtag = "ACAB"

// CurrentEtag is the etag that a reader gets.
func (p Policy) CurrentEtag() string {
	if p.Etag == "" {
		return neverSetEtag
	}
	return p.Etag
}

// Flattened is the policy for a reader that did not ask for version 3: conditional bindings lose their condition, and
// their role gets a suffix (documented).
func (p Policy) Flattened() Policy {
	out := p.Clone()
	out.Version = 1
	for _, b := range out.Bindings {
		if b.Condition != nil {
			sum := sha256.Sum256([]byte(b.key()))
			b.Role += "_withcond_" + hex.EncodeToString(sum[:10])
			b.Condition = nil
		}
	}
	return out
}

// A bindingDelta is one change of a policy in an audit entry.
type bindingDelta struct {
	Action    string `json:"action"`
	Role      string `json:"role"`
	Member    string `json:"member"`
	Condition *Expr  `json:"condition,omitempty"`
}

// policyDeltas lists what a write added and removed.
func policyDeltas(before, after Policy) []bindingDelta {
	var out []bindingDelta
	diff := func(action string, a, b Policy) {
		have := map[string]bool{}
		for _, x := range b.Bindings {
			for _, m := range x.Members {
				have[x.key()+"\x01"+m] = true
			}
		}
		for _, x := range a.Bindings {
			for _, m := range x.Members {
				if !have[x.key()+"\x01"+m] {
					out = append(out, bindingDelta{Action: action, Role: x.Role, Member: m, Condition: x.Condition})
				}
			}
		}
	}
	diff("REMOVE", before, after)
	diff("ADD", after, before)
	return out
}

// Holds reports whether a member has a role without a condition.
func (p Policy) Holds(role, member string) bool {
	for _, b := range p.Bindings {
		if b.Role == role && b.Condition == nil && slices.Contains(b.Members, member) {
			return true
		}
	}
	return false
}

// grant adds a member to a role, without a condition.
func (p Policy) grant(role, member string) Policy {
	out := p.Clone()
	out.Bindings = append(out.Bindings, &Binding{Role: role, Members: []string{member}})
	return out.Normalized()
}
