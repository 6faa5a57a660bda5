package lang

// Block describes a block of the language: the parser reads by it, and the documentation is made from it.
type Block struct {
	Type       string      `json:"type"`
	Label      string      `json:"label,omitempty"` // what the label says, in capitals, or ""
	Optional   bool        `json:"label_optional,omitempty"`
	Doc        string      `json:"doc"`
	Attributes []Attribute `json:"attributes,omitempty"`
	Blocks     []Block     `json:"blocks,omitempty"`
	Once       bool        `json:"once,omitempty"` // at most one
	// Open blocks take arguments besides Attributes: those of the catalogue's kind
	// that the label names, or any names in locals.
	Open bool `json:"open,omitempty"`
}

// Attribute describes an argument of a block.
type Attribute struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Required bool   `json:"required,omitempty"`
	Constant bool   `json:"constant,omitempty"` // written out, not computed
	Default  string `json:"default,omitempty"`
	Doc      string `json:"doc"`
}

// Schema describes the language: the block that a file consists of. What goes into
// ensure, assert and wait is in the catalogue.
func Schema() Block { return runbookBlock }

var conditionAttributes = []Attribute{
	{Name: "condition", Type: "bool", Doc: "Expression that must be true."},
	{Name: "error_message", Type: "string", Doc: "Message when it is false: what is wrong, and what to do."},
}

var assertBlock = Block{
	Type: "assert", Label: "KIND", Optional: true, Once: true, Open: true,
	Doc:        "Fails unless something holds. With a label it is a check of the catalogue; without one, a condition of the runbook.",
	Attributes: conditionAttributes,
}

var runbookBlock = Block{
	Type: "runbook", Label: "NAME", Doc: "Corrects one problem, step by step. The name is used on the command line.",
	Attributes: []Attribute{
		{Name: "title", Type: "string", Required: true, Constant: true, Doc: "The problem in a few words, for a heading."},
		{Name: "description", Type: "string", Constant: true, Doc: "What the runbook does, and when to use it."},
		{Name: "reference", Type: "string", Constant: true, Doc: "URL of the documentation that the runbook follows."},
		{Name: "fixes", Type: "list(string)", Constant: true, Doc: "Codes of the findings that the runbook corrects. `remediate` selects " +
			"runbooks by them."},
	},
	Blocks: []Block{
		{
			Type:  "target",
			Label: "KIND",
			Once:  true,
			Doc: "The kind of object that a run is about: `membership` (the default), `cluster`, `project` or `fleet`. It decides which " +
				"attributes `target` has.",
		},
		{
			Type: "input", Label: "NAME", Doc: "A value that is given when a run is started.",
			Attributes: []Attribute{
				{Name: "type", Type: "type", Constant: true, Default: "string", Doc: "`string`, `number`, `bool`, `list(string)`, `map(string)`, " +
					"`object({…})` and so on, as for a Terraform variable."},
				{Name: "default", Type: "any", Constant: true, Doc: "Default value. An input without one must be given."},
				{Name: "description", Type: "string", Constant: true, Doc: "What the value is for."},
				{
					Name:     "sensitive",
					Type:     "bool",
					Constant: true,
					Default:  "false",
					Doc: "The value never appears in a plan, journal, log or message. A sensitive input has no default other than null, because " +
						"the file would contain the secret.",
				},
			},
			Blocks: []Block{{Type: "validation", Doc: "A condition that the value must meet.", Attributes: []Attribute{
				{Name: "condition", Type: "bool", Required: true, Doc: "Expression over `input` that must be true."},
				{Name: "error_message", Type: "string", Required: true, Doc: "Message when it is false."},
			}}},
		},
		{Type: "locals", Open: true, Doc: "Names for expressions. They may refer to each other and to results of steps."},
		{
			Type: "step", Label: "NAME", Doc: "One step: exactly one of `ensure`, `assert`, `wait`, `approve` and `instruct`, with the settings " +
				"that say when and how it runs. Steps run in the order in which they are written, except that a step runs after the steps that it " +
				"needs.",
			Attributes: []Attribute{
				{Name: "when", Type: "bool", Default: "true", Doc: "The step is skipped when this is false."},
				{
					Name: "for_each",
					Type: "set, list or map",
					Doc: "The step runs once for each element, which is available as `each.key` and `each.value`. The elements of a list or set must " +
						"be strings.",
				},
				{Name: "depends_on", Type: "list of steps", Constant: true, Doc: "Steps that must end before this one, such as `[step.enable-api]`. " +
					"Steps that an expression reads need not be listed."},
				{Name: "approval", Type: "string", Doc: "A person must approve this text before the step runs."},
				{Name: "timeout", Type: "duration", Doc: "How long the step may take, such as `\"10m\"`."},
				{Name: "on_failure", Type: "string", Constant: true, Default: "stop", Doc: "`stop` starts no further step, `continue` runs the steps " +
					"that do not need this one, `undo` undoes what the run changed."},
			},
			Blocks: []Block{
				{Type: "ensure", Label: "KIND", Once: true, Open: true, Doc: "A change of the catalogue. The step checks it, makes it if it is " +
					"missing, and checks it again."},
				assertBlock,
				{
					Type: "wait", Label: "KIND", Once: true, Open: true, Doc: "Waits for a state of the catalogue, which defines the states that mean " +
						"success, progress and failure.",
					Attributes: []Attribute{
						{Name: "timeout", Type: "duration", Doc: "Longest time to wait."},
						{Name: "interval", Type: "duration", Doc: "Pause between two checks."},
						{Name: "consecutive", Type: "number", Default: "1", Doc: "Number of consecutive checks that must succeed."},
					},
				},
				{
					Type: "approve", Once: true, Doc: "A person must approve before the run continues.",
					Attributes: []Attribute{
						{Name: "message", Type: "string", Required: true, Doc: "What the person approves."},
						{Name: "risk", Type: "string", Constant: true, Default: "medium", Doc: "`none`, `low`, `medium` or `high`; a run can be started " +
							"with automatic approval up to a risk."},
					},
				},
				{
					Type: "instruct", Once: true, Doc: "Something that only a person can do.",
					Attributes: []Attribute{{Name: "text", Type: "string", Required: true, Doc: "What to do, with the commands."}},
					Blocks: []Block{{
						Type: "verify", Label: "KIND", Optional: true, Once: true, Open: true, Attributes: conditionAttributes,
						Doc: "Checks that it was done; written as an `assert`. Without it, the person's confirmation is enough.",
					}},
				},
				{
					Type: "retry", Once: true, Doc: "Retries the step after a failure that may be temporary, such as an exceeded quota.",
					Attributes: []Attribute{
						{Name: "attempts", Type: "number", Required: true, Doc: "Maximum number of attempts, from 1 to 20."},
						{Name: "backoff", Type: "duration", Default: "1s", Doc: "Pause before the second attempt; it grows with each attempt."},
					},
				},
			},
		},
	},
}

// block returns the schema of a block inside of this one.
func (b Block) block(name string) Block {
	for _, inner := range b.Blocks {
		if inner.Type == name {
			return inner
		}
	}
	panic("the language has no block " + b.Type + "." + name)
}

func (b Block) attributeNames() []string {
	return names(b.Attributes, func(a Attribute) string { return a.Name })
}

func (b Block) blockNames() []string { return names(b.Blocks, func(b Block) string { return b.Type }) }

// usage is how a block begins: step "NAME", assert ["KIND"].
func (b Block) usage() string {
	switch {
	case b.Optional:
		return b.Type + ` ["` + b.Label + `"]`
	case b.Label != "":
		return b.Type + ` "` + b.Label + `"`
	}
	return b.Type
}
