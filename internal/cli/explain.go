package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/explain"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
)

// maxExplained limits the text to search for messages, in bytes.
const maxExplained = 16 << 20

const findingsGuide = "https://github.com/managed-mesh/terraform-provider-asm/blob/main/docs/guides/findings.md"

type explainFlags struct {
	outputs outputs
	list    bool
}

func newExplain() *cobra.Command {
	f := explainFlags{outputs: listOutputs()}
	cmd := &cobra.Command{
		Use:   "explain TEXT...|CODE|-",
		Short: "Explain a message of the mesh: its cause and what to do next",
		Long: `Explain a message: an error of asmcli, gcloud, kubectl, Helm or Terraform, a log
entry, a condition or state of the mesh, with any text around it; or a whole
output, such as that of "gcloud container fleet mesh describe" or "kubectl get
-o yaml": it says which membership or object each explanation is about. Root
causes come first. For the code of a finding, stop or condition it shows the
entry in the catalogue. It makes no request.

A message that other products print, too, is explained only where the text is
about a managed mesh. Nothing is called well beside an error.

Without TEXT, or with -, it reads standard input.

Exit codes: 0 known, 4 unknown, 1 error.`,
		Example: `  terraform-provider-asm explain 'Revision(s) reporting unhealthy: asm-managed'
  gcloud container fleet mesh describe | terraform-provider-asm explain
  kubectl describe controlplanerevisions -n istio-system | terraform-provider-asm explain
  terraform-provider-asm explain workload-pool-missing
  terraform-provider-asm explain --list`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.list {
				if len(args) > 0 {
					return errors.New("--list: leave out the text")
				}
				return f.outputs.print(cmd.OutOrStdout(), listOfCodes())
			}
			text, err := pasted(cmd.InOrStdin(), args)
			if err != nil {
				return err
			}
			return f.explain(cmd.OutOrStdout(), text)
		},
	}
	flags := cmd.Flags()
	f.outputs.flag(flags)
	flags.BoolVar(&f.list, "list", false, "list the codes of all findings, stops and conditions, and exit")
	return cmd
}

// pasted returns the text to explain.
func pasted(stdin io.Reader, args []string) (string, error) {
	const nothing = "no text to explain: give the message as an argument, or on standard input"
	if len(args) > 0 && !slices.Equal(args, []string{"-"}) {
		return strings.Join(args, " "), nil
	}
	if f, ok := stdin.(*os.File); ok && len(args) == 0 && term.IsTerminal(int(f.Fd())) {
		return "", errors.New(nothing)
	}
	raw, err := io.ReadAll(io.LimitReader(stdin, maxExplained+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("reading standard input: %w", err)
	case len(raw) > maxExplained:
		return "", fmt.Errorf("standard input has more than %d MiB: give only the part with the message", maxExplained>>20)
	case strings.TrimSpace(string(raw)) == "":
		return "", errors.New(nothing)
	}
	return string(raw), nil
}

// explained is the JSON of an explanation.
type explained struct {
	Known        bool                  `json:"known"`
	Explanations []explain.Explanation `json:"explanations"`
}

func (f *explainFlags) explain(w io.Writer, text string) error {
	found := explained{Explanations: []explain.Explanation{}}
	found.Explanations = append(found.Explanations, explain.Explain(text)...)
	found.Known = len(found.Explanations) > 0
	err := f.outputs.print(w, &report.List{JSON: found, Table: func(w io.Writer, o report.Options) error {
		printExplanations(newPage(w, o), found, text)
		return nil
	}})
	if err != nil {
		return err
	}
	if !found.Known {
		return exit(diagnosis.ExitUnknown)
	}
	return nil
}

func printExplanations(p *page, found explained, text string) {
	if !found.Known {
		p.text("", p.Paint("1", "Not known."))
		p.text("", "This version recognises no message in this text. That says nothing about the mesh.")
		fmt.Fprintln(p.w)
		p.command("Next", "terraform-provider-asm diagnose --fleet-project=PROJECT")
		p.command("Codes", "terraform-provider-asm explain --list")
		p.command("Findings", findingsGuide)
	}
	for i, x := range found.Explanations {
		if i > 0 {
			fmt.Fprintln(p.w)
		}
		p.explanation(x, strings.EqualFold(strings.TrimSpace(text), string(x.Code)))
	}
}

// explanation writes one explanation; for a code, its whole entry.
func (p *page) explanation(x explain.Explanation, entry bool) {
	name := string(x.Code)
	if x.Detail != "" {
		name += " (" + x.Detail + ")"
	}
	p.text("", p.Paint(severityColors[x.Severity], string(x.Severity))+"  "+p.Paint("1", report.Clean(x.Title)))
	p.item("Code", name)
	p.item("About", strings.Join(x.Subjects, ", "))
	p.item("Means", x.Means)
	p.item("Cause", x.Cause)
	if !entry {
		p.item("Recognised", x.Evidence)
	}
	for _, variable := range slices.Sorted(maps.Keys(x.Variables)) {
		p.item("Named in it", variable+" = "+x.Variables[variable])
	}
	p.item("Remedy", x.Remedy)
	p.command("Next", x.NextCommand)
	p.item("Corrected by", x.FixedBy)
	if x.Runbook != "" {
		p.command("Runbook", "terraform-provider-asm runbook plan "+x.Runbook+" --membership="+membershipOf(x.Variables))
	}
	p.item("Usually from", codes(x.Roots))
	if entry {
		d := catalogue.Describe(x.Code)
		p.item("Judged by", d.JudgedBy)
		p.item("Causes", codes(d.Blocks))
	}
	known := "established"
	if !x.Established {
		known = "inferred, in part or in whole"
	}
	p.item("Known", known)
	p.item("Source", x.Source)
	p.command("See", x.DocURL)
}

// membershipOf returns the membership that a text names, with capitals for the parts that it lacks.
func membershipOf(variables map[string]string) string {
	part := func(name string) string {
		if v := variables[name]; v != "" && runbook.ShellWord(v) == v {
			return v
		}
		return strings.ToUpper(name)
	}
	return fmt.Sprintf("projects/%s/locations/%s/memberships/%s", part("project"), part("location"), part("membership"))
}

func codes(list []catalogue.Code) string {
	var names []string
	for _, c := range list {
		names = append(names, string(c))
	}
	return strings.Join(names, ", ")
}

// code is one line of --list.
type code struct {
	Code     string             `json:"code"`
	Type     string             `json:"type"` // finding, stop, condition
	Severity catalogue.Severity `json:"severity,omitempty"`
	Title    string             `json:"title"`
}

func listOfCodes() *report.List {
	var all []code
	for _, d := range catalogue.Catalogue() {
		all = append(all, code{string(d.Code), "finding", d.Severity, d.Title})
	}
	for _, s := range catalogue.StopCodes() {
		all = append(all, code{string(s.Code), "stop", "", s.Explanation})
	}
	for _, c := range catalogue.Conditions() {
		all = append(all, code{c.Code, "condition", "", c.Means})
	}
	var rows [][]string
	for _, c := range all {
		rows = append(rows, []string{c.Code, c.Type, c.Title})
	}
	return &report.List{JSON: all, Table: report.Rows(nil, rows)}
}
