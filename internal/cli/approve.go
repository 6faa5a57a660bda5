package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/managed-mesh/terraform-provider-asm/internal/report"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// approvalFlags approve steps beforehand.
type approvalFlags struct {
	yes      bool
	steps    []string
	risk     string
	files    []string
	approver string
	valid    time.Duration
}

func (f *approvalFlags) flags(flags *pflag.FlagSet) {
	flags.BoolVar(&f.yes, "yes", false, "approve everything that the run asks, and confirm manual steps as done")
	flags.StringArrayVar(&f.steps, "approve", nil, "approve this step: restart, or restart[\"web\"] (repeatable)")
	flags.StringVar(&f.risk, "approve-risk", "", "approve steps up to this risk: low, medium or high")
	flags.StringArrayVar(&f.files, "approval-file", nil, "JSON file with the approval of one plan (repeatable)")
	flags.StringVar(&f.approver, "approver", "", "approver that the journal records for these flags (default the account on this machine)")
	flags.DurationVar(&f.valid, "approval-valid", time.Hour, "how long an approval given now is valid")
}

// longestFile is how far from now an approval file may expire, where --approval-valid does not allow more.
const longestFile = 7 * 24 * time.Hour

// agree reports whether the flags let plans run that nobody was shown: all of them, or each by a step of it or by its own
// approval file.
func (f *approvalFlags) agree(a engine.Approvals, plans []*runbook.Plan, now time.Time) bool {
	if f.yes || f.risk != "" {
		return true
	}
	for _, p := range plans {
		named := func(step string) bool {
			return slices.ContainsFunc(p.Steps, func(s runbook.PlannedStep) bool {
				return s.Step == step || strings.HasPrefix(s.Step, step+"[")
			})
		}
		approved := func(file *runbook.ApprovalFile) bool {
			return file.Fingerprint == p.Fingerprint && now.Before(file.Expires)
		}
		if !slices.ContainsFunc(f.steps, named) && !slices.ContainsFunc(a.Files, approved) {
			return false
		}
	}
	return len(plans) > 0
}

// read checks the flags. It reports all mistakes at once.
func (f *approvalFlags) read(now time.Time) (engine.Approvals, error) {
	a := engine.Approvals{All: f.yes, Steps: f.steps, UpTo: lang.Risk(f.risk), Approver: f.approver, Valid: f.valid}
	var wrong []error
	if f.risk != "" && (!slices.Contains(lang.Risks(), a.UpTo) || a.UpTo == lang.NoRisk) {
		wrong = append(wrong, fmt.Errorf("--approve-risk: %q is not one of low, medium, high", f.risk))
	}
	if f.valid <= 0 {
		wrong = append(wrong, fmt.Errorf("--approval-valid: %s is not a positive duration", f.valid))
	}
	for _, path := range f.files {
		file, err := readFile(path, "--approval-file", runbook.ReadApprovals)
		if err == nil && file != nil && file.Expires.Sub(now) > max(f.valid, longestFile) {
			err = fmt.Errorf("--approval-file %s: it expires at %s, more than %s from now: a file that lasts approves the same plan again and "+
				"again; let it expire sooner, or allow it with --approval-valid", path, file.Expires.UTC().Format(time.RFC3339),
				max(f.valid, longestFile))
		}
		wrong, a.Files = append(wrong, err), append(a.Files, file)
	}
	if a.Approver == "" {
		a.Approver = account()
	}
	return a, errors.Join(wrong...)
}

// checkSteps refuses approvals of steps that a runbook does not have: otherwise the
// approver would believe that they count.
func (f *approvalFlags) checkSteps(r *lang.Runbook) error {
	var wrong []error
	for _, step := range f.steps {
		name, _, _ := strings.Cut(step, "[")
		if r.Step(name) == nil {
			var names []string
			for _, s := range r.Steps {
				names = append(names, s.Name)
			}
			wrong = append(wrong, fmt.Errorf("--approve: runbook %s has no step %q; it has %s", r.Name, name, strings.Join(names, ", ")))
		}
	}
	return errors.Join(wrong...)
}

// account returns the name of the current user on this machine.
func account() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "unknown user"
}

// asker asks a person at a terminal. It is nil without one.
type asker struct {
	lines <-chan answer
	to    io.Writer
	who   string
	live  *live // hidden while a question is open
}

// answer is a line that a person typed.
type answer struct {
	text string
	at   time.Time // zero for one that a test wrote beforehand
}

// newAsker returns nil unless standard input and standard error are a terminal, or a test answers.
func (p program) newAsker(cmd *cobra.Command, who string) *asker {
	from := p.answers
	if from == nil {
		in, ok := cmd.InOrStdin().(*os.File)
		if !ok || !term.IsTerminal(int(in.Fd())) {
			return nil
		}
		out, ok := cmd.ErrOrStderr().(*os.File)
		if !ok || !term.IsTerminal(int(out.Fd())) {
			return nil
		}
		from = in
	}
	// A read of a terminal cannot be cancelled; it ends with the process. The lines are read as they come, so that it is
	// known which of them were typed before a question.
	lines := make(chan answer, 1000)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(from); s.Scan(); {
			line := answer{text: s.Text()}
			if p.answers == nil {
				line.at = time.Now()
			}
			select {
			case lines <- line:
			case <-cmd.Context().Done():
				return
			}
		}
	}()
	return &asker{lines: lines, to: cmd.ErrOrStderr(), who: who}
}

// whole asks whether to run what was shown.
func (a *asker) whole(ctx context.Context, question string) (bool, error) {
	a.live.hold()
	defer a.live.release()
	fmt.Fprintf(a.to, "\n%s\n  Only \"yes\" is accepted.\n\n  Enter a value: ", question)
	return a.answer(ctx)
}

// gate asks for the approval of one step; it is runbook.Approvals.Ask.
func (a *asker) gate(ctx context.Context, q engine.Question) (bool, string, error) {
	a.live.hold()
	defer a.live.release()
	fmt.Fprintf(a.to, "\n%s on %s: step %s", report.Clean(q.Runbook), report.Clean(q.Target), report.Clean(q.Step))
	if q.Risk != "" && q.Risk != lang.NoRisk {
		fmt.Fprintf(a.to, " (risk: %s)", q.Risk)
	}
	fmt.Fprintln(a.to)
	for line := range strings.Lines(strings.TrimSpace(q.Why)) {
		fmt.Fprintf(a.to, "  %s\n", report.Clean(line))
	}
	if q.Subject != "" {
		fmt.Fprintf(a.to, "  %s\n", report.Clean(q.Subject))
	}
	fields := map[string]bool{}
	for field := range q.Current {
		fields[field] = true
	}
	for field := range q.Desired {
		fields[field] = true
	}
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		from, to := runbook.ShowChange(q.Current[field], q.Desired[field])
		fmt.Fprintf(a.to, "    %s: %s -> %s\n", report.Clean(field), report.Clean(from), report.Clean(to))
	}
	ask := "Go ahead?"
	if q.Person {
		ask = "Is it done? The step is checked again."
	}
	fmt.Fprintf(a.to, "\n%s\n  Only \"yes\" is accepted.\n\n  Enter a value: ", ask)
	ok, err := a.answer(ctx)
	return ok, a.who, err
}

// answer waits for the answer to the question that was just asked. What was typed before is none.
func (a *asker) answer(ctx context.Context) (bool, error) {
	asked := time.Now()
	for {
		select {
		case <-ctx.Done():
			fmt.Fprintln(a.to)
			return false, context.Cause(ctx)
		case line, open := <-a.lines:
			if !open {
				fmt.Fprintln(a.to)
			} else if !line.at.IsZero() && line.at.Before(asked) {
				continue
			}
			return open && strings.TrimSpace(line.text) == "yes", nil
		}
	}
}
