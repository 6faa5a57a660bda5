package lang_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

const planted = "ya29.planted secret"

// shownOf is all that any writer could show of diagnostics, hcl's own included: that
// one prints the values of variables where it is let.
func shownOf(t *testing.T, diags hcl.Diagnostics, file *lang.File) string {
	t.Helper()
	var b bytes.Buffer
	files := map[string]*hcl.File{file.Name: {Bytes: file.Bytes}}
	if err := hcl.NewDiagnosticTextWriter(&b, files, 0, false).WriteDiagnostics(diags); err != nil {
		t.Fatal(err)
	}
	for _, d := range diags {
		fmt.Fprintf(&b, "%#v %#v %#v", d.Extra, d.EvalContext, d.Expression)
	}
	return b.String() + render(t, diags, file) + diags.Error()
}

// Every way in which an expression can fail on a secret, and what is said of it.
func TestSecretsAreInNoDiagnostic(t *testing.T) {
	for _, expr := range []string{
		`revision(input.token)`,
		`tostring(tonumber(input.token))`,
		`regex(input.token, "x")`,
		`{ a = 1 }[input.token]`,
		`{ a = 1 }[local.derived]`,
		`tolist(["a"])[input.token]`,
		`jsondecode(input.token)`,
		`try(revision(input.token), revision(upper(input.token)))`,
		`[for s in [input.token] : revision(s)][0]`,
		`parse_membership(input.token).name`,
		`input.object.token + 1`,
		`revision(values(input.object)[0])`,
		`format("%d", input.token)`,
		`merge({ (input.token) = 1 }, 1)`,
		`{ (input.token) = "a", (input.token) = "b" }.c`,
		`input.token`, // of the wrong shape for the argument: Check quotes what it refuses
		`[input.token]`,
		`[for k, v in { (input.token) = 1 } : k][0] + 1`,
	} {
		t.Run(expr, func(t *testing.T) {
			src := `runbook "r" {
  title = "T"
  input "token" {
    sensitive = true
  }
  input "object" {
    type      = object({ token = string })
    sensitive = true
  }
  locals {
    derived = "x${substr(input.token, 5, -1)}"
  }
  step "a" {
    assert "debug_configz" {
      cluster = target.cluster
      token   = ` + expr + `
    }
  }
  step "b" {
    approve {
      message = can(local.derived) && can(input.object) ? "" : ""
    }
  }
}
`
			c := catalogue(t)
			file, diags := lang.Check("r.hcl", []byte(src), c)
			shown := shownOf(t, diags, file)
			s, more := lang.NewScope(file.Runbooks[0], c, map[string]cty.Value{
				"token": cty.StringVal(planted), "object": cty.ObjectVal(map[string]cty.Value{"token": cty.StringVal(planted)}),
			}, target(nil))
			shown += shownOf(t, more, file)
			args, more := file.Runbooks[0].Step("a").Args(s, lang.Instance{})
			if !diags.HasErrors() && !more.HasErrors() {
				t.Fatalf("this was to fail: %#v", args)
			}
			shown += shownOf(t, more, file)
			for _, part := range []string{planted, strings.ToUpper(planted), "planted", "secret\""} {
				if strings.Contains(shown, part) {
					t.Errorf("%q is shown:\n%s", part, shown)
				}
			}
		})
	}
}

func TestSecretsOfInputs(t *testing.T) {
	const src = `runbook "r" {
  title = "T"
  input "token" {
    sensitive = true
    validation {
      condition     = startswith(input.token, "x")
      error_message = "not ${input.token}"
    }
  }
  input "number" {
    type      = map(number)
    sensitive = true
  }
}
`
	c := catalogue(t)
	file, diags := lang.Parse("r.hcl", []byte(src))
	shown := shownOf(t, diags, file)
	for _, inputs := range []map[string]cty.Value{
		{"token": cty.StringVal(planted), "number": cty.MapValEmpty(cty.Number)},
		{"token": cty.StringVal("x"), "number": cty.MapVal(map[string]cty.Value{planted: cty.StringVal(planted)})},
		{"token": cty.ListVal([]cty.Value{cty.StringVal(planted)})},
	} {
		_, diags := lang.NewScope(file.Runbooks[0], c, inputs, target(nil))
		if !diags.HasErrors() {
			t.Errorf("%v was to fail", inputs)
		}
		shown += shownOf(t, diags, file)
	}
	if strings.Contains(shown, "planted") {
		t.Errorf("the secret is shown:\n%s", shown)
	}
}

func TestSensitiveValuesAreMarked(t *testing.T) {
	r, c := good(t, "correct-injection")
	s := scope(t, r, c, map[string]cty.Value{"debug_token": cty.StringVal("ya29.planted")},
		cty.ObjectVal(map[string]cty.Value{"cluster": member["cluster"]}))
	args := must[cty.Value](t)(r.Step("configuration").Args(s, lang.Instance{}))
	if !lang.IsSensitive(args.GetAttr("token")) || lang.IsSensitive(args.GetAttr("cluster")) {
		t.Errorf("marks: %#v", args)
	}
	when := must[cty.Value](t)(r.Step("configuration").RunsWhen(s, lang.Instance{}))
	if !when.RawEquals(cty.True) {
		t.Errorf("when: %#v", when)
	}
	if got := s.Secrets(); !slices.Equal(got, []string{"ya29.planted"}) {
		t.Errorf("secrets: %q", got)
	}
}
