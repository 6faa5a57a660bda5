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

// Env is what kinds act with in one run.
type Env struct {
	Client   *gcp.Client
	Clusters *prereq.Clusters
	Clock    wait.Clock
	// Anchor is the start of the run as its journal has it. A restart at or after
	// it is this run's, so that a run that is resumed restarts nothing twice.
	Anchor time.Time
	Run    string // name of the run; "" while it is only planned
	Tool   string // terraform-provider-asm VERSION
	// Redactor knows the secrets among the inputs, for what is written to files; nil
	// is one that knows patterns only.
	Redactor *journal.Redactor
	// ControlPlane reaches the managed control plane's debugging page, which is on the
	// internet; nil is the machine's way.
	ControlPlane http.RoundTripper
}

// Def is a kind of the catalogue and what it does.
type Def struct {
	lang.Kind
	// Usual is how long it takes when all goes well, for a plan to tell.
	Usual time.Duration
	// Follows is set where what other steps change decides whether there is something
	// to do: a plan cannot tell that beforehand.
	Follows bool
	// Thing makes what an ensure brings about. The error is of arguments that
	// cannot be; nobody is asked.
	Thing func(env *Env, args Args) (prereq.Prerequisite, error)
	// Value is step.NAME.result of an ensure, by what the last check saw; nil where
	// the kind has no result.
	Value func(state prereq.State) cty.Value
	// Look is what an assert or wait does: one look, past anything that was read
	// before. The error is of what could not be read.
	Look func(ctx context.Context, env *Env, args Args) (Seen, error)
	// Where says on what the permissions are needed.
	Where func(args Args) Place
}

// Place is where permissions are needed.
type Place struct {
	Project string          // id or number, for IAM permissions
	Cluster *cluster.Target // for verbs inside of a cluster
}

// Seen is what an assert or wait saw.
type Seen struct {
	// State is one of the wait's states, or another that is unknown and goes on. Of
	// an assert it is Holds or Fails.
	State string
	Text  string    // what was seen, for people
	Value cty.Value // of Kind.Result; cty.NilVal where there is none
}

// The states of an assert.
const (
	Holds = "holds"
	Fails = "fails"
)

// All are all kinds, in the order of the documentation.
func All() []Def { return all }

// Find returns the kind of an action, or nil.
func Find(action lang.ActionKind, name string) *Def { return index[action][name] }

// Catalogue is what the language knows of all kinds.
func Catalogue() *lang.Catalogue { return catalogue }

var (
	all       []Def
	index     = map[lang.ActionKind]map[string]*Def{}
	catalogue *lang.Catalogue
)

func init() {
	all = defs()
	known := make([]lang.Kind, len(all))
	for i := range all {
		d := &all[i]
		known[i] = d.Kind
		if index[d.Action] == nil {
			index[d.Action] = map[string]*Def{}
		}
		index[d.Action][d.Name] = d
	}
	var err error
	if catalogue, err = lang.NewCatalogue(known...); err != nil {
		panic(err) // a mistake of the table, which no test lets pass
	}
}
