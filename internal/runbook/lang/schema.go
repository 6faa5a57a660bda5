package lang

// Block describes a block of the language: the parser reads by it, and the
// documentation is made from it.
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
	{Name: "error_message", Type: "string", Doc: "What to say when it is not: what is wrong, and what to do."},
}

var assertBlock = Block{
	Type: "assert", Label: "KIND", Optional: true, Once: true, Open: true,
	Doc:        "Fails unless something is so. With a label it is a check of the catalogue; without, a condition of this runbook's own.",
	Attributes: conditionAttributes,
}

var runbookBlock = Block{
	Type: "runbook", Label: "NAME", Doc: "What corrects one problem, step by step. The name is how it is called on the command line.",
	Attributes: []Attribute{
		{Name: "title", Type: "string", Required: true, Constant: true, Doc: "The problem in a few words, for a heading."},
		{Name: "description", Type: "string", Constant: true, Doc: "What the runbook does, and when to use it."},
		{Name: "reference", Type: "string", Constant: true, Doc: "URL of the documentation that the runbook follows."},
		{Name: "fixes", Type: "list(string)", Constant: true, Doc: "Codes of the findings that the runbook corrects. `remediate` chooses by them."},
	},
	Blocks: []Block{
		{Type: "target", Label: "KIND", Once: true, Doc: "What one run is about: `membership` (the default), `cluster`, `project` or `fleet`. It decides what `target` has."},
		{
			Type: "input", Label: "NAME", Doc: "A value that whoever starts a run gives.",
			Attributes: []Attribute{
				{Name: "type", Type: "type", Constant: true, Default: "string", Doc: "`string`, `number`, `bool`, `list(string)`, `map(string)`, `object({…})` and so on, as for a variable of Terraform."},
				{Name: "default", Type: "any", Constant: true, Doc: "Value when none is given. Without one the input must be given."},
				{Name: "description", Type: "string", Constant: true, Doc: "What the value is for."},
				{Name: "sensitive", Type: "bool", Constant: true, Default: "false", Doc: "The value appears in no plan, journal, log or message. A sensitive input has no default other than null, because that would be a secret in a file."},
			},
			Blocks: []Block{{Type: "validation", Doc: "A condition that the value must meet.", Attributes: []Attribute{
				{Name: "condition", Type: "bool", Required: true, Doc: "Expression over `input` that must be true."},
				{Name: "error_message", Type: "string", Required: true, Doc: "What to say when it is not."},
			}}},
		},
		{Type: "locals", Open: true, Doc: "Names for expressions. They may use each other, and what steps found out."},
		{
			Type: "step", Label: "NAME", Doc: "One step: exactly one of `ensure`, `assert`, `wait`, `approve` and `instruct`, and when and how it is done. Steps run in the order in which they are written, except that what a step needs comes first.",
			Attributes: []Attribute{
				{Name: "when", Type: "bool", Default: "true", Doc: "The step is skipped when this is false."},
				{Name: "for_each", Type: "set, list or map", Doc: "The step is done once for each element; `each.key` and `each.value` tell which. The elements of a list or set must be strings."},
				{Name: "depends_on", Type: "list of steps", Constant: true, Doc: "Steps that must have ended before, such as `[step.enable-api]`. Steps that an expression reads need not be listed."},
				{Name: "approval", Type: "string", Doc: "Someone must agree to this text before the step is done."},
				{Name: "timeout", Type: "duration", Doc: "How long the step may take, such as `\"10m\"`."},
				{Name: "on_failure", Type: "string", Constant: true, Default: "stop", Doc: "`stop` starts nothing further, `continue` goes on with steps that do not need this one, `undo` takes back what the run changed."},
			},
			Blocks: []Block{
				{Type: "ensure", Label: "KIND", Once: true, Open: true, Doc: "A checked change of the catalogue: it is checked, made when it is missing, and checked again."},
				assertBlock,
				{
					Type: "wait", Label: "KIND", Once: true, Open: true, Doc: "Waits for something of the catalogue. Which states mean success, progress and failure the catalogue says.",
					Attributes: []Attribute{
						{Name: "timeout", Type: "duration", Doc: "How long to wait at most."},
						{Name: "interval", Type: "duration", Doc: "Pause between two looks."},
						{Name: "consecutive", Type: "number", Default: "1", Doc: "How many looks in a row must see success."},
					},
				},
				{
					Type: "approve", Once: true, Doc: "Someone must agree before the run goes on.",
					Attributes: []Attribute{
						{Name: "message", Type: "string", Required: true, Doc: "What is agreed to."},
						{Name: "risk", Type: "string", Constant: true, Default: "medium", Doc: "`none`, `low`, `medium` or `high`; a run can be started so that it approves up to a risk by itself."},
					},
				},
				{
					Type: "instruct", Once: true, Doc: "Something that only a person can do.",
					Attributes: []Attribute{{Name: "text", Type: "string", Required: true, Doc: "What to do, with the commands."}},
					Blocks: []Block{{
						Type: "verify", Label: "KIND", Optional: true, Once: true, Open: true, Attributes: conditionAttributes,
						Doc: "How it is known that it was done, written as an `assert`. Without it the person's word is taken.",
					}},
				},
				{
					Type: "retry", Once: true, Doc: "The step is tried again when it failed for a reason that may pass, such as a quota.",
					Attributes: []Attribute{
						{Name: "attempts", Type: "number", Required: true, Doc: "How often the step is tried at most, from 1 to 20."},
						{Name: "backoff", Type: "duration", Default: "1s", Doc: "Pause before the second attempt; it grows from one to the next."},
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
