package report_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

// checkHTML holds a page to what makes it safe to mail around: its own style and
// script and no other, nothing that is loaded, no handler in an attribute.
func checkHTML(t testing.TB, text string) *html.Node {
	t.Helper()
	document, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var scripts, styles []string
	policy := ""
	for n := range document.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "script":
			if attribute(n, "type") == "application/json" {
				var data map[string]any
				if err := json.Unmarshal([]byte(content(n)), &data); err != nil {
					t.Error("the data is not JSON:", err)
				}
				continue
			}
			scripts = append(scripts, content(n))
		case "style":
			styles = append(styles, content(n))
		case "img", "link", "iframe", "object", "embed", "base", "form", "video", "audio", "source", "image", "use", "foreignobject":
			t.Errorf("<%s> does not belong here", n.Data)
		case "meta":
			if attribute(n, "http-equiv") == "Content-Security-Policy" {
				policy = attribute(n, "content")
			}
		}
		for _, a := range n.Attr {
			href := a.Key == "href" && (strings.HasPrefix(a.Val, "#") || strings.HasPrefix(a.Val, "https://"))
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" || a.Key == "href" && !href {
				t.Errorf("<%s %s=%.200q>", n.Data, a.Key, a.Val)
			}
		}
	}
	if len(scripts) > 1 || len(styles) != 1 {
		t.Fatalf("%d scripts, %d styles", len(scripts), len(styles))
	}
	if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}
	for _, part := range append(scripts, styles...) {
		sum := sha256.Sum256([]byte(part))
		if !strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
			t.Errorf("the policy %s does not allow %.60s", policy, part)
		}
	}
	return document
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// content is the text within n, its spaces folded except in raw text.
func content(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

func find(n *html.Node, match func(*html.Node) bool) []*html.Node {
	var found []*html.Node
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && match(d) {
			found = append(found, d)
		}
	}
	return found
}

func byClass(class string) func(*html.Node) bool {
	return func(n *html.Node) bool { return slices.Contains(strings.Fields(attribute(n, "class")), class) }
}

func byID(id string) func(*html.Node) bool {
	return func(n *html.Node) bool { return attribute(n, "id") == id }
}

func TestHTMLWithoutScript(t *testing.T) {
	document := checkHTML(t, render(t, report.HTML, broken(), report.Options{}))
	causes := find(document, byClass("cause"))
	if len(causes) != 4 {
		t.Fatalf("%d cards, want 2 causes, 1 that waits, 1 note", len(causes))
	}
	inOrder(t, content(causes[0]), "error", string(catalogue.BindingMissing), "new", "projects/net-host", "Caused by", "ci@shop-infra",
		"Remedy",
		"asm_service_agent_binding", "terraform-provider-asm runbook plan restore-service-agent-binding", "Explains 2 findings",
		"revisions-unhealthy")
	if n := len(find(document, byClass("node"))); n != 3 {
		t.Errorf("the graph has %d nodes, want 1 root and 2 consequences", n)
	}
	for _, n := range find(document, func(n *html.Node) bool { return n.Data == "section" }) {
		if label := attribute(n, "aria-labelledby"); len(find(document, byID(label))) != 1 {
			t.Errorf("section %q has no heading %q", attribute(n, "id"), label)
		}
	}
	ids := map[string]bool{}
	for _, n := range find(document, func(n *html.Node) bool { return attribute(n, "id") != "" }) {
		if id := attribute(n, "id"); ids[id] {
			t.Errorf("id %s is there twice", id)
		} else {
			ids[id] = true
		}
	}
	if n := len(find(checkHTML(t, render(t, report.HTML, healthy(), report.Options{})), byClass("node"))); n != 0 {
		t.Error("a graph of nothing")
	}
}

func TestHTMLSize(t *testing.T) {
	text := render(t, report.HTML, fleet(10_000), report.Options{})
	checkHTML(t, text)
	if len(text) > 6<<20 {
		t.Errorf("%d bytes at 10,000 clusters", len(text))
	}
	t.Logf("%d bytes at 10,000 clusters", len(text))
}
