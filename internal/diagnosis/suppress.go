package diagnosis

import (
	"errors"
	"fmt"
	"io"
	"path"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"sigs.k8s.io/yaml"
)

// ReadSuppressions reads a file of suppressions: YAML or JSON, a list under suppressions, each with code, subject,
// reason and expires, all of them needed. All mistakes are reported at once.
func ReadSuppressions(from io.Reader) ([]Suppression, error) {
	raw, err := io.ReadAll(from)
	if err != nil {
		return nil, err
	}
	var file struct {
		Suppressions []Suppression `json:"suppressions"`
	}
	if err := yaml.UnmarshalStrict(raw, &file); err != nil {
		return nil, fmt.Errorf("it is not a list of suppressions: %w", err)
	}
	var wrong []error
	for i, s := range file.Suppressions {
		if err := s.check(); err != nil {
			wrong = append(wrong, fmt.Errorf("suppression %d: %w", i+1, err))
		}
	}
	return file.Suppressions, errors.Join(wrong...)
}

func (s Suppression) check() error {
	switch {
	case s.Code == "" || s.Subject == "" || s.Reason == "" || s.Expires == "":
		return errors.New("code, subject, reason and expires are needed, all four")
	case catalogue.Describe(s.Code).Title == "":
		return fmt.Errorf("there is no finding %q; docs/guides/findings.md lists them", s.Code)
	}
	if _, err := path.Match(s.Subject, ""); err != nil {
		return fmt.Errorf("subject %q is not a pattern: %w", s.Subject, err)
	}
	if _, err := time.Parse(time.DateOnly, s.Expires); err != nil {
		return fmt.Errorf("expires %q is not a date such as 2026-12-31", s.Expires)
	}
	return nil
}

// suppressions are those that count today, and those that no longer do.
func (r *run) suppressions() (active, expired []Suppression) {
	for _, s := range r.Suppressions {
		day, err := time.Parse(time.DateOnly, s.Expires)
		if err != nil || !r.now.Before(day.AddDate(0, 0, 1)) {
			expired = append(expired, s)
		} else {
			active = append(active, s)
		}
	}
	return active, expired
}

// covering is the suppression that covers a finding, or nil. Its subject is that of the finding or of what the finding
// counts for; in a pattern, * is any part of a name between two slashes.
func covering(active []Suppression, f Finding) *Suppression {
	for _, s := range active {
		if s.Code != f.Code {
			continue
		}
		for _, name := range []string{f.Subject, f.About} {
			if matched, err := path.Match(s.Subject, name); err == nil && matched || s.Subject == name {
				return &s
			}
		}
	}
	return nil
}
