package guard

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/hashicorp/go-version"
)

var errNoPlan = errors.New("its resource_changes are not as Terraform writes them; " + howTo)

const howTo = "make it with: terraform plan -out=PLANFILE && terraform show -json PLANFILE > plan.json"

// document is a plan as far as the guard needs it.
type planFile struct {
	Format, Terraform   string
	Errored             bool
	Complete, Applyable *bool
	changes             []*change
	deferred            []*change
	resources           int
	planned, values     bool // planned_values, resource_changes or prior_state; values of a state
	level, lineage      bool // a line of a log; a state file
}

// read reads a plan from a stream: only the changes of types that can matter are held in memory, and of these only the
// attributes that are judged.
func read(from io.Reader) (*planFile, error) {
	buffered := bufio.NewReaderSize(from, 1<<16)
	if err := recognise(buffered); err != nil {
		return nil, err
	}
	d := &planFile{}
	dec := jsontext.NewDecoder(buffered)
	if err := d.decode(dec); err != nil {
		var syntax *jsontext.SyntacticError
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("it ends in the middle: the command that wrote it failed, or the file was cut off; %s", howTo)
		}
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("it is not JSON of a plan: %w; %s", err, howTo)
		}
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after the plan; give each plan as a file of its own")
	}
	return d, nil
}

// recognise says what was given in the place of JSON. It drops the mark that PowerShell's redirection writes.
func recognise(r *bufio.Reader) error {
	head, err := r.Peek(4)
	if len(head) == 0 && err != nil {
		if !errors.Is(err, io.EOF) {
			return err
		}
		return errors.New("it is empty: the command before it failed, or wrote elsewhere; " + howTo)
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return errors.New("it is the plan file itself, not its JSON; " + howTo)
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return errors.New("it is UTF-16, as the redirection of PowerShell 5 writes; use: terraform show -json PLANFILE | Out-File -Encoding " +
			"utf8 plan.json")
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, _ = r.Discard(3)
	}
	for {
		b, err := r.ReadByte()
		if err != nil {
			return errors.New("it is empty: the command before it failed, or wrote elsewhere; " + howTo)
		}
		switch b {
		case ' ', '\t', '\r', '\n':
		case '{':
			return r.UnreadByte()
		default:
			return errors.New("it is not JSON of a plan; a wrapper around terraform may have written into it " +
				"(setup-terraform: terraform_wrapper: false); " + howTo)
		}
	}
}

func (d *planFile) decode(dec *jsontext.Decoder) error {
	return members(dec, func(name string) error {
		switch name {
		case "resource_changes":
			d.planned = true
			return elements(dec, func() error {
				d.resources++
				return d.change(dec, &d.changes)
			})
		case "deferred_changes":
			return elements(dec, func() error {
				return members(dec, func(name string) error {
					if name != "resource_change" {
						return dec.SkipValue()
					}
					return d.change(dec, &d.deferred)
				})
			})
		case "format_version", "terraform_version":
			raw, err := dec.ReadValue()
			if err != nil {
				return err
			}
			var text string
			_ = json.Unmarshal(raw, &text)
			if name == "format_version" {
				d.Format = text
			} else {
				d.Terraform = text
			}
			return nil
		case "errored":
			raw, err := dec.ReadValue()
			d.Errored = string(raw) != "false" && string(raw) != "null" && err == nil
			return err
		case "complete":
			return boolean(dec, &d.Complete)
		case "applyable":
			return boolean(dec, &d.Applyable)
		case "planned_values", "prior_state":
			d.planned = true
		case "values":
			d.values = true
		case "@level":
			d.level = true
		case "lineage":
			d.lineage = true
		}
		return dec.SkipValue()
	})
}

func boolean(dec *jsontext.Decoder, into **bool) error {
	raw, err := dec.ReadValue()
	if err == nil && (string(raw) == "true" || string(raw) == "false") {
		b := string(raw) == "true"
		*into = &b
	}
	return err
}

// check says what was given in the place of a plan.
func (d *planFile) check() error {
	switch {
	case d.level:
		return errors.New("it is the log of terraform plan -json, not the plan; " + howTo)
	case d.lineage:
		return errors.New("it is a state file, not a plan: a state says what is, not what would change; " + howTo)
	case d.Format == "":
		return errors.New("it has no format_version, so it is no plan; " + howTo)
	case d.values && !d.planned:
		return errors.New("it is a state, not a plan: a state says what is, not what would change; " + howTo)
	}
	if format, err := version.NewVersion(d.Format); err != nil || format.Segments()[0] != 1 {
		return fmt.Errorf("format_version is %q; this version reads 1.x", d.Format)
	}
	if !d.planned {
		return errors.New("it has neither planned_values nor resource_changes nor prior_state, so it is no plan; " + howTo)
	}
	return nil
}

// change reads an entry of resource_changes. Terraform writes its type before its change: of types that cannot matter,
// nothing is kept.
func (d *planFile) change(dec *jsontext.Decoder, into *[]*change) error {
	if dec.PeekKind() != '{' {
		if _, err := dec.ReadValue(); err != nil {
			return err
		}
		return errNoPlan
	}
	c := &change{index: len(*into)}
	mode, decoded := "", false
	var raw jsontext.Value
	err := members(dec, func(name string) error {
		var text *string
		switch name {
		case "address":
			text = &c.address
		case "type":
			text = &c.kind
		case "mode":
			text = &mode
		case "deposed":
			text = &c.deposed
		case "change":
			if c.kind == "" { // Terraform writes the type first
				read, err := dec.ReadValue()
				raw = read.Clone()
				return err
			}
			row, known := rows[c.kind]
			if !known {
				return dec.SkipValue()
			}
			decoded = true
			return c.decode(dec, row)
		default:
			return dec.SkipValue()
		}
		read, err := dec.ReadValue()
		if err == nil {
			_ = json.Unmarshal(read, text)
		}
		return err
	})
	if err != nil {
		return err
	}
	if c.kind == "" {
		return errNoPlan
	}
	row, known := rows[c.kind]
	if !known || mode != "managed" && mode != "" {
		return nil
	}
	if !decoded {
		if err := c.decode(jsontext.NewDecoder(bytes.NewReader(raw)), row); err != nil && len(raw) > 0 {
			return err
		}
	}
	if c.rests() && !row.witness {
		return nil
	}
	if reflect.DeepEqual(c.before.raw, c.after.raw) {
		c.after.raw = c.before.raw // held once
	}
	*into = append(*into, c)
	return nil
}

// decode reads what a plan has of a change, as far as its row reads it.
func (c *change) decode(dec *jsontext.Decoder, row row) error {
	c.actions = []string{"(missing)"}
	return members(dec, func(name string) error {
		var into *any
		switch name {
		case "actions":
			read, err := dec.ReadValue()
			var actions []string
			if err == nil && json.Unmarshal(read, &actions) == nil && len(actions) > 0 {
				c.actions = actions
			}
			return err
		case "before":
			into = &c.before.raw
		case "after":
			into = &c.after.raw
		case "after_unknown":
			into = &c.after.unknown
		case "before_sensitive":
			into = &c.before.secret
		case "after_sensitive":
			into = &c.after.secret
		default:
			return dec.SkipValue()
		}
		v, err := decodeAs(dec, row.reads)
		*into = v
		if name == "before" || name == "after" {
			shrink(v)
		}
		return err
	})
}

// paths are the members of an object that are read, with those that are read of them; nil reads everything.
type paths map[string]paths

// decodeAs reads a value, and of objects only what is in the paths. Lists are read as their elements.
func decodeAs(dec *jsontext.Decoder, of paths) (any, error) {
	switch dec.PeekKind() {
	case '{':
		object := map[string]any{}
		return object, members(dec, func(name string) error {
			inner, wanted := of[name]
			if of != nil && !wanted {
				return dec.SkipValue()
			}
			v, err := decodeAs(dec, inner)
			object[name] = v
			return err
		})
	case '[':
		list := []any{}
		err := elementsInto(dec, of, &list)
		return list, err
	}
	token, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	switch token.Kind() {
	case '"':
		return token.String(), nil
	case '0':
		number, _ := token.Float() // one that is too large is the largest
		return number, nil
	case 't', 'f':
		return token.Bool(), nil
	}
	return nil, nil
}

func elementsInto(dec *jsontext.Decoder, of paths, list *[]any) error {
	return elements(dec, func() error {
		v, err := decodeAs(dec, of)
		*list = append(*list, v)
		return err
	})
}

// shrink drops what the rows of IAM never look at, so that 200 MB of policies need not be held.
func shrink(v any) {
	object, is := v.(map[string]any)
	if !is {
		return
	}
	if data, is := object["policy_data"].(string); is {
		object["policy_data"] = onlyAgents(data)
	}
	if list, is := object["members"].([]any); is {
		object["members"] = slices.DeleteFunc(list, func(m any) bool {
			s, is := m.(string)
			return is && agentOf(s) == ""
		})
	}
}

// members calls each for the members of an object; each reads the value. What is no object is skipped.
func members(dec *jsontext.Decoder, each func(name string) error) error {
	if dec.PeekKind() != '{' {
		return dec.SkipValue()
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() == '"' {
		token, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if err := each(token.String()); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken() // the closing brace, or what is wrong
	return err
}

// elements calls each for the elements of a list; each reads one.
func elements(dec *jsontext.Decoder, each func() error) error {
	switch dec.PeekKind() {
	case '[':
	case 'n':
		return dec.SkipValue()
	default:
		if _, err := dec.ReadValue(); err != nil {
			return err
		}
		return errNoPlan
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for k := dec.PeekKind(); k != ']' && k != jsontext.Kind(0); k = dec.PeekKind() {
		if err := each(); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}
