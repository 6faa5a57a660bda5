package kinds

import (
	"context"
	"net/http"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// Runtime is what a run gives to the kinds: its clients, its clock and its identity.
type Runtime struct {
	Client   *gcp.Client
	Clusters *prereq.Clusters
	Clock    wait.Clock
	Run      string // name of the run; "" while it is only planned
	Tool     string // terraform-provider-asm VERSION
	// Redactor knows the secrets among the inputs, for text that is written to files; nil redacts by patterns only.
	Redactor *journal.Redactor
	// DebugTransport reaches the managed control plane's debugging page, which is on
	// the internet; nil is the machine's default transport.
	DebugTransport http.RoundTripper
}

// Def defines a kind of the catalogue: what the language knows of it, and what it does.
type Def struct {
	lang.Kind
	// UndoRisk is the risk of taking a change back, which takes away what the mesh needs. "": as risky as the change, and
	// not low.
	UndoRisk lang.Risk
	// UsualDuration is how long the step takes when all goes well; a plan shows it.
	UsualDuration time.Duration
	// KnownAfterChanges is set where changes of other steps decide whether there is
	// something to do, so a plan cannot know it beforehand.
	KnownAfterChanges bool
	// Prerequisite builds what an ensure enforces. It returns an error only for
	// arguments that are not valid; it makes no request.
	Prerequisite func(env *Runtime, args Args) (prereq.Prerequisite, error)
	// ResultValue is step.NAME.result of an ensure, from what the last check read; nil where the kind has no result.
	ResultValue func(state prereq.State) cty.Value
	// Observe reads, once and past every cache, what an assert or wait is about. It
	// returns an error if something could not be read.
	Observe func(ctx context.Context, env *Runtime, args Args) (Observation, error)
	// FailsAfter is how often in a row a wait has to see a failure state to fail; 0 is once. A single look at what was just
	// written may see what was there before.
	FailsAfter int
	// PermissionScope returns the project or cluster on which Permissions are needed; nil where there is not one.
	PermissionScope func(args Args) PermissionScope
}

// PermissionScope is where permissions are needed.
type PermissionScope struct {
	Project string          // id or number, for IAM permissions
	Cluster *cluster.Target // for verbs inside of a cluster
}

// Observation is what an assert or wait saw.
type Observation struct {
	// State is one of the wait's states; any other is unknown, and the wait continues.
	// For an assert it is Holds or Fails.
	State   string
	Message string    // what was seen, for people
	Result  cty.Value // of type Kind.Result; cty.NilVal where there is none
}

// The states of an assert.
const (
	Holds = "holds"
	Fails = "fails"
)
