package prereq_test

import (
	"slices"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
)

// fields is a state with just these.
type fields map[string]any

func (fields) Met() bool                           { return true }
func (fields) Findings() []catalogue.Finding       { return nil }
func (f fields) Fields() map[string]any            { return f }
func (fields) Gap() (before, after map[string]any) { return nil, nil }

func TestStands(t *testing.T) {
	object := map[string]any{"metadata": map[string]any{"labels": map[string]string{"a": "b"}}, "list": []string{"x"}, "n": 3}
	change := prereq.Change{Before: map[string]any{"on": false, "text": "", "object": object},
		After: map[string]any{"on": true, "text": "new", "object": "", "told": "x"}}
	for name, test := range map[string]struct {
		now  fields
		want prereq.ChangeStatus
		why  []string
	}{
		"left": {fields{"on": true, "text": "new", "object": "", "other": 1}, prereq.AsChanged, nil},
		"taken back": {fields{"on": false, "text": "", "object": object}, prereq.AsBefore,
			[]string{"object is an object, the change left not set", "on is false, the change left true", "text is not set, the change left new"}},
		"in part":   {fields{"on": true, "text": "", "object": ""}, prereq.ChangedSince, []string{"text is not set, the change left new"}},
		"another":   {fields{"on": true, "text": "theirs", "object": ""}, prereq.ChangedSince, []string{"text is theirs, the change left new"}},
		"not there": {fields{"on": true, "object": ""}, prereq.ChangedSince, []string{"text is not there, the change left new"}},
		"no fields": {fields{}, prereq.AsChanged, nil},
	} {
		for _, c := range []prereq.Change{change, readBack(t, change)} {
			if got, why := prereq.StatusOf(test.now, c); got != test.want || !slices.Equal(why, test.why) {
				t.Errorf("%s: %s %q", name, got, why)
			}
		}
	}
	if got, _ := prereq.StatusOf(fields{"on": true}, prereq.Change{}); got != prereq.AsBefore {
		t.Errorf("a change of nothing: %s", got)
	}
	same := prereq.Change{Before: map[string]any{"on": true}, After: map[string]any{"on": true}}
	if got, _ := prereq.StatusOf(fields{"on": true}, same); got != prereq.AsBefore {
		t.Errorf("a change that asked for what was there: %s", got)
	}
}
