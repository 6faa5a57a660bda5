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
	before []deed
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

// deed is a fault that is switched on or off.
type deed struct {
	fault  string
	off    bool
	params map[string]string
	line   int
}

// phase is one thing that a test does.
type phase struct {
	what    string
	line    int
	approve approve
	expect  expect
	deeds   []deed        // of meanwhile
	after   time.Duration // of meanwhile
}

// approve is what somebody agrees to.
type approve struct {
	all   bool
	steps []string
}

// expect is what must be so after a phase.
type expect struct {
	outcome  string
	plan     []wanted
	steps    []wanted
	changes  *list
	findings *list
	err      *wanted
	world    []wanted
	line     int // of the outcome
}

// wanted is one value that is expected.
type wanted struct {
	name  string
	value any // string, or a value of a JSON document
	line  int
}

// list is a list that is expected: nothing more and nothing less.
type list struct {
	patterns []string
	line     int
}
