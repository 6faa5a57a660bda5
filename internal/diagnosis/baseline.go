package diagnosis

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// ReadReport reads a report that --output json wrote. One of another schema
// version is refused, for its fingerprints would not compare.
func ReadReport(from io.Reader) (*Report, error) {
	var r Report
	decoder := json.NewDecoder(from)
	if err := decoder.Decode(&r); err != nil {
		return nil, fmt.Errorf("it is not a diagnosis as JSON: %w", err)
	}
	if r.Schema != SchemaVersion {
		return nil, fmt.Errorf("it has schema version %d; this version reads %d", r.Schema, SchemaVersion)
	}
	return &r, nil
}

// compare marks what the baseline does not have, and notes what is gone since. What
// is suppressed, here or there, is neither gone nor new for that.
func (o *Report) compare(baseline *Report) {
	if baseline == nil {
		return
	}
	known := map[string]bool{}
	for _, f := range slices.Concat(baseline.Findings, baseline.Suppressed) {
		known[f.Fingerprint] = true
	}
	now := map[string]bool{}
	for i := range o.Findings {
		f := &o.Findings[i]
		f.New, now[f.Fingerprint] = !known[f.Fingerprint], true
	}
	for i := range o.Suppressed {
		now[o.Suppressed[i].Fingerprint] = true
	}
	for _, f := range baseline.Findings {
		if !now[f.Fingerprint] {
			o.Resolved = append(o.Resolved, f.Fingerprint)
		}
	}
	slices.Sort(o.Resolved)
}
