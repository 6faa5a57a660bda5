package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/managed-mesh/terraform-provider-asm/internal/report"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
)

type auditFlags struct {
	stateFlags
	head    string
	outputs outputs
}

func newRunbookAudit() *cobra.Command {
	f := auditFlags{outputs: listOutputs()}
	cmd := &cobra.Command{
		Use:   "audit [RUN...]",
		Short: "Verify that journals are unaltered",
		Long: `Verify the journals of the named runs, or of all runs: each entry has the hash of
its content and of the entry before it, so that the audit finds an altered, removed
or inserted entry, with its line.

A chain of hashes does not show that its end was cut off: keep the last hash,
which this command prints, elsewhere, and give it with --head.

Exit codes: 0 intact, 1 a journal is not intact or cannot be read.`,
		Example: `  terraform-provider-asm runbook audit 20261122-145012-k7q2m9xw --head 5c0f…`,
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.head, "head", "", "hash that an earlier audit printed; the journal must still contain it")
	f.outputs.flag(flags)
	f.flags(flags)
	return cmd
}

// audited is the result for one run, as JSON.
type audited struct {
	Run      string `json:"run"`
	Intact   bool   `json:"intact"`
	Entries  int    `json:"entries"` // intact ones
	Head     string `json:"head"`    // hash of the last intact entry
	Finished bool   `json:"finished"`
	Torn     int64  `json:"torn_bytes,omitempty"` // of an entry that a crash cut off
	Error    string `json:"error,omitempty"`
}

func (f *auditFlags) run(cmd *cobra.Command, typed []string) error {
	var err error
	if f.head != "" && len(typed) != 1 {
		err = errors.New("--head: name the one run whose hash it is")
	}
	var runs []string
	for _, name := range typed {
		id, wrong := journal.ParseID(name)
		runs, err = append(runs, id), errors.Join(err, wrong)
	}
	if err != nil {
		return err
	}
	journals, err := f.open(nil, journal.NewRedactor())
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		infos, err := journals.List(cmd.Context(), store.Filter{})
		if err != nil {
			return err
		}
		for _, info := range infos {
			runs = append(runs, info.Run)
		}
		if len(runs) == 0 && (f.dir != "" || f.namespace != "") {
			return fmt.Errorf("no journal is kept in %s, so nothing was audited: look whether it is misspelt", f.where())
		}
	}
	all, bad := []audited{}, 0
	for _, run := range runs {
		one := f.audit(cmd, journals, run)
		if all = append(all, one); !one.Intact {
			bad++
		}
	}
	list := &report.List{JSON: all, Table: func(w io.Writer, _ report.Options) error { return printAudit(w, all) }}
	if err := f.outputs.print(cmd.OutOrStdout(), list); err != nil {
		return err
	}
	if bad > 0 {
		return fmt.Errorf("%s of %d not intact", report.Plural(bad, "journal"), len(all))
	}
	return nil
}

func (f *auditFlags) audit(cmd *cobra.Command, journals store.Store, run string) audited {
	one := audited{Run: run}
	reader, err := journals.Read(cmd.Context(), run)
	if err != nil {
		one.Error = err.Error()
		return one
	}
	defer reader.Close()
	found := f.head == ""
	for {
		e, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			one.Error = err.Error()
			return one
		}
		one.Entries++
		one.Head, one.Finished = e.Hash, e.Kind == journal.KindRunFinished
		found = found || len(f.head) >= 12 && strings.HasPrefix(e.Hash, strings.ToLower(f.head))
	}
	one.Torn = reader.Torn()
	switch {
	case !found:
		one.Error = fmt.Sprintf("no entry has the hash %.12s: the end of the journal was cut off, or the hash is of another run", f.head)
	case one.Entries == 0:
		one.Error = "the journal is empty"
	default:
		one.Intact = true
	}
	return one
}

func printAudit(w io.Writer, all []audited) error {
	for _, one := range all {
		text := fmt.Sprintf("run %s: intact, %s, head %s", one.Run, report.Plural(one.Entries, "entry"), one.Head)
		switch {
		case one.Error != "":
			text = fmt.Sprintf("run %s: NOT INTACT: %s", one.Run, report.Clean(one.Error))
		case !one.Finished:
			text += ", not finished"
		}
		if one.Torn > 0 {
			text += fmt.Sprintf("; a crash left %d bytes of an entry, which resume cuts off", one.Torn)
		}
		if _, err := fmt.Fprintln(w, text); err != nil {
			return err
		}
	}
	return nil
}
