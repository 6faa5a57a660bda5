package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/logging/v2"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/logfilter"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

var loggingRoutes = []route{read("POST", "v2/entries:list", logging.ListLogEntriesResponse{}, listEntries)}

const (
	defaultLogPage  = 50
	maxLogPage      = 1000
	maxLogResources = 100
)

type listEntriesRequest struct {
	ResourceNames []string `json:"resourceNames"`
	ProjectIDs    []string `json:"projectIds"`
	Filter        string   `json:"filter"`
	OrderBy       string   `json:"orderBy"`
	PageSize      int32    `json:"pageSize"`
	PageToken     string   `json:"pageToken"`
}

// listEntries searches the logs of one or more projects. The API adds no time window of its own.
func listEntries(c *call) (any, *wire.Error) {
	var req listEntriesRequest
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	projects, err := c.logProjects(&req)
	if err != nil {
		return nil, err
	}
	filter, err := logFilter(req.Filter)
	if err != nil {
		return nil, err
	}
	descending := false
	switch strings.Join(strings.Fields(req.OrderBy), " ") {
	case "", "timestamp", "timestamp asc":
	case "timestamp desc":
		descending = true
	default:
		return nil, wire.Invalid("Invalid order_by %q: it must be \"timestamp asc\" or \"timestamp desc\".", req.OrderBy)
	}
	size := int(req.PageSize)
	switch {
	case size < 0:
		return nil, wire.Invalid("page_size must not be negative: %d", size)
	case size == 0:
		size = defaultLogPage
	case size > maxLogPage:
		size = maxLogPage
	}
	token, err := readLogToken(req.PageToken, c.now)
	if err != nil {
		return nil, err
	}
	out := struct {
		Entries       []json.RawMessage `json:"entries,omitempty"`
		NextPageToken string            `json:"nextPageToken,omitempty"`
	}{}
	if c.w.ActiveFault("empty-log-pages") != nil && token.offset == 0 && !token.empty {
		token.empty = true
		out.NextPageToken = token.String() // the search is not finished
		return out, nil
	}
	entries := c.searchLogs(projects, filter, token.asOf)
	if descending {
		slices.Reverse(entries)
	}
	page, next := pageOf(entries, token.offset, size)
	for _, e := range page {
		out.Entries = append(out.Entries, e.Raw)
	}
	if next != "" {
		token.offset += size
		out.NextPageToken = token.String()
	}
	return out, nil
}

// logProjects finds the projects to search and checks the caller's permission on each.
func (c *call) logProjects(req *listEntriesRequest) ([]*world.Project, *wire.Error) {
	names := slices.Clone(req.ResourceNames)
	for _, id := range req.ProjectIDs {
		names = append(names, "projects/"+id)
	}
	if len(names) == 0 {
		return nil, wire.Invalid("resource_names is required")
	}
	if len(names) > maxLogResources {
		return nil, wire.Invalid("At most %d resource names may be listed.", maxLogResources)
	}
	var out []*world.Project
	for _, name := range names {
		part := strings.Split(name, "/")
		if len(part) < 2 || !slices.Contains([]string{"projects", "folders", "organizations", "billingAccounts"}, part[0]) {
			return nil, wire.Invalid("Invalid resource name %q.", name)
		}
		ref := part[1]
		if part[0] != "projects" {
			ref = "" // there are no folders here: nothing the caller may see
		}
		p, err := c.authorize(ref, "logging.logEntries.list", errLogsDenied)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out, nil
}

func errLogsDenied(*world.Project) *wire.Error {
	return wire.Denied("Permission 'logging.logEntries.list' denied on resource (or it may not exist).").
		WithInfo("IAM_PERMISSION_DENIED", wire.HostLogging, map[string]string{"permission": "logging.logEntries.list"})
}

func logFilter(text string) (*logfilter.Filter, *wire.Error) {
	f, err := logfilter.Parse(text)
	if err != nil {
		return nil, wire.Invalid("Unparseable filter: %s", strings.TrimPrefix(err.Error(), "Unparseable filter: "))
	}
	return f, nil
}

// searchLogs finds what matches, the oldest first.
func (c *call) searchLogs(projects []*world.Project, filter *logfilter.Filter, asOf time.Time) []*world.LogEntry {
	since, _ := filter.Since()
	var out []*world.LogEntry
	for _, p := range projects {
		private := c.w.Allowed(p, c.who.Email, "logging.privateLogEntries.list")
		for _, e := range p.Logs {
			if e.At.After(asOf) || e.At.Before(since) {
				continue
			}
			var doc map[string]any
			if json.Unmarshal(e.Raw, &doc) != nil {
				continue
			}
			name, _ := doc["logName"].(string)
			if !private && strings.HasSuffix(name, "cloudaudit.googleapis.com%2Fdata_access") {
				continue
			}
			if filter.Match(doc) {
				out = append(out, e)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b *world.LogEntry) int { return cmp.Compare(a.At.UnixMicro(), b.At.UnixMicro()) })
	return out
}

// A logToken is a place in a search: pages of one search see the same entries, whatever is logged meanwhile.
type logToken struct {
	asOf   time.Time
	offset int
	empty  bool // the empty page was given
}

func (t logToken) String() string {
	n := 0
	if t.empty {
		n = 1
	}
	return fmt.Sprintf("EAA-%d-%d-%d", t.asOf.UnixMicro(), t.offset, n)
}

func readLogToken(s string, now time.Time) (logToken, *wire.Error) {
	if s == "" {
		return logToken{asOf: now}, nil
	}
	var micro int64
	var offset, empty int
	if _, err := fmt.Sscanf(s, "EAA-%d-%d-%d", &micro, &offset, &empty); err != nil || offset < 0 {
		return logToken{}, wire.Invalid("page_token %q is invalid", s)
	}
	return logToken{asOf: time.UnixMicro(micro).UTC(), offset: offset, empty: empty == 1}, nil
}
