package report_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

var (
	codeSpan = regexp.MustCompile("`[^`\n]*`")
	escaped  = regexp.MustCompile(`\\[\\` + "`" + `*_\[\]~$!]`)
	ourLink  = regexp.MustCompile(`\[(?:·|<code>[^<]*</code>)\]\(https://[A-Za-z0-9/._#?=&%-]+\)`)
	ourTags  = regexp.MustCompile(`<details><summary>|</summary>|</details>|<br>|<code>|</code>|<!-- -->`)
	entity   = regexp.MustCompile(`&(amp|lt|gt|#[0-9]+);`)
	// ourStart is how a line may begin: there Markdown has the most to say.
	ourStart = regexp.MustCompile(`^($|\| |\|---\||- (<code>|` + "`" +
		`|error |warning |info |and )|</?details>|\*\*[a-zA-Z0-9, ]+:\*\* |<code>|` + "`" +
		`|✅ [0-9,]+ targets? with nothing to do: |\*Left out |and [0-9,]+ more |[0-9,]+ (subject|finding)s? ` +
		`|## (\S+)? ?(Mesh diagnosis|Mesh guard|Runbook plan|Runbook run|Remediation): |### \S+ .*: ` +
		`|### (Root causes|Corrected, waiting for the mesh to notice|Unknown|For information)$)`)
	mentions = regexp.MustCompile(`(^|[^A-Za-z0-9])[@#][A-Za-z0-9]`)
)

// checkMarkdown takes everything out that we write ourselves, and finds nothing left that Markdown, HTML or GitHub
// would give a meaning to. No parser of Markdown is among the modules.
func checkMarkdown(t testing.TB, text string) {
	t.Helper()
	if n := utf8.RuneCountInString(text); n >= 60_000 {
		t.Errorf("%d characters", n)
	}
	if strings.Count(text, "<details>") != strings.Count(text, "</details>") {
		t.Error("details are left open")
	}
	columns := 0
	for _, line := range strings.Split(text, "\n") {
		if !ourStart.MatchString(line) {
			t.Errorf("a line of text from outside begins as it likes: %.200s", line)
		}
	}
	for _, line := range strings.Split(text, "\n") {
		pipes := strings.Count(line, "|")
		switch {
		case strings.HasPrefix(line, "|---"):
			if pipes != columns {
				t.Errorf("the head of the table has %d pipes, its line %d", columns, pipes)
			}
		case strings.HasPrefix(line, "|"):
			if columns != 0 && pipes != columns {
				t.Errorf("a row has %d pipes, want %d: %s", pipes, columns, line)
			}
			columns = pipes
		case pipes > 0:
			t.Errorf("a pipe outside of a table: %s", line)
		default:
			columns = 0
		}
		for _, mark := range []string{"### ", "## ", "- ", "**", "|"} {
			line = strings.TrimPrefix(line, mark)
		}
		rest := codeSpan.ReplaceAllString(escaped.ReplaceAllString(line, "·"), "·")
		rest = ourTags.ReplaceAllString(ourLink.ReplaceAllString(rest, "·"), " ")
		rest = strings.NewReplacer("**", "", "|", "").Replace(entity.ReplaceAllString(rest, "·"))
		rest = strings.TrimSuffix(strings.TrimPrefix(rest, "*Left out"), "*")
		if at := strings.IndexAny(rest, "`<>\\[]*_&$!"); at >= 0 {
			t.Errorf("%q has a meaning in: %.500s", rest[at:min(at+20, len(rest))], line)
		}
		if m := mentions.FindString(rest); m != "" {
			t.Errorf("%q is a mention in: %.500s", m, line)
		}
	}
}

func TestMarkdown(t *testing.T) {
	text := render(t, report.Markdown, broken(), report.Options{})
	checkMarkdown(t, text)
	inOrder(t, text, "## ❌ Mesh diagnosis: unhealthy", "### Root causes",
		"| ❌ error | [`service-agent-binding-missing`](https://cloud.google.com/", "`projects/net-host`", "**New.**",
		"Caused by", "Explains 2 findings", "`asm_service_agent_binding`", "terraform-provider-asm runbook plan restore-service-agent-binding",
		"### Corrected, waiting for the mesh to notice", "### Unknown", "<details><summary>", "revisions-unhealthy", "For information",
		"suppressed", "1 suppression expired", "`cannot-read` on", "expired 2026-11-01: moving", "resolved")
}

func TestMarkdownFolds(t *testing.T) {
	checkMarkdown(t, render(t, report.Markdown, fleet(10_000), report.Options{}))
	r := broken()
	for i := range 200 {
		f := r.Findings[0]
		f.Code = catalogue.Code(fmt.Sprint("code-", i))
		f.Fingerprint, f.Message = fmt.Sprint("many-", i), strings.Repeat("long text ", 200)
		r.Findings = append(r.Findings, f)
	}
	text := render(t, report.Markdown, r, report.Options{})
	checkMarkdown(t, text)
	if !strings.Contains(text, "Left out to fit into a comment") {
		t.Error("does not say that something is left out")
	}
}
