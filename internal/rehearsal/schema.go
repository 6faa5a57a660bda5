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

// refused is the outcome of a phase that did not begin.
const refused = "refused"

// outcomes are how a phase can end. That somebody stops a run cannot be tested.
var outcomes = []string{string(journal.Succeeded), string(journal.Failed), string(journal.NeedsApprove), refused}

var planStatuses = texts(runbook.Satisfied, runbook.Change, runbook.Later, runbook.Gate, runbook.Person, runbook.Awaits, runbook.Fails, runbook.Unread, runbook.Skips, runbook.Stays)

var stepOutcomes = texts(runbook.StepAlready, runbook.StepChanged, runbook.StepPassed, runbook.StepSkipped, runbook.StepFailed, runbook.StepWaits, runbook.StepNotRun)

func texts[T ~string](words ...T) []string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = string(w)
	}
	return all
}

var fileSchema = lang.Block{Blocks: []lang.Block{testBlock}}

var approveAttribute = lang.Attribute{Name: "approve", Type: "\"all\" or list(string)", Constant: true, Default: "[]", Doc: "Steps that somebody agrees to: `[\"restart\"]`, or of one instance `[\"restart[\\\"web\\\"]\"]`; `\"all\"` is every step that asks."}

var afterAttribute = lang.Attribute{Name: "after", Type: "duration", Constant: true, Default: "0s", Doc: "How much time goes by then, so that the mesh notices what was done."}

var faultBlock = lang.Block{
	Type: "fault", Label: "NAME", Open: true,
	Doc: "Something that goes wrong. Faults and their parameters are those of `terraform-provider-asm simulate --list-faults`; they are switched on in the order in which they are written.",
}

var expectBlock = lang.Block{
	Type: "expect", Once: true, Doc: "What must be so afterwards. What is not named is not looked at, except the outcome.",
	Attributes: []lang.Attribute{
		{Name: "outcome", Type: "string", Constant: true, Default: `"succeeded"`, Doc: "How it ended: " + or(outcomes) + ". `refused` is where nothing was begun, such as for bad inputs, or where an undo finds something else than the run left."},
		{Name: "plan", Type: "map(string)", Constant: true, Doc: "What the plan says of steps: " + or(planStatuses) + ". A step with `for_each` stands for all its instances; one of them is written `\"grant[\\\"mesh-sim-1\\\"]\"`."},
		{Name: "steps", Type: "map(string)", Constant: true, Doc: "What became of steps: " + or(stepOutcomes) + "."},
		{Name: "changes", Type: "list(string)", Constant: true, Doc: "Every write that was made, refused ones too, in its order, each as `\"METHOD HOST PATH\"`, for example `\"PATCH gkehub.googleapis.com /v1/projects/*/features/servicemesh\"`; `*` stands for anything. A write inside of a member of the fleet goes through Connect Gateway: `\"PATCH us-central1-connectgateway.googleapis.com */namespaces/shop\"`; of another cluster the host is PROJECT/LOCATION/CLUSTER. One more or one less is a failure, and `[]` is none. A write that was refused ends in its status: `\"POST … 403\"`."},
		{Name: "findings", Type: "list(string)", Constant: true, Doc: "Root causes that a diagnosis of the fleets finds afterwards as errors or warnings, each as `\"CODE\"` or `\"CODE:DETAIL\"`; `*` stands for anything, and `[]` is none."},
		{Name: "error", Type: "string", Constant: true, Doc: "Text that the error has in it."},
		{Name: "world", Type: "map", Constant: true, Doc: "Values in the simulated world, by their JSONPath as `kubectl -o jsonpath` has it. What is not there is `null`, and several values are a list. `GET /_sim/world` of a simulation shows the document."},
	},
}

var testBlock = lang.Block{
	Type: "test", Label: "NAME", Doc: "One rehearsal, in a world of its own. The runbook is planned and run once; what follows happens in the order in which it is written.",
	Attributes: []lang.Attribute{
		{Name: "runbook", Type: "string", Constant: true, Doc: "Name of the runbook, where NAME.hcl has several."},
		afterAttribute,
		{Name: "target", Type: "string", Constant: true, Doc: "Full resource name of what it runs on. Default: the first of the world that is of the runbook's kind."},
		{Name: "inputs", Type: "map", Doc: "Values of the runbook's inputs. `test.directory` is a folder that is gone after the test."},
		approveAttribute,
	},
	Blocks: []lang.Block{
		{
			Type: "world", Once: true, Doc: "The simulated Google Cloud, in which all is well: projects mesh-sim-1 and up, with clusters that are members of the fleet of the first.",
			Attributes: []lang.Attribute{
				{Name: "projects", Type: "number", Constant: true, Default: "1", Doc: "How many projects there are."},
				{Name: "clusters", Type: "number", Constant: true, Default: "1", Doc: "How many clusters there are, spread over the projects."},
				{Name: "file", Type: "string", Constant: true, Doc: "A world document instead, as `GET /_sim/world` answers it; relative to the test's file."},
			},
		},
		faultBlock,
		expectBlock,
		{
			Type: phaseMeanwhile, Doc: "What others do before it goes on: a person who does what the run waits for, or somebody who is in the way.",
			Attributes: []lang.Attribute{afterAttribute},
			Blocks: []lang.Block{
				faultBlock,
				{Type: "unfault", Label: "NAME", Open: true, Doc: "Switches a fault off, and repairs what it did."},
			},
		},
		{Type: phaseResume, Doc: "The last run that began is gone on with.", Attributes: []lang.Attribute{approveAttribute}, Blocks: []lang.Block{expectResume}},
		{Type: phaseAgain, Doc: "The runbook is planned and run once more. Unless the block says otherwise, it must not write anything.", Attributes: []lang.Attribute{approveAttribute}, Blocks: []lang.Block{expectBlock}},
		{Type: phaseUndo, Doc: "What the first run changed is taken back.", Attributes: []lang.Attribute{undoApprove}, Blocks: []lang.Block{expectBlock}},
	},
}

// A run that goes on has no new plan.
var expectResume = func() lang.Block {
	b := expectBlock
	b.Attributes = slices.DeleteFunc(slices.Clone(b.Attributes), func(a lang.Attribute) bool { return a.Name == "plan" })
	return b
}()

var undoApprove = func() lang.Attribute {
	a := approveAttribute
	a.Default, a.Doc = `"all"`, "As of the test. Every step of an undo asks."
	return a
}()

func or(words []string) string {
	return "`" + strings.Join(words[:len(words)-1], "`, `") + "` or `" + words[len(words)-1] + "`"
}

// WriteReference writes the reference of the language as Markdown: every block and
// argument of a file of tests.
func WriteReference(w io.Writer) error {
	shown := testBlock
	shown.Blocks = slices.Clone(shown.Blocks)
	for i, b := range shown.Blocks { // expect is described once
		shown.Blocks[i].Blocks = slices.DeleteFunc(slices.Clone(b.Blocks), func(inner lang.Block) bool {
			return inner.Type == expectBlock.Type || inner.Type == faultBlock.Type
		})
		if len(b.Blocks) > len(shown.Blocks[i].Blocks) {
			inner, block := b.Blocks[0], "blocks"
			if inner.Once {
				block = "a block"
			}
			shown.Blocks[i].Doc += " It has " + block + " `" + inner.Type + "` of its own."
		}
	}
	var b bytes.Buffer
	if err := shown.WriteMarkdown(&b); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}
