package health

import (
	"fmt"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"slices"
	"strings"
	"time"
)

// BindingChange is one entry of the audit log about one binding of one member.
type BindingChange struct {
	mesh.AuditEvent
	Added bool // or removed
}

// Party is who acts on one side of a tug-of-war.
type Party struct {
	Principal string // e-mail address, or the subject of an external identity
	Client    string // the program, as its user agent claims
}

// String reads "ci@p.iam.gserviceaccount.com with Terraform 1.16.0 …".
func (p Party) String() string {
	if p.Principal == "" {
		return "an unnamed principal with " + p.Client
	}
	return p.Principal + " with " + p.Client
}

// TugOfWar is a binding that is removed and restored again and again.
type TugOfWar struct {
	Removers    []Party       // each once, in the order in which they appear
	Restorers   []Party       // likewise
	Times       int           // how often it was removed and then restored
	Period      time.Duration // between one removal and the next; the median
	First, Last time.Time     // of the removals
	Culprit     string        // what usually does that, judged by the client; "" where unknown
}

// tugRounds is how often a binding must be removed and restored before that is
// called a tug-of-war: a mistake that is corrected once is none.
const tugRounds = 2

// FindTugOfWar looks for a tug-of-war in the changes of one binding, oldest first. It returns nil where there is none.
// Entries that change nothing, as a removal after a removal, do not count: the log repeats entries. Nor does a removal
// that its own author undid, or that a run of a runbook repaired: that is a mistake or a mitigation, and no
// configuration that asks for the opposite.
func FindTugOfWar(changes []BindingChange) *TugOfWar {
	t := &TugOfWar{}
	var removals []time.Time
	var removal *BindingChange // the last one, while it is not restored
	count := func() {
		removals = append(removals, removal.Time)
		t.Removers = addParty(t.Removers, removal.party())
		if t.Culprit == "" {
			t.Culprit = removal.Hint()
		}
	}
	for i := range changes {
		c := &changes[i]
		switch {
		case !c.Added && removal == nil:
			removal = c
		case c.Added && removal != nil:
			if c.party() != removal.party() && !c.ByRun() {
				count()
				t.Times++
				t.Restorers = addParty(t.Restorers, c.party())
			}
			removal = nil
		}
	}
	if t.Times < tugRounds {
		return nil
	}
	if removal != nil {
		count()
	}
	t.First, t.Last = removals[0], removals[len(removals)-1]
	var gaps []time.Duration
	for i := 1; i < len(removals); i++ {
		gaps = append(gaps, removals[i].Sub(removals[i-1]))
	}
	slices.Sort(gaps)
	t.Period = gaps[len(gaps)/2]
	return t
}

func (c BindingChange) party() Party { return Party{c.Principal, c.Client()} }

func addParty(parties []Party, p Party) []Party {
	if slices.Contains(parties, p) {
		return parties
	}
	return append(parties, p)
}

// Over reports whether the fight has ended: the next removal is overdue by far, as after its configuration was corrected.
func (t TugOfWar) Over(now time.Time) bool { return now.Sub(t.Last) > max(24*time.Hour, 2*t.Period) }

// Finding is the tug-of-war over subject's binding as a finding. Its message has
// no times and no counts, which differ from read to read; Evidence has them.
func (t TugOfWar) Finding(subject string) catalogue.Finding {
	f := catalogue.NewFinding(catalogue.BindingTugOfWar, subject, fmt.Sprintf("the mesh service agent's role is removed %s by %s, and "+
		"restored by %s",
		inWords(t.Period), joinParties(t.Removers), joinParties(t.Restorers)))
	if t.Culprit != "" {
		f.Message += ". " + strings.TrimSuffix(t.Culprit, ".")
	}
	return f
}

// Evidence is one line with the count and the times.
func (t TugOfWar) Evidence() string {
	return fmt.Sprintf("removed and restored %d times; first removed at %s, last at %s, some %s apart",
		t.Times, t.First.UTC().Format(time.RFC3339), t.Last.UTC().Format(time.RFC3339), t.Period.Round(time.Minute))
}

func joinParties(parties []Party) string {
	var all []string
	for _, p := range parties {
		all = append(all, p.String())
	}
	return strings.Join(all, " and ")
}

// inWords is a period coarse enough to read the same from day to day.
func inWords(d time.Duration) string {
	count := func(n int, unit string) string {
		if n <= 1 {
			return "about once " + map[string]string{"minute": "a minute", "hour": "an hour", "day": "a day"}[unit]
		}
		return fmt.Sprintf("about every %d %ss", n, unit)
	}
	switch {
	case d < 50*time.Minute:
		return count(int(d.Round(time.Minute).Minutes()), "minute")
	case d < 20*time.Hour:
		return count(int(d.Round(time.Hour).Hours()), "hour")
	}
	return count(int((d+12*time.Hour)/(24*time.Hour)), "day")
}
