package cli

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
)

// sessionFlags are those of every command that works with runs: the identity, the store of runs, and where events go.
type sessionFlags struct {
	connection
	stateFlags
	events eventFlags
}

func (f *sessionFlags) flags(flags *pflag.FlagSet) {
	f.connection.flags(flags)
	f.stateFlags.flags(flags)
}

// session is the engine of a command, with its terminal and its outputs.
type session struct {
	*engine.Engine
	program program
	cmd     *cobra.Command
	flags   *sessionFlags
	sinks   *writers
	live    *live
	events  func() error // closes their stream
}

// withSession opens the outputs and the engine, which makes no request yet, calls do and closes both. Its error has no
// secrets in it. An event that could not be written is an error, too.
func (f *sessionFlags) withSession(cmd *cobra.Command, p program, out outputs, do func(ctx context.Context, s *session) error) error {
	sinks, err := out.open(cmd.OutOrStdout())
	if err != nil {
		return err
	}
	defer sinks.close()
	s, err := f.open(cmd, p)
	if err != nil {
		return err
	}
	s.sinks = sinks
	err = quiet(s.Redactor, do(cmd.Context(), s))
	closed := s.events()
	var code exitCode
	if closed != nil && (err == nil || errors.As(err, &code)) {
		return unreported(closed, int(code), s.live.ran())
	}
	return err
}

func (f *sessionFlags) open(cmd *cobra.Command, p program) (*session, error) {
	redactor := journal.NewRedactor()
	// Journals have the machine's time, whatever the clock of the waits is.
	journals, err := f.stateFlags.open(nil, redactor)
	if err != nil {
		return nil, err
	}
	reader, err := f.openAt(cmd.Context(), p.version, p.clock)
	if err != nil {
		return nil, err
	}
	e := &engine.Engine{
		Client: reader.Client, Clusters: reader.Clusters, Store: journals, Redactor: redactor, Clock: p.clock, Version: p.version,
		Reason: f.reason, Signer: store.ApprovalSigner(),
	}
	s := &session{Engine: e, program: p, cmd: cmd, flags: f}
	if s.live, s.events, err = f.events.open(cmd.ErrOrStderr()); err != nil {
		return nil, err
	}
	e.Events = s.live.onEvent
	return s, nil
}

// askAt lets gates ask at the terminal. It returns nil where there is none.
func (s *session) askAt(approvals *engine.Approvals) *asker {
	ask := s.program.newAsker(s.cmd, approvals.Approver)
	if ask != nil {
		ask.live = s.live
		approvals.Ask = ask.gate
	}
	return ask
}

// tool is the name and version for documents.
func (s *session) tool() string { return "terraform-provider-asm " + s.Version }

// again returns the flags with which resume finds the run, under the same identity.
func (s *session) again() string { return s.flags.stateFlags.again() + s.flags.connection.again() }

// complete adds the flags to the next command of a result, so that it can be copied.
func (s *session) complete(r *runbook.Result) {
	if strings.HasPrefix(r.Next, resumes) {
		r.Next += s.again()
	}
}

const resumes = "terraform-provider-asm runbook resume "

// withoutSecrets returns a document without known or likely secrets.
func withoutSecrets[T any](r *journal.Redactor, document T) (T, error) {
	var clean T
	raw, err := json.Marshal(document)
	if err != nil {
		return clean, err
	}
	var generic any
	if err := json.Unmarshal(raw, &generic); err != nil {
		return clean, err
	}
	if raw, err = json.Marshal(r.Value(generic)); err != nil {
		return clean, err
	}
	return clean, json.Unmarshal(raw, &clean)
}

// quiet returns an error without known or likely secrets.
func quiet(r *journal.Redactor, err error) error {
	var code exitCode
	if err == nil || errors.As(err, &code) {
		return err
	}
	all := parts(err)
	for i, one := range all {
		all[i] = &quietError{r.String(one.Error()), one}
	}
	return errors.Join(all...)
}

type quietError struct {
	text  string
	cause error
}

func (e *quietError) Error() string { return e.text }
func (e *quietError) Unwrap() error { return e.cause }

// findRun returns the ID of the run that a person typed.
func findRun(ctx context.Context, journals store.Store, typed string) (string, error) {
	id, err := journal.ParseID(typed)
	if err != nil {
		return "", err
	}
	reader, err := journals.Read(ctx, id)
	if err != nil {
		return "", err
	}
	return id, reader.Close()
}
