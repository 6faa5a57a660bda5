package rehearsal

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// The phases of a test, as their blocks are called; the first has none.
const (
	phaseRun       = "run"
	phaseMeanwhile = "meanwhile"
	phaseResume    = "resume"
	phaseAgain     = "again"
	phaseUndo      = "undo"
)

// refused is the outcome of a phase that was not started.
const refused = "refused"

// outcomes are how a phase can end. A test cannot stop a run.
var outcomes = []string{string(journal.Succeeded), string(journal.Failed), string(journal.NeedsApprove), refused}

var planStatuses = texts(runbook.StatusSatisfied, runbook.StatusChange, runbook.StatusLater, runbook.StatusApproval,
	runbook.StatusPerson, runbook.StatusWait, runbook.StatusFails, runbook.StatusUnknown, runbook.StatusSkipped, runbook.StatusStays)

var stepOutcomes = texts(runbook.StepAlready, runbook.StepChanged, runbook.StepPassed, runbook.StepSkipped, runbook.StepFailed,
	runbook.StepWaits, runbook.StepNotRun)

func texts[T ~string](words ...T) []string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = string(w)
	}
	return all
}

var fileSchema = lang.Block{Blocks: []lang.Block{testBlock}}

var approveAttribute = lang.Attribute{
	Name:     "approve",
	Type:     "\"all\" or list(string)",
	Constant: true,
	Default:  "[]",
	Doc: "Steps that are approved: `[\"restart\"]`, or of one instance `[\"restart[\\\"web\\\"]\"]`; `\"all\"` approves every step " +
		"that needs it.",
}

var afterAttribute = lang.Attribute{
	Name:     "after",
	Type:     "duration",
	Constant: true,
	Default:  "0s",
	Doc:      "How much time passes then, so that the mesh can react.",
}

var faultBlock = lang.Block{
	Type: "fault", Label: "NAME", Open: true,
	Doc: "A fault of the simulation. `terraform-provider-asm simulate --list-faults` lists faults and their parameters; they are switched " +
		"on in the order in which they are written.",
}

var expectBlock = lang.Block{
	Type: "expect", Once: true, Doc: "What the test expects afterwards. Only the arguments that are given are compared, and the outcome " +
		"always.",
	Attributes: []lang.Attribute{
		{
			Name:     "outcome",
			Type:     "string",
			Constant: true,
			Default:  `"succeeded"`,
			Doc: "How it ends: " + or(outcomes) + ". `refused` means that nothing was started, for example because an input is invalid, or " +
				"because an undo finds a state other than " +
				"the one the run left.",
		},
		{Name: "plan", Type: "map(string)", Constant: true,
			Doc: "Statuses of steps in the plan: " + or(planStatuses) + ". The name of a step with `for_each` means all its instances; one " +
				"instance is written `\"grant[\\\"mesh-sim-1\\\"]\"`."},
		{Name: "steps", Type: "map(string)", Constant: true, Doc: "Statuses of steps after the run: " + or(stepOutcomes) + "."},
		{
			Name:     "changes",
			Type:     "list(string)",
			Constant: true,
			Doc: "Every write that is made, in order and including refused ones, each as `\"METHOD HOST PATH\"`, for example `\"PATCH " +
				"gkehub.googleapis.com /v1/projects/*/features/servicemesh\"`; `*` matches any text. A write in a cluster that is a member of the " +
				"fleet goes through Connect Gateway: `\"PATCH us-central1-connectgateway.googleapis.com */namespaces/shop\"`; for another cluster " +
				"the host is PROJECT/LOCATION/CLUSTER. An additional or a missing write fails the test; `[]` expects none. A refused write ends with " +
				"its status: `\"POST … 403\"`.",
		},
		{
			Name:     "findings",
			Type:     "list(string)",
			Constant: true,
			Doc: "Root causes that a diagnosis of the fleets reports afterwards as errors or warnings, each as `\"CODE\"` or " +
				"`\"CODE:DETAIL\"`; `*` matches any text, and `[]` expects none.",
		},
		{Name: "error", Type: "string", Constant: true, Doc: "Text that the error contains."},
		{
			Name:     "world",
			Type:     "map",
			Constant: true,
			Doc: "Values in the simulated world by their JSONPath, as in `kubectl -o jsonpath`. A missing value is `null`; several values " +
				"are a list. `GET /_sim/world` of a simulation shows the document.",
		},
	},
}

var testBlock = lang.Block{
	Type: "test", Label: "NAME", Doc: "One rehearsal, in its own simulated world. The runbook is planned and run once; the other blocks " +
		"follow in the order in which they are written.",
	Attributes: []lang.Attribute{
		{Name: "runbook", Type: "string", Constant: true, Doc: "Name of the runbook; required if NAME.hcl has several."},
		afterAttribute,
		{Name: "target", Type: "string", Constant: true, Doc: "Full resource name of the target. Default: the first in the world of the " +
			"runbook's target kind."},
		{Name: "inputs", Type: "map", Doc: "Values of the runbook's inputs. `test.directory` is a folder that is deleted after the test."},
		approveAttribute,
	},
	Blocks: []lang.Block{
		{
			Type: "world", Once: true, Doc: "The simulated Google Cloud, healthy at first: projects mesh-sim-1, mesh-sim-2 and so on, with " +
				"clusters that are members of the first project's fleet.",
			Attributes: []lang.Attribute{
				{Name: "projects", Type: "number", Constant: true, Default: "1", Doc: "Number of projects."},
				{Name: "clusters", Type: "number", Constant: true, Default: "1", Doc: "Number of clusters, distributed over the projects."},
				{Name: "file", Type: "string", Constant: true, Doc: "Path of a world document to use instead, as returned by `GET /_sim/world`; " +
					"relative to the test's file."},
			},
		},
		faultBlock,
		expectBlock,
		{
			Type: phaseMeanwhile, Doc: "What others do before the next block: a person who does what the run waits for, or someone whose change " +
				"conflicts with it.",
			Attributes: []lang.Attribute{afterAttribute},
			Blocks:     []lang.Block{faultBlock, {Type: "unfault", Label: "NAME", Open: true, Doc: "Switches a fault off and repairs its effects."}},
		},
		{Type: phaseResume, Doc: "Resumes the last run that was started.", Attributes: []lang.Attribute{approveAttribute},
			Blocks: []lang.Block{expectResume}},
		{Type: phaseAgain, Doc: "Plans and runs the runbook once more. Unless the block expects otherwise, it must not write anything.",
			Attributes: []lang.Attribute{approveAttribute}, Blocks: []lang.Block{expectBlock}},
		{Type: phaseUndo, Doc: "Undoes what the first run changed.", Attributes: []lang.Attribute{undoApprove},
			Blocks: []lang.Block{expectBlock}},
	},
}

// A resumed run has no new plan.
var expectResume = func() lang.Block {
	b := expectBlock
	b.Attributes = slices.DeleteFunc(slices.Clone(b.Attributes), func(a lang.Attribute) bool { return a.Name == "plan" })
	return b
}()

var undoApprove = func() lang.Attribute {
	a := approveAttribute
	a.Default, a.Doc = `"all"`, "As for the test. Every step of an undo needs approval."
	return a
}()

func or(words []string) string {
	return "`" + strings.Join(words[:len(words)-1], "`, `") + "` or `" + words[len(words)-1] + "`"
}

// WriteReference writes the reference of the language as Markdown: every block and argument of a file of tests.
func WriteReference(w io.Writer) error {
	shown := testBlock
	shown.Blocks = slices.Clone(shown.Blocks)
	for i, b := range shown.Blocks { // expect and fault are described once
		shown.Blocks[i].Blocks = slices.DeleteFunc(slices.Clone(b.Blocks), func(inner lang.Block) bool {
			return inner.Type == expectBlock.Type || inner.Type == faultBlock.Type
		})
		if len(b.Blocks) > len(shown.Blocks[i].Blocks) {
			inner, block := b.Blocks[0], "blocks"
			if inner.Once {
				block = "a block"
			}
			shown.Blocks[i].Doc += " It also has " + block + " `" + inner.Type + "`."
		}
	}
	var b bytes.Buffer
	if err := shown.WriteMarkdown(&b); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}
