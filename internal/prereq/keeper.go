package prereq

// A Keeper is a prerequisite whose changes cannot be taken back.
type Keeper interface {
	// Keeps says why, in one sentence.
	Keeps() string
}
