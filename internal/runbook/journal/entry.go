package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// MaxLine is the most bytes that an entry may take, so that an entry fits into
// one object of a Kubernetes cluster, of which etcd takes about 1 MiB.
const MaxLine = 480 << 10

// Entry is one line of a journal.
type Entry struct {
	Seq  int64 // 1, 2, 3, ...
	Time time.Time
	Kind Kind
	Prev string // hash of the entry before; "" for the first
	Hash string // SHA-256 of the line without it, in hexadecimal
	Data Payload
}

// MarshalJSON gives the line of the entry, for a stream of events.
func (e Entry) MarshalJSON() ([]byte, error) {
	data, err := generic(e.Data)
	if err != nil {
		return nil, err
	}
	return canonical(e.fields(data, e.Hash))
}

func (e Entry) fields(data any, hash string) map[string]any {
	fields := map[string]any{
		"seq":  e.Seq,
		"time": e.Time.UTC().Format(time.RFC3339Nano),
		"kind": e.Kind,
		"prev": e.Prev,
		"data": data,
	}
	if hash != "" {
		fields["hash"] = hash
	}
	return fields
}

// seal gives the entry its hash and returns its line, without the newline. data is the payload as generic JSON.
func (e *Entry) seal(data any) ([]byte, error) {
	unsealed, err := canonical(e.fields(data, ""))
	if err != nil {
		return nil, err
	}
	e.Hash = digest(unsealed)
	return canonical(e.fields(data, e.Hash))
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// parse reads a line and checks that its hash is that of its content. The place in the chain is the reader's to check.
func parse(line []byte) (Entry, error) {
	var e Entry
	value, err := decode(line)
	if err != nil {
		return e, fmt.Errorf("it is not JSON: %w", err)
	}
	fields, ok := value.(map[string]any)
	if !ok {
		return e, errors.New("it is not a JSON object")
	}
	if again, err := canonical(value); err != nil || !bytes.Equal(again, line) {
		return e, errors.New("it is not written as this program writes: it was altered")
	}
	for key := range fields {
		switch key {
		case "seq", "time", "kind", "prev", "data", "hash":
		default:
			return e, fmt.Errorf("it has the field %.40q, which no entry has", key)
		}
	}
	number, _ := fields["seq"].(json.Number)
	if e.Seq, err = number.Int64(); err != nil {
		return e, errors.New("it has no number")
	}
	when, _ := fields["time"].(string)
	if e.Time, err = time.Parse(time.RFC3339Nano, when); err != nil {
		return e, errors.New("it has no time")
	}
	kind, _ := fields["kind"].(string)
	e.Kind = Kind(kind)
	var hashed, chained bool
	e.Hash, hashed = fields["hash"].(string)
	e.Prev, chained = fields["prev"].(string)
	if !hashed || !chained || kind == "" {
		return e, errors.New("it has no kind or no hash")
	}
	delete(fields, "hash")
	unsealed, err := canonical(fields)
	if err != nil {
		return e, err
	}
	if digest(unsealed) != e.Hash {
		return e, errors.New("its hash is not that of its content: it was altered")
	}
	e.Data, err = payload(e.Kind, fields["data"])
	return e, err
}

// payload gives generic JSON the type of its kind.
func payload(kind Kind, data any) (Payload, error) {
	raw, err := canonical(data)
	if err != nil {
		return nil, err
	}
	read, ok := payloads[kind]
	if !ok {
		return Unknown{kind: kind, Raw: raw}, nil
	}
	p, err := read(raw)
	if err != nil {
		return nil, fmt.Errorf("its data is not that of the kind %s: %w", kind, err)
	}
	return p, nil
}

// canonical writes generic JSON with sorted keys, without space and without
// escaping more than JSON asks for. Numbers stay as they were written.
func canonical(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// generic turns a value into maps, lists, strings and numbers.
func generic(v any) (any, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return decode(b)
}

// decode reads exactly one JSON value.
func decode(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the value")
	}
	return v, nil
}

// ParseLine reads one line of a journal without its newline, and checks its hash but not its place in the chain.
func ParseLine(line []byte) (Entry, error) { return parse(line) }
