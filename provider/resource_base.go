package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
)

// What destroying a resource does to the cloud.
const (
	abandon = "ABANDON" // nothing
	remove  = "DELETE"  // takes back what the resource brought about
)

func deletionPolicy(effect string) schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, Computed: true,
		Default: stringdefault.StaticString(abandon),
		MarkdownDescription: "What destroying this resource does to the cloud: `ABANDON` (default) leaves everything as it is; `DELETE` " +
			effect + ".",
		Validators: []validator.String{stringvalidator.OneOf(abandon, remove)},
	}
}

// providerData is the Data that Configure of every kind of type receives, or nil before the provider is configured.
func providerData(given any, diags *diag.Diagnostics) *Data {
	if given == nil {
		return nil
	}
	data, ok := given.(*Data)
	if !ok {
		diags.AddError("Unexpected provider data", fmt.Sprintf("Expected *provider.Data, got %T. This is a bug of the provider.", given))
	}
	return data
}

// base is what all resources share.
type base struct{ data *Data }

func (b *base) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	b.data = providerData(req.ProviderData, &resp.Diagnostics)
}

// configured reports whether requests can be made.
func (b *base) configured() bool { return b.data != nil && b.data.Client != nil }

// project is the configured project or the provider's default. missing is set when there is neither.
func (b *base) project(configured types.String) (project types.String, missing bool) {
	if !configured.IsNull() {
		return configured, false
	}
	if b.data == nil {
		return types.StringUnknown(), false
	}
	return b.data.Project, b.data.Project.IsNull()
}

func missingProject(diags *diag.Diagnostics, at path.Path) {
	diags.AddAttributeError(at, "No project", "Set project here or on the provider, or GOOGLE_PROJECT in the environment.")
}

// within begins an operation that makes requests: under the timeout that the
// user set, or the default. ok is false when it cannot go on; diags says why.
func (b *base) within(ctx context.Context, timeout func(context.Context, time.Duration) (time.Duration, diag.Diagnostics),
	otherwise time.Duration, diags *diag.Diagnostics) (_ context.Context, cancel context.CancelFunc, ok bool) {
	limit, d := timeout(ctx, otherwise)
	diags.Append(d...)
	if !b.configured() {
		diags.AddError("Provider not configured", "The provider's configuration depends on values that are not known yet. Apply what makes "+
			"them first (-target), or use values known at plan time.")
	}
	ctx, cancel = context.WithTimeout(ctx, limit)
	return ctx, cancel, !diags.HasError()
}

// outcome is where a create and an update leave what they did.
type outcome struct {
	state    *tfsdk.State
	identity *tfsdk.ResourceIdentity
	diags    *diag.Diagnostics
}

func (o outcome) set(ctx context.Context, model, identity any) {
	o.diags.Append(o.state.Set(ctx, model)...)
	o.diags.Append(o.identity.Set(ctx, identity)...)
}

// Keys of the private state.
const (
	privateChange     = "change"      // what the resource has changed
	privateIncomplete = "incomplete"  // creation failed after it had changed something
	privateHandedOver = "handed_over" // the instance that replaces this one takes over what it has changed
)

// private is the private state of a resource: Terraform keeps it and never shows it.
type private interface {
	GetKey(context.Context, string) ([]byte, diag.Diagnostics)
	SetKey(context.Context, string, []byte) diag.Diagnostics
}

// recorded is what this resource has changed since it was made.
func recorded(ctx context.Context, p private, diags *diag.Diagnostics) prereq.Change {
	var change prereq.Change
	raw, d := p.GetKey(ctx, privateChange)
	diags.Append(d...)
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &change); err != nil {
			diags.AddError("Unreadable private state", "What this resource changed cannot be read back: "+err.Error())
		}
	}
	return change
}

// isSet reports whether a mark of the private state is set.
func isSet(ctx context.Context, p keptPrivate, key string) bool {
	raw, _ := p.GetKey(ctx, key)
	return string(raw) == "true"
}

// record adds a change to what the resource has changed: the oldest pre-image of each field, and what it was changed to
// last. It is what a later destroy with DELETE takes back. all says whether fields are added that the resource had not
// changed before. A field that is as before again needs nothing taken back.
func record(ctx context.Context, p private, change prereq.Change, all bool, diags *diag.Diagnostics) {
	if change.Empty() {
		return
	}
	whole := recorded(ctx, p, diags)
	if whole.Before == nil {
		whole = prereq.Change{Kind: change.Kind, Subject: change.Subject, Before: map[string]any{}, After: map[string]any{}}
	}
	for field, after := range change.After {
		before, known := whole.Before[field]
		if !known && !all {
			continue
		}
		whole.After[field] = after
		if !known {
			if before, known = change.Before[field]; !known {
				continue // it says more about the change, and is not restored
			}
			whole.Before[field] = before
		}
		if before == after { // both are strings or bools
			delete(whole.Before, field)
			delete(whole.After, field)
		}
	}
	raw, err := json.Marshal(whole)
	if err != nil {
		diags.AddError("Cannot record the change", err.Error())
		return
	}
	diags.Append(p.SetKey(ctx, privateChange, raw)...)
}
