package build

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"golang.org/x/mod/modfile"
)

// A tool of the standard library, so that tests build something real without the network.
func smallTool(t *testing.T, root, source string) Tool {
	t.Helper()
	folder := filepath.Join(root, "internal", "tools", "hello")
	for name, text := range map[string]string{
		"go.mod":        "module example.test/hello\n\ngo 1.26.0\n\nrequire example.test/pinned v1.2.3\n",
		"go.sum":        "",
		"cmd/hello.go":  source,
		"cmd/ignore.md": "",
	} {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return Tool{Name: "hello", Title: "Hello", Folder: "hello", Module: "example.test/pinned", Package: "./cmd"}
}

const helloSource = "package main\n\nfunc main() { println(\"hello\") }\n"

func newBuilder(t *testing.T) (*Builder, *strings.Builder) {
	t.Helper()
	var out strings.Builder
	b, err := New(t.TempDir(), &out)
	if err != nil {
		t.Fatal(err)
	}
	return b, &out
}

func TestEnsureBuildsOnceAndAgainWhenSomethingChanged(t *testing.T) {
	b, out := newBuilder(t)
	tool := smallTool(t, b.root, helloSource)
	ensure := func(want int, why string) {
		t.Helper()
		built, err := b.Ensure(t.Context(), []Tool{tool})
		if err != nil {
			t.Fatalf("%s: %v", why, err)
		}
		if built != want {
			t.Errorf("%s: %d tools were built, want %d", why, built, want)
		}
	}
	ensure(1, "the first time")
	if !strings.Contains(out.String(), "hello: building Hello 1.2.3; about 10s with empty caches.") {
		t.Errorf("the user read:\n%s", out)
	}
	ensure(0, "the second time")

	if err := os.Truncate(b.Bin("hello"), 10); err != nil {
		t.Fatal(err)
	}
	ensure(1, "after the binary was cut short")
	if err := os.Remove(b.Bin("hello")); err != nil {
		t.Fatal(err)
	}
	ensure(1, "after the binary was removed")
	if err := os.WriteFile(b.stamp("hello"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	ensure(1, "after the stamp was damaged")

	mod := filepath.Join(b.pins(), "hello", "go.mod")
	text, err := os.ReadFile(mod)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(mod, append(text, "// changed\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	ensure(1, "after the pin changed")
	tool.LDFlags = "-X main.x=y"
	ensure(1, "after the flags changed")
	ensure(0, "at the end")

	if left, err := os.ReadDir(b.scratch()); err != nil || len(left) > 0 {
		t.Errorf("the scratch folder holds %v (%v), want nothing", left, err)
	}
}

func TestEnsureTellsWhyABuildFailed(t *testing.T) {
	b, _ := newBuilder(t)
	tool := smallTool(t, b.root, "package main\n\nfunc main() { undefinedName() }\n")
	_, err := b.Ensure(t.Context(), []Tool{tool})
	if err == nil {
		t.Fatal("the build of a broken tool succeeded")
	}
	for _, want := range []string{"building Hello 1.2.3 failed", "undefined: undefinedName", ".tools/logs/hello.log", "run make tools again"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	if _, err := os.Stat(b.stamp("hello")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a failed build left a stamp (%v)", err)
	}
}

func TestEnsureWaitsForAnotherProcess(t *testing.T) {
	b, out := newBuilder(t)
	tool := smallTool(t, b.root, helloSource)
	if err := os.MkdirAll(b.dir(), 0o755); err != nil {
		t.Fatal(err)
	}
	other := flock.New(filepath.Join(b.dir(), "lock"))
	if err := other.Lock(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := b.Ensure(ctx, []Tool{tool}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with the lock held by another, the error is %v, want the deadline's", err)
	}
	if !strings.Contains(out.String(), "Another process is building the tools; waiting for it.") {
		t.Errorf("the user read:\n%s", out)
	}
	if err := other.Unlock(); err != nil {
		t.Fatal(err)
	}
	if built, err := b.Ensure(t.Context(), []Tool{tool}); err != nil || built != 1 {
		t.Errorf("with the lock free: %d tools built, error %v", built, err)
	}
}

// fakeCLI puts a terraform on PATH that says it is of the given version, and counts how often it is asked.
func fakeCLI(t *testing.T, version string) (asked func() int) {
	t.Helper()
	dir := t.TempDir()
	script := "#!/bin/sh\necho asked >> " + dir + "/asked\necho '{\"terraform_version\":\"" + version + "\"}'\n"
	if err := os.WriteFile(filepath.Join(dir, "terraform"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return func() int {
		data, _ := os.ReadFile(filepath.Join(dir, "asked"))
		return strings.Count(string(data), "asked")
	}
}

func TestEnsureLinksWhatIsNewEnoughOnPath(t *testing.T) {
	asked := fakeCLI(t, "1.14.0")
	b, _ := newBuilder(t)
	tool := smallTool(t, b.root, helloSource)
	tool.Name, tool.OnPath = "terraform", "v1.14.0"
	for range 2 {
		if built, err := b.Ensure(t.Context(), []Tool{tool}); err != nil || built != 0 {
			t.Fatalf("%d tools built, error %v", built, err)
		}
	}
	if cli, err := ask(t.Context(), b.Bin("terraform")); err != nil || cli.Version != "v1.14.0" {
		t.Errorf(".tools/bin/terraform is %v (%v), want the one on PATH", cli, err)
	}
	if n := asked(); n != 2 { // once by Ensure, once above
		t.Errorf("terraform was asked for its version %d times, want 2", n)
	}

	// The link is not taken for the one on PATH, whatever the order of PATH.
	t.Setenv("PATH", filepath.Dir(b.Bin("terraform"))+string(os.PathListSeparator)+os.Getenv("PATH"))
	if built, err := b.Ensure(t.Context(), []Tool{tool}); err != nil || built != 0 {
		t.Fatalf("with .tools/bin on PATH: %d tools built, error %v", built, err)
	}
	if _, err := os.Stat(b.Bin("terraform")); err != nil {
		t.Errorf("with .tools/bin on PATH, it does not lead to a file: %v", err)
	}

	// One that is too old is replaced by a build.
	fakeCLI(t, "1.13.9")
	if built, err := b.Ensure(t.Context(), []Tool{tool}); err != nil || built != 1 {
		t.Fatalf("with 1.13.9 on PATH: %d tools built, error %v", built, err)
	}
	if info, err := os.Lstat(b.Bin("terraform")); err != nil || !info.Mode().IsRegular() {
		t.Errorf(".tools/bin/terraform is still a link (%v)", err)
	}
}

func TestParseVersion(t *testing.T) {
	for text, want := range map[string]string{
		`{"terraform_version":"1.11.4","platform":"linux_amd64"}`: "v1.11.4",
		`{"terraform_version":"1.17.0-alpha20261101"}`:            "v1.17.0-alpha20261101",
		`{"terraform_version":""}`:                                "",
		`{"terraform_version":"latest"}`:                          "",
		`Terraform v1.11.4`:                                       "",
		``:                                                        "",
	} {
		got, err := parseVersion([]byte(text))
		if got != want || (err == nil) != (want != "") {
			t.Errorf("parseVersion(%s) = %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestVerifyRefusesAnotherArchive(t *testing.T) {
	archive := filepath.Join(t.TempDir(), "source.zip")
	file, err := os.Create(archive)
	if err != nil {
		t.Fatal(err)
	}
	writer := zip.NewWriter(file)
	entry, err := writer.Create("example.test/x@v1.0.0/x.go")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(entry, "package x\n"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(writer.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	err = verify(archive, "h1:AAAA")
	if err == nil || !strings.Contains(err.Error(), "not what was pinned") {
		t.Fatalf("the error is %v", err)
	}
	_, rest, _ := strings.Cut(err.Error(), "hashes to ")
	sum, _, _ := strings.Cut(rest, ",")
	if err := verify(archive, sum); err != nil {
		t.Errorf("the archive's own hash is refused: %v", err)
	}
}

// The pins that make tools works with have to be complete, or a clone fails only after minutes.
func TestPins(t *testing.T) {
	pins, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range All {
		resolved, err := tool.resolved(pins)
		if err != nil {
			t.Errorf("%s: %v", tool.Name, err)
		}
		if resolved.Version == "" {
			t.Errorf("%s has no version", tool.Name)
		}
		if (tool.Folder == "") != strings.HasPrefix(tool.Sum, "h1:") {
			t.Errorf("%s is pinned by neither or both of a folder and a hash", tool.Name)
		}
		if _, err := resolved.key(pins); err != nil {
			t.Errorf("%s: %v", tool.Name, err)
		}
	}
	if _, err := Find("terrafrom"); err == nil || !strings.Contains(err.Error(), "there are: terraform, tofu") {
		t.Errorf("a misspelt tool gets the error %v", err)
	}
}

// A tool's module may pin the version that the binary prints.
func TestFlagsTellTheVersion(t *testing.T) {
	flags := Tool{Version: "v1.36.3", LDFlags: "-X v={version} -X major={major} -X minor={minor}"}.flags()
	if want := "-s -w -X v=v1.36.3 -X major=1 -X minor=36"; flags[len(flags)-1] != want {
		t.Errorf("the linker gets %q, want %q", flags[len(flags)-1], want)
	}
}

// Kubernetes is built from parts that its go.mod does not pin: only the replaces do. One that was
// forgotten in a raise gives a server of two releases, or none after minutes.
func TestPinsOfKubernetesAreOneRelease(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "kube", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse("go.mod", data, nil)
	if err != nil {
		t.Fatal(err)
	}
	kubernetes, _ := find("kube-apiserver")
	kubernetes, err = kubernetes.resolved("..")
	if err != nil {
		t.Fatal(err)
	}
	part := strings.Replace(kubernetes.Version, "v1.", "v0.", 1)
	for _, replace := range mod.Replace {
		if replace.New.Path != replace.Old.Path || replace.New.Version != part {
			t.Errorf("%s is replaced by %s, want version %s of itself", replace.Old.Path, replace.New, part)
		}
	}
	if len(mod.Replace) < 30 {
		t.Errorf("go.mod replaces %d modules, which cannot be all parts of Kubernetes", len(mod.Replace))
	}
}
