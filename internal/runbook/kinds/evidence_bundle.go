package kinds

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

// page is one file of a bundle.
type page struct {
	name    string
	content any
}

// write collects the evidence and writes it, under its final name only when it is
// complete. It checks first that the folder is writable, before it reads any API.
func (b *bundle) write(ctx context.Context, path string) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("the evidence cannot be written: %w", err)
	}
	defer func() {
		file.Close()
		if err != nil {
			os.Remove(file.Name())
		}
	}()
	pages, unread, err := b.collect(ctx)
	if err != nil {
		return err
	}
	if err := b.zip(file, pages, unread); err != nil {
		return fmt.Errorf("the evidence cannot be written: %w", err)
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("the evidence cannot be written: %w", err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("the evidence cannot be written: %w", err)
	}
	return nil
}

// collect reads everything. What cannot be read is listed in unread. It returns an error only if the context ends.
func (b *bundle) collect(ctx context.Context) (pages []page, unread []string, err error) {
	note := func(name string, content any, err error) {
		if err != nil {
			what, next := apierr.Describe(err)
			unread = append(unread, strings.TrimSpace(name+": "+what+" "+next))
			return
		}
		pages = append(pages, page{name, content})
	}
	report, err := diagnose(ctx, b.env, b.membership, b.since)
	if err != nil {
		return nil, nil, err
	}
	note("diagnosis.json", report, nil)

	client := b.env.Client
	feature, err := client.MeshFeature(ctx, b.membership.Project)
	if err == nil {
		feature.Memberships = slices.DeleteFunc(slices.Clone(feature.Memberships), func(m mesh.MembershipMesh) bool {
			name, err := mesh.ParseMembership(m.Name)
			return err != nil || !name.SameAs(b.membership)
		})
	}
	note("feature.json", feature, err)

	membership, err := client.Membership(ctx, b.membership)
	note("membership.json", membership, err)
	target := cluster.Target{Membership: &b.membership}
	projects := []string{b.membership.Project}
	if err == nil && membership.Cluster != nil {
		target.Cluster = membership.Cluster
		projects = append(projects, membership.Cluster.Project)
		gke, err := client.Cluster(ctx, *membership.Cluster)
		note("cluster.json", gke, err)
		if err == nil && gke.NetworkProject != "" {
			projects = append(projects, gke.NetworkProject)
		}
	}
	// One project may be named by its number and by its id.
	for i, p := range projects {
		if id, err := client.ProjectID(ctx, p); err == nil {
			projects[i] = id
		}
	}
	slices.Sort(projects)
	projects = slices.Compact(projects)
	for _, p := range projects {
		services, err := client.Services(ctx, p, mesh.DefaultServices())
		note("services-"+p+".json", services, err)
	}
	b.collectCluster(ctx, target, note)
	lines, err := client.MeshLogs(ctx, projects, b.env.Clock.Now().Add(-b.since))
	note("logs.json", lines, err)
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	return pages, unread, nil
}

func (b *bundle) collectCluster(ctx context.Context, target cluster.Target, note func(string, any, error)) {
	opened, err := b.env.Clusters.Open(ctx, target)
	if err != nil {
		note("what is in the cluster", nil, err)
		return
	}
	s, err := opened.Read(ctx)
	if err != nil {
		note("what is in the cluster", nil, err)
		return
	}
	for what, err := range s.Unread {
		note(what, nil, err)
	}
	note("revisions.json", s.Revisions, nil)
	note("webhooks.json", map[string]any{"mutating": s.Mutating, "validating": s.Validating}, nil)
	note("environments.json", s.Environments, nil)
	note("namespaces.json", s.Namespaces, nil)
	note("proxies.json", map[string]any{"failed": s.Pods, "budgets": s.Budgets, "controls": s.Controls}, nil)
}

// zip writes the pages and a README before them. Everything in the file passes the redactor.
func (b *bundle) zip(to *os.File, pages []page, unread []string) error {
	redactor := b.env.Redactor
	if redactor == nil {
		redactor = journal.NewRedactor()
	}
	slices.Sort(unread)
	now := b.env.Clock.Now().UTC().Truncate(time.Second)
	archive := zip.NewWriter(to)
	add := func(name string, content []byte) error {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: now})
		if err == nil {
			_, err = w.Write(content)
		}
		return err
	}
	if err := add("README.txt", []byte(redactor.String(b.readme(now, pages, unread)))); err != nil {
		return err
	}
	for _, p := range pages {
		content, err := redacted(redactor, p.content)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		if err := add(p.name, content); err != nil {
			return err
		}
	}
	return archive.Close()
}

func (b *bundle) readme(now time.Time, pages []page, unread []string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "Evidence about the managed mesh of %s\ncollected %s by %s, run %s, with logs of the last %s\n\n", b.membership,
		now.Format(time.RFC3339), b.env.Tool, b.env.Run, b.since)
	text.WriteString("Text that looks like a secret was removed, and so were annotations that are not about the mesh. " +
		"Names of projects, clusters, workloads and people are included.\n\nFiles:\n")
	for _, p := range pages {
		text.WriteString("  " + p.name + "\n")
	}
	if len(unread) > 0 {
		text.WriteString("\nCould not be read:\n")
		for _, u := range unread {
			text.WriteString("  " + strings.Join(strings.Fields(u), " ") + "\n")
		}
	}
	return text.String()
}

// redacted encodes a value as JSON without secrets.
func redacted(redactor *journal.Redactor, content any) ([]byte, error) {
	raw, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var plain any
	if err := decoder.Decode(&plain); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err = encoder.Encode(redactor.Value(cleanBundle(plain)))
	return out.Bytes(), err
}
