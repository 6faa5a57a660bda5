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

// compare marks what the baseline does not have, and notes what is gone since.
func (o *Report) compare(baseline *Report) {
	if baseline == nil {
		return
	}
	known := map[string]bool{}
	for _, f := range baseline.Findings {
		known[f.Fingerprint] = true
	}
	now := map[string]bool{}
	for i := range o.Findings {
		f := &o.Findings[i]
		f.New, now[f.Fingerprint] = !known[f.Fingerprint], true
	}
	for print := range known {
		if !now[print] {
			o.Resolved = append(o.Resolved, print)
		}
	}
	slices.Sort(o.Resolved)
}
