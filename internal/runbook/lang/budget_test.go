package lang_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// withLocals is a runbook that has a list "many" of 5,000 texts, a text "long" of 60,000 bytes, and more locals.
func withLocals(locals string) string {
	return "runbook \"r\" {\n title = \"T\"\n locals {\n many = split(\",\", \"" + strings.Repeat("a,", 4999) + "a\")\n long = \"" +
		strings.Repeat("x", 60_000) + "\"\n" + locals + "\n }\n step \"a\" {\n when = can(local.x)\n approve {\n message = \"\"\n }\n }\n}\n"
}

// A small file must not make gigabytes on the way to a value, nor take minutes.
func TestEvaluationIsBounded(t *testing.T) {
	lang.LowerMaxEvaluation(t, 2<<20) // as much as any value may have, several times
	nest := func(call string, times int, inner string) string {
		return strings.Repeat(call+"(", times) + inner + strings.Repeat(")", times)
	}
	both := fmt.Sprintf("a = %s\nb = %s\nx = length(\"${local.a}${local.b}\")",
		`length([for p in local.many : length([for q in local.many : "${p}${q}"])])`, "1")
	hundreds := ""
	for i := range 100 {
		hundreds += fmt.Sprintf("l%d = length([for p in local.many : length(slice(local.many, 0, 10))])\n", i)
	}
	for name, c := range map[string]struct{ locals, want string }{
		"loop in a loop":      {both, "Expression too large"},
		"condition in a loop": {"x = length([for p in local.many : p if length([for q in local.many : q if q == p]) > 0])", "Expression too large"},
		"splat in a loop":     {"x = length([for p in local.many : length(local.many[*])])", "Expression too large"},
		"long text in a loop": {"x = length([for p in local.many : length(local.long)])", "Expression too large"},
		"parts in a loop":     {`x = length([for p in [local.long] : "` + strings.Repeat("${p}", 5000) + `"])`, "Expression too large"},
		"template's loop":     {`x = length("%{for p in local.many}${local.long}%{endfor}")`, "Expression too large"},
		"list in a loop":      {"x = [for p in local.many : [" + strings.Repeat("p,", 5000) + "][0]][0]", "Expression too large"},
		"object in a loop": {"x = [for p in local.many : {" + strings.Repeat("(p) = local.long,", 150) + "}[p]][0]",
			"Expression too large"},
		"comparison in a loop":    {"x = alltrue([for p in local.many : local.many == local.many])", "Expression too large"},
		"conditional in a loop":   {"x = alltrue([for p in local.many : length(p == \"a\" ? local.many : []) > 0])", "Expression too large"},
		"mistakes in a loop":      {"x = [for p in local.many : [for q in local.many : q.nothing]]", "Expression too large"},
		"mistakes that are tried": {"x = [for p in local.many : can([for q in local.many : q.nothing])][0]", "Expression too large"},
		"escapes of escapes":      {"x = length(" + nest("jsonencode", 60, "local.long") + ")", "Expression too large"},
		"many loops":              {hundreds + "x = 1", "Runbook too large"},
		"index in a format":       {`x = length(format("` + strings.Repeat("%[1]s", 5000) + `", local.long))`, "Error in function call"},
		"widths in a format":      {`x = length(format("` + strings.Repeat("%9999[1]s", 5000) + `", "a"))`, "Error in function call"},
		"precision in a format":   {`x = length(format("%.99999999999999999999f", 1))`, "Error in function call"},
		"loop as a constant":      {"x = 1\n}\n input \"i\" {\n type = list(string)\n default = [for p in [\"a\"] : p]", "Not a constant"},

		"a filter of a hundred": {"some = slice(local.many, 0, 100)\n" +
			"x = length([for p in local.some : p if length([for q in local.some : q if q == p]) > 0])", ""},
		"distinct":      {"x = length(distinct(local.many))", ""},
		"formats":       {`x = format("%5d|%[1]d|%-10s|%.2f|%%|%[3]v", 1, "a", 2)`, ""},
		"a heredoc":     {"x = <<-E\n %{for p in slice(local.many, 0, 9)}${p}%{endfor}\n E", ""},
		"a long format": {`x = length(format("%s%s", local.long, local.long))`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			cat := catalogue(t)
			file, diags := lang.Check("bomb.hcl", []byte(withLocals(c.locals)), cat)
			if c.want == "" {
				if diags.HasErrors() {
					t.Errorf("%.600s", render(t, diags, file))
				}
				return
			}
			for _, d := range diags {
				if d.Summary == c.want {
					return
				}
			}
			t.Errorf("got %.600s, want %q", render(t, diags, file), c.want)
		})
	}
}
