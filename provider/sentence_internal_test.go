package provider

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
)

func TestSentence(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "it is": "It is.", "élan vital": "Élan vital.", "cluster-1 is": "cluster-1 is.", "is it?": "Is it?",
	} {
		if got := sentence(in); got != want {
			t.Errorf("%q gives %q", in, got)
		}
	}
}

// Only a refusal is blamed on a permission.
func TestUnreadLog(t *testing.T) {
	refused := (&apierr.Error{Doing: "search it", Source: apierr.GoogleAPI, Code: 403}).Refused("logging.logEntries.list")
	for name, c := range map[string]struct {
		err        error
		says       string
		permission bool
	}{
		"refused":   {refused, "403", true},
		"not there": {(&apierr.Error{Doing: "search it", Source: apierr.GoogleAPI, Code: 404}).Refused("logging.logEntries.list"), "404", false},
		"slow":      {fmt.Errorf("while waiting: %w", context.DeadlineExceeded), "did not answer in time", false},
		"too long":  {&gcp.AuditTruncatedError{Project: "p", Reached: time.Unix(0, 0)}, "ended at 1970-01-01T00:00:00Z", false},
	} {
		got := unreadLog(c.err)
		if !strings.Contains(got, c.says) || strings.Contains(got, "logging.logEntries.list") != c.permission || strings.HasSuffix(got, "..") {
			t.Errorf("%s: %s", name, got)
		}
	}
}
