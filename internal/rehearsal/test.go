package rehearsal

import (
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// Extension is how the name of a file of tests ends.
const Extension = lang.TestExtension

// File is one file of tests.
type File struct {
	Name  string // path as it was given
	Tests []*Test
}

// Test is one rehearsal of a runbook.
type Test struct {
	Name    string
	File    string
	Line    int
	Runbook *lang.Runbook

	book   *lang.File // that the runbook is in
	world  setup
	before []faultChange
	after  time.Duration
	target string // "" is the first of the world
	inputs hclsyntax.Expression
	phases []phase
}

// setup is the world that a test begins with.
type setup struct {
	projects, clusters int
	file               string // path of a world document, or ""
}

// faultChange switches a fault on or off.
type faultChange struct {
	fault  string
	off    bool
	params map[string]string
	line   int
}

// phase is one step of a test: it runs, resumes or undoes a runbook, or changes faults.
type phase struct {
	what    string
	line    int
	approve approve
	expect  expect
	faults  []faultChange // of meanwhile
	after   time.Duration // of meanwhile
}

// approve says which steps are approved.
type approve struct {
	all   bool
	steps []string
}

// expect is what a test expects after a phase.
type expect struct {
	outcome  string
	plan     []expectedValue
	steps    []expectedValue
	changes  *expectedList
	findings *expectedList
	err      *expectedValue
	world    []expectedValue
	line     int // of the outcome
}

// expectedValue is a value that a test expects.
type expectedValue struct {
	name  string
	value any // string, or a value of a JSON document
	line  int
}

// expectedList is a list that a test expects, complete.
type expectedList struct {
	patterns []string
	line     int
}
