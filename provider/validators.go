package provider

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// check is a validator that asks a function what is wrong with a string.
type check struct {
	what  string
	wrong func(string) error
}

func checked(what string, wrong func(string) error) validator.String { return check{what, wrong} }

func (c check) Description(context.Context) string             { return "must be a valid " + c.what }
func (c check) MarkdownDescription(ctx context.Context) string { return c.Description(ctx) }

func (c check) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := c.wrong(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid "+c.what, sentence(err.Error()))
	}
}

var (
	isProject    = checked("project", checkProject)
	isService    = checked("API name", mesh.CheckService)
	isCluster    = checked("cluster", func(s string) error { _, err := mesh.ParseCluster(s); return err })
	isMembership = checked("membership", func(s string) error { _, err := mesh.ParseMembership(s); return err })

	isNamespace = checked("namespace", cluster.CheckNamespace)
	isRevision  = checked("revision", mesh.CheckRevision)
	isIssuer    = checked("issuer", mesh.CheckIssuer)
	isFinding   = checked("finding", checkFinding)

	isServiceAccount = checked("service account", func(s string) error {
		if !serviceAccount.MatchString(s) {
			return fmt.Errorf("%q is not the e-mail address of a service account, such as NAME@PROJECT_ID.iam.gserviceaccount.com", s)
		}
		return nil
	})
	isDuration = checked("duration", func(s string) error {
		if d, err := time.ParseDuration(s); err != nil || d <= 0 {
			return fmt.Errorf("%q is not a duration; it reads like 30s or 2m", s)
		}
		return nil
	})
	isDomain = checked("domain", func(s string) error {
		if !domain.MatchString(s) {
			return fmt.Errorf("%q is not a domain, such as googleapis.com", s)
		}
		return nil
	})
	isHeaderValue = checked("request reason", func(s string) error {
		if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
			return errors.New("a request reason is one line of printable ASCII")
		}
		return nil
	})

	serviceAccount = regexp.MustCompile(`^[^@\s/]+@[a-z0-9.-]+\.[a-z]+$`)
	domain         = regexp.MustCompile(`^[a-z0-9-]+(?:\.[a-z0-9-]+)+$`)
)

func checkProject(s string) error { return mesh.CheckProject(s) }

func checkFinding(s string) error {
	var codes []string
	for _, d := range catalogue.Catalogue() {
		if string(d.Code) == s {
			return nil
		}
		codes = append(codes, string(d.Code))
	}
	return fmt.Errorf("there is no finding %q%s", s, lang.Suggest(s, codes))
}

func checkEndpoint(s string) error {
	_, err := gcp.ParseEndpoint(s)
	return err
}

// sentence makes an error's text fit for a diagnostic: a capital letter in front and a full stop behind.
func sentence(s string) string {
	if s == "" {
		return s
	}
	if first, _, _ := strings.Cut(s, " "); !strings.ContainsFunc(first, func(r rune) bool { return !unicode.IsLetter(r) }) {
		initial, size := utf8.DecodeRuneInString(s)
		s = string(unicode.ToUpper(initial)) + s[size:] // but not an identifier
	}
	if !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, "?") {
		s += "."
	}
	return s
}
