package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

func TestEveryByteIsChained(t *testing.T) {
	text := content(t, write(t, Options{}, story...))
	if v, err := Verify(NewReader(bytes.NewReader(text))); err != nil || !v.OK() || !v.Finished || v.Entries != len(story) || v.Head == "" {
		t.Fatalf("untouched, it is %+v, %v", v, err)
	}
	for i := range text {
		altered := bytes.Clone(text)
		altered[i] ^= 0x01
		line := bytes.Count(text[:i], []byte("\n")) + 1
		v, err := Verify(NewReader(bytes.NewReader(altered)))
		if err != nil {
			t.Fatal(err)
		}
		if i == len(text)-1 { // without its newline the last line is one that was not finished
			if v.Entries != len(story)-1 || v.Torn == 0 {
				t.Errorf("the last newline altered, it is %+v", v)
			}
			continue
		}
		if v.OK() || v.Broken.Line != line || v.Entries != line-1 {
			t.Errorf("byte %d (line %d) altered, it is %+v", i, line, v)
		}
	}
}

func TestLinesOutOfPlace(t *testing.T) {
	lines := bytes.SplitAfter(content(t, write(t, Options{}, story[:6]...)), []byte("\n"))[:6]
	// A line with a good hash of its own, but not of this chain.
	other := bytes.SplitAfter(content(t, write(t, Options{Clock: wait.NewManual(noon.Add(time.Second))}, story[:6]...)), []byte("\n"))[:6]
	for name, c := range map[string]struct {
		lines [][]byte
		line  int
		why   string
	}{
		"taken out":          {slices.Concat(lines[:2], lines[3:]), 3, "1 are missing"},
		"the first":          {lines[1:], 1, "missing"},
		"twice":              {slices.Concat(lines[:3], lines[2:]), 4, "put there"},
		"of another journal": {slices.Concat(lines[:3], other[3:4], lines[4:]), 4, "replaced"},
		"space added":        {slices.Concat(lines[:1], [][]byte{append([]byte(" "), lines[1]...)}, lines[2:]), 2, "altered"},
		"empty":              {slices.Concat(lines[:1], [][]byte{[]byte("\n")}, lines[1:]), 2, "not JSON"},
		"not an entry":       {slices.Concat(lines[:1], [][]byte{[]byte("[]\n")}), 2, "not a JSON object"},
		"endless":            {slices.Concat(lines[:1], [][]byte{bytes.Repeat([]byte("x"), 2*MaxLine)}), 2, "longer than"},
	} {
		v, err := Verify(NewReader(bytes.NewReader(bytes.Join(c.lines, nil))))
		if err != nil || v.OK() || v.Broken.Line != c.line || !strings.Contains(v.Broken.Why, c.why) {
			t.Errorf("%s: %+v, %v; want line %d, %s", name, v.Broken, err, c.line, c.why)
		}
	}
}

func TestOpenTouchesNothingThatIsBroken(t *testing.T) {
	path := write(t, Options{}, story...)
	text := bytes.Replace(content(t, path), []byte("alice"), []byte("mallo"), 1)
	text = append(text, "torn"...)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	var broken *BrokenError
	if _, _, _, err := OpenFile(path); !errors.As(err, &broken) || broken.Line != 1 || !strings.Contains(err.Error(), path) {
		t.Errorf("opened with %v", err)
	}
	if !bytes.Equal(content(t, path), text) {
		t.Error("the file was changed")
	}
}

func TestEntriesComeBackAsTheyWereWritten(t *testing.T) {
	all := entries(t, content(t, write(t, Options{}, story...)))
	for i, e := range all {
		want, _ := json.Marshal(story[i])
		got, _ := json.Marshal(e.Data)
		if !bytes.Equal(got, want) || e.Kind != story[i].Kind() || e.Seq != int64(i+1) || !e.Time.Equal(noon) {
			t.Errorf("entry %d is %s %s, want %s", i+1, e.Kind, got, want)
		}
		again, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if same, err := ParseLine(again); err != nil || same.Hash != e.Hash {
			t.Errorf("as an event, entry %d is %s: %v", i+1, again, err)
		}
	}
	if len(payloads) != 16 {
		t.Errorf("%d kinds can be read, and there are 16", len(payloads))
	}
}

// A later version's entries are intact, though this one cannot go on with them.
func TestKindOfALaterVersion(t *testing.T) {
	text := content(t, write(t, Options{}, story[0], Unknown{kind: "promised", Raw: json.RawMessage(`{"by":"x"}`)}))
	if v, err := Verify(NewReader(bytes.NewReader(text))); err != nil || !v.OK() || v.Entries != 2 {
		t.Errorf("it is %+v, %v", v, err)
	}
	if _, err := Fold(entries(t, text)); err == nil || !strings.Contains(err.Error(), "promised") {
		t.Errorf("it is folded with %v", err)
	}
}

func TestClockThatRunsBackwards(t *testing.T) {
	c := wait.NewManual(noon)
	path := write(t, Options{Clock: c}, story[0])
	f, got, _, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c.Advance(-48 * time.Hour)
	w := NewWriter(f, got[0], Options{Clock: c})
	for _, p := range story[1:] {
		if _, err := w.Append(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	all := entries(t, content(t, path))
	if s, err := Fold(all); err != nil || s.Outcome != Failed || s.Step("one").Status != Verified {
		t.Errorf("it comes to %+v, %v", s, err)
	}
}

// What was done is recorded though the run is being stopped; nothing is begun.
func TestAppendAfterTheRunWasStopped(t *testing.T) {
	path := write(t, Options{}, story[:6]...)
	f, got, _, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := NewWriter(f, got[len(got)-1], Options{Guard: attentive{}})
	for _, p := range []Payload{story[4], story[5]} {
		if _, err := w.Append(ctx, p); !errors.Is(err, context.Canceled) {
			t.Errorf("%s was stored with %v", p.Kind(), err)
		}
	}
	if _, err := w.Append(ctx, story[6]); err != nil {
		t.Error(err)
	}
	if n := len(entries(t, content(t, path))); n != 7 {
		t.Errorf("there are %d entries, want 7", n)
	}
}

func TestEntryThatIsTooLarge(t *testing.T) {
	path := write(t, Options{}, story[0])
	f, got, _, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	w := NewWriter(f, got[0], Options{})
	if _, err := w.Append(t.Context(), Note{Text: strings.Repeat("x ", MaxLine)}); err == nil || !strings.Contains(err.Error(), "split it") {
		t.Errorf("it was stored with %v", err)
	}
	if _, err := w.Append(t.Context(), Note{Text: strings.Repeat("x ", MaxLine/2-500)}); err != nil {
		t.Error(err)
	}
	if n := len(entries(t, content(t, path))); n != 2 {
		t.Errorf("there are %d entries, want 2", n)
	}
}

// attentive is a guard that asks somebody, and so ends with its context.
type attentive struct{}

func (attentive) Guard(ctx context.Context, write func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return write(ctx)
}

type guard struct{ err error }

func (g *guard) Guard(ctx context.Context, write func(context.Context) error) error {
	if g.err != nil {
		return g.err
	}
	return write(ctx)
}

func TestGuardIsAskedBeforeEachEntry(t *testing.T) {
	g := &guard{}
	path := write(t, Options{}, story[0])
	f, got, _, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	w := NewWriter(f, got[0], Options{Guard: g})
	if _, err := w.Append(t.Context(), story[1]); err != nil {
		t.Fatal(err)
	}
	before := content(t, path)
	lost := errors.New("lost")
	g.err = lost
	if _, err := w.Append(t.Context(), story[5]); !errors.Is(err, lost) {
		t.Errorf("it was stored with %v", err)
	}
	g.err = nil
	if _, err := w.Append(t.Context(), story[5]); !errors.Is(err, lost) {
		t.Errorf("afterwards it was stored with %v", err)
	}
	if !bytes.Equal(content(t, path), before) {
		t.Error("something was written")
	}
}

func TestManyWriteAtOnce(t *testing.T) {
	path := write(t, Options{}, story[0])
	f, got, _, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	w := NewWriter(f, got[0], Options{Redactor: NewRedactor("hunter22")})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				if _, err := w.Append(t.Context(), Note{Text: "hunter22"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if n := len(entries(t, content(t, path))); n != 161 {
		t.Errorf("there are %d entries, want 161", n)
	}
}

func TestNames(t *testing.T) {
	last := ""
	for i := range 200 {
		id := NewID(noon.Add(time.Duration(i) * 2 * time.Millisecond))
		if id <= last {
			t.Errorf("%s comes after %s", id, last)
		}
		last = id
		if same, err := ParseID(" " + strings.ToUpper(id)); err != nil || same != id {
			t.Errorf("%s is read as %s, %v", id, same, err)
		}
	}
	if id, err := ParseID("2o261122-l45012-k7q2m9xw"); err != nil || id != "20261122-145012-k7q2m9xw" {
		t.Errorf("read as %s, %v", id, err)
	}
	for _, bad := range []string{"", "x", "../../etc/passwd", last + "/..", last + "x", "20261122-145012-k7q2m9xu"} {
		if id, err := ParseID(bad); err == nil {
			t.Errorf("%q is read as %s", bad, id)
		}
	}
}

func FuzzReader(f *testing.F) {
	whole := content(f, write(f, Options{}, story...))
	f.Add(whole)
	f.Add(whole[:len(whole)-10])
	f.Add(bytes.Replace(whole, []byte("alice"), []byte("mallo"), 1))
	f.Add([]byte(`{"data":{},"hash":"","kind":"note","prev":"","seq":1,"time":"2026-11-22T12:00:00Z"}` + "\n"))
	f.Add(bytes.Repeat([]byte("["), 20000))
	f.Add([]byte("{}\n\x00\x00\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r := NewReader(bytes.NewReader(text))
		all, err := r.ReadAll()
		read := 0
		for _, e := range all {
			line, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			read += len(line) + 1
		}
		if err == nil && int64(len(text)) != r.size+r.Torn() {
			t.Errorf("of %d bytes, %d are lines and %d are torn", len(text), r.size, r.Torn())
		}
		_, _ = Fold(all)
		_, _ = ParseLine(text)
		v, _ := Verify(NewReader(bytes.NewReader(text)))
		if v.Entries != len(all) || v.OK() != (err == nil) {
			t.Errorf("it is %+v, and read with %v", v, err)
		}
	})
}
