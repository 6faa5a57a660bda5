package gcp

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/logging/v2"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// LogLine is a line of Cloud Logging that one of the mesh's signatures found.
type LogLine struct {
	Code     catalogue.Code // of catalogue.LogSignatures
	Time     time.Time
	Project  string // id of the project in whose log it is
	Location string
	Cluster  string // "" for the control plane's log, which names none
	Message  string
}

// maxLines is how many lines of one request's projects are read.
const maxLines = 1000

// MeshLogs finds the lines in which managed mesh reports that it cannot reach its clusters, newest first, in the logs
// of several projects (Cloud Logging, entries.list). It takes one request for each 100 projects, of which Google allows
// 60 a minute, and reads at most the newest thousand lines of each.
func (c *Client) MeshLogs(ctx context.Context, projects []string, since time.Time) ([]LogLine, error) {
	lines, _, err := c.meshLogs(ctx, projects, since)
	return lines, err
}

// clockSlack is how far the clocks of a reader and of Google may differ without a word.
const clockSlack = time.Minute

// RecentMeshLogs is MeshLogs of a window before now. Lines carry the time of Google's clock, which an answer's header Date
// shows: where the reader's differs, it is Google's window that counts.
func (c *Client) RecentMeshLogs(ctx context.Context, projects []string, now time.Time, window time.Duration) ([]LogLine, error) {
	lines, served, err := c.meshLogs(ctx, projects, now.Add(-window))
	if err == nil && !served.IsZero() && now.Sub(served) > clockSlack { // the reader's clock is ahead
		lines, _, err = c.meshLogs(ctx, projects, served.Add(-window))
	}
	if err != nil || served.Sub(now) <= clockSlack {
		return lines, err
	}
	return slices.DeleteFunc(lines, func(l LogLine) bool { return l.Time.Before(served.Add(-window)) }), nil
}

// meshLogs also returns when Google answered, by its own clock; zero where it does not say.
func (c *Client) meshLogs(ctx context.Context, projects []string, since time.Time) (lines []LogLine, served time.Time, err error) {
	var signatures []string
	for _, s := range catalogue.LogSignatures {
		signatures = append(signatures, `(resource.type="`+s.Resource+`" AND `+s.Filter+")")
	}
	filter := `timestamp>="` + since.UTC().Format(time.RFC3339) + `" AND (` + strings.Join(signatures, " OR ") + ")"
	for chunk := range slices.Chunk(projects, maxLogResources) {
		request := &logging.ListLogEntriesRequest{Filter: filter, OrderBy: "timestamp desc", PageSize: maxLines}
		for _, p := range chunk {
			request.ResourceNames = append(request.ResourceNames, "projects/"+p)
		}
		before := len(lines)
		for range maxAuditPages {
			if err := c.auditQuota.Wait(ctx); err != nil {
				return lines, served, err
			}
			answer, err := c.logging.Entries.List(request).Context(chargedTo(ctx, chunk[0])).Do()
			if err != nil {
				return lines, served, failed(err, "search the logs of project "+chunk[0], "logging.logEntries.list")
			}
			if at, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
				served = at
			}
			for _, entry := range answer.Entries {
				if line, ok := readLine(entry); ok {
					lines = append(lines, line)
				}
			}
			// A page may be empty while the search goes on.
			if request.PageToken = answer.NextPageToken; request.PageToken == "" || len(lines)-before >= maxLines {
				break
			}
		}
	}
	return lines, served, nil
}

func readLine(entry *logging.LogEntry) (LogLine, bool) {
	var payload struct {
		Message string `json:"message"`
	}
	at, err := time.Parse(time.RFC3339, entry.Timestamp)
	if err != nil || entry.Resource == nil || json.Unmarshal(entry.JsonPayload, &payload) != nil {
		return LogLine{}, false
	}
	labels := entry.Resource.Labels
	line := LogLine{
		Time:     at,
		Project:  labels["project_id"],
		Location: labels["location"],
		Cluster:  labels["cluster_name"],
		Message:  payload.Message,
	}
	for _, s := range catalogue.LogSignatures {
		if s.Resource == entry.Resource.Type {
			line.Code = s.Code
		}
	}
	return line, line.Code != ""
}
