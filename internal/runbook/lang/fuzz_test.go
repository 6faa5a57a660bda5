package lang_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// exercise does with a file all that can be done with one.
func exercise(t testing.TB, c *lang.Catalogue, src []byte) {
	file, diags := lang.Check("fuzz.hcl", src, c)
	render(t, diags, file)
	_ = lang.Format(src)
	for _, r := range file.Runbooks {
		// Also what Validate refuses must not bring a plan down.
		inputs := map[string]cty.Value{}
		for _, i := range r.Inputs {
			inputs[i.Name] = cty.StringVal(planted)
		}
		for _, given := range []map[string]cty.Value{nil, inputs} {
			s, more := lang.NewScope(r, c, given, cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal("m")}))
			render(t, more, file)
			for range 2 {
				for _, st := range r.Steps {
					if st.Action != nil {
						run(t, s, st)
					}
				}
			}
			s.Secrets()
		}
	}
}

// run evaluates a step and records that it was done.
func run(t testing.TB, s *lang.Scope, st *lang.Step) {
	instances, diags := st.Instances(s)
	_, more := st.Settings(s)
	diags = append(diags, more...)
	st.After(s)
	for _, i := range append(instances.List, instances.Pattern) {
		_, more = st.RunsWhen(s, i)
		diags = append(diags, more...)
		_, more = st.ApprovalText(s, i)
		diags = append(diags, more...)
		for a := st.Action; a != nil; a = a.Verify {
			_, more = a.Args(s, i)
			diags = append(diags, more...)
			_, more = a.Prose(s, i)
			diags = append(diags, more...)
			if a.Condition != nil && a.ErrorMessage != nil {
				_, _, more = a.Holds(s, i)
				diags = append(diags, more...)
			}
		}
	}
	for _, i := range instances.List {
		if err := s.Record(st.Name, i.Key, lang.Result{Status: lang.Done, Changed: true}); err != nil {
			t.Error(err)
		}
	}
	render(t, diags, nil)
}

func FuzzRunbook(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "good", "*.hcl"))
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, path := range files {
		src, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	archive, err := txtar.ParseFile(filepath.Join("testdata", "mistakes.txtar"))
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range archive.Files {
		if strings.HasSuffix(file.Name, ".hcl") {
			f.Add(file.Data)
		}
	}
	c := catalogue(f)
	f.Fuzz(func(t *testing.T, src []byte) { exercise(t, c, src) })
}

// What would take the stack or the memory is refused, or done in the size of it.
func TestHugeFilesAreBounded(t *testing.T) {
	const head, tail = "runbook \"r\" {\n title = \"T\"\n", "\n}\n"
	fill := func(unit string) string { return strings.Repeat(unit, lang.MaxFile*9/10/len(unit)) }
	condition := func(expr string) string {
		return head + " step \"a\" {\n assert {\n condition = " + expr + "\n error_message = \"\"\n }\n }" + tail
	}
	chain := func(n int, expr string) string {
		var b strings.Builder
		b.WriteString(head + "locals {\n l0 = target.name\n")
		for i := 1; i < n; i++ {
			fmt.Fprintf(&b, " l%d = %s\n", i,
				strings.NewReplacer("PREVIOUS", fmt.Sprintf("local.l%d", i-1), "BEFORE", fmt.Sprintf("local.l%d", max(i-2, 0))).Replace(expr))
		}
		return b.String() + fmt.Sprintf("}\nstep \"a\" {\n when = can(local.l%d)\n approve {\n message = \"\"\n }\n}\n", n-1) + tail
	}
	steps := func(n int, body string) string {
		var b strings.Builder
		b.WriteString(head)
		for i := range n {
			fmt.Fprintf(&b, "step \"s%d\" {\n approve {\n message = \"\"\n }\n %s\n}\n", i,
				strings.ReplaceAll(body, "NEXT", fmt.Sprintf("s%d", (i+1)%n)))
		}
		return b.String() + tail
	}
	loopsOfLoops := head + "step \"s0\" {\n for_each = target.injected_namespaces\n approve {\n message = each.key\n }\n}\nstep \"s1\" {\n " +
		"for_each = step.s0\n approve {\n message = each.key\n }\n}\n"
	for i := 2; i < 60; i++ {
		loopsOfLoops += fmt.Sprintf("step \"s%d\" {\n for_each = merge(step.s%d, step.s%d)\n approve {\n message = each.key\n }\n}\n", i, i-1,
			i-2)
	}
	loopsOfLoops += tail
	for name, c := range map[string]struct{ src, want string }{
		"large":                {strings.Repeat("#", lang.MaxFile+1), "File too large"},
		"not text":             {"\xff\xfe", "Not UTF-8"},
		"parentheses":          {condition(fill("(")), "Nested too deeply"},
		"brackets":             {condition(fill("[")), "Nested too deeply"},
		"objects":              {condition(fill("{a=")), "Nested too deeply"},
		"objects, lines":       {condition(fill("{\na=\n")), "Nested too deeply"},
		"blocks":               {fill("a {\n"), "Nested too deeply"},
		"templates":            {condition(fill("\"${")), "Nested too deeply"},
		"directives":           {condition("\"" + fill("%{if true}")), "Nested too deeply"},
		"not":                  {condition(fill("!")), "Nested too deeply"},
		"minus":                {condition(fill("-")), "Nested too deeply"},
		"sum":                  {condition(fill("1+") + "1"), "Nested too deeply"},
		"conditionals":         {condition(fill("true?1:") + "1"), "Nested too deeply"},
		"indexes":              {condition("target" + fill("[0]")), "Nested too deeply"},
		"calls":                {condition(fill("try(")), "Nested too deeply"},
		"for":                  {condition(fill("[for a in b:")), "Nested too deeply"},
		"heredocs":             {condition(fill("<<E\n${")), "Nested too deeply"},
		"types":                {head + "input \"a\" {\n type = " + fill("list(") + tail, "Nested too deeply"},
		"references":           {condition("[" + fill("target.name,") + "]"), "Expression too large"},
		"doubling":             {chain(100, `"${PREVIOUS}${PREVIOUS}"`), ""},
		"doubling broken":      {chain(100, `"${PREVIOUS}${BEFORE}${revision("x")}"`), "Invalid function argument"},
		"doubling known":       {strings.Replace(chain(100, `[PREVIOUS, PREVIOUS]`), "target.name", `"x"`, 1), "Value too large"},
		"locals":               {chain(500, "PREVIOUS"), ""},
		"too many locals":      {chain(501, "PREVIOUS"), "Runbook too large"},
		"ring":                 {steps(500, "when = step.NEXT.changed"), "Dependency cycle"},
		"for_each ring":        {steps(100, "for_each = [for k, s in step.NEXT : k]"), "Dependency cycle"},
		"for_each of for_each": {loopsOfLoops, ""},
		"too many steps":       {steps(501, ""), "Runbook too large"},
	} {
		t.Run(name, func(t *testing.T) {
			cat := catalogue(t)
			file, diags := lang.Check("huge.hcl", []byte(c.src), cat)
			found := ""
			for _, d := range diags {
				if d.Summary == c.want {
					found = d.Summary
				}
			}
			if found != c.want || c.want == "" && diags.HasErrors() {
				t.Errorf("got %.300s, want %q", render(t, diags, file), c.want)
			}
			if shown := render(t, diags, file); len(shown) > 100_000 {
				t.Errorf("%d bytes are shown", len(shown))
			}
			exercise(t, cat, bytes.Clone([]byte(c.src)))
		})
	}
}
