package api

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

// getIamPolicy reads a project's policy (POST, not GET). A reader that asks for less than version 3 gets conditional
// bindings in their flattened form (documented), or with the fault policy-version-strict the older refusal (recorded
// 2019-2020).
func getIamPolicy(c *call) (any, *wire.Error) {
	var req struct {
		Options struct {
			RequestedPolicyVersion int32 `json:"requestedPolicyVersion"`
		} `json:"options"`
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	version := req.Options.RequestedPolicyVersion
	if version != 0 && version != 1 && version != 3 {
		return nil, wire.Invalid("Requested policy version (%d) is invalid. Valid values are 0, 1 and 3.", version)
	}
	p, err := c.authorize(c.params["project"], "resourcemanager.projects.getIamPolicy", errCRMDenied)
	if err != nil {
		return nil, err
	}
	policy := p.Policy
	if lag := p.PolicyLag; lag != nil && c.now.Before(lag.Until.Time) {
		policy = lag.Policy
	}
	if policy.Version == 0 && len(policy.Bindings) > 0 {
		policy = policy.Versioned() // as a world document may have left it
	}
	if version < 3 && policy.Conditional() {
		if c.w.ActiveFault("policy-version-strict") != nil {
			return nil, wire.Invalid("Requested policy version (%d) cannot be less than the existing policy version (3). "+
				"For more information, please refer to https://cloud.google.com/iam/docs/policies#versions.", version)
		}
		policy = policy.Flattened()
	}
	policy.Etag = policy.CurrentEtag()
	return policy, nil
}

// getAncestorPolicy reads the policy of a folder or an organization.
func getAncestorPolicy(kind string) handler {
	return func(c *call) (any, *wire.Error) {
		var req struct {
			Options struct {
				RequestedPolicyVersion int32 `json:"requestedPolicyVersion"`
			} `json:"options"`
		}
		if err := c.decode(&req); err != nil {
			return nil, err
		}
		a, readable := c.w.Ancestor(kind+"s/"+c.params[kind], c.who.Email)
		if !readable {
			return nil, errCRMDenied(nil)
		}
		policy := a.Policy.Versioned()
		if req.Options.RequestedPolicyVersion < 3 && policy.Conditional() {
			policy = policy.Flattened()
		}
		policy.Etag = policy.CurrentEtag()
		return policy, nil
	}
}

// setIamPolicy writes a project's whole policy.
func setIamPolicy(version string) handler {
	return func(c *call) (any, *wire.Error) {
		var req struct {
			Policy     *world.Policy `json:"policy"`
			UpdateMask string        `json:"updateMask"`
			Resource   string        `json:"resource"` // v1 takes it in the body, too
		}
		if err := c.decode(&req); err != nil {
			return nil, err
		}
		if req.Policy == nil {
			return nil, wire.Invalid("policy is required")
		}
		if err := checkPolicyEnums(req.Policy); err != nil {
			return nil, err
		}
		if p := c.w.Project(c.params["project"]); p != nil {
			c.record = world.NewPolicyRecord(p, c.who, version, *req.Policy)
		}
		p, err := c.authorize(c.params["project"], "resourcemanager.projects.setIamPolicy", errSetPolicyDenied)
		if err != nil {
			return nil, err
		}
		mask, err := policyMask(req.UpdateMask)
		if err != nil {
			return nil, err
		}
		c.w.ConcurrentWrite(p, c.now)
		after, err := c.nextPolicy(p, *req.Policy, mask)
		if err != nil {
			return nil, err
		}
		before := p.Policy
		c.w.SetPolicy(p, after, c.now)
		c.record.SetPolicyChange(before, p.Policy)
		return p.Policy, nil
	}
}

// errSetPolicyDenied is the newer refusal with its permission (reason recorded, body inferred). An unknown project gets
// the older one.
func errSetPolicyDenied(p *world.Project) *wire.Error {
	if p == nil || p.Deleted() {
		return errCRMDenied(p)
	}
	const permission = "resourcemanager.projects.setIamPolicy"
	resource := "//" + wire.HostCRM + "/projects/" + p.ProjectID
	return wire.Denied("Permission '%s' denied on resource '%s' (or it may not exist).", permission, resource).
		WithInfo("IAM_PERMISSION_DENIED", wire.HostCRM, map[string]string{"permission": permission, "resource": "projects/" + p.ProjectID})
}

// policyMask reads an update mask; the default is "bindings, etag", so that audit configs are left alone (discovery).
func policyMask(text string) ([]string, *wire.Error) {
	if text == "" {
		return []string{"bindings", "etag"}, nil
	}
	var mask []string
	for field := range strings.SplitSeq(text, ",") {
		field = wire.LowerCamel(strings.TrimSpace(field))
		switch field {
		case "bindings", "etag", "auditConfigs", "version":
			mask = append(mask, field)
		default:
			return nil, wire.Invalid("Invalid update mask: field %q is not a field of a policy.", field)
		}
	}
	return mask, nil
}

// nextPolicy is the policy after a write, or the refusal of that write.
func (c *call) nextPolicy(p *world.Project, in world.Policy, mask []string) (world.Policy, *wire.Error) {
	now := p.Policy
	useEtag := in.Etag != "" && slices.Contains(mask, "etag")
	if useEtag {
		if err := checkEtag(in.Etag, now.CurrentEtag()); err != nil {
			return world.Policy{}, err
		}
	}
	if in.Version != 0 && in.Version != 1 && in.Version != 3 {
		return world.Policy{}, wire.Invalid("Invalid policy version (%d). Valid values are 0, 1 and 3.", in.Version)
	}
	after := now.Clone()
	if slices.Contains(mask, "bindings") {
		// Without an etag the write is blind, and a version 1 policy destroys all conditions (discovery).
		if useEtag && in.Version < 3 && now.Conditional() {
			return world.Policy{}, wire.Invalid("Specified policy version (%d) cannot be less than the existing policy version (3). "+
				"For more information, please refer to https://cloud.google.com/iam/docs/policies#versions", in.Version)
		}
		if in.Conditional() && in.Version < 3 {
			return world.Policy{}, wire.Invalid("Specified policy version (%d) does not support conditional role bindings: it must be 3. "+
				"For more information, please refer to https://cloud.google.com/iam/docs/policies#versions", in.Version)
		}
		if err := checkBindings(c.w, p, in); err != nil {
			return world.Policy{}, err
		}
		after.Bindings = in.Clone().Bindings
	}
	if slices.Contains(mask, "auditConfigs") {
		after.AuditConfigs = in.AuditConfigs
	}
	return after.Normalized(), nil
}

// checkEtag compares by bytes: clients send either base64 alphabet.
func checkEtag(sent, have string) *wire.Error {
	a, ok := etagBytes(sent)
	if !ok {
		return wire.Invalid("Invalid value at 'policy.etag' (TYPE_BYTES), Base64 decoding failed for %q", sent)
	}
	if b, _ := etagBytes(have); bytes.Equal(a, b) {
		return nil
	}
	return wire.NewError(wire.StatusAborted,
		"There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff. "+
			"The request's ETag '%s' did not match the current policy's ETag '%s'.", etagText(sent), etagText(have))
}

const (
	maxPolicyMembers = 1500
	maxPolicyGroups  = 250
)

// checkBindings refuses what a project's policy cannot hold. One dead member blocks the whole write.
func checkBindings(w *world.World, p *world.Project, in world.Policy) *wire.Error {
	count, groups := 0, 0
	for _, b := range in.Bindings {
		switch {
		case b == nil || b.Role == "":
			return wire.Invalid("Role is required in a binding.")
		case world.IsCustomRole(b.Role):
			if _, ok := w.Roles[b.Role]; !ok {
				return wire.Invalid("Role %s does not exist in the resource's hierarchy.", b.Role)
			}
		case !strings.HasPrefix(b.Role, "roles/") || strings.Contains(b.Role, "_withcond_"):
			return wire.Invalid("Role %s is not supported for this resource.", b.Role)
		}
		if b.Condition != nil && b.Condition.Expression == "" {
			return wire.Invalid("The condition of role %s has no expression.", b.Role)
		}
		for _, m := range b.Members {
			count++
			if strings.HasPrefix(m, "group:") {
				groups++
			}
			if err := checkMember(w, p, world.NormalizeMember(m)); err != nil {
				return err
			}
		}
	}
	if count > maxPolicyMembers || groups > maxPolicyGroups {
		return wire.Invalid("The number of members in the policy (%d) is larger than the maximum allowed size %d.", count, maxPolicyMembers)
	}
	return nil
}

func checkMember(w *world.World, p *world.Project, m string) *wire.Error {
	kind, rest, ok := strings.Cut(m, ":")
	switch {
	case m == "allUsers" || m == "allAuthenticatedUsers":
		return wire.Invalid("Members of type allUsers and allAuthenticatedUsers cannot be set on this resource.")
	case !ok:
		return wire.Invalid(`Policy members must be of the form "<type>:<value>".`)
	case kind == "deleted":
		// Accepted back unchanged, but refused as a new member.
		for _, b := range p.Policy.Bindings {
			if slices.Contains(b.Members, m) {
				return nil
			}
		}
		return wire.Invalid("Member %s does not exist.", m)
	case kind == "serviceAccount" && strings.Contains(rest, "["):
		return nil // a Kubernetes service account of a workload pool
	case kind == "serviceAccount":
		if rest == "" {
			return wire.Invalid("Invalid service account ().")
		}
		if !w.AccountExists(rest) {
			return wire.Invalid("Service account %s does not exist.", rest)
		}
		return nil
	case kind == "user" || kind == "group":
		if !strings.Contains(rest, "@") {
			return wire.Invalid("Invalid argument: '%s' is not an email address.", rest)
		}
		if strings.HasSuffix(rest, ".gserviceaccount.com") {
			return wire.Invalid("Principal %s is of type \"serviceAccount\". The principal should appear as \"serviceAccount:%s\". "+
				"See https://cloud.google.com/iam/help/members/types for additional documentation.", rest, rest)
		}
		return nil
	case kind == "domain" && rest != "", kind == "principal", kind == "principalSet",
		kind == "projectOwner", kind == "projectEditor", kind == "projectViewer":
		return nil
	}
	return wire.Invalid("Unknown member type %q.", kind)
}

// etagBytes decodes an etag in either base64 alphabet: gcloud sends back the URL-safe one.
func etagBytes(s string) ([]byte, bool) {
	s = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "="))
	b, err := base64.RawStdEncoding.DecodeString(s)
	return b, err == nil
}

// etagText writes an etag as the conflict message does: octal escapes for what is not printable.
func etagText(s string) string {
	raw, ok := etagBytes(s)
	if !ok {
		return s
	}
	var b strings.Builder
	for _, c := range raw {
		if c >= 0x20 && c < 0x7f && c != '\\' && c != '\'' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\%03o`, c)
		}
	}
	return b.String()
}
