package gcp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/iam/apiv1/iampb"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/text"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// policyVersion is asked for and written: below 3 the API leaves out conditions,
// and writing such an answer back would destroy them.
const policyVersion = 3

// Policy returns a project's IAM policy at version 3. Callers must not change it.
func (c *Client) Policy(ctx context.Context, project string) (*iampb.Policy, error) {
	policy, err := c.policies.get(ctx, project, func(ctx context.Context) (*iampb.Policy, error) {
		policy := &iampb.Policy{}
		request := &iampb.GetIamPolicyRequest{Options: &iampb.GetPolicyOptions{RequestedPolicyVersion: policyVersion}}
		return policy, c.iam(ctx, "projects/"+project, project, "getIamPolicy", request, policy)
	})
	return policy, failed(err, "read the IAM policy of project "+project, "resourcemanager.projects.getIamPolicy")
}

// FreshPolicy is Policy with a new request.
func (c *Client) FreshPolicy(ctx context.Context, project string) (*iampb.Policy, error) {
	c.policies.forget(project)
	return c.Policy(ctx, project)
}

// AddMember grants role to member on a project, without a condition, and leaves
// everything else in the policy as it is. It reports whether it had to write.
func (c *Client) AddMember(ctx context.Context, project, role, member string) (wrote bool, err error) {
	return c.changePolicy(ctx, project, "grant "+role+" to "+member+" on project "+project, func(p *iampb.Policy) bool {
		if Grant(p, role, member).Granted {
			return false
		}
		for _, b := range p.Bindings {
			if b.Role == role && b.Condition == nil {
				b.Members = append(b.Members, member)
				return true
			}
		}
		p.Bindings = append(p.Bindings, &iampb.Binding{Role: role, Members: []string{member}})
		return true
	})
}

// RemoveMember revokes role from member on a project, where it is granted without
// a condition, and leaves everything else in the policy as it is.
func (c *Client) RemoveMember(ctx context.Context, project, role, member string) (wrote bool, err error) {
	return c.changePolicy(ctx, project, "revoke "+role+" from "+member+" on project "+project, func(p *iampb.Policy) bool {
		changed := false
		p.Bindings = slices.DeleteFunc(p.Bindings, func(b *iampb.Binding) bool {
			if b.Role != role || b.Condition != nil {
				return false
			}
			before := len(b.Members)
			b.Members = slices.DeleteFunc(b.Members, func(m string) bool { return strings.EqualFold(m, member) })
			changed = changed || len(b.Members) < before
			return len(b.Members) == 0 && before > 0
		})
		return changed
	})
}

// Granted is how a policy grants a role to a member.
type Granted struct {
	Granted     bool // without a condition
	Conditional bool // only under a condition
	Deleted     bool // only to a deleted identity of that name
}

// Grant looks for a member's role in a policy. Addresses are compared without regard to case, as the API does.
func Grant(p *iampb.Policy, role, member string) Granted {
	var g Granted
	for _, b := range p.GetBindings() {
		if b.Role != role {
			continue
		}
		for _, m := range b.Members {
			name, _, _ := strings.Cut(m, "?uid=")
			switch {
			case strings.EqualFold(m, member) && b.Condition == nil:
				g.Granted = true
			case strings.EqualFold(m, member):
				g.Conditional = true
			case strings.EqualFold(name, "deleted:"+member):
				g.Deleted = true
			}
		}
	}
	return g
}

// changePolicy reads, modifies and writes a project's policy under its etag, one writer a project in this process, and
// starts over from a new read when another writer came first.
func (c *Client) changePolicy(ctx context.Context, project, doing string, modify func(*iampb.Policy) bool) (bool, error) {
	unlock, err := c.writers.Lock(ctx, project)
	if err != nil {
		return false, err
	}
	defer unlock()
	wrote, ambiguous := false, false
	err = wait.Until(
		ctx,
		wait.Backoff{First: 500 * time.Millisecond, Max: 15 * time.Second, Clock: c.clock},
		"other writers of the policy to finish, to "+doing,
		func(ctx context.Context) (bool, string, error) {
			read, policy, needed, err := c.modified(ctx, project, modify)
			if err != nil {
				return false, "", err
			}
			if !needed {
				wrote = wrote || ambiguous // a write of ours that was not answered made the change
				return true, "", nil
			}
			if err := writable(read); err != nil {
				return false, "", &apierr.Error{
					Doing:   doing,
					Message: err.Error(),
					Next:    "Nothing was written. Update this provider, or make the change by hand.",
				}
			}
			policy.Version = policyVersion
			request := &iampb.SetIamPolicyRequest{Policy: policy, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"bindings", "etag"}}}
			err = c.iam(ctx, "projects/"+project, project, "setIamPolicy", request, &iampb.Policy{})
			c.policies.forget(project)
			err = failed(err, doing, "resourcemanager.projects.setIamPolicy")
			if apierr.Conflict(err) {
				ambiguous = ambiguous || apierr.Ambiguous(err)
				return false, err.Error(), nil
			}
			wrote = wrote || err == nil
			return err == nil, "", err
		},
	)
	return wrote, err
}

// modified returns a project's policy as it was read, and a copy that was modified. An earlier read is good enough for a
// write, which its etag guards, but not for needing none: then the policy is read again.
func (c *Client) modified(ctx context.Context, project string, modify func(*iampb.Policy) bool) (read, policy *iampb.Policy,
	needed bool, err error) {
	for _, get := range []func(context.Context, string) (*iampb.Policy, error){c.Policy, c.FreshPolicy} {
		if read, err = get(ctx, project); err != nil {
			return nil, nil, false, err
		}
		if policy = proto.CloneOf(read); modify(policy) {
			return read, policy, true, nil
		}
	}
	return read, policy, false, nil
}

// writable refuses policies that cannot be written back whole.
func writable(p *iampb.Policy) error {
	if len(p.Etag) == 0 {
		return errors.New("the policy came without an etag, so a write could undo the changes of others")
	}
	if len(p.ProtoReflect().GetUnknown()) > 0 {
		return errors.New("the policy holds fields that this version does not know and would drop")
	}
	for _, b := range p.Bindings {
		if strings.Contains(b.Role, "_withcond_") {
			return fmt.Errorf("the policy was served below version 3 (role %q stands for a conditional binding); writing it back would destroy "+
				"its conditions", b.Role)
		}
	}
	return nil
}

// iam calls a policy method of a project, a folder or an organization over REST with the messages of
// cloud.google.com/go/iam, whose JSON form is the API's.
func (c *Client) iam(ctx context.Context, resource, project, verb string, in, out proto.Message) error {
	body, err := protojson.Marshal(in)
	if err != nil {
		return err
	}
	address := c.endpoints.ResourceManager + "/v3/" + resource + ":" + verb
	answer, err := c.send(chargedTo(ctx, project), http.MethodPost, address, body)
	if err != nil {
		return err
	}
	if err := protojson.Unmarshal(answer, out); err != nil {
		// A field that this version does not know: readable, but see writable.
		lenient := protojson.UnmarshalOptions{DiscardUnknown: true}
		if lenient.Unmarshal(answer, out) != nil {
			return fmt.Errorf("%w: %w", apierr.ErrMalformed, err)
		}
		out.ProtoReflect().SetUnknown(unknownMark)
	}
	return nil
}

// unknownMark marks a message that left out fields of the JSON it was read
// from. It is a valid unknown protobuf field (number 536870911, varint 1).
var unknownMark = []byte{0xf8, 0xff, 0xff, 0xff, 0x0f, 0x01}

// GenerateServiceIdentity creates the service agent of an API for a project, if it
// does not exist yet (serviceusage v1beta1, services.generateServiceIdentity).
func (c *Client) GenerateServiceIdentity(ctx context.Context, project, service string) error {
	doing := "generate the service identity of " + service + " for project " + project
	op, err := c.identities.Services.GenerateServiceIdentity("projects/" + project + "/services/" + service).
		Context(chargedTo(ctx, project)).
		Do()
	if err != nil {
		return failed(err, doing, "serviceusage.services.enable")
	}
	if op.Error != nil {
		return operationError(doing, op.Error.Code, op.Error.Message)
	}
	// In practice it is done at once. Where it is not, the grant that follows is
	// repeated until the account exists, so there is nothing to poll.
	return nil
}

// IsMissingAgent reports whether err is IAM's refusal to grant a role to the mesh
// service agent because that account does not exist yet.
func IsMissingAgent(err error, email string) bool {
	var e *apierr.Error
	return errors.As(err, &e) && e.Code == http.StatusBadRequest && text.IsMissingAgent(e.Message, email)
}
