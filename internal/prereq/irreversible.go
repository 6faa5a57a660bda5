package prereq

// An Irreversible prerequisite is one whose changes cannot be undone.
type Irreversible interface {
	// WhyIrreversible says why, in one sentence.
	WhyIrreversible() string
}
