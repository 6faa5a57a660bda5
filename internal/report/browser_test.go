package report_test

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

// browser is the path of a Chromium; without one the test is skipped.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no chromium or google-chrome is on PATH, so the HTML report is not opened in a browser")
	return ""
}

// profile is a folder for a browser. Its last processes still write to it when
// the first has ended, so it is removed with patience.
func profile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "asm-report-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 200 {
			if err = os.RemoveAll(dir); err == nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Log("the browser's profile stays behind:", err)
	})
	return dir
}

// write writes the page of r into a folder of the test.
func write(t *testing.T, r *diagnosis.Report) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, []byte(render(t, report.HTML, r, report.Options{})), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// open opens a page in the browser and returns what it made of it. Anything on its console fails the test: an error of
// the script, something that the policy refused.
func open(t *testing.T, path, fragment string) *html.Node {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	address := url.URL{Scheme: "file", Path: path}
	command := exec.CommandContext(ctx, browser(t), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--no-first-run", "--disable-background-networking",
		"--user-data-dir="+profile(t), "--enable-logging=stderr", "--virtual-time-budget=5000", "--dump-dom", address.String()+fragment)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	command.WaitDelay = 5 * time.Second
	if err := command.Run(); err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	for _, line := range strings.Split(stderr.String(), "\n") {
		if strings.Contains(line, "CONSOLE") {
			t.Error("the browser's console:", line)
		}
	}
	document, err := html.Parse(&stdout)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func textOf(t *testing.T, document *html.Node, id string) string {
	t.Helper()
	found := find(document, byID(id))
	if len(found) != 1 {
		t.Fatalf("%d elements of id %s", len(found), id)
	}
	return content(found[0])
}

// results are the findings that the page lists.
func results(document *html.Node) []*html.Node {
	list := find(document, byID("list"))
	return find(list[0], func(n *html.Node) bool { return n.Data == "li" })
}

func TestHTMLInABrowser(t *testing.T) {
	browser(t)
	small, large := write(t, broken()), write(t, fleet(1000))
	t.Run("everything", func(t *testing.T) {
		document := open(t, small, "")
		if tiles := find(find(document, byID("tiles"))[0], byClass("tile")); len(tiles) != 3 || attribute(tiles[0],
			"aria-label") != "cart, unhealthy" || attribute(tiles[0], "tabindex") != "0" || attribute(tiles[1], "tabindex") != "-1" {
			t.Errorf("%d tiles, the first %+v", len(tiles), tiles[0].Attr)
		}
		if got := textOf(t, document, "shown"); got != "6 findings" || len(results(document)) != 6 {
			t.Errorf("%q and %d in the list", got, len(results(document)))
		}
		if rows := find(find(document, byID("rows"))[0], func(n *html.Node) bool { return n.Data == "tr" }); len(rows) != 4 {
			t.Errorf("%d rows in the matrix, want 4", len(rows))
		}
		if n := len(find(find(document, byID("rows"))[0], byClass("b"))); n != 2 {
			t.Errorf("%d cells are blocked, want 2", n)
		}
	})
	t.Run("a search in the address", func(t *testing.T) {
		document := open(t, small, "#q=Revision%28s%29+cart")
		if got := textOf(t, document, "shown"); got != "1 of 6 findings" {
			t.Errorf("%q", got)
		}
		list := results(document)
		if len(list) != 1 {
			t.Fatalf("%d results", len(list))
		}
		inOrder(t, content(list[0]), "revisions-unhealthy", "memberships/cart", "Revision(s) reporting unhealthy", "Explained by",
			"service-agent-binding-missing on projects/net-host")
		if dim := find(document, byClass("dim")); len(dim) != 2 {
			t.Errorf("%d tiles are dimmed, want 2", len(dim))
		}
	})
	t.Run("a verdict and roots in the address", func(t *testing.T) {
		document := open(t, small, "#verdict=unhealthy&roots=1")
		if got := textOf(t, document, "shown"); got != "2 of 6 findings" {
			t.Errorf("%q", got)
		}
	})
	t.Run("a fingerprint in the address", func(t *testing.T) {
		if list := results(open(t, small, "#q=f-binding")); len(list) != 1 || !strings.Contains(content(list[0]),
			"restore-service-agent-binding") {
			t.Errorf("%d results", len(list))
		}
	})
	t.Run("a section in the address", func(t *testing.T) {
		if got := textOf(t, open(t, small, "#matrix"), "shown"); got != "6 findings" {
			t.Errorf("%q", got)
		}
	})
	t.Run("a large fleet", func(t *testing.T) {
		document := open(t, large, "#q=cluster-00003")
		if tiles := find(find(document, byID("tiles"))[0], byClass("tile")); len(tiles) != 1000 {
			t.Errorf("%d tiles", len(tiles))
		}
		if got := textOf(t, document, "shown"); got != "2 of 453 findings" {
			t.Errorf("%q", got)
		}
		if rows := find(find(document, byID("rows"))[0], func(n *html.Node) bool { return n.Data == "tr" }); len(rows) != 25 {
			t.Errorf("%d rows are drawn at once", len(rows))
		}
		inOrder(t, textOf(t, document, "matrix-note"), "with everything met are not shown")
	})
	t.Run("no clusters", func(t *testing.T) {
		inOrder(t, textOf(t, open(t, write(t, empty()), ""), "tiles"), "No clusters were examined")
	})
	for _, name := range []string{"script", "quotes", "invalid", "lines"} {
		t.Run("hostile "+name, func(t *testing.T) {
			document := open(t, write(t, hostile(nasty[name])), "")
			if got := textOf(t, document, "shown"); got != "5 findings" || len(results(document)) != 5 {
				t.Errorf("%q", got)
			}
			if n := len(find(document, func(n *html.Node) bool { return n.Data == "img" })); n != 0 {
				t.Error("text became markup")
			}
		})
	}
}
